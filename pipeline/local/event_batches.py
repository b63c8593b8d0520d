"""How Lambda takes one shard's records to a function: when, how many, what again, and when to give up.

After the Lambda developer guide's pages on Kinesis ("Using Lambda to process records from Amazon Kinesis Data
Streams", "Configuring partial batch response with Kinesis Data Streams and Lambda", "Retain discarded batch records
for a Kinesis Data Streams event source in Lambda", "Lambda parameters for Amazon Kinesis Data Streams event source
mappings"). Nothing here knows MiniStack.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

BEFORE_ALL = ""  # the checkpoint before a shard's first record
PAYLOAD_LIMIT = 6 * 1024 * 1024  # of an invocation
_RECORD_BYTES = 512  # what a record adds to the payload beside its data and its key
_FIRST_WAIT, _LONGEST_WAIT = 0.1, 3.0  # seconds between tries; doubles. AWS does not say what it takes

RETRIES_EXHAUSTED = "RetryAttemptsExhausted"
TOO_OLD = "MaximumRecordAgeExceeded"  # AWS documents no word for it


class Record(Protocol):
    """A stream's record.

    SequenceNumber (30 digits, so that it sorts as a text), ApproximateArrivalTimestamp (seconds), Data (base64) and
    PartitionKey.
    """

    def __getitem__(self, name: str, /) -> Any:
        """The value of one of these names."""


@dataclass(frozen=True)
class Rules:
    """What an event source mapping says; None where it sets no limit."""

    batch_size: int = 100
    window: float = 0
    reports_failures: bool = False
    bisects: bool = False
    retries: int | None = None
    max_age: float | None = None
    payload_limit: int = PAYLOAD_LIMIT

    @classmethod
    def of(cls, mapping: Mapping[str, Any]) -> Rules:
        """From the API's own names; CloudFormation hands numbers on as texts at times. -1 is no limit."""
        retries = int(mapping.get("MaximumRetryAttempts", -1))
        age = int(mapping.get("MaximumRecordAgeInSeconds", -1))
        return cls(
            batch_size=int(mapping.get("BatchSize", 100)),
            window=float(mapping.get("MaximumBatchingWindowInSeconds", 0)),
            reports_failures="ReportBatchItemFailures" in mapping.get("FunctionResponseTypes", ()),
            bisects=str(mapping.get("BisectBatchOnFunctionError", False)).lower() == "true",
            retries=None if retries < 0 else retries,
            max_age=None if age < 0 else age,
        )


@dataclass(frozen=True)
class Outcome:
    """What came of an invocation: the function's answer, or its error, or that it could not be invoked at all."""

    answer: object = None
    error: str | None = None
    invoked: bool = True


class Function(Protocol):
    """Takes records to the function."""

    def __call__(self, records: Sequence[Record]) -> Outcome:
        """Invoke it and wait."""


class Destination(Protocol):
    """Takes what is given up."""

    def __call__(self, records: Sequence[Record], condition: str, invocations: int, error: str | None) -> None:
        """Keep the records; raises when they could not be kept, and then they come again."""


@dataclass
class _Span:
    """Records up to `upto` that failed together and are tried again together."""

    upto: str
    failures: int = 0  # those that count against the retries; a split is none
    invocations: int = 0


class ShardConsumer:
    """One mapping's place in one shard. `step` does the next thing that is due and says how long to wait after it.

    The checkpoint is the last record that is done with: everything after it comes, or comes again.
    """

    def __init__(self, checkpoint: str, after: Callable[[str, int], list[Record]]) -> None:
        self.checkpoint = checkpoint
        self.iterator_age = 0.0  # seconds that the last record of the last batch had waited
        self._after = after
        self._spans: list[_Span] = []  # the next one is the last one; together they follow the checkpoint gapless
        self._collecting_since: float | None = None
        self._failing = 0

    def step(self, rules: Rules, function: Function, discard: Destination, now: float, idle: float = 0.1) -> float:
        """Invoke the function once at most; gives the seconds to wait before the next step."""
        span = self._spans[-1] if self._spans else None
        records = self._after(self.checkpoint, rules.batch_size)
        if span:
            records = [record for record in records if record["SequenceNumber"] <= span.upto]
        if not records:
            self.iterator_age = 0.0
            if span:  # the stream keeps them no longer
                self._move(span.upto)
            return 0 if span else idle
        old = _too_old(records, rules, now)
        if old:
            discard(old, TOO_OLD, span.invocations if span else 0, None)
            self._move(old[-1]["SequenceNumber"])
            return 0
        batch = _fitting(records, rules.payload_limit)
        if not span:
            full = len(batch) == rules.batch_size or len(batch) < len(records)
            left = 0.0 if full else self._collecting(rules, now)
            if left > 0:
                return min(left, idle)
        self._collecting_since = None
        self.iterator_age = max(0.0, now - batch[-1]["ApproximateArrivalTimestamp"])
        outcome = function(batch)
        first = _first_failure(batch, outcome, rules)
        if not outcome.invoked:
            return self._pause()
        if first is None:
            self._move(batch[-1]["SequenceNumber"])
            self._failing = 0
            return 0
        return self._failed(batch, first, outcome, rules, discard)

    def _failed(self, batch: list[Record], first: int, outcome: Outcome, rules: Rules, discard: Destination) -> float:
        last = batch[-1]["SequenceNumber"]
        span = self._spans.pop() if self._spans and self._spans[-1].upto == last else _Span(last)
        if first:  # what came before it is done with
            self._move(batch[first - 1]["SequenceNumber"])
            span = _Span(last)
        self._spans.append(span)
        span.invocations += 1
        rest = batch[first:]
        if rules.bisects and first:  # split at the failed record
            return _FIRST_WAIT
        if rules.bisects and len(rest) > 1:
            # Halves, also when the first record of a partial answer is the bad one: nothing before it can be split
            # off, and whole it would take all others along.
            middle = rest[len(rest) // 2 - 1]["SequenceNumber"]
            self._spans.append(_Span(middle, span.failures, span.invocations))
            return _FIRST_WAIT
        span.failures += 1
        if rules.retries is not None and span.failures > rules.retries:
            discard(rest, RETRIES_EXHAUSTED, span.invocations, outcome.error)
            self._move(last)
            self._failing = 0
            return 0
        return self._pause()

    def _collecting(self, rules: Rules, now: float) -> float:
        if self._collecting_since is None:
            self._collecting_since = now
        return self._collecting_since + rules.window - now

    def _move(self, sequence: str) -> None:
        self.checkpoint = sequence
        while self._spans and self._spans[-1].upto <= sequence:
            self._spans.pop()

    def _pause(self) -> float:
        self._failing += 1
        return min(_LONGEST_WAIT, _FIRST_WAIT * 2.0 ** min(self._failing - 1, 10))


def _too_old(records: list[Record], rules: Rules, now: float) -> list[Record]:
    if rules.max_age is None:
        return []
    limit = now - rules.max_age
    fresh = next((i for i, r in enumerate(records) if r["ApproximateArrivalTimestamp"] >= limit), len(records))
    return records[:fresh]


def _fitting(records: list[Record], limit: int) -> list[Record]:
    size = 0
    for index, record in enumerate(records):
        size += len(record["Data"]) + len(record["PartitionKey"]) + _RECORD_BYTES
        if size > limit and index:
            return records[:index]
    return records


def _first_failure(records: list[Record], outcome: Outcome, rules: Rules) -> int | None:
    """The index of the first record to come again: None when all is well, 0 when the whole batch failed.

    Success is an answer that is null or names no failures; what cannot be understood is a failure of all.
    """
    if outcome.error is not None:
        return 0
    if not rules.reports_failures or outcome.answer is None:
        return None
    if not isinstance(outcome.answer, dict):
        return 0
    failures = outcome.answer.get("batchItemFailures") or []
    if not isinstance(failures, list):
        return 0
    places = {record["SequenceNumber"]: index for index, record in enumerate(records)}
    named = [failure.get("itemIdentifier") if isinstance(failure, dict) else None for failure in failures]
    # An id that is empty, null, under another name or not of this batch.
    if any(not isinstance(name, str) or name not in places for name in named):
        return 0
    return min((places[name] for name in named), default=None)
