from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.contracts import order_line
from pipeline.contracts.clock import CLOCK
from pipeline.functions.invoice_writer import handler, table
from tests.pipeline.functions.fakes import Context, FakeDynamoDB, client_error

ENVIRONMENT = handler.Environment(invoices_table="invoices")
ROW: dict[str, Any] = {
    "InvoiceNo": "C536379",
    "StockCode": "D",
    "Description": "Discount",
    "Quantity": -1,
    "InvoiceDate": "12/1/2010 9:41",
    "UnitPrice": "27.5",
    "CustomerID": 14527,
    "Country": "United Kingdom",
}


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "_FIRST_WAIT", 0.0)


def wire(line: int | str, *, sent_at: str = "2026-01-01 00:00:00.000000", **changes: object) -> bytes:
    raw = ROW | ({"LineNo": line} if isinstance(line, int) else {"EventID": line}) | changes
    return order_line.to_wire(order_line.stamp(order_line.normalise(raw), sent_at=sent_at, replay_id="r1"))


def again(line: int, *, sent_at: str = "2026-01-01 00:00:00.000000", **changes: object) -> bytes:
    """The same as a redrive sends it."""
    return order_line.to_wire(order_line.redriven(order_line.from_wire(wire(line, sent_at=sent_at, **changes))))


def kinesis_event(*records: bytes, first: int = 1) -> dict[str, Any]:
    return {
        "Records": [
            {"kinesis": {"sequenceNumber": str(number), "data": base64.b64encode(data).decode(), "partitionKey": "p"}}
            for number, data in enumerate(records, start=first)
        ]
    }


def write(client: FakeDynamoDB, event: dict[str, Any], seconds: float = 60.0) -> list[str]:
    answer = handler.write_batch(event, ENVIRONMENT, client, time_left=lambda: seconds)
    failures = answer["batchItemFailures"]
    assert isinstance(failures, list)
    assert all(list(failure) == ["itemIdentifier"] for failure in failures)
    return [failure["itemIdentifier"] for failure in failures]


def test_an_event_becomes_an_item_with_exact_numbers() -> None:
    client = FakeDynamoDB()
    before = CLOCK.now()
    assert write(client, kinesis_event(wire(7))) == []
    (item,) = client.items.values()
    assert before < item.pop("written_at")["S"] < CLOCK.now()
    assert client.items == {
        ("C536379", "000007"): {
            "line": {"S": "000007"},
            "event_id": {"S": "C536379-7"},
            "invoice_no": {"S": "C536379"},
            "line_no": {"N": "7"},
            "stock_code": {"S": "D"},
            "description": {"S": "Discount"},
            "quantity": {"N": "-1"},
            "invoice_date": {"S": "2010-12-01 09:41:00"},
            "unit_price": {"N": "27.5"},
            "customer_id": {"N": "14527"},
            "country": {"S": "United Kingdom"},
            "replay_id": {"S": "r1"},
            "sent_at": {"S": "2026-01-01 00:00:00.000000"},
        }
    }


def test_what_is_null_is_left_out_and_the_row_is_written() -> None:
    """A quarter of the real rows have no CustomerID; dropping them would lose 135,080 sales."""
    client = FakeDynamoDB()
    assert write(client, kinesis_event(wire("C536379-x", CustomerID=None, Description=None))) == []
    (item,) = client.items.values()
    assert item["line"] == {"S": "x"}
    assert not {"customer_id", "description", "line_no"} & set(item)


def test_within_a_batch_the_greatest_sent_at_wins() -> None:
    """BatchWriteItem refuses a call that names a key twice."""
    client = FakeDynamoDB()
    newer, older = "2026-01-01 00:00:00.000002", "2026-01-01 00:00:00.000001"
    event = kinesis_event(
        wire(1, sent_at=newer, Quantity=2), wire(1, sent_at=older, Quantity=1), wire(2, sent_at=older), wire(1)
    )
    assert write(client, event) == []
    assert client.items["C536379", "000001"]["quantity"] == {"N": "2"}
    assert len(client.items) == 2


def test_a_record_that_is_no_event_is_reported_and_the_others_written() -> None:
    client = FakeDynamoDB()
    poison = [b"", b"\xff", b"[]", b'{"InvoiceNo": "1"}', wire(2).replace(b'"Quantity":-1', b'"Quantity":"six"')]
    assert write(client, kinesis_event(wire(1), *poison, wire(3), first=10)) == ["11", "12", "13", "14", "15"]
    assert set(client.items) == {("C536379", "000001"), ("C536379", "000003")}


def test_data_that_is_no_base64_is_poison() -> None:
    event = kinesis_event(wire(1), wire(2))
    event["Records"][0]["kinesis"]["data"] = "%%%"
    assert write(FakeDynamoDB(), event) == ["1"]


def test_only_unprocessed_items_are_sent_again() -> None:
    client = FakeDynamoDB(unprocessed=lambda item, attempt: item["line"]["S"] == "000030" and attempt < 4)
    assert write(client, kinesis_event(*(wire(line) for line in range(1, 61)))) == []
    assert len(client.items) == 60
    assert client.calls == 3 + 3
    assert set(client.writes.values()) == {1}


def test_what_stays_unprocessed_is_reported_by_sequence_number() -> None:
    client = FakeDynamoDB(unprocessed=lambda item, _attempt: item["line"]["S"] in {"000030", "000002"})
    assert write(client, kinesis_event(*(wire(line) for line in range(1, 61)), first=101)) == ["102", "130"]
    assert len(client.items) == 58
    assert client.calls == 3 + 2 * (table.ATTEMPTS - 1)


def test_a_throttled_call_is_made_again() -> None:
    client = FakeDynamoDB()
    client.raises = [client_error("ProvisionedThroughputExceededException"), client_error("ThrottlingException")]
    assert write(client, kinesis_event(wire(1))) == []


def test_a_refused_call_is_not_made_again() -> None:
    client = FakeDynamoDB()
    client.raises = [client_error("ResourceNotFoundException")]
    assert write(client, kinesis_event(wire(1), wire(2))) == ["1", "2"]
    assert client.calls == 1


def test_a_failed_item_reports_the_record_that_brought_its_newest_version() -> None:
    client = FakeDynamoDB(unprocessed=lambda _item, _attempt: True)
    event = kinesis_event(wire(1), wire(1, sent_at="2026-01-01 00:00:00.000009"))
    assert write(client, event) == ["2"]


def test_without_time_nothing_is_called_and_all_is_reported() -> None:
    client = FakeDynamoDB()
    assert write(client, kinesis_event(wire(1), wire(2)), seconds=0) == ["1", "2"]
    assert client.calls == 0


OLD, MIDDLE, NEW = (f"2026-01-01 00:00:0{second}.000000" for second in (1, 2, 3))


@pytest.mark.parametrize(("held", "sent", "quantity"), [(NEW, MIDDLE, 1), (MIDDLE, MIDDLE, 1), (OLD, MIDDLE, 2)])
def test_a_redriven_event_replaces_only_what_is_older(held: str, sent: str, quantity: int) -> None:
    client = FakeDynamoDB()
    assert write(client, kinesis_event(wire(1, sent_at=held, Quantity=1))) == []
    assert write(client, kinesis_event(again(1, sent_at=sent, Quantity=2), wire(2))) == []
    assert client.items["C536379", "000001"]["quantity"] == {"N": str(quantity)}
    assert client.items["C536379", "000001"]["sent_at"]["S"] == max(held, sent)
    assert ("C536379", "000002") in client.items
    assert "redriven" not in client.items["C536379", "000001"]


def test_a_redriven_event_that_is_missing_is_written_once_however_often_it_comes() -> None:
    client = FakeDynamoDB()
    for _ in range(3):
        assert write(client, kinesis_event(again(1))) == []
    assert client.writes == {("C536379", "000001"): 1}


def test_in_one_batch_a_correction_beats_the_redriven_event_in_any_order() -> None:
    for records in ([again(1, sent_at=OLD), wire(1, sent_at=NEW)], [wire(1, sent_at=NEW), again(1, sent_at=OLD)]):
        client = FakeDynamoDB()
        assert write(client, kinesis_event(*records)) == []
        assert client.items["C536379", "000001"]["sent_at"] == {"S": NEW}


def test_a_redriven_event_that_is_throttled_is_tried_again_and_then_reported() -> None:
    client = FakeDynamoDB()
    client.raises = [client_error("ThrottlingException"), ReadTimeoutError(endpoint_url="x")]
    assert write(client, kinesis_event(again(1))) == []
    client.raises = [client_error("ThrottlingException")] * table.ATTEMPTS
    assert write(client, kinesis_event(again(2), first=5)) == ["5"]
    client.raises = [client_error("ResourceNotFoundException")]
    assert write(client, kinesis_event(again(4), first=7)) == ["7"]


def test_two_batches_share_nothing() -> None:
    """A list in the module would write the first batch again with the second."""
    client = FakeDynamoDB()
    write(client, kinesis_event(wire(1)))
    write(client, kinesis_event(wire(2)))
    assert set(client.writes.values()) == {1}


def test_a_batch_that_comes_again_changes_nothing_but_the_time_of_writing() -> None:
    client = FakeDynamoDB()
    event = kinesis_event(*(wire(line) for line in range(1, 31)))
    write(client, event)
    before = dict(client.items)
    write(client, event)
    told = "written_at"
    assert all(item[told]["S"] > before[key][told]["S"] for key, item in client.items.items())
    assert {key: item | {told: before[key][told]} for key, item in client.items.items()} == before


def test_sequence_numbers_are_sorted_as_numbers() -> None:
    client = FakeDynamoDB(unprocessed=lambda _item, _attempt: True)
    assert write(client, kinesis_event(wire(1), wire(2), first=9)) == ["9", "10"]


def test_lambda_calls_it_with_an_event_of_the_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    client = FakeDynamoDB()
    monkeypatch.setenv("INVOICES_TABLE", "invoices")
    monkeypatch.setattr(handler, "_client", lambda: client)
    assert handler.handle(kinesis_event(wire(1)), Context()) == {"batchItemFailures": []}
    assert len(client.items) == 1


@settings(max_examples=100, deadline=None)
@given(st.lists(st.binary(max_size=60) | st.integers(1, 5).map(wire), min_size=1, max_size=20))
def test_every_record_is_written_or_reported(records: list[bytes]) -> None:
    client = FakeDynamoDB()
    reported = write(client, kinesis_event(*records))
    for number, data in enumerate(records, start=1):
        try:
            event = order_line.from_wire(data)
        except order_line.InvalidOrderLineError:
            assert str(number) in reported
        else:
            assert ("C536379", order_line.line_key(event)) in client.items
            assert str(number) not in reported
    assert json.dumps(reported)
