"""Tail on local streams: all shards, across splits and merges, through throttling and iterators that grow old."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.errors import AccessRefusedError, NotFoundError
from pipeline.tail import LATEST, TRIM_HORIZON, Tail

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import tzinfo

    from pipeline.tail import Seen
    from tests.pipeline.local.streams import Stream

UNIFORM = {"ScalingType": "UNIFORM_SCALING"}
EXPIRED = "ExpiredIteratorException"
SHARD_THROTTLED = "ProvisionedThroughputExceededException"
THROTTLED = {"list_shards": "LimitExceededException", "get_shard_iterator": SHARD_THROTTLED}


class Client:
    """boto3's calls on local streams; `faults` are the codes that an operation's next calls fail with."""

    def __init__(self, stream: Stream, faults: dict[str, list[str]]) -> None:
        self.stream = stream
        self.faults = faults

    def get_paginator(self, operation: str) -> Client:
        assert operation == "list_shards"
        return self

    def paginate(self, **request: Any) -> Iterator[dict[str, Any]]:
        yield self._call("list_shards", request)

    def get_shard_iterator(self, **request: Any) -> dict[str, Any]:
        if "Timestamp" in request:
            request["Timestamp"] = request["Timestamp"].timestamp()
        return self._call("get_shard_iterator", request)

    def get_records(self, **request: Any) -> dict[str, Any]:
        answer = self._call("get_records", request | {"Limit": 2})
        for record in answer["Records"]:
            record["Data"] = base64.b64decode(record["Data"])
            record["ApproximateArrivalTimestamp"] = datetime.fromtimestamp(record["ApproximateArrivalTimestamp"], UTC)
        return answer

    def _call(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        faults = self.faults.get(operation)
        if faults and (code := faults.pop(0)):
            raise ClientError({"Error": {"Code": code}}, operation)
        status, answer = self.stream.call(operation, **request)
        if status >= 400:
            raise ClientError({"Error": {"Code": answer["__type"], "Message": answer["message"]}}, operation)
        found: dict[str, Any] = answer
        return found


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now += seconds


def tail(stream: Stream, start: str | datetime, **faults: list[str]) -> Tail:
    clock = Clock()
    return Tail(Client(stream, faults), "orders", start, clock=clock, sleep=clock.sleep)


def until_idle(
    records: Iterator[Seen | None], rounds: int = 40, at_end: Callable[[], bool] = lambda: True
) -> list[Seen]:
    """What comes until nothing has come for a while, at whose every round it was `at_end`."""
    found: list[Seen] = []
    idle = 0
    for seen in records:
        idle = 0 if seen or not at_end() else idle + 1
        found += [seen] if seen else []
        if idle == rounds:
            return found
    raise AssertionError


def put(stream: Stream, *texts: str) -> None:
    stream.put(*((text, text.encode()) for text in texts))


def texts(found: list[Seen]) -> list[str]:
    return [seen.data.decode() for seen in found]


def test_all_shards_from_the_beginning(stream: Stream) -> None:
    sent = [f"key {number}" for number in range(40)]
    put(stream, *sent)
    found = until_idle(tail(stream, TRIM_HORIZON).records())
    assert sorted(texts(found)) == sorted(sent)
    assert len({seen.shard for seen in found}) == 4
    for shard in {seen.shard for seen in found}:
        numbers = [seen.number for seen in found if seen.shard == shard]
        assert numbers == sorted(numbers)
    assert all(0 <= seen.lag_s < 5 and seen.behind_s >= 0 for seen in found)
    assert found[0].key == found[0].data.decode()


def test_from_now_on_and_from_a_time(stream: Stream, monkeypatch: pytest.MonkeyPatch) -> None:
    put(stream, "before")
    late = tail(stream, LATEST).records()
    assert next(late) is None
    moment = datetime.now(UTC) + timedelta(seconds=50)
    monkeypatch.setattr("time.time", (moment + timedelta(seconds=1)).timestamp)
    put(stream, "after")
    assert texts(until_idle(late)) == ["after"]
    assert texts(until_idle(tail(stream, moment).records())) == ["after"]


def test_an_iterator_that_grew_old_before_its_first_record_misses_none_of_the_same_millisecond(
    stream: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment = datetime.now(UTC).replace(microsecond=700_400)

    class Now(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return moment.astimezone(tz)

    monkeypatch.setattr("pipeline.tail.datetime", Now)
    reading = tail(stream, LATEST, get_records=[""] * 4 + [EXPIRED] * 4)
    records = reading.records()
    assert until_idle(records, rounds=1) == []
    monkeypatch.setattr("time.time", lambda: moment.timestamp() + 0.000_05)  # arrives as of .700
    put(stream, *(f"key {number}" for number in range(8)))
    assert len(until_idle(records)) == 8


@pytest.mark.parametrize("operation", ["list_shards", "get_shard_iterator"])
def test_throttled_before_its_first_read_it_misses_none_since_the_start(stream: Stream, operation: str) -> None:
    reading = tail(stream, LATEST, **{operation: [THROTTLED[operation]] * 6})
    records = reading.records()
    assert next(records) is None
    # Shards that are closed by the time that they are listed, or asked for, hold some of it.
    put(stream, *(f"key {number}" for number in range(8)))
    stream.call("update_shard_count", TargetShardCount=8, **UNIFORM)
    put(stream, *(f"more {number}" for number in range(8)))
    assert not reading.at_end
    assert len(until_idle(records)) == 16
    assert reading.at_end
    told = [text for text in reading.said if "throttled" in text]
    assert len(told) == (1 if operation == "list_shards" else 4)
    assert all(text.endswith(": throttled; it is asked again later, nothing is skipped.") for text in told)


def test_shards_that_come_later_are_found_once_the_list_is_no_longer_throttled(stream: Stream) -> None:
    put(stream, "a")
    reading = tail(stream, TRIM_HORIZON, list_shards=["", *["LimitExceededException"] * 3])
    assert texts(until_idle(reading.records(), rounds=100)) == ["a"]
    assert reading.kinesis.faults == {"list_shards": []}
    assert reading.said == ["orders: throttled; it is asked again later, nothing is skipped."]
    assert reading.at_end


def test_what_is_no_throttling_is_raised(stream: Stream) -> None:
    for operation in ("list_shards", "get_shard_iterator", "get_records"):
        with pytest.raises(AccessRefusedError):
            next(tail(stream, LATEST, **{operation: ["AccessDeniedException"]}).records())


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    targets=st.lists(st.integers(1, 8), min_size=1, max_size=4),
    faults=st.fixed_dictionaries(
        {
            "list_shards": st.lists(st.sampled_from(["", "LimitExceededException"]), max_size=4),
            "get_shard_iterator": st.lists(st.sampled_from(["", "", SHARD_THROTTLED]), max_size=10),
            "get_records": st.lists(st.sampled_from(["", "", SHARD_THROTTLED, EXPIRED]), max_size=30),
        }
    ),
    start=st.sampled_from([LATEST, TRIM_HORIZON]),
)
def test_resharding_and_throttling_lose_nothing_and_repeat_nothing(
    stream: Stream, targets: list[int], faults: dict[str, list[str]], start: str
) -> None:
    stream.module.reset()
    stream.call("create_stream", ShardCount=2)
    put(stream, *(f"before {number}" for number in range(5)))
    reading = tail(stream, start, **faults)
    records = reading.records()
    found = until_idle(islice(records, 30), rounds=1) if start == LATEST else []
    sent = []
    for step, target in enumerate(targets):
        stream.call("update_shard_count", TargetShardCount=target, **UNIFORM)
        more = [f"{step} {number}" for number in range(7)]
        put(stream, *more)
        sent += more
        found += [seen for seen in islice(records, 5) if seen]
    found += until_idle(records, at_end=lambda: reading.at_end)
    if start == TRIM_HORIZON:
        sent += [f"before {number}" for number in range(5)]
    assert sorted(text for text in texts(found) if start == TRIM_HORIZON or "before" not in text) == sorted(sent)


def test_a_split_is_told(stream: Stream) -> None:
    put(stream, "a")
    reading = tail(stream, TRIM_HORIZON)
    stream.call("split_shard", ShardToSplit="shardId-000000000000", NewStartingHashKey="9")
    until_idle(reading.records())
    (told,) = reading.said
    assert told.startswith("shardId-000000000000: split or merged, and read to its end; going on with shardId-")
    assert told.endswith("shardId-000000000004, shardId-000000000005.")


def test_throttling_is_told_once_and_waits_longer_each_time(stream: Stream) -> None:
    put(stream, "a")
    reading = tail(stream, TRIM_HORIZON, get_records=[SHARD_THROTTLED] * 12)
    assert texts(until_idle(reading.records())) == ["a"]
    assert sorted({text.partition(": ")[2] for text in reading.said}) == [
        "throttled; it is asked again later, nothing is skipped."
    ]
    assert len(reading.said) == 4


def test_a_stream_that_is_not_there(stream: Stream) -> None:
    stream.call("delete_stream")
    with pytest.raises(NotFoundError, match="Stream orders"):
        next(tail(stream, LATEST).records())
