"""What a stop keeps, what a start takes up again, what a delete delivers."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from pipeline.local.firehose import registry
from pipeline.local.firehose.buffers import Chunk
from pipeline.local.firehose.redshift import CopyError

SLOW = {"SizeInMBs": 64, "IntervalInSeconds": 900}


@pytest.fixture(autouse=True)
def _short_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_DELETE_LIMIT_S", 1.0)


def fresh(*records: bytes, ids: tuple[str, ...] = ()) -> Chunk:
    return Chunk.of(records, time.time(), ids)


def test_a_clean_stop_delivers_what_is_buffered(firehose: Any) -> None:
    stream = firehose.stream(firehose.s3(BufferingHints=SLOW))
    firehose.registry.ingest(stream, fresh(b"a", b"b"))
    firehose.registry.stop()
    assert firehose.cloud.one("") == b"ab"
    assert not firehose.folder.exists()


def test_a_clean_stop_copies_what_it_delivered(firehose: Any) -> None:
    staging = firehose.s3(BufferingHints=SLOW, CompressionFormat="GZIP", Prefix="raw/")
    stream = firehose.stream(firehose.redshift(S3Configuration=staging), "Redshift")
    firehose.registry.ingest(stream, fresh(b"{}\n"))
    firehose.registry.stop()
    assert len(firehose.cloud.copies) == 1


def test_what_could_not_be_delivered_is_delivered_after_the_next_start(firehose: Any) -> None:
    stream = firehose.stream(firehose.s3(BufferingHints=SLOW))
    firehose.cloud.streams[stream["arn"]] = stream
    firehose.cloud.buckets = set()
    firehose.registry.ingest(stream, fresh(b"a\n", ids=("0001",)))
    firehose.registry.ingest(stream, fresh(b"b\xff\n"))
    firehose.registry.stop()
    assert firehose.cloud.objects == {}

    firehose.cloud.buckets = {"lake"}
    again = firehose.new_registry()
    again.start()
    again.stop()
    assert firehose.cloud.one("") == b"a\nb\xff\n"
    assert list(firehose.folder.iterdir()) == []


def test_what_could_not_be_copied_is_copied_after_the_next_start(firehose: Any) -> None:
    stream = firehose.stream(firehose.redshift(), "Redshift")
    firehose.cloud.streams[stream["arn"]] = stream
    firehose.cloud.copy_errors = [CopyError("Redshift.ConnectionFailed", "down")] * 10
    firehose.deliver(stream, b"{}\n")
    assert firehose.cloud.copies == []

    firehose.cloud.copy_errors = []
    again = firehose.new_registry()
    again.start()
    again.stop()
    assert len(firehose.cloud.copies) == 1


def test_records_that_come_in_after_the_stop_wait_for_the_next_start(firehose: Any) -> None:
    stream = firehose.stream(firehose.s3())
    firehose.cloud.streams[stream["arn"]] = stream
    firehose.deliver(stream, b"in time")
    firehose.take(stream, b"late")

    again = firehose.new_registry()
    again.start()
    again.stop()
    assert sorted(firehose.cloud.objects.values()) == [b"in time", b"late"]


def test_records_that_meet_a_delivery_as_it_ends_wait_for_the_next_start(firehose: Any) -> None:
    stream = firehose.stream(firehose.s3())
    firehose.cloud.streams[stream["arn"]] = stream
    firehose.registry.delivery(stream).stop(1)
    firehose.take(stream, b"late")

    again = firehose.new_registry()
    again.start()
    again.stop()
    assert firehose.cloud.one("") == b"late"


def test_nothing_is_lost_by_a_stop_while_records_come_in(firehose: Any) -> None:
    stream = firehose.stream(firehose.s3(BufferingHints={"SizeInMBs": 1, "IntervalInSeconds": 0}))
    firehose.cloud.streams[stream["arn"]] = stream
    sent = []

    def send() -> None:
        for number in range(2000):
            firehose.registry.ingest(stream, fresh(b"%d\n" % number))
            sent.append(number)

    threads = [threading.Thread(target=send) for _ in range(3)]
    for thread in threads:
        thread.start()
    time.sleep(0.02)
    firehose.registry.stop()
    for thread in threads:
        thread.join()
    again = firehose.new_registry()
    again.start()
    again.stop()
    delivered = [int(line) for body in firehose.cloud.objects.values() for line in body.splitlines()]
    assert sorted(delivered) == sorted(sent)


def test_a_deleted_stream_delivers_what_it_holds(firehose: Any) -> None:
    stream = firehose.stream(firehose.s3(BufferingHints=SLOW))
    firehose.registry.ingest(stream, fresh(b"a"))
    firehose.registry.forget(stream["arn"])
    assert firehose.cloud.one("") == b"a"


def test_a_deleted_stream_that_cannot_deliver_is_dropped(firehose: Any) -> None:
    firehose.cloud.buckets = set()
    stream = firehose.stream(firehose.s3(BufferingHints=SLOW))
    firehose.registry.ingest(stream, fresh(b"a"))
    firehose.registry.forget(stream["arn"])
    firehose.registry.stop()
    assert not firehose.folder.exists()


def test_a_stream_of_the_same_name_made_anew_has_a_delivery_of_its_own(firehose: Any) -> None:
    old, new = firehose.stream(firehose.s3()), firehose.stream(firehose.s3())
    assert firehose.registry.delivery(old) is firehose.registry.delivery(old)
    assert firehose.registry.delivery(new) is not firehose.registry.delivery(old)
