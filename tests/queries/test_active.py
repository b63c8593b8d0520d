"""Active now, from counters in memory."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.contracts import live_counter as live
from pipeline.errors import BadInputError
from queries import active
from queries.active import ActiveViews

if TYPE_CHECKING:
    from collections.abc import Iterator

AT = datetime(2026, 11, 22, 14, 37, 40, tzinfo=UTC)
SHARDS = ("shardId-000000000000", "shardId-000000000001")


class FakeTable:
    """Query by partition key, two items a page; counts what is asked."""

    def __init__(self) -> None:
        self.items: dict[str, list[dict[str, Any]]] = {}
        self.asked: Counter[str] = Counter()

    def view(self, at: datetime, page: str, source: str, session: str, shard: str = SHARDS[0]) -> None:
        moment = f"{at:%Y-%m-%d %H:%M:%S}"
        names = {live.PAGE: live.counter(shard, page), live.SOURCE: live.counter(shard, source)}
        for kind, counter in {**names, live.MINUTE: live.minute_counter(shard, moment)}.items():
            self._put(live.slot(kind, moment), counter, live.VIEWS, {"N": "1"})
        self._put(live.slot(live.SESSION, moment), shard, live.SESSIONS, {"BS": [live.session_digest(session)]})

    def _put(self, slot: str, counter: str, name: str, value: dict[str, Any]) -> None:
        item = {live.SLOT: {"S": slot}, live.COUNTER: {"S": counter}, name: value}
        self.items.setdefault(slot, []).append(item)

    def get_paginator(self, operation: str) -> FakeTable:
        assert operation == "query"
        return self

    def paginate(self, **query: Any) -> Iterator[dict[str, Any]]:
        assert query["KeyConditionExpression"] == "#slot = :slot"
        slot = query["ExpressionAttributeValues"][":slot"]["S"]
        self.asked[slot] += 1
        items = self.items.get(slot, [])
        for start in range(0, len(items) or 1, 2):
            yield {"Items": items[start : start + 2]}


@pytest.fixture
def table() -> FakeTable:
    return FakeTable()


def test_active_is_viewed_within_the_last_minutes(table: FakeTable) -> None:
    table.view(AT, "b", "menu", "s1")
    table.view(AT - timedelta(minutes=4, seconds=50), "a", "menu", "s2", SHARDS[1])
    table.view(AT - timedelta(minutes=4, seconds=50), "a", "search", "s1")
    table.view(AT - timedelta(minutes=6), "old", "menu", "s3")
    table.view(AT + timedelta(minutes=2), "not yet", "menu", "s4")
    now = ActiveViews(table, "t").now(5, AT)
    assert now.pages == (("a", 2), ("b", 1))
    assert now.sources == (("menu", 2), ("search", 1))
    assert now.sessions == 2
    assert now.since == datetime(2026, 11, 22, 14, 32, tzinfo=UTC)
    assert now.complete


@pytest.mark.parametrize("minutes", [0, 61, -1])
def test_other_minutes_are_refused(table: FakeTable, minutes: int) -> None:
    with pytest.raises(BadInputError, match="1 to 60"):
        ActiveViews(table, "t").now(minutes, AT)


def test_the_last_hour_by_minute(table: FakeTable) -> None:
    for _ in range(3):
        table.view(AT - timedelta(minutes=1), "a", "menu", "s")
    table.view(AT, "a", "menu", "s", SHARDS[1])
    table.view(AT - timedelta(minutes=60), "a", "menu", "s")
    table.view(AT - timedelta(minutes=61), "a", "menu", "s")
    course = ActiveViews(table, "t").last_hour(AT)
    assert len(course.minutes) == 61
    assert (course.views[0], course.views[-2], course.views[-1]) == (1, 3, 1)
    assert sum(course.views) == 5
    assert course.last_full == 3


def test_a_look_costs_a_query_for_each_minute_and_kind_and_the_next_only_the_newest(table: FakeTable) -> None:
    seconds = iter([0.0] * 1000)
    found = ActiveViews(table, "t", clock=lambda: next(seconds))
    found.now(60, AT)
    assert table.asked.total() == 3 * 61
    table.asked.clear()
    found.now(60, AT + timedelta(seconds=2))
    assert table.asked.total() == 3 * 3
    table.asked.clear()
    found.last_hour(AT)
    assert table.asked.total() == 2


def test_settled_minutes_are_asked_again_after_a_while(table: FakeTable) -> None:
    clock = [0.0]
    found = ActiveViews(table, "t", clock=lambda: clock[0])
    found.now(10, AT)
    table.view(AT - timedelta(minutes=8), "late", "menu", "s")
    assert found.now(10, AT).pages == ()
    clock[0] = 21.0
    assert found.now(10, AT).pages == (("late", 1),)


def test_a_minute_of_too_many_pages_is_read_in_part_and_says_so(
    table: FakeTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(active, "MOST_ITEMS", 4)
    for number in range(7):
        table.view(AT, f"page {number}", "menu", "s")
    now = ActiveViews(table, "t").now(5, AT)
    assert len(now.pages) == 4
    assert not now.complete
