"""What is sent again is accounted for as a replay of its own."""

from __future__ import annotations

import gzip
import json
import threading
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.errors import CloudDownError
from pipeline.redrive import again
from pipeline.redrive import wire as wires
from pipeline.replay import delivery
from pipeline.replay.delivery import Patience
from pipeline.replay.progress import REDRIVE
from pipeline.replay.senders import KinesisSender
from pipeline.replay.store import Store
from queries.audit import sent
from tests.pipeline.buckets import FakeS3
from tests.pipeline.redrive.test_search import SENT_AT, wire
from tests.pipeline.replay.fakes import FakeDynamoDB, FakeKinesis, client_error

if TYPE_CHECKING:
    from pipeline.replay.rows import Record

JOB = again.Job("r-2", REDRIVE, "r-1", "/data/orders.csv", 3)


@pytest.fixture(autouse=True)
def _little_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "Patience", lambda: Patience(attempts=3, first_wait=0.0, longest_wait=0.0))


def records(count: int = 3) -> list[Record]:
    orders = wires.OF["orders"]
    return [orders.record(orders.read(wire(number)), number + 1) for number in range(1, count + 1)]


def way(kinesis: FakeKinesis, s3: FakeS3, table: FakeDynamoDB) -> again.Way:
    return again.Way(KinesisSender(kinesis, "orders"), s3, "lake", Store(table, "replays"))


def test_it_is_recorded_as_a_redrive_with_ledger_and_receipt() -> None:
    kinesis, s3, table = FakeKinesis(), FakeS3(), FakeDynamoDB()
    accepted: list[str] = []
    receipt = again.send(
        records(), JOB, way(kinesis, s3, table), on_accepted=lambda record: accepted.append(record.event_id)
    )
    assert (receipt.status, receipt.rows, receipt.accepted, receipt.failed) == ("done", 3, 3, 0)
    assert kinesis.event_ids == accepted == ["A-1", "A-2", "A-3"]
    assert all(b'"Redriven":true' in data for _, data in kinesis.taken)
    state = Store(table, "replays").get("r-2")
    assert state
    assert (state.kind, state.of, state.status, state.accepted, state.share) == ("redrive", "r-1", "done", 3, 1.0)
    ledger = sent.read(s3, "lake", "r-2")
    assert ledger.counts["accepted"] == 3
    assert ledger.stamps({"A-2"}) == {"A-2": (3, SENT_AT)}


def test_throttled_records_are_sent_again_and_counted_once() -> None:
    kinesis, s3, table = FakeKinesis(refuse=0.3, seed=1), FakeS3(), FakeDynamoDB()
    many = records(40)
    receipt = again.send(many, JOB, way(kinesis, s3, table))
    assert receipt.accepted + receipt.failed == 40
    assert sorted(kinesis.event_ids) == sorted({*kinesis.event_ids})
    assert receipt.accepted == len(kinesis.event_ids)


def test_what_is_given_up_is_a_dead_letter_of_the_redrive() -> None:
    kinesis, s3, table = FakeKinesis(), FakeS3(), FakeDynamoDB()
    kinesis.always = client_error("ProvisionedThroughputExceededException")
    receipt = again.send(records(2), JOB, way(kinesis, s3, table))
    assert receipt.status == "failed"
    assert receipt.failed == 2
    (key,) = receipt.dead_letters
    rows = [json.loads(line) for line in gzip.decompress(s3.objects["lake", key][1]).splitlines()]
    assert [(row["event_id"], row["outcome"], row["sent_at"]) for row in rows] == [
        ("A-1", "failed", SENT_AT),
        ("A-2", "failed", SENT_AT),
    ]
    written = [name for _, name in s3.objects]
    assert written.index(key) < written.index(receipt.ledger[0])  # the ledger tells what is there
    assert sent.read(s3, "lake", "r-2").counts["failed"] == 2


def test_nothing_is_sent_that_cannot_be_recorded() -> None:
    kinesis, table = FakeKinesis(), FakeDynamoDB()
    table.down = True
    with pytest.raises(CloudDownError):
        again.send(records(), JOB, way(kinesis, FakeS3(), table))
    assert kinesis.calls == []


def test_a_stop_ends_it_after_what_is_in_flight() -> None:
    kinesis, s3, table = FakeKinesis(), FakeS3(), FakeDynamoDB()
    stop = threading.Event()

    def endless() -> Any:
        yield from records(2)
        stop.set()
        yield from records(9)[2:]

    receipt = again.send(endless(), JOB, way(kinesis, s3, table), stop=stop)
    assert (receipt.status, receipt.accepted) == ("stopped", 2)
