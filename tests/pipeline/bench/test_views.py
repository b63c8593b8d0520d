"""What the bench of views adds up and compares."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.bench import views
from pipeline.contracts import page_view
from pipeline.errors import CloudError
from pipeline.tail import Tail

if TYPE_CHECKING:
    from collections.abc import Iterator


def test_every_counter_that_differs_is_counted() -> None:
    stream = {"page": Counter({("m", "a"): 2, ("m", "b"): 1})}
    assert views.differences(stream, {"page": Counter({("m", "a"): 2, ("m", "b"): 1})}) == 0
    assert views.differences(stream, {"page": Counter({("m", "a"): 3, ("m", "c"): 1})}) == 3


class Table:
    def get_paginator(self, operation: str) -> Table:
        assert operation == "scan"
        return self

    def paginate(self, **_: Any) -> Iterator[dict[str, Any]]:
        def item(slot: str, counter: str, count: int) -> dict[str, Any]:
            return {"slot": {"S": slot}, "counter": {"S": counter}, "views": {"N": str(count)}}

        yield {"Items": [item("page 2026-11-22 14:37", "s1#a", 2), item("page 2026-11-22 14:37", "s2#a", 3)]}
        yield {"Items": [item("page 2026-11-22 14:38", "s1#a", 9), item("minute 2026-11-22 14", "14:37#s1", 2)]}
        yield {"Items": [{"slot": {"S": "session 2026-11-22 14:37"}, "counter": {"S": "s1#00"}}]}


class Behind:
    """A stream of one shard that answers first with nothing, then a view at a time, and says how far it is behind."""

    def __init__(self, *answers: tuple[int, int]) -> None:
        self.answers = list(answers)  # views, and milliseconds behind

    def get_paginator(self, operation: str) -> Behind:
        assert operation == "list_shards"
        return self

    def paginate(self, **_: Any) -> Iterator[dict[str, Any]]:
        yield {"Shards": [{"ShardId": "shard", "SequenceNumberRange": {"StartingSequenceNumber": "0"}}]}

    def get_shard_iterator(self, **_: Any) -> dict[str, str]:
        return {"ShardIterator": "iterator"}

    def get_records(self, **_: Any) -> dict[str, Any]:
        records, behind = self.answers.pop(0)
        view = page_view.normalise({"Page": "a", "OccurredAt": "2026-11-22 14:37:00"}, new_id="id")
        record = {
            "SequenceNumber": "1",
            "ApproximateArrivalTimestamp": datetime(2026, 11, 22, 14, 37, tzinfo=UTC),
            "PartitionKey": "key",
            "Data": page_view.to_wire(page_view.stamp(view, sent_at="2026-11-22 14:37:00.000000")),
        }
        return {"Records": [record] * records, "MillisBehindLatest": behind, "NextShardIterator": "next"}


def test_a_stream_is_read_on_while_a_shard_is_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = count(0.0, 10.0)  # of which no shard is due while it stands
    now = [next(clock)]
    tail = partial(Tail, clock=lambda: now[0], sleep=lambda _seconds: now.insert(0, next(clock)))
    monkeypatch.setattr(views, "Tail", tail)
    stream = Behind((0, 90_000), (2, 5_000), (0, 5_000), (1, 0))
    found = views.of_stream(stream, "clicks", before="2026-11-22 14:38")
    assert not stream.answers
    assert found["page"] == Counter({("page 2026-11-22 14:37", "a"): 3})


def test_counters_of_closed_minutes_are_added_over_the_shards() -> None:
    found = views.of_table(Table(), "t", before="2026-11-22 14:38")
    assert found["page"] == Counter({("page 2026-11-22 14:37", "a"): 5})
    assert found["minute"] == Counter({("minute 2026-11-22 14", "2026-11-22 14:37"): 2})


def test_counting_that_stands_still_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = count(0, 10)
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    monkeypatch.setattr("time.monotonic", lambda: next(clock))
    with pytest.raises(CloudError, match="1 of 2 views are counted"):
        views.await_all(lambda: 1, 2, "counted")
