"""A stream's records as they come: every shard of it, also those that a split or a merge makes on the way.

A shard's records come in their order, and a child's after all of its parents'. What is throttled is asked again
later, an iterator that grew old is made anew where the last record left off: nothing is skipped.
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from pipeline.clients import aws_errors, error_code
from pipeline.errors import NotFoundError, ThrottledError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

LATEST, TRIM_HORIZON = "LATEST", "TRIM_HORIZON"
# A shard answers five reads a second, which its consumers share. [Developer guide, "Quotas and limits"]
_IDLE_S, _BUSY_S = 1.0, 0.25
_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.5, 8.0
_SHARDS_S = 30.0  # between looks for shards that no parent told of
_EXPIRED = "ExpiredIteratorException"


@dataclass(frozen=True)
class Seen:
    """A record: where it lies, when it arrived, its key and bytes.

    `lag_s` is how long it had waited when it was read, `behind_s` how far its shard's reading was behind.
    """

    shard: str
    number: str
    arrived: datetime
    key: str
    data: bytes
    lag_s: float
    behind_s: float


@dataclass
class _Place:
    """Where the reading of a shard is: `iterator` is made of the rest when there is none."""

    kind: str
    parents: tuple[str, ...] = ()
    iterator: str | None = None
    last: str = ""
    due: float = 0.0
    behind: float | None = None  # seconds; not known while it was asked in vain
    throttled: int = 0
    done: bool = False


@dataclass
class Tail:
    """Reads `stream` from `start`: LATEST, TRIM_HORIZON, or a moment. `kinesis` is a boto3 client.

    `said` holds what happened beside records, such as a shard that was split, for whoever tells of it.
    """

    kinesis: Any
    stream: str
    start: str | datetime = LATEST
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    said: list[str] = field(default_factory=list)
    _places: dict[str, _Place] = field(default_factory=dict)
    _look_at: float = 0.0  # when shards are listed next
    _throttled: int = 0  # times in a row that they were not listed
    # Of a whole second: records' arrivals are in whole milliseconds, so one just after a finer moment seems before it.
    _began: datetime = field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))

    def records(self) -> Iterator[Seen | None]:
        """Records as they come, without end; None each time that there is nothing to read just now.

        Raises NotFoundError for a stream that is not there, and CloudError.
        """
        while True:
            self._look_for_shards()
            due = [name for name, place in self._places.items() if self._is_due(place)]
            for name in due:
                yield from self._read(name, self._places[name])
            if not due:
                yield None
                waiting = [place.due for place in self._places.values() if self._may_be_read(place)]
                self.sleep(max(0.05, min([*(at - self.clock() for at in waiting), _IDLE_S])))

    @property
    def at_end(self) -> bool:
        """Whether each shard had no more records when it was last asked; a None of `records` does not say so."""
        places = self._places.values()
        return bool(places) and not self._throttled and all(place.done or place.behind == 0 for place in places)

    def _may_be_read(self, place: _Place) -> bool:
        parents = (self._places.get(name) for name in place.parents)
        return not place.done and all(parent is None or parent.done for parent in parents)

    def _is_due(self, place: _Place) -> bool:
        return self._may_be_read(place) and place.due <= self.clock()

    def _look_for_shards(self) -> None:
        if self.clock() < self._look_at:
            return
        first = not self._places
        try:
            with aws_errors(f"Stream {self.stream}"):
                pages = self.kinesis.get_paginator("list_shards").paginate(StreamName=self.stream)
                listed = [shard for page in pages for shard in page["Shards"]]
        except ThrottledError:
            if first and self.start == LATEST:  # by the time of the list that is no longer what was meant
                self.start = self._began
            self._throttled += 1
            self._look_at = self._again(self.stream, self._throttled)
            return
        self._throttled, self._look_at = 0, self.clock() + _SHARDS_S
        for shard in listed:
            if shard["ShardId"] not in self._places:
                self._add(shard, first=first)

    def _add(self, shard: Mapping[str, Any], *, first: bool) -> None:
        parents = tuple(shard[name] for name in ("ParentShardId", "AdjacentParentShardId") if shard.get(name))
        kind = self.start if isinstance(self.start, str) else "AT_TIMESTAMP"
        if first and kind == LATEST:
            closed = "EndingSequenceNumber" in shard["SequenceNumberRange"]
            self._places[shard["ShardId"]] = _Place(kind, done=closed)
            return
        # A shard that came later has no record from before the start.
        self._places[shard["ShardId"]] = _Place(kind if first else TRIM_HORIZON, parents)

    def _read(self, name: str, place: _Place) -> Iterator[Seen]:
        place.behind = None
        try:
            with aws_errors(f"Shard {name} of stream {self.stream}"):
                place.iterator = place.iterator or self._iterator(name, place)
                answer = self._records(place)
        except NotFoundError:  # its time is over
            place.done = True
            return
        except ThrottledError:
            place.throttled += 1
            place.due = self._again(name, place.throttled)
            return
        if answer is None:
            return
        place.throttled = 0
        place.behind = behind = int(answer.get("MillisBehindLatest") or 0) / 1000
        place.iterator = answer.get("NextShardIterator")
        place.due = self.clock() + (_BUSY_S if behind else _IDLE_S)
        now = datetime.now(UTC)
        for record in answer["Records"]:
            place.last = record["SequenceNumber"]
            arrived = record["ApproximateArrivalTimestamp"].astimezone(UTC)
            lag = max(0.0, (now - arrived).total_seconds())
            yield Seen(name, place.last, arrived, record["PartitionKey"], record["Data"], lag, behind)
        if place.iterator is None:
            place.done = True
            self._look_at = self._look_at if answer.get("ChildShards") else 0.0
            self._go_on(name, answer.get("ChildShards") or [])

    def _records(self, place: _Place) -> Mapping[str, Any] | None:
        """What GetRecords answers; None when its iterator grew old."""
        try:
            answer: Mapping[str, Any] = self.kinesis.get_records(ShardIterator=place.iterator)
        except ClientError as error:
            if error_code(error) != _EXPIRED:
                raise
            place.iterator = None
            return None
        return answer

    def _again(self, what: str, times: int) -> float:
        """When to ask again for what was throttled so many times in a row; told the first time."""
        if times == 1:
            self.said.append(f"{what}: throttled; it is asked again later, nothing is skipped.")
        # So many doublings reach the longest wait: a larger power would only overflow in the end.
        wait = min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2.0 ** min(times - 1, 10))
        return self.clock() + wait * (0.5 + random.random() / 2)  # noqa: S311 - no secret, only a spread

    def _go_on(self, name: str, children: list[Mapping[str, Any]]) -> None:
        for child in children:
            if child["ShardId"] not in self._places:
                # A merged shard's other parent is read to its end first, if it is read at all.
                self._places[child["ShardId"]] = _Place(TRIM_HORIZON, tuple(child["ParentShards"]))
        told = ", ".join(child["ShardId"] for child in children) or "its children"
        self.said.append(f"{name}: split or merged, and read to its end; going on with {told}.")

    def _iterator(self, name: str, place: _Place) -> str:
        where: dict[str, Any] = {"ShardIteratorType": place.kind}
        if place.last:
            where = {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "StartingSequenceNumber": place.last}
        elif place.kind == "AT_TIMESTAMP":
            where["Timestamp"] = self.start
        elif place.kind == LATEST and place.iterator is None and place.due:
            # It grew old before a record came: what came since the start is what was meant.
            where = {"ShardIteratorType": "AT_TIMESTAMP", "Timestamp": self._began}
        return str(self.kinesis.get_shard_iterator(StreamName=self.stream, ShardId=name, **where)["ShardIterator"])
