"""The order line: what is taken, what is refused and why, and the bytes that travel."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.contracts.clock import SentClock
from pipeline.contracts.order_line import (
    CSV_FIELDS,
    FIELDS,
    MAX_EVENT_ID_BYTES,
    InvalidOrderLineError,
    event_id,
    fragment,
    from_wire,
    line_key,
    normalise,
    partition_key,
    redriven,
    stamp,
    to_wire,
)

HUGE = 10**5000  # more digits than Python writes out
SENT_AT = "2026-01-02 03:04:05.000678"
CSV_ROW = {
    "InvoiceNo": "536365",
    "StockCode": "85123A",
    "Description": "WHITE HANGING HEART",
    "Quantity": "6",
    "InvoiceDate": "12/1/2010 8:26",
    "UnitPrice": "2.55",
    "CustomerID": "17850",
    "Country": "United Kingdom",
}
VALUES = {
    "InvoiceNo": "536365",
    "StockCode": "85123A",
    "Description": "WHITE HANGING HEART",
    "Quantity": 6,
    "InvoiceDate": "2010-12-01 08:26:00",
    "UnitPrice": Decimal("2.55"),
    "CustomerID": 17850,
    "Country": "United Kingdom",
}


def row(**changes: object) -> dict[str, object]:
    return {**CSV_ROW, **changes}


def reason(field: str, value: object, **others: object) -> str:
    with pytest.raises(InvalidOrderLineError) as caught:
        normalise(row(**{field: value}, **others))
    assert [problem.field for problem in caught.value.problems] == [field]
    return caught.value.problems[0].reason


def test_a_csv_row_becomes_the_contracts_values() -> None:
    assert normalise(row(LineNo=1)) == {"EventID": "536365-1", "LineNo": 1, **VALUES}


def test_a_row_as_pandas_posts_it() -> None:
    posted = json.loads(
        '{"Unnamed: 0":0,"InvoiceNo":536365,"StockCode":71053.0,"Description":"WHITE HANGING HEART","Quantity":6,'
        '"InvoiceDate":"12\\/1\\/2010 8:26","UnitPrice":2.55,"CustomerID":17850.0,"Country":"United Kingdom"}'
    )
    assert normalise(posted, new_id="req-0") == {
        "EventID": "536365-req-0",
        "LineNo": None,
        **VALUES,
        "StockCode": "71053",
    }


def test_the_wire_line_byte_for_byte() -> None:
    event = stamp(normalise(row(LineNo=1, Description='A "£" sign')), sent_at=SENT_AT, replay_id="r-1")
    assert to_wire(event).decode() == (
        '{"EventID":"536365-1","InvoiceNo":"536365","LineNo":1,"StockCode":"85123A","Description":"A \\"£\\" sign",'
        '"Quantity":6,"InvoiceDate":"2010-12-01 08:26:00","UnitPrice":2.55,"CustomerID":17850,'
        '"Country":"United Kingdom","ReplayID":"r-1","SentAt":"2026-01-02 03:04:05.000678"}\n'
    )


def test_a_missing_customer_and_description_are_null_and_not_dropped() -> None:
    for nothing in (None, "", "  "):
        event = normalise(row(CustomerID=nothing, Description=nothing, LineNo=1))
        wire = json.loads(to_wire(stamp(event, sent_at=SENT_AT)))
        assert wire["CustomerID"] is None
        assert wire["Description"] is None
        assert set(wire) == set(FIELDS)


@pytest.mark.parametrize("invoice_no", ["C536379", "A563185", "0536365"])
def test_an_invoice_number_is_never_a_number(invoice_no: str) -> None:
    event = stamp(normalise(row(InvoiceNo=invoice_no, LineNo=3)), sent_at=SENT_AT)
    assert event["EventID"] == f"{invoice_no}-3"
    assert json.loads(to_wire(event))["InvoiceNo"] == invoice_no
    assert partition_key(event) == invoice_no


def test_identical_rows_are_different_events() -> None:
    first, second = normalise(row(LineNo=1)), normalise(row(LineNo=2))
    assert (first["EventID"], second["EventID"]) == ("536365-1", "536365-2")


def test_partition_keys_spread_by_invoice_and_fit_kinesis() -> None:
    assert {partition_key(normalise(row(InvoiceNo=str(n)))) for n in range(5)} == {"0", "1", "2", "3", "4"}
    assert partition_key({"InvoiceNo": "x" * 1000}) == "x" * 256


def test_every_problem_is_named() -> None:
    with pytest.raises(InvalidOrderLineError) as caught:
        normalise({"Quantity": "six", "UnitPrice": "", "InvoiceDate": "31/31/2011", "LineNo": 0, "EventID": 7})
    # EventID cannot be judged without an InvoiceNo, and is not.
    assert [p.field for p in caught.value.problems] == [
        "InvoiceNo", "StockCode", "Quantity", "InvoiceDate", "UnitPrice", "Country", "LineNo",
    ]  # fmt: skip
    assert "Quantity: 'six' is not a whole number" in str(caught.value)


@pytest.mark.parametrize("raw", [None, 5, "text", [], [CSV_ROW], float("nan"), pytest.param(HUGE, id="huge")])
def test_anything_but_an_object_is_refused(raw: object) -> None:
    with pytest.raises(InvalidOrderLineError, match="is not a JSON object"):
        normalise(raw)


@pytest.mark.parametrize(
    ("sent", "held"),
    [
        ("12/1/2010 8:26", "2010-12-01 08:26:00"),
        ("1/13/2011 08:26:09", "2011-01-13 08:26:09"),
        ("2010-12-01 08:26:00", "2010-12-01 08:26:00"),
        ("2010-12-01 08:26", "2010-12-01 08:26:00"),
        ("2010-12-01T08:26:00", "2010-12-01 08:26:00"),
        ("2010-12-01T08:26:00.000Z", "2010-12-01 08:26:00"),
        ("2010-12-01 08:26:00.25", "2010-12-01 08:26:00.250000"),
        ("2010-12-01T00:26:00+01:00", "2010-11-30 23:26:00"),
        ("2010-12-01 00:26:00-0130", "2010-12-01 01:56:00"),
        ("2012-02-29 00:00:00", "2012-02-29 00:00:00"),
    ],
)
def test_dates_taken(sent: str, held: str) -> None:
    assert normalise(row(InvoiceDate=sent))["InvoiceDate"] == held


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        ("31/31/2011 8:26", "does not exist"),
        ("2/29/2011 8:26", "does not exist"),
        ("12/1/2010 24:00", "does not exist"),
        ("0000-12-01 08:26:00", "does not exist"),
        ("31/31/2011", "is not a date"),
        ("12/1/10 8:26", "is not a date"),
        ("٢٠١٠-12-01 08:26:00", "is not a date"),
        ("yesterday", "is not a date"),
        ("1010-12-01 08:26:00", "is not in the years"),
        ("2210-12-01 08:26:00", "is not in the years"),
        ("", "is missing"),
        (1291191960000, "is not a date"),
        (True, "is not a date"),
    ],
)
def test_dates_refused(sent: object, why: str) -> None:
    assert why in reason("InvoiceDate", sent)


@pytest.mark.parametrize(
    ("sent", "held"),
    [
        ("2.55", "2.55"),
        (2.55, "2.55"),
        (Decimal("2.5500"), "2.55"),
        ("2.1", "2.1"),
        (0, "0"),
        ("-0.0", "0"),
        (-11062.06, "-11062.06"),
        ("38970.0", "38970"),
        ("0.001", "0.001"),
        (".5", "0.5"),
        (1e-4, "0.0001"),
        ("+99999999.9999", "99999999.9999"),
    ],
)
def test_prices_are_exact(sent: object, held: str) -> None:
    price = normalise(row(UnitPrice=sent))["UnitPrice"]
    assert isinstance(price, Decimal)
    assert fragment(price) == str(price) == held


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        ("0.00001", "more than 4 decimals"),
        (0.1 + 0.2, "more than 4 decimals"),
        ("1.00000000000000000000000000001", "more than 4 decimals"),
        ("100000000", "too large"),
        (1e300, "too large"),
        pytest.param(HUGE, "too large", id="huge"),
        (Decimal("1E+999999"), "too large"),
        (Decimal("1E-999999"), "more than 4 decimals"),
        (float("nan"), "is not a number"),
        (float("-inf"), "is not a number"),
        (Decimal("NaN"), "is not a number"),
        (True, "is not a number"),
        ([2.55], "is not a number"),
        ("NaN", "is not a decimal number"),
        ("1e5", "is not a decimal number"),
        ("1,234.50", "is not a decimal number"),
        ("£2.55", "is not a decimal number"),
        ("1_000", "is not a decimal number"),
        ("9" * 5000, "is not a decimal number"),
        (".", "is not a decimal number"),
        (" ", "is missing"),
        (None, "is missing"),
    ],
)
def test_prices_refused(sent: object, why: str) -> None:
    assert why in reason("UnitPrice", sent)


@pytest.mark.parametrize("sent", [-12, -12.0, "-12", " -12.0 ", Decimal("-12.00")])
def test_quantities_taken(sent: object) -> None:
    held = normalise(row(Quantity=sent))["Quantity"]
    assert held == -12
    assert type(held) is int


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        ("six", "is not a whole number"),
        (1.5, "is not a whole number"),
        ("1.5", "is not a whole number"),
        ("٦", "is not a whole number"),
        (float("inf"), "is not a whole number"),
        (2**31, "is not between"),
        (-(2**31) - 1, "is not between"),
        pytest.param(HUGE, "is not between", id="huge"),
        (True, "is not a number"),
        ({}, "is not a number"),
    ],
)
def test_quantities_refused(sent: object, why: str) -> None:
    assert why in reason("Quantity", sent)


def test_customers() -> None:
    assert normalise(row(CustomerID="17850.0"))["CustomerID"] == 17850
    assert normalise(row(CustomerID=2**63 - 1))["CustomerID"] == 2**63 - 1
    for refused in (0, -5, 2**63, 1e17, 17850.5, "x", False, float("nan")):
        assert reason("CustomerID", refused)


@pytest.mark.parametrize("field", ["InvoiceNo", "StockCode", "Country", "Description"])
def test_texts_refused(field: str) -> None:
    assert "longer than 1000 bytes" in reason(field, "x" * 1001)
    assert "longer than 1000 bytes" in reason(field, "£" * 501)
    assert "U+0000" in reason(field, "a\0b")
    assert "U+0092" in reason(field, "it\x92s")
    assert "U+D800" in reason(field, "\ud800")
    assert "is not a text" in reason(field, True)
    assert "is not a text" in reason(field, ["x"])
    assert "is not a whole number" in reason(field, 1.5)
    if field != "Description":
        assert "is missing" in reason(field, "  ")
        assert "U+000A" in reason(field, "a\nb")


def test_texts_kept() -> None:
    assert normalise(row(Description=" POPPY'S PLAYHOUSE \n"))["Description"] == " POPPY'S PLAYHOUSE \n"
    assert normalise(row(Description="£" * 500))["Description"] == "£" * 500
    assert normalise(row(Description=20713))["Description"] == "20713"
    assert normalise(row(StockCode=" 85123A ", InvoiceNo=" 1 ", Country=" EIRE "))["StockCode"] == "85123A"


@pytest.mark.parametrize(
    ("given", "held"),
    [
        ({"EventID": "536365-7"}, "536365-7"),
        ({"EventID": "536365-abc", "LineNo": 7}, "536365-abc"),
        ({"LineNo": 7.0}, "536365-7"),
        ({"LineNo": "7", "EventID": None}, "536365-7"),
        ({}, "536365-req-0"),
    ],
)
def test_event_ids_given(given: dict[str, object], held: str) -> None:
    assert normalise(row(**given), new_id="req-0")["EventID"] == held


@pytest.mark.parametrize(
    "event",
    [
        "536365",
        "536365-",
        "5363657",
        "X-1",
        "536365-007",
        "536365- 7",
        "536365-a\nb",
        "536365-" + "x" * 100,
        5,
    ],
)
def test_event_ids_refused(event: object) -> None:
    assert reason("EventID", event)


def test_an_event_id_needs_something_to_be_made_of() -> None:
    event = normalise(CSV_ROW)
    assert event["EventID"] is None
    with pytest.raises(ValueError, match="needs an EventID"):
        to_wire(stamp(event, sent_at=SENT_AT))


def test_line_keys_sort_as_the_lines_do() -> None:
    def key(event: str) -> str:
        return line_key(normalise(row(EventID=event)))

    assert key("536365-7") == "000007"
    assert key("536365-1114") == "001114"
    assert key("536365-1234567") == "1234567"
    assert key("536365-3f2a-0") == "3f2a-0"
    assert key("536365-٣") == "٣"
    assert line_key(normalise(row(InvoiceNo="A-1", EventID="A-1-2"))) == "000002"


def test_senders_cannot_set_what_is_ours() -> None:
    event = normalise(row(LineNo=1, ReplayID="forged", SentAt="2099-01-01 00:00:00"))
    assert "SentAt" not in event
    assert "ReplayID" not in event


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"not json", "is not JSON"),
        (b"\xff\xfe", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b"1" * 5000, "is not JSON"),
        (b"[]", "is not a JSON object"),
        (b"{}", "InvoiceNo: is missing"),
    ],
)
def test_records_that_are_no_order_line(data: bytes, why: str) -> None:
    with pytest.raises(InvalidOrderLineError, match=why):
        from_wire(data)


def test_a_redriven_event_is_the_same_but_for_its_mark() -> None:
    sent = to_wire(stamp(normalise(row(LineNo=1)), sent_at=SENT_AT, replay_id="r-1"))
    again = to_wire(redriven(from_wire(sent)))
    assert again == sent.replace(b'"SentAt":', b'"Redriven":true,"SentAt":')
    assert from_wire(again) == {**from_wire(sent), "Redriven": True}
    assert to_wire(from_wire(again)) == again
    assert "Redriven" not in from_wire(again.replace(b"true", b"false"))
    with pytest.raises(InvalidOrderLineError, match="Redriven: 'yes' is neither true nor false"):
        from_wire(again.replace(b"true", b'"yes"'))


def test_nobody_but_us_marks_an_event_as_redriven() -> None:
    assert "Redriven" not in normalise(row(LineNo=1, Redriven=True))


def test_a_record_needs_an_event_id_and_a_sent_at() -> None:
    with pytest.raises(InvalidOrderLineError) as caught:
        from_wire(json.dumps(CSV_ROW))
    assert [problem.field for problem in caught.value.problems] == ["EventID", "SentAt"]


_TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=60).filter(str.strip)
_ROWS = st.fixed_dictionaries(
    {
        "InvoiceNo": _TEXT | st.integers(0, 10**9),
        "StockCode": _TEXT,
        "Description": st.none() | st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=200),
        "Quantity": st.integers(-(2**31), 2**31 - 1) | st.integers(-(2**31), 2**31 - 1).map(float),
        "InvoiceDate": st.datetimes(datetime(1970, 1, 1), datetime(2099, 12, 31)).map(str),  # noqa: DTZ001
        "UnitPrice": st.decimals("-99999999.9999", "99999999.9999", places=4)
        | st.decimals("-99999999.9999", "99999999.9999", places=2).map(float),
        "CustomerID": st.none() | st.integers(1, 2**63 - 1) | st.integers(1, 2**53).map(float),
        "Country": _TEXT,
        "LineNo": st.integers(1, 2**31 - 1),
    }
)


# The first draw of texts builds Unicode tables, which takes a second on a slow machine and is no fault.
_PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@_PATIENT
@given(_ROWS)
def test_what_goes_out_comes_back(raw: dict[str, object]) -> None:
    event = stamp(normalise(raw), sent_at=SENT_AT, replay_id="r-20260102-030405-abcd")
    wire = to_wire(event)
    assert wire.count(b"\n") == 1
    assert from_wire(wire) == event
    assert to_wire(from_wire(wire)) == wire
    as_json = json.loads(wire, parse_float=Decimal)
    assert as_json == event  # what any other reader of JSON sees


_ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=12)
    | st.decimals()
    | st.sampled_from(["12/1/2010 8:26", "2010-12-01 08:26:00", "6", "2.55", "17850.0", "536365", "536365-1"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=3,
)
_POSTED = st.dictionaries(st.sampled_from([*FIELDS, "Unnamed: 0"]), _ANYTHING)


@_PATIENT
@given(_POSTED, st.sampled_from([{}, CSV_ROW]))
def test_whatever_is_posted_is_held_by_every_sink_or_refused(posted: dict[str, Any], rest: dict[str, Any]) -> None:
    try:
        event = normalise({**rest, **posted}, new_id="req-0")
    except InvalidOrderLineError as error:
        problems = error.problems
    else:
        every_sink_holds(event)
        return
    assert problems
    assert {problem.field for problem in problems} <= {*CSV_FIELDS, "LineNo", "EventID"}


def every_sink_holds(event: dict[str, Any]) -> None:
    assert normalise(event) == event
    for name in ("InvoiceNo", "StockCode", "Country", "Description", "EventID"):
        text = event[name]
        if name == "Description" and text is None:
            continue
        assert isinstance(text, str)
        assert text
        assert "\0" not in text
        assert len(text.encode()) <= (MAX_EVENT_ID_BYTES if name == "EventID" else 1000)
    assert str(event["EventID"]).startswith(f"{event['InvoiceNo']}-")
    assert 1 <= len(line_key(event).encode()) <= 1024
    assert 1 <= len(partition_key(event)) <= 256
    quantity, price, customer = event["Quantity"], event["UnitPrice"], event["CustomerID"]
    assert isinstance(quantity, int)
    assert -(2**31) <= quantity < 2**31
    assert isinstance(price, Decimal)
    assert abs(price) <= Decimal("99999999.9999")
    assert Decimal(repr(float(price))) == price  # the lake's double holds it
    assert customer is None or (isinstance(customer, int) and 1 <= customer < 2**63)
    assert 1970 <= datetime.fromisoformat(str(event["InvoiceDate"])).year <= 2099


@_PATIENT
@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_texts_are_written_as_json_writes_them(text: str) -> None:
    assert fragment(text) == json.dumps(text, ensure_ascii=False)


def test_event_id() -> None:
    assert event_id("C536379", 1) == "C536379-1"


def test_the_clock_never_repeats_and_sorts_as_text() -> None:
    clock = SentClock()
    stamps = [clock.now() for _ in range(5000)]
    assert stamps == sorted(set(stamps))
    assert all(len(stamp) == len(SENT_AT) for stamp in stamps)
