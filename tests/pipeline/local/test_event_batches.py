"""One shard's way to a function, as the Lambda developer guide tells it (the page is named at each part)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.local.event_batches import BEFORE_ALL, TOO_OLD, Outcome, Record, Rules, ShardConsumer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

FAILED = Outcome(error="Unhandled")


def number(place: int) -> str:
    return f"{place:030d}"


def failures(*places: int) -> Outcome:
    return Outcome({"batchItemFailures": [{"itemIdentifier": number(place)} for place in places]})


class Shard:
    """A shard of records 1..n, a function that says what comes of a batch, and a clock that waits at once."""

    def __init__(self, count: int = 0, **rules: Any) -> None:
        self.rules = Rules(**rules)
        self.now = 1000.0
        self.records: list[Record] = []
        self.put(count)
        self.consumer = ShardConsumer(BEFORE_ALL, self._after)
        self.function: Callable[[list[int]], Outcome] = lambda _batch: Outcome()
        self.batches: list[list[int]] = []
        self.given_up: list[tuple[list[int], str, int]] = []
        self.waits: list[float] = []
        self.full: Exception | None = None

    def put(self, count: int, size: int = 10) -> None:
        for _ in range(count):
            place = number(len(self.records) + 1)
            record = {"SequenceNumber": place, "ApproximateArrivalTimestamp": self.now, "Data": "x" * size}
            self.records.append({**record, "PartitionKey": "k"})

    def run(self, steps: int = 50) -> None:
        """Step until there is nothing to do, `steps` at most."""
        for _ in range(steps):
            before = len(self.batches), len(self.given_up), self.consumer.checkpoint
            wait = self.step()
            self.now += wait
            if wait and before == (len(self.batches), len(self.given_up), self.consumer.checkpoint):
                return

    def step(self) -> float:
        wait = self.consumer.step(self.rules, self._invoke, self._discard, self.now, idle=0.1)
        self.waits.append(wait)
        return wait

    def _after(self, checkpoint: str, limit: int) -> list[Record]:
        return [record for record in self.records if record["SequenceNumber"] > checkpoint][:limit]

    def _invoke(self, records: Sequence[Record]) -> Outcome:
        batch = [int(record["SequenceNumber"]) for record in records]
        self.batches.append(batch)
        return self.function(batch)

    def _discard(self, records: Sequence[Record], condition: str, invocations: int, error: str | None) -> None:
        if self.full:
            raise self.full
        self.given_up.append(([int(record["SequenceNumber"]) for record in records], condition, invocations))


# --- "Using Lambda to process records from Amazon Kinesis Data Streams": polling and batching


def test_batches_are_as_large_as_the_batch_size_and_in_order() -> None:
    shard = Shard(250, batch_size=100)
    shard.run()
    assert [len(batch) for batch in shard.batches] == [100, 100, 50]
    assert [place for batch in shard.batches for place in batch] == list(range(1, 251))
    assert shard.consumer.checkpoint == number(250)


def test_the_window_collects_until_the_batch_is_full_or_its_time_is_over() -> None:
    shard = Shard(3, batch_size=5, window=10)
    assert shard.step() > 0
    shard.now += 9.9
    shard.step()
    assert shard.batches == []
    shard.put(2)
    shard.step()
    assert shard.batches == [[1, 2, 3, 4, 5]]
    shard.put(1)
    shard.step()
    shard.now += 10
    shard.step()
    assert shard.batches[-1] == [6]


def test_an_invocation_stays_under_six_megabytes_and_does_not_wait_for_more() -> None:
    shard = Shard(batch_size=100, window=300, payload_limit=3_000)
    shard.put(4, size=800)
    shard.step()
    assert shard.batches == [[1, 2]]
    shard.put(1, size=10_000)  # a record beyond the limit still goes, alone
    shard.run()
    assert shard.batches == [[1, 2], [3, 4]]
    shard.now += 300
    shard.step()
    assert shard.batches[-1] == [5]


def test_a_throttled_function_is_tried_again_and_costs_no_retry() -> None:
    """ "Before invocation": it retries until the records expire."""
    shard = Shard(2, retries=0)
    answers = [Outcome(invoked=False)] * 5
    shard.function = lambda _batch: answers.pop() if answers else Outcome()
    shard.run()
    assert len(shard.batches) == 6
    assert shard.given_up == []
    assert sorted(shard.waits[:5]) == shard.waits[:5]


# --- "Configuring partial batch response with Kinesis Data Streams and Lambda"


@pytest.mark.parametrize(
    "answer",
    [None, {}, {"batchItemFailures": []}, {"batchItemFailures": None}, {"statusCode": 200}],
    ids=repr,
)
def test_success_is_an_answer_that_is_empty_or_names_no_failures(answer: object) -> None:
    shard = Shard(3, reports_failures=True)
    shard.function = lambda _batch: Outcome(answer)
    shard.run()
    assert shard.batches == [[1, 2, 3]]


@pytest.mark.parametrize(
    "answer",
    [
        "done",
        [1],
        {"batchItemFailures": "2"},
        {"batchItemFailures": [{"itemIdentifier": ""}]},
        {"batchItemFailures": [{"itemIdentifier": None}]},
        {"batchItemFailures": [{"sequenceNumber": number(2)}]},
        {"batchItemFailures": [{"itemIdentifier": number(99)}]},
        {"batchItemFailures": [{"itemIdentifier": 2}]},
        {"batchItemFailures": [number(2)]},
        {"batchItemFailures": [{"itemIdentifier": number(2)}, {}]},
    ],
    ids=repr,
)
def test_what_cannot_be_understood_is_a_failure_of_the_whole_batch(answer: object) -> None:
    shard = Shard(3, reports_failures=True)
    answers = [Outcome(answer)]
    shard.function = lambda _batch: answers.pop() if answers else Outcome()
    shard.run()
    assert shard.batches == [[1, 2, 3], [1, 2, 3]]


def test_the_lowest_failed_number_is_the_checkpoint_and_later_successes_come_again() -> None:
    shard = Shard(6, reports_failures=True)
    answers = [failures(5, 3)]
    shard.function = lambda _batch: answers.pop() if answers else Outcome()
    shard.step()
    assert shard.consumer.checkpoint == number(2)
    shard.run()
    assert shard.batches == [[1, 2, 3, 4, 5, 6], [3, 4, 5, 6]]


def test_a_record_that_keeps_failing_is_never_lost() -> None:
    """Without limits it blocks its shard: MiniStack's own poller would go on without it."""
    shard = Shard(4, reports_failures=True, batch_size=2)
    shard.function = lambda batch: failures(2) if 2 in batch else Outcome()
    shard.run(steps=30)
    assert shard.batches[:3] == [[1, 2], [2], [2]]
    assert not any(3 in batch for batch in shard.batches)
    assert max(shard.waits) <= 10
    shard.function = lambda _batch: Outcome()
    shard.run()
    assert shard.consumer.checkpoint == number(4)


def test_without_the_response_type_an_answer_says_nothing() -> None:
    shard = Shard(2)
    shard.function = lambda _batch: failures(1)
    shard.run()
    assert shard.batches == [[1, 2]]


# --- "Lambda parameters for Amazon Kinesis Data Streams event source mappings": retries, bisecting, age


def test_a_failed_batch_comes_again_whole_until_the_retries_are_used_up() -> None:
    shard = Shard(3, retries=2)
    shard.function = lambda batch: FAILED if 2 in batch else Outcome()
    shard.run()
    shard.put(1)
    shard.run()
    assert shard.batches == [[1, 2, 3]] * 3 + [[4]]
    assert shard.given_up == [([1, 2, 3], "RetryAttemptsExhausted", 3)]


def test_without_retries_a_partial_failure_gives_up_the_rest() -> None:
    shard = Shard(3, retries=0, reports_failures=True)
    shard.function = lambda _batch: failures(2)
    shard.run()
    assert shard.batches == [[1, 2, 3]]
    assert shard.given_up == [([2, 3], "RetryAttemptsExhausted", 1)]


def test_retries_without_a_limit_go_on() -> None:
    shard = Shard(1)
    shard.function = lambda _batch: FAILED
    shard.run(steps=2000)
    assert len(shard.batches) == 2000
    assert shard.given_up == []


def test_bisecting_isolates_the_bad_record_and_uses_up_no_retry() -> None:
    shard = Shard(8, retries=1, bisects=True)
    shard.function = lambda batch: FAILED if 3 in batch else Outcome()
    shard.run()
    assert shard.given_up == [([3], "RetryAttemptsExhausted", 5)]
    assert shard.batches == [[1, 2, 3, 4, 5, 6, 7, 8], [1, 2, 3, 4], [1, 2], [3, 4], [3], [3], [4], [5, 6, 7, 8]]
    assert shard.consumer.checkpoint == number(8)


def test_bisecting_splits_a_partial_answer_at_its_lowest_number() -> None:
    shard = Shard(8, retries=1, bisects=True, reports_failures=True)
    shard.function = lambda batch: failures(3) if 3 in batch else Outcome()
    shard.run()
    assert shard.batches[:2] == [[1, 2, 3, 4, 5, 6, 7, 8], [3, 4, 5, 6, 7, 8]]
    assert [given[0] for given in shard.given_up] == [[3]]


def test_records_above_the_age_are_given_up_and_younger_ones_not() -> None:
    shard = Shard(2, max_age=60)
    shard.now += 61
    shard.put(2)
    shard.run()
    assert shard.given_up == [([1, 2], TOO_OLD, 0)]
    assert shard.batches == [[3, 4]]


def test_a_failing_batch_ends_with_its_age() -> None:
    shard = Shard(2, max_age=60)
    shard.function = lambda _batch: FAILED
    shard.run(steps=100)
    assert [given[:2] for given in shard.given_up] == [([1, 2], TOO_OLD)]
    assert shard.given_up[0][2] > 3


def test_what_cannot_be_given_up_comes_again() -> None:
    """A destination that is not there must not swallow records."""
    shard = Shard(2, retries=0)
    shard.function = lambda _batch: FAILED
    shard.full = OSError("no bucket")
    for _ in range(3):
        with pytest.raises(OSError, match="no bucket"):
            shard.step()
    assert shard.consumer.checkpoint == BEFORE_ALL
    shard.full = None
    shard.run()
    assert [given[0] for given in shard.given_up] == [[1, 2]]


def test_records_that_the_stream_no_longer_keeps_are_left_behind() -> None:
    shard = Shard(4, batch_size=2)
    shard.function = lambda _batch: FAILED
    shard.step()
    del shard.records[:2]
    shard.function = lambda _batch: Outcome()
    shard.run()
    assert shard.batches == [[1, 2], [3, 4]]


def test_the_iterator_age_is_that_of_the_last_record() -> None:
    shard = Shard(1)
    shard.now += 5
    shard.step()
    assert shard.consumer.iterator_age == 5
    shard.step()
    assert shard.consumer.iterator_age == 0


def test_rules_come_from_a_mapping_in_texts_or_numbers() -> None:
    assert Rules.of({}) == Rules()
    given = {
        "BatchSize": "1000",
        "MaximumBatchingWindowInSeconds": 2,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "BisectBatchOnFunctionError": "true",
        "MaximumRetryAttempts": "0",
        "MaximumRecordAgeInSeconds": -1,
    }
    assert Rules.of(given) == Rules(1000, 2, reports_failures=True, bisects=True, retries=0, max_age=None)


@settings(max_examples=200, deadline=None)
@given(
    bad=st.sets(st.integers(1, 40), max_size=6),
    batch_size=st.integers(1, 15),
    retries=st.integers(0, 3),
    bisects=st.booleans(),
    reports=st.booleans(),
    payload=st.integers(600, 6000),
)
def test_every_record_is_handled_or_given_up_once_and_in_order(
    bad: set[int], batch_size: int, retries: int, bisects: bool, reports: bool, payload: int
) -> None:
    shard = Shard(
        40, batch_size=batch_size, retries=retries, bisects=bisects, reports_failures=reports, payload_limit=payload
    )
    handled: list[int] = []

    def function(batch: list[int]) -> Outcome:
        wrong = [place for place in batch if place in bad]
        if wrong and not reports:
            return FAILED
        handled.extend(place for place in batch if place not in bad)
        return failures(*wrong) if wrong else Outcome()

    shard.function = function
    shard.run(steps=2000)
    given_up = [place for given in shard.given_up for place in given[0]]
    assert given_up == sorted(set(given_up))
    assert set(handled) | set(given_up) == set(range(1, 41))
    assert bad <= set(given_up)
    assert shard.consumer.checkpoint == number(40)
    if bisects:
        assert set(given_up) == bad
