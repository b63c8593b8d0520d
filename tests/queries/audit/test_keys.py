"""The key-only read of the invoices table: complete in pages, and exact about what is written meanwhile."""

from __future__ import annotations

from typing import Any

import pytest

from queries.audit import keys


class FakeTable:
    """Scan in segments of two items a page, BatchGetItem of 100 keys that leaves some unprocessed."""

    def __init__(self, *event_ids: str, items: int | None = None) -> None:
        self.held = set(event_ids)
        self.behind: set[str] = set()  # written once the scan has passed
        self.items = len(event_ids) if items is None else items
        self.scans = 0
        self.gets = 0

    def describe_table(self, *, TableName: str) -> dict[str, Any]:  # noqa: N803
        return {"Table": {"ItemCount": self.items}}

    def get_paginator(self, operation: str) -> FakeTable:
        assert operation == "scan"
        return self

    def paginate(self, *, Segment: int, TotalSegments: int, ConsistentRead: bool, **_: Any) -> Any:  # noqa: N803
        assert ConsistentRead
        self.scans += 1
        mine = [{"event_id": {"S": name}} for name in sorted(self.held) if hash(name) % TotalSegments == Segment]
        yield from ({"Items": mine[at : at + 2]} for at in range(0, len(mine), 2))
        yield {"Items": [{}]}

    def batch_get_item(self, *, RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803
        ((table, request),) = RequestItems.items()
        asked = request["Keys"]
        assert len(asked) <= 100
        self.gets += 1
        names = {f"{key['invoice_no']['S']}-{key['line']['S'].lstrip('0')}" for key in asked[:60]}
        left = asked[60:]
        return {
            "Responses": {table: [{"event_id": {"S": name}} for name in names & (self.held | self.behind)]},
            "UnprocessedKeys": {table: {"Keys": left}} if left else {},
        }


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "_FEW", 10)


def ids(count: int) -> list[str]:
    return [f"536365-{number}" for number in range(1, count + 1)]


def test_a_scan_finds_exactly_what_is_absent() -> None:
    table = FakeTable(*ids(500)[:-3])
    assert keys.absent(table, "invoices", ids(500)) == set(ids(500)[-3:])
    assert table.scans == 4


def test_what_was_written_behind_the_scan_is_present() -> None:
    table = FakeTable(*ids(500)[:-3])
    table.behind = {"536365-499"}
    assert keys.absent(table, "invoices", ids(500)) == {"536365-498", "536365-500"}


def test_few_events_of_a_large_table_are_asked_for_by_key() -> None:
    table = FakeTable(*ids(150), items=1_000_000)
    assert keys.absent(table, "invoices", ids(151)) == {"536365-151"}
    assert (table.scans, table.gets) == (0, 3)


def test_an_event_id_does_not_tell_where_its_invoice_ends() -> None:
    """A mended row is line `<replay>-<line>` of its invoice; an InvoiceNo may hold dashes, too."""
    assert keys.places("A-1-7") == [("A-1", "000007"), ("A", "1-7")]
    assert keys.places("536365-1") == [("536365", "000001")]
    assert keys.places("-1-") == [] == keys.places("none")


def test_the_event_of_a_mended_row_is_found() -> None:
    event_id = "A-r-20260102-030405-9f3a-6"
    assert keys.absent(FakeTable(event_id), "invoices", [event_id, "A-r-1"]) == {"A-r-1"}
