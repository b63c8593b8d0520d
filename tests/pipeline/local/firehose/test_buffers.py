from __future__ import annotations

import threading
import time

from pipeline.local.firehose.buffers import CATCH_UP_BYTES, MIB, Batch, Buffer, Chunk, Hints, Record


def chunk(*records: bytes, arrived: float | None = None) -> Chunk:
    return Chunk.of(records, time.time() if arrived is None else arrived)


def test_a_chunk_gives_its_records_back_as_they_were() -> None:
    taken = Chunk.of([b"one", b"", b"three\n"], 7.0, ["a", "b", "c"])
    assert list(taken) == [Record(b"one", 7.0, "a"), Record(b"", 7.0, "b"), Record(b"three\n", 7.0, "c")]


def test_a_batch_made_of_records_keeps_their_order_times_and_ids() -> None:
    records = [Record(b"a", 1.0, "x"), Record(b"b", 1.0, "y"), Record(b"c", 2.0, "z")]
    batch = Batch.of(records)
    assert list(batch) == records
    assert (batch.count, batch.size, batch.arrived, batch.data) == (3, 3, 1.0, b"abc")


def test_a_buffer_is_due_at_its_size_whatever_the_interval() -> None:
    buffer = Buffer()
    buffer.add(chunk(b"x" * 10))
    buffer.add(chunk(b"y" * 10))
    batch = buffer.wait(lambda: Hints(20, 900))
    assert batch is not None
    assert batch.size == 20


def test_a_buffer_is_due_after_its_interval_whatever_the_size() -> None:
    buffer = Buffer()
    buffer.add(chunk(b"x"))
    before = time.monotonic()
    batch = buffer.wait(lambda: Hints(MIB, 0.2))
    assert batch is not None
    assert 0.1 < time.monotonic() - before < 2


def test_the_interval_counts_from_the_first_record() -> None:
    buffer = Buffer()
    buffer.add(chunk(b"old", arrived=time.time() - 100))
    buffer.add(chunk(b"new"))
    batch = buffer.wait(lambda: Hints(MIB, 60))
    assert batch is not None
    assert batch.count == 2


def test_a_changed_hint_is_seen_while_a_buffer_waits() -> None:
    buffer = Buffer()
    buffer.add(chunk(b"x"))
    hints = [Hints(MIB, 900)]
    threading.Timer(0.2, lambda: hints.__setitem__(0, Hints(MIB, 0))).start()
    before = time.monotonic()
    assert buffer.wait(lambda: hints[0]) is not None
    assert time.monotonic() - before < 3


def test_a_buffer_that_fell_behind_is_taken_in_larger_pieces() -> None:
    buffer = Buffer()
    for _ in range(70):
        buffer.add(chunk(b"x" * MIB))
    first = buffer.wait(lambda: Hints(MIB, 900))
    assert first is not None
    assert first.size == CATCH_UP_BYTES
    assert buffer.level.size == 6 * MIB
    assert buffer.level.records == 6


def test_closing_makes_everything_due_and_then_ends() -> None:
    buffer = Buffer()
    buffer.add(chunk(b"x"))
    buffer.close()
    assert buffer.wait(lambda: Hints(MIB, 900)) is not None
    assert buffer.wait(lambda: Hints(MIB, 900)) is None


def test_nothing_is_taken_in_after_the_drain_that_nobody_would_deliver() -> None:
    buffer = Buffer()
    assert buffer.add(chunk(b"x"))
    assert buffer.drain().count == 1
    assert not buffer.add(chunk(b"y"))
