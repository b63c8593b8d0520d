"""Batches, retries and bounds, against targets that fail as the real ones do."""

from __future__ import annotations

import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
import requests
from botocore.exceptions import EndpointConnectionError

from pipeline.errors import CloudDownError, CloudError, NotFoundError
from pipeline.replay.delivery import Delivery, Patience
from pipeline.replay.rows import Record
from pipeline.replay.senders import Accepted, ApiSender, KinesisSender, Refused
from pipeline.replay.shards import Range, Shards
from tests.pipeline.replay.fakes import FakeApi, FakeKinesis, client_error

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pipeline.replay.senders import Outcome, Sender

QUICK = Patience(attempts=40, seconds=20, first_wait=0.001, longest_wait=0.005, seconds_when_stopping=0.3)
DOWN = EndpointConnectionError(endpoint_url="http://127.0.0.1:1")


def records(count: int, *, size: int = 0) -> list[Record]:
    pad = "x" * size
    return [Record(n, f"{n}-1", str(n), b'{"EventID":"%d-1","pad":"%s"}\n' % (n, pad.encode())) for n in range(count)]


class Fates:
    """What was reported; each record once."""

    def __init__(self) -> None:
        self.of: dict[str, Outcome] = {}
        self.added = 0
        self._lock = threading.Lock()

    def __call__(self, outcomes: Sequence[tuple[Record, Outcome]]) -> None:
        with self._lock:
            for record, outcome in outcomes:
                assert record.event_id not in self.of
                self.of[record.event_id] = outcome

    @property
    def accepted(self) -> set[str]:
        return {event for event, outcome in self.of.items() if isinstance(outcome, Accepted)}

    @property
    def codes(self) -> Counter[str]:
        return Counter(outcome.code for outcome in self.of.values() if isinstance(outcome, Refused))


def deliver(sender: Sender, rows: Iterable[Record], fates: Fates | None = None, **options: Any) -> Fates:
    fates = fates or Fates()
    with Delivery(sender, fates, **{"patience": QUICK, **options}) as delivery:
        for record in rows:
            fates.added += 1
            delivery.add(record)
    return fates


def test_batches_of_500_each_record_once_with_its_own_key() -> None:
    kinesis = FakeKinesis()
    fates = deliver(KinesisSender(kinesis, "orders"), records(1234))
    assert sorted(map(len, kinesis.calls)) == [234, 500, 500]
    assert sorted(kinesis.event_ids) == sorted(fates.accepted) == sorted(record.event_id for record in records(1234))
    assert len({key for key, _ in kinesis.taken}) == 1234
    first = fates.of["0-1"]
    assert isinstance(first, Accepted)
    assert first.shard == "shardId-000000000000"
    assert first.sequence_number


def test_batches_keep_within_the_bytes_of_a_call() -> None:
    kinesis = FakeKinesis()
    fates = deliver(KinesisSender(kinesis, "orders"), records(30, size=400_000))
    assert len(fates.accepted) == 30
    assert max(map(len, kinesis.calls)) == 13  # 13 x 0.4 MB fit 5 MiB


def test_a_record_too_large_is_failed_and_the_others_go() -> None:
    rows = [*records(3), Record(9, "9-1", "9", b"x" * (1 << 20))]
    fates = deliver(KinesisSender(FakeKinesis(), "orders"), rows)
    assert len(fates.accepted) == 3
    assert fates.codes == {"TooLarge": 1}


def test_only_what_was_refused_goes_again_until_all_is_taken() -> None:
    kinesis = FakeKinesis(refuse=0.3)
    fates = deliver(KinesisSender(kinesis, "orders"), records(5000))
    assert len(fates.accepted) == 5000
    # Reference bug: a sender that ignores FailedRecordCount loses 30 %; one that resends whole batches doubles rows.
    assert sorted(kinesis.event_ids) == sorted(set(kinesis.event_ids)) == sorted(fates.accepted)


def test_throttled_calls_resets_and_server_errors_are_tried_again() -> None:
    faults = [client_error("ThrottlingException"), client_error("InternalFailure", status=500), DOWN, None] * 3
    kinesis = FakeKinesis(faults=faults)
    fates = deliver(KinesisSender(kinesis, "orders"), records(2000))
    assert len(fates.accepted) == 2000
    assert len(kinesis.taken) == 2000


def test_a_lost_answer_sends_twice_the_very_same_bytes() -> None:
    kinesis = FakeKinesis(faults=["lost"])
    fates = deliver(KinesisSender(kinesis, "orders"), records(10))
    assert len(fates.accepted) == 10
    assert Counter(data for _, data in kinesis.taken) == Counter([record.data for record in records(10)] * 2)


def test_retries_are_bounded_and_what_is_given_up_is_reported_with_its_code() -> None:
    kinesis, fates = FakeKinesis(refuse=1.0), Fates()
    patience = Patience(attempts=3, first_wait=0.001)
    with pytest.raises(CloudDownError, match="kinesis took no record"):
        deliver(KinesisSender(kinesis, "orders"), records(20), fates, patience=patience)
    assert list(map(len, kinesis.calls)) == [20, 20, 20]
    assert fates.codes == {"ProvisionedThroughputExceededException": 20}


def test_resends_are_counted() -> None:
    kinesis = FakeKinesis(faults=[DOWN, DOWN])
    with Delivery(KinesisSender(kinesis, "orders"), Fates(), patience=QUICK) as delivery:
        for record in records(20):
            delivery.add(record)
    assert delivery.retried == 40


def test_retries_are_bounded_in_time() -> None:
    kinesis, fates = FakeKinesis(refuse=1.0), Fates()
    began = time.monotonic()
    patience = Patience(attempts=10_000, seconds=0.3, first_wait=0.01, longest_wait=0.02)
    with pytest.raises(CloudDownError):
        deliver(KinesisSender(kinesis, "orders"), records(1), fates, patience=patience)
    assert time.monotonic() - began < 3
    assert len(fates.of) == 1


@pytest.mark.parametrize("code", ["ValidationException", "InvalidArgumentException"])
def test_what_no_retry_can_change_is_not_retried(code: str) -> None:
    kinesis = FakeKinesis(faults=[client_error(code)])
    fates = deliver(KinesisSender(kinesis, "orders"), records(600), connections=1)
    assert fates.codes == {code: 500}
    assert len(fates.accepted) == 100
    assert len(kinesis.calls) == 2


def test_a_stream_that_is_not_there_ends_it_at_once_and_every_record_is_reported() -> None:
    kinesis, fates = FakeKinesis(), Fates()
    kinesis.always = client_error("ResourceNotFoundException")
    with pytest.raises(NotFoundError, match="orders"):
        deliver(KinesisSender(kinesis, "orders"), records(200_000), fates)
    assert 500 <= fates.added < 200_000
    assert len(fates.of) == fates.added
    assert set(fates.codes) <= {"NotFoundError", "NotSent"}


def test_a_target_that_dies_half_way_ends_it_and_every_record_is_reported() -> None:
    kinesis, fates = FakeKinesis(), Fates()

    def rows() -> Iterator[Record]:
        for record in records(60_000):
            if record.line == 5000:
                kinesis.always = DOWN
            yield record

    with pytest.raises(CloudDownError, match="kinesis took no record"):
        deliver(KinesisSender(kinesis, "orders"), rows(), fates, patience=Patience(attempts=4, first_wait=0.001))
    assert len(fates.of) == fates.added < 60_000
    assert sorted(kinesis.event_ids) == sorted(fates.accepted)


def test_a_slow_target_holds_the_reader_back() -> None:
    gate = threading.Event()

    class Slow(FakeKinesis):
        def put_records(self, **call: Any) -> dict[str, Any]:
            gate.wait(10)
            return super().put_records(**call)

    fates = Fates()
    added = 0

    def add_all(delivery: Delivery) -> None:
        nonlocal added
        for record in records(20_000):
            delivery.add(record)
            added += 1

    with Delivery(KinesisSender(Slow(), "orders"), fates, connections=2, patience=QUICK) as delivery:
        reader = threading.Thread(target=add_all, args=(delivery,))
        reader.start()
        time.sleep(0.3)
        held = added
        gate.set()
        reader.join()
    assert held <= 500 * (2 * 2 + 1)
    assert len(fates.accepted) == 20_000


def test_a_batch_that_is_not_full_goes_after_a_while() -> None:
    kinesis, fates = FakeKinesis(), Fates()
    with Delivery(KinesisSender(kinesis, "orders"), fates, linger=0.05) as delivery:
        delivery.add(records(1)[0])
        delivery.tick()
        assert not kinesis.calls
        time.sleep(0.06)
        delivery.tick()
        deadline = time.monotonic() + 5
        while not fates.of and time.monotonic() < deadline:
            time.sleep(0.01)
        assert fates.accepted == {"0-1"}


def test_hurrying_gives_up_soon() -> None:
    kinesis, fates = FakeKinesis(refuse=1.0), Fates()
    began = time.monotonic()
    with Delivery(
        KinesisSender(kinesis, "orders"),
        fates,
        patience=Patience(longest_wait=60, first_wait=30, seconds_when_stopping=0.2),
    ) as delivery:
        delivery.add(records(1)[0])
        threading.Timer(0.1, delivery.hurry).start()
    assert time.monotonic() - began < 5
    assert fates.codes == {"ProvisionedThroughputExceededException": 1}


def test_a_fault_of_our_own_is_not_swallowed() -> None:
    def broken(_: object) -> None:
        raise ZeroDivisionError

    delivery = Delivery(KinesisSender(FakeKinesis(), "orders"), broken)
    delivery.add(records(1)[0])
    with pytest.raises(ZeroDivisionError):
        delivery.close()


def api(fake: FakeApi, **options: Any) -> ApiSender:
    return ApiSender("http://127.0.0.1/prod/", "r-1", session=lambda: fake, **options)


def test_the_api_takes_lists_with_the_replay_in_a_header_and_the_key_if_there_is_one() -> None:
    fake = FakeApi()
    assert len(deliver(api(fake, api_key="secret"), records(700)).accepted) == 700
    assert sorted(map(len, fake.posted)) == [200, 500]
    assert set(fake.urls) == {"http://127.0.0.1/prod/orders"}
    assert fake.headers[0]["X-Weir-Replay-Id"] == "r-1"
    assert fake.headers[0]["x-api-key"] == "secret"


def test_bodies_keep_under_what_the_api_takes() -> None:
    fake = FakeApi()
    assert len(deliver(api(fake), records(600, size=4000)).accepted) == 600


def test_503_names_the_rows_to_send_again() -> None:
    fake = FakeApi((503, {"error": "refused", "indexes": [1, 3], "event_ids": ["1-1", "3-1"]}))
    assert len(deliver(api(fake), records(5)).accepted) == 5
    assert [[row["EventID"] for row in rows] for rows in fake.posted][1] == ["1-1", "3-1"]


def test_400_names_the_bad_rows_and_the_others_go_again_without_them() -> None:
    bad = {"index": 1, "field": "Quantity", "reason": "is missing"}
    fates = deliver(api(FakeApi((400, {"error": "1 of 3", "rows": [bad]}))), records(3))
    assert fates.accepted == {"0-1", "2-1"}
    assert fates.of["1-1"] == Refused("HTTP 400", "Quantity: is missing", retry=False)


@pytest.mark.parametrize(
    "fault",
    [
        requests.ConnectionError("reset"),
        requests.ReadTimeout("slow"),
        (429, {"message": "Too Many Requests"}),
        (502, {"message": "Internal server error"}),
        (504, "<html>"),
        (200, "<html>"),
    ],
)
def test_what_passes_is_tried_again(fault: Any) -> None:
    fake = FakeApi(fault)
    assert len(deliver(api(fake), records(3)).accepted) == 3
    assert len(fake.posted) == 2


def test_413_is_final_and_403_ends_it() -> None:
    assert deliver(api(FakeApi((413, {"error": "too large"}))), records(2)).codes == {"HTTP 413": 2}
    with pytest.raises(CloudError, match="answers 403"):
        deliver(api(FakeApi((403, {"message": "Forbidden"}))), records(2))


@pytest.mark.parametrize("target", ["kinesis", "api"])
def test_every_sender_sends_by_age_what_does_not_fill(target: str) -> None:
    """Two shards: one fills batch after batch, the other's single record goes all the same, long before the end."""
    kinesis, posts = FakeKinesis(), FakeApi()
    senders: dict[str, Sender] = {
        "kinesis": KinesisSender(kinesis, "orders"), "api": api(posts),
    }  # fmt: skip
    half = 2**127
    shards = Shards([Range("one", 0, half - 1), Range("two", half, 2 * half - 1)])
    lonely = next(record for record in records(50) if shards.of(record.key) == "one")
    key = next(key for key in map(str, range(50)) if shards.of(key) == "two")
    crowd = [record._replace(key=key) for record in records(1600)[50:]]
    fates = Fates()
    with Delivery(senders[target], fates, linger=0.05, shards=shards) as delivery:
        delivery.add(lonely)
        time.sleep(0.06)
        for record in crowd[:501]:
            delivery.add(record)
        deadline = time.monotonic() + 5
        while lonely.event_id not in fates.accepted and time.monotonic() < deadline:
            time.sleep(0.01)
        assert lonely.event_id in fates.accepted
        assert len(fates.of) < len(crowd)
