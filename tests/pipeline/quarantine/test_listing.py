"""What is kept is listed by reason, in pages, without what was settled."""

from __future__ import annotations

import pytest

from pipeline.quarantine import listing, settled
from pipeline.quarantine.listing import Filter, Kept
from tests.pipeline.quarantine.kept import BATCH_KEY, CSV_KEY, EVIL, LETTER_KEY, REPLAY, bucket
from tests.pipeline.redrive.test_search import LAKE, LETTERS, OUTPUTS, wire


def test_every_shape_is_read_row_by_row() -> None:
    rows = list(Kept(bucket(), OUTPUTS).rows(Filter()))
    found = {(row.place, row.shape, row.event_id, row.line, row.raw[:8]) for row in rows}
    assert found == {
        ("quarantine", "csv", "A-3", 4, "A,1,LAMP"),
        ("quarantine", "csv", "A-4", 5, f'A,1,"{EVIL}'[:8]),
        ("quarantine", "csv", None, 6, ",1,LAMP,"),
        ("quarantine", "json", None, 1, '{"Invoic'),
        ("quarantine", "json", "B-2", 2, '{"Invoic'),
        ("quarantine", "text", None, None, "\\xff{"),
        ("replay", "record", "A-8", 8, '{"EventI'),
        ("replay", "record", "A-9", 9, '{"EventI'),
        ("function", "record", "A-11", None, '{"EventI'),
        ("function", "record", None, None, "poison"),
    }
    poison = next(row for row in rows if row.raw == "poison")
    assert poison.reasons[0].startswith("no order line: is not JSON")
    assert poison.reasons[1] == "RetryAttemptsExhausted: after 9 invocations"
    assert next(row for row in rows if row.event_id == "A-8").data == wire(8, replay_id=REPLAY)


def test_reasons_are_counted_without_the_rows_own_values() -> None:
    look = Kept(bucket(), OUTPUTS).look(Filter())
    assert look.reasons == {
        ("orders", "quarantine", "Quantity: is not a whole number"): 3,
        ("orders", "quarantine", "InvoiceNo: is missing"): 1,
        ("orders", "quarantine", "its list was refused: other rows of it break the contract"): 1,
        ("orders", "quarantine", "The body is not JSON: Expecting value."): 1,
        ("orders", "replay", "Throttled"): 2,
        ("orders", "function", "RetryAttemptsExhausted"): 2,
        ("orders", "function", "no order line"): 1,
    }
    assert look.replays == {REPLAY: 6, "r-2": 1}
    assert (look.total, look.whole, look.objects) == (10, True, 5)


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("Quantity: 'it''s' is not a whole number", "Quantity: is not a whole number"),
        ("InvoiceDate: '13/45/2010 8:26' does not exist: month must be in 1..12",
         "InvoiceDate: does not exist: month must be in 1..12"),
        ("UnitPrice: 2.55555 has more than 4 decimals", "UnitPrice: has more than 4 decimals"),
        ("StockCode: 'a very long text that goes on and on and on ...  is longer than 1000 bytes",
         "StockCode: is longer than 1000 bytes"),
        ("has 3 cells, the header has 8", "has 3 cells, the header has 8"),
        ("CustomerID: is missing", "CustomerID: is missing"),
        ("browse_history[12].quantity: 'x' is not a whole number", "browse_history[].quantity: is not a whole number"),
        ("browse_history[3].product_code: is missing", "browse_history[].product_code: is missing"),
    ],
)  # fmt: skip
def test_a_kind_is_the_reason_without_its_value(reason: str, kind: str) -> None:
    row = next(Kept(bucket(), OUTPUTS).rows(Filter(places=("quarantine",))))
    assert type(row)(**{**vars(row), "reasons": (reason.replace("...  ", "... "),)}).kinds == (kind,)


def test_filters_and_pages() -> None:
    kept = Kept(bucket(), OUTPUTS)
    wanted = Filter(replay_id=REPLAY, kind="Quantity: is not a whole number")
    first = kept.look(wanted, size=1)
    second = kept.look(wanted, start=1, size=1)
    assert (first.total, second.total) == (2, 2)
    assert [row.event_id for row in (*first.rows, *second.rows)] == ["A-3", "A-4"]
    assert kept.look(wanted, start=2, size=1).rows == ()
    assert {place for _, place, _ in kept.look(Filter(places=("replay",))).reasons} == {"replay"}


def test_more_than_is_looked_into_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "MOST_OBJECTS", 3)
    look = Kept(bucket(), OUTPUTS).look(Filter())
    assert (look.objects, look.whole) == (3, False)
    monkeypatch.setattr(listing, "MOST_OBJECTS", 300)
    monkeypatch.setattr(listing, "MOST_LOOKED_INTO", 4)
    look = Kept(bucket(), OUTPUTS).look(Filter())
    assert (look.objects, look.whole) == (4, False)
    monkeypatch.setattr(listing, "MOST_LOOKED_INTO", 300)
    monkeypatch.setattr(listing, "MOST_ROWS", 2)
    look = Kept(bucket(), OUTPUTS).look(Filter())
    assert (look.total, look.whole) == (2, False)
    assert 1 <= look.objects <= 2


def test_objects_that_are_settled_whole_hide_no_older_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "MOST_OBJECTS", 1)
    s3 = bucket()
    kept = Kept(s3, OUTPUTS)
    left = kept.look(Filter()).total
    while left:
        rows = list(kept.rows(Filter()))
        assert rows, f"{left} open rows are out of sight"
        for key in {row.key for row in rows}:
            done = {row: b"" for row in rows if row.key == key}
            settled.write(s3, settled.Settled(settled.AS_IT_WAS, "r-9", done), who="me@here")
        left = Kept(s3, OUTPUTS).look(Filter()).total
    monkeypatch.setattr(listing, "MOST_OBJECTS", 300)
    assert list(Kept(s3, OUTPUTS).rows(Filter())) == []


def test_what_is_broken_does_not_hide_the_rest() -> None:
    s3 = bucket()
    for at, body in enumerate((b"", b"\x1f\x8bbroken", b"[]", b'{"rows": []')):
        s3.put_object(Bucket=LAKE, Key=f"quarantine/orders/2026/{at}.json", Body=body)
        s3.put_object(Bucket=LAKE, Key=f"dead-letter/replay/x-{at}.jsonl.gz", Body=body)
        s3.put_object(Bucket=LETTERS, Key=f"aws/lambda/{at}", Body=body)
    assert Kept(s3, OUTPUTS).look(Filter()).total == 10


def test_what_is_settled_is_not_listed_and_its_original_stays() -> None:
    s3 = bucket()
    kept = Kept(s3, OUTPUTS)
    before = dict(s3.objects)
    rows = kept.of_object("quarantine", CSV_KEY)
    settled.write(s3, settled.Settled(settled.EDITED, "r-9", {rows[1]: b"sent"}), who="me@here")
    assert [row.event_id for row in kept.of_object("quarantine", CSV_KEY)] == ["A-3", None]
    assert kept.look(Filter()).total == 9
    assert all(s3.objects[name] == body for name, body in before.items())
    assert s3.keys(LAKE, "resolved/") == [f"resolved/{CSV_KEY}/r-9.json"]
    letters = kept.of_object("replay", LETTER_KEY) + kept.of_object("function", BATCH_KEY)
    settled.write(s3, settled.Settled(settled.AS_IT_WAS, "r-10", dict.fromkeys(letters, b"")), who="me@here")
    assert {row.place for row in kept.rows(Filter())} == {"quarantine"}
    assert s3.keys(LETTERS, "resolved/") == [f"resolved/{BATCH_KEY}/r-10.json"]
