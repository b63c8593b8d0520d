from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.contracts import order_line, stream
from pipeline.functions.ingest import handler
from pipeline.functions.ingest.families import ORDERS
from tests.pipeline.functions.fakes import Context, FakeKinesis, FakeS3, client_error

REQUEST = "5bd3a7a0-5c0b-4c46-9c4f-0d1f3e0c7a11"
ENVIRONMENT = handler.Environment(stream="orders", lake_bucket="lake")
ROW: dict[str, Any] = {
    "InvoiceNo": "536365",
    "StockCode": "85123A",
    "Description": "WHITE HANGING HEART T-LIGHT HOLDER",
    "Quantity": 6,
    "InvoiceDate": "12/1/2010 8:26",
    "UnitPrice": 2.55,
    "CustomerID": 17850.0,
    "Country": "United Kingdom",
}


class World:
    """The function with its clients in memory."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch | None = None) -> None:
        self.kinesis = FakeKinesis()
        self.s3 = FakeS3()
        if monkeypatch:  # back-off takes no time in a test
            monkeypatch.setattr(stream, "_FIRST_WAIT", 0.0)

    def post(self, body: str | bytes | None, *, headers: dict[str, str] | None = None) -> tuple[int, dict[str, Any]]:
        event: dict[str, Any] = {"headers": headers, "body": body, "isBase64Encoded": False}
        if isinstance(body, bytes):
            event |= {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}
        clients = handler.Clients(kinesis=lambda: self.kinesis, s3=lambda: self.s3)
        answer = handler.post(ORDERS, event, REQUEST, ENVIRONMENT, clients, time_left=lambda: 20.0)
        proxy = answer.proxy(REQUEST)
        assert proxy["headers"] == {"Content-Type": "application/json"}
        assert isinstance(proxy["body"], str)
        content = json.loads(proxy["body"])
        assert content["request_id"] == REQUEST
        return answer.status, content

    def sent(self) -> list[dict[str, object]]:
        return [order_line.from_wire(data) for _key, data in self.kinesis.records]

    def kept(self) -> list[dict[str, Any]]:
        return [json.loads(body) for body in self.s3.objects.values()]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return World(monkeypatch)


def test_takes_one_row_as_pandas_writes_it(world: World) -> None:
    pandas_row = ROW | {"InvoiceNo": 536365, "StockCode": 71053, "CustomerID": None, "Unnamed: 0": 3}
    status, content = world.post(json.dumps(pandas_row))
    assert (status, content["accepted"]) == (200, 1)
    (event,) = world.sent()
    assert event["InvoiceNo"] == "536365"
    assert event["StockCode"] == "71053"
    assert event["CustomerID"] is None
    assert event["InvoiceDate"] == "2010-12-01 08:26:00"
    assert world.kept() == []


def test_event_ids_come_in_three_forms(world: World) -> None:
    rows = [ROW | {"EventID": "536365-x7"}, ROW | {"LineNo": 2}, ROW]
    status, content = world.post(json.dumps(rows))
    assert status == 200
    assert content["event_ids"] == ["536365-x7", "536365-2", f"536365-{REQUEST}-2"]
    assert [event["LineNo"] for event in world.sent()] == [None, 2, None]


def test_rows_of_equal_content_are_events_of_their_own(world: World) -> None:
    """An id made from the content would lose 5,268 real sales of the data set."""
    status, content = world.post(json.dumps([ROW, ROW]))
    assert status == 200
    assert len(set(content["event_ids"])) == 2
    assert len(world.kinesis.records) == 2


def test_a_foreign_event_id_is_refused(world: World) -> None:
    status, content = world.post(json.dumps([ROW, ROW | {"EventID": "536366-1"}]))
    assert status == 400
    assert [(row["index"], row["field"]) for row in content["rows"]] == [(1, "EventID")]
    assert world.kinesis.records == []


def test_sent_at_and_replay_id_are_ours(world: World) -> None:
    world.post(json.dumps(ROW | {"ReplayID": "theirs", "SentAt": "1999-01-01 00:00:00"}))
    (event,) = world.sent()
    assert event["ReplayID"] is None
    assert str(event["SentAt"]) > "2020"


@pytest.mark.parametrize("name", ["X-Weir-Replay-Id", "x-weir-replay-id"])
def test_our_sender_names_its_replay_in_a_header(world: World, name: str) -> None:
    assert world.post(json.dumps(ROW), headers={"Host": "x", name: "r-20101201.1_a"})[0] == 200
    assert world.sent()[0]["ReplayID"] == "r-20101201.1_a"


@pytest.mark.parametrize("value", ["", "a b", "-a", "a" * 65, "ä", "a\n"])
def test_a_wrong_replay_id_is_refused(world: World, value: str) -> None:
    status, content = world.post(json.dumps(ROW), headers={"X-Weir-Replay-Id": value})
    assert status == 400
    assert "X-Weir-Replay-Id" in content["error"]
    assert len(world.kept()) == 1


def test_every_bad_row_and_field_is_named_and_the_body_kept(world: World) -> None:
    rows = [ROW, ROW | {"Quantity": "six", "UnitPrice": ""}, "no row", ROW | {"InvoiceDate": "31/31/2011 8:26"}]
    status, content = world.post(json.dumps(rows), headers={"X-Weir-Replay-Id": "r1"})
    assert status == 400
    named = [(row["index"], row["field"]) for row in content["rows"]]
    assert named == [(1, "Quantity"), (1, "UnitPrice"), (2, ""), (3, "InvoiceDate")]
    assert all(row["reason"] for row in content["rows"])
    assert world.kinesis.records == []
    ((bucket, key),) = world.s3.objects
    assert bucket == "lake"
    assert key.startswith("quarantine/orders/20")
    assert key.endswith(f"/{REQUEST}.json")
    (kept,) = world.kept()
    assert json.loads(kept["body"]) == rows
    assert (kept["request_id"], kept["replay_id"], kept["status"], kept["encoding"]) == (REQUEST, "r1", 400, "utf-8")
    assert kept["reason"] == content["error"]
    assert kept["rows"] == content["rows"]


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ('{"InvoiceNo": ', 400, "not JSON"),
        ("6", 400, "neither"),
        ('"text"', 400, "neither"),
        ("null", 400, "neither"),
        ("[]", 400, "0 rows"),
        (json.dumps([ROW] * 501), 400, "501 rows"),
        (json.dumps(ROW | {"Description": "x" * 2_000_000}), 413, "bytes"),
        ("x" * 2_000_000, 413, "bytes"),
        ("[" * 100_000, 400, "deep"),
        ("9" * 5_000, 400, "not JSON"),
        (b"\xff\xfe\x00", 400, "UTF-8"),
        (json.dumps(ROW).replace("WHITE", "£").encode("latin-1"), 400, "UTF-8"),
        ("[\ufffd]", 400, "UTF-8"),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_what_is_no_list_of_rows_is_refused_with_a_reason_and_kept(
    world: World, body: str | bytes, status: int, words: str
) -> None:
    answered, content = world.post(body)
    assert answered == status
    assert words in content["error"]
    (kept,) = world.kept()
    raw = body if isinstance(body, bytes) else body.encode()
    assert (base64.b64decode(kept["body"]) if kept["encoding"] == "base64" else kept["body"].encode()) == raw


@pytest.mark.parametrize("body", [None, "", b"", " \n"])
def test_an_empty_body_is_refused(world: World, body: str | bytes | None) -> None:
    status, content = world.post(body)
    assert (status, "empty" in content["error"]) == (400, True)


def test_a_body_in_base64_and_a_byte_order_mark_are_read(world: World) -> None:
    assert world.post(b"\xef\xbb\xbf" + json.dumps([ROW | {"Description": "£5 ☕"}]).encode())[0] == 200
    assert world.sent()[0]["Description"] == "£5 ☕"


def test_five_hundred_rows_are_one_call(world: World) -> None:
    status, content = world.post(json.dumps([ROW] * 500))
    assert (status, content["accepted"]) == (200, 500)
    assert world.kinesis.calls == [500]


def test_the_partition_key_is_the_invoice(world: World) -> None:
    """A constant key would make one hot shard."""
    world.post(json.dumps([ROW | {"InvoiceNo": str(536000 + number)} for number in range(100)]))
    assert {key for key, _data in world.kinesis.records} == {str(536000 + number) for number in range(100)}
    assert len({world.kinesis.shard({"PartitionKey": key}) for key, _data in world.kinesis.records}) == 4


def test_only_refused_records_are_sent_again(world: World) -> None:
    world.kinesis.refuses = lambda data, attempt: b'"LineNo":3,' in data and attempt < 4
    status, content = world.post(json.dumps([ROW | {"LineNo": line} for line in range(1, 11)]))
    assert (status, content["accepted"]) == (200, 10)
    assert world.kinesis.calls == [10, 1, 1, 1]
    assert len(world.kinesis.records) == 10


def test_what_stays_refused_is_told_by_index(world: World) -> None:
    """`FailedRecordCount` ignored would be a 200 here."""
    world.kinesis.refuses = lambda data, _attempt: b'"LineNo":3,' in data or b'"LineNo":7,' in data
    status, content = world.post(json.dumps([ROW | {"LineNo": line} for line in range(1, 11)]))
    assert status == 503
    assert content["indexes"] == [2, 6]
    assert content["event_ids"][6] == "536365-7"
    assert "ProvisionedThroughputExceededException" in content["error"]
    assert len(world.kinesis.records) == 8
    assert world.kinesis.calls == [10] + [2] * (stream.ATTEMPTS - 1)


def test_a_throttled_call_is_made_again_and_a_missing_stream_is_not(world: World) -> None:
    world.kinesis.raises = [client_error("LimitExceededException")]
    assert world.post(json.dumps(ROW))[0] == 200
    world.kinesis.raises = [client_error("ResourceNotFoundException")]
    status, content = world.post(json.dumps(ROW))
    assert (status, content["indexes"]) == (503, [0])
    assert world.kinesis.calls == [1, 1, 1]


def test_sending_ends_when_the_answer_is_due(world: World) -> None:
    world.kinesis.refuses = lambda _data, _attempt: True
    waits: list[float] = []
    event = order_line.stamp(order_line.normalise(ROW | {"LineNo": 1}), sent_at="2026-01-01 00:00:00.000000")
    left = iter([10.0, 0.0])
    refused = stream.send(
        world.kinesis, "orders", [ORDERS.record(event)], time_left=lambda: next(left), sleep=waits.append
    )
    assert refused == {0: "ProvisionedThroughputExceededException"}
    assert len(world.kinesis.calls) == 2


def test_of_one_event_twice_in_a_request_the_later_row_is_sent(world: World) -> None:
    rows = [ROW | {"LineNo": 1}, ROW | {"LineNo": 1, "Quantity": 7}]
    status, content = world.post(json.dumps(rows))
    assert (status, content["event_ids"]) == (200, ["536365-1", "536365-1"])
    assert [event["Quantity"] for event in world.sent()] == [7]


def test_a_refused_body_that_cannot_be_kept_is_asked_for_again(world: World) -> None:
    world.s3.raises = client_error("SlowDown")
    status, content = world.post("[]")
    assert status == 503
    assert "again" in content["error"]


def test_two_requests_share_nothing(world: World) -> None:
    """A list in the module would send the first request's rows a second time."""
    world.post(json.dumps([ROW | {"LineNo": 1}]))
    world.post(json.dumps([ROW | {"LineNo": 2}]))
    assert [event["EventID"] for event in world.sent()] == ["536365-1", "536365-2"]


def test_lambda_calls_it_with_an_event_of_the_gateway(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORDERS_STREAM", "orders")
    monkeypatch.setenv("LAKE_BUCKET", "lake")
    monkeypatch.setattr(handler, "_CLIENTS", handler.Clients(kinesis=lambda: world.kinesis, s3=lambda: world.s3))
    event = {"body": json.dumps(ROW), "headers": None, "requestContext": {"requestId": REQUEST}}
    answer = handler.handle(event, Context())
    assert answer["statusCode"] == 200
    assert world.sent()[0]["EventID"] == f"536365-{REQUEST}-0"


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=8), inner, max_size=5),
    max_leaves=20,
)
WILD = st.one_of(
    JSON_VALUES,
    st.sampled_from([float("inf"), 10**30, -1, 0, 1e308, "\ud800", "\x00", "NaN", "1" * 400, "٣", "1e5", " ", True]),
)
NAMES = st.sampled_from([*order_line.FIELDS, "InvoiceNo "])
WILD_ROWS = st.dictionaries(NAMES, WILD, max_size=6).map(lambda changes: ROW | changes)


@settings(max_examples=200, deadline=None)
@given(st.one_of(JSON_VALUES, WILD_ROWS, st.lists(WILD_ROWS | JSON_VALUES, max_size=4)))
def test_no_json_value_is_too_much(value: object) -> None:
    world = World()
    status, content = world.post(json.dumps(value))
    assert status in {200, 400}
    if status == 200:
        events = world.sent()
        rows = value if isinstance(value, list) else [value]
        assert content["accepted"] == len(rows)
        assert {event["EventID"] for event in events} == set(content["event_ids"])
        assert world.kept() == []
    else:
        assert content["error"]
        assert world.kinesis.records == []
        assert len(world.kept()) == 1


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=200))
def test_no_bytes_are_too_much(body: bytes | str) -> None:
    status, _content = World().post(body)
    assert status in {200, 400}


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.text(max_size=20), st.text(max_size=80) | st.none() | st.lists(st.text()), max_size=4))
def test_no_headers_are_too_much(headers: dict[str, str]) -> None:
    world = World()
    assert world.post(json.dumps(ROW), headers=headers)[0] == 200
