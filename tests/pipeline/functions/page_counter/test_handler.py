"""The live counters: each record once, whatever Lambda and DynamoDB do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.contracts import live_counter as live
from pipeline.contracts import page_view
from pipeline.functions.page_counter import handler, table
from pipeline.functions.page_counter.handler import Environment, count_batch
from tests.pipeline.functions.page_counter.counters import ARRIVED, CrashedError, FakeTable, added_up, record, view

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ENVIRONMENT = Environment("active")


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _seconds: None)


def count(fake: FakeTable, records: Sequence[Any], seconds: float = 60) -> list[str]:
    answer: Any = count_batch({"Records": records}, ENVIRONMENT, fake, time_left=lambda: seconds)
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def records_of(numbers: Sequence[int]) -> list[dict[str, Any]]:
    return [record(number, page_view.to_wire(view(number))) for number in numbers]


def test_a_batch_is_counted_by_page_source_and_minute() -> None:
    fake = FakeTable()
    assert count(fake, records_of(range(1, 51))) == []
    views = [view(number) for number in range(1, 51)]
    assert fake.views() == added_up(views)
    expected: dict[str, set[bytes]] = {}
    for one in views:
        expected.setdefault(f"session {str(one['OccurredAt'])[:16]}", set()).add(
            live.session_digest(str(one["SessionID"]))
        )
    assert fake.sessions() == expected
    assert {item[live.EXPIRES_AT]["N"] for item in fake.items.values()} == {str(int(ARRIVED) + 50 + 48 * 3600)}


def test_a_view_without_a_source_or_a_session_counts_for_its_page() -> None:
    fake = FakeTable()
    one = view(1, Source=None, SessionID=None)
    assert count(fake, [record(1, page_view.to_wire(one))]) == []
    assert fake.views() == added_up([one])
    assert fake.sessions() == {}


def test_the_longest_page_has_a_counter() -> None:
    fake = FakeTable()
    assert count(fake, [record(1, page_view.to_wire(view(1, Page="ä" * 500, Source="#" * 1000)))]) == []
    assert {live.name_of(counter) for _slot, counter in fake.items} >= {"ä" * 500, "#" * 1000}


def test_poison_is_named_and_the_rest_counted_once() -> None:
    fake = FakeTable()
    records = records_of(range(1, 9))
    records[3]["kinesis"]["data"] = "eyJQYWdlIjogMX0="  # {"Page": 1}
    records[5]["kinesis"]["data"] = "%"
    assert count(fake, records) == ["40", "60"]
    assert count(fake, records) == ["40", "60"]
    assert fake.views() == added_up([view(number) for number in (1, 2, 3, 5, 7, 8)])


def test_out_of_time_names_what_is_not_counted() -> None:
    fake = FakeTable()
    assert count(fake, records_of([1, 2, 3]), seconds=0)[0] == "10"
    assert fake.items == {}


def test_a_set_that_is_full_fails_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """An item ends at 400 KB; the views are counted all the same."""
    fake = FakeTable()
    one = view(1)
    digest = live.session_digest(str(one["SessionID"]))
    key = f"session {str(one['OccurredAt'])[:16]}", f"shardId-000000000000#{live.bucket(digest)}"
    full = [number.to_bytes(12) for number in range(33_000)]
    fake.items[key] = {live.SESSIONS: {"BS": full}}
    monkeypatch.setattr("tests.pipeline.functions.page_counter.counters._ITEM_BYTES", 33_000 * 12)
    assert count(fake, records_of([1])) == ["10"]
    assert fake.views() == added_up([one])


def test_many_counters_travel_in_transactions_of_a_hundred() -> None:
    fake = FakeTable()
    views = [view(number, Page=f"page {number}", SessionID=None) for number in range(1, 451)]
    batch = [record(number, page_view.to_wire(one)) for number, one in enumerate(views, start=1)]
    assert count(fake, batch) == []
    assert fake.views() == added_up(views)
    assert max(fake.calls) == 100
    assert len(fake.calls) == 5


def test_two_shards_count_for_themselves() -> None:
    fake = FakeTable()
    wires = [page_view.to_wire(view(number)) for number in range(1, 11)]
    for shard in ("shardId-000000000000", "shardId-000000000007"):
        assert count(fake, [record(number, wire, shard) for number, wire in enumerate(wires, start=1)]) == []
    views = [view(number) for number in range(1, 11)]
    assert fake.views() == added_up(views) + added_up(views, "shardId-000000000007")


@pytest.mark.parametrize(
    ("earlier", "later"), [("9", "10"), ("0" * 20 + "99", "100"), ("4" + "0" * 55, "4" + "9" * 55)]
)
def test_sequence_numbers_sort_as_numbers(earlier: str, later: str) -> None:
    assert live.sequence(earlier) < live.sequence(later)


FAULTS = ("", "", "throttled", "conflict", "lost before", "lost after", "crashed before", "crashed after", "zombie")


@dataclass
class Shard:
    """Lambda on one shard: from the checkpoint on, in batches of any size, again from the lowest failure."""

    fake: FakeTable
    last: int
    sizes: Iterator[int]
    faults: Iterator[str]
    checkpoint: int = 0
    depth: int = 0
    failed: list[int] = field(default_factory=list)

    def step(self) -> None:
        """One batch. An invocation that was taken for dead while others went on has no say in the checkpoint."""
        before = self.checkpoint
        size = next(self.sizes, self.last)
        numbers = range(before + 1, min(self.last, before + size) + 1)
        try:
            failures = count(self.fake, records_of(numbers))
        except CrashedError:
            return
        if self.checkpoint == before:
            self.checkpoint = min(int(number) // 10 for number in failures) - 1 if failures else numbers[-1]

    def fault(self, _updates: int) -> str:
        """What goes wrong with a call; a zombie stands still here while the shard's next batches are counted."""
        found = next(self.faults, "")
        if found != "zombie":
            return found
        if self.depth < 3:
            self.depth += 1
            for _ in range(2):
                if self.checkpoint < self.last:
                    self.step()
            self.depth -= 1
        return ""


@settings(max_examples=60, deadline=None)
@given(
    last=st.integers(1, 25),
    sizes=st.lists(st.integers(1, 12), max_size=40),
    faults=st.lists(st.sampled_from(FAULTS), max_size=40),
    chunk=st.integers(1, 12),
)
def test_retried_grown_split_and_haunted_batches_count_each_record_once(
    last: int, sizes: list[int], faults: list[str], chunk: int
) -> None:
    fake = FakeTable()
    shard = Shard(fake, last, iter(sizes), iter(faults))
    fake.fault = shard.fault
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(table, "UPDATES_PER_CALL", chunk)
        patch.setattr(table, "_WORKERS", 1)
        patch.setattr(table, "ATTEMPTS", 3)
        for _ in range(len(sizes) + len(faults) + last + 1):
            if shard.checkpoint < last:
                shard.step()
    assert shard.checkpoint == last
    assert fake.views() == added_up([view(number) for number in range(1, last + 1)])


def test_the_condition_is_what_keeps_counters_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it a batch that comes again counts twice: the test above would see it."""
    fake = FakeTable()
    monkeypatch.setattr(FakeTable, "_reason", lambda _self, _key, _update: {"Code": "None"})
    for _ in range(2):
        count(fake, records_of([1, 2]))
    assert fake.views() != added_up([view(1), view(2)])


def test_the_handlers_module_keeps_nothing_between_batches() -> None:
    """State in globals would be another invocation's: clients are all there is."""
    kept = {name for name, value in vars(handler).items() if isinstance(value, (list, dict, set)) and name[0] != "_"}
    assert kept == set()
