"""One replay from first row to receipt: every row is accounted for, whatever happens on the way."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import threading
import time
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest

from pipeline.contracts.order_line import from_wire
from pipeline.errors import CloudDownError
from pipeline.replay import kept, ledger, progress
from pipeline.replay import source as source_module
from pipeline.replay.delivery import Patience
from pipeline.replay.reader import OrderFile
from pipeline.replay.run import Job, replay
from pipeline.replay.senders import KinesisSender
from pipeline.replay.wishes import GO_ON, PAUSE, Control, Tempo, Wish
from tests.pipeline.replay.fakes import FakeBucket, FakeKinesis, client_error
from tests.pipeline.replay.test_reader import FIRST, HEADER, SECOND, THIRD, written

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.replay.progress import Progress, Receipt

QUICK = Patience(attempts=30, seconds=20, first_wait=0.001, longest_wait=0.005, seconds_when_stopping=0.3)


def run(path: Path, kinesis: FakeKinesis, bucket: FakeBucket | None = None, **options: Any) -> Receipt:
    job = {
        name: options.pop(name) for name in ("tempo", "limit", "since", "connections", "patience") if name in options
    }
    with OrderFile(path) as orders:
        receipt = replay(
            orders,
            KinesisSender(kinesis, "orders"),
            Job("r-20260102-030405-abcd", **{"patience": QUICK, **job}),
            (bucket or FakeBucket(), "lake"),
            **options,
        )
    assert receipt.rows == receipt.accepted + receipt.rejected + receipt.failed + receipt.unknown
    return receipt


def kept_rows(bucket: FakeBucket) -> list[dict[str, Any]]:
    bodies = [body for key, body in bucket.objects.items() if key.endswith(".jsonl.gz")]
    return [json.loads(line) for body in bodies for line in gzip.decompress(body).splitlines()]


def entries(bucket: FakeBucket) -> list[dict[str, Any]]:
    """The ledger, in the order of the file's lines."""
    bodies = [body for key, body in bucket.objects.items() if key.startswith("ledger/")]
    found = [entry for body in bodies for entry in pq.read_table(io.BytesIO(body)).to_pylist()]
    return sorted(found, key=lambda entry: int(entry["line"]))


def test_the_receipt_of_a_clean_replay(tmp_path: Path) -> None:
    path = written(tmp_path, HEADER, FIRST, SECOND, THIRD)
    kinesis, bucket = FakeKinesis(), FakeBucket()
    receipt = run(path, kinesis, bucket)
    assert (receipt.status, receipt.rows, receipt.accepted, receipt.rejected, receipt.failed) == ("done", 3, 3, 0, 0)
    assert receipt.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (receipt.file, receipt.bytes, receipt.encoding) == (str(path), path.stat().st_size, "ASCII")
    assert (receipt.target, receipt.error, receipt.reasons, receipt.quarantine) == ("kinesis", None, [], [])
    assert receipt.seconds > 0
    (part,) = receipt.ledger
    assert list(bucket.objects) == [part]
    assert part.startswith("ledger/replay_id=r-20260102-030405-abcd/2")
    told = entries(bucket)
    assert [(entry["line"], entry["event_id"], entry["line_no"]) for entry in told] == [
        (2, "536365-1", 1),
        (3, "536365-2", 2),
        (4, "C536379-1", 1),
    ]
    assert {(entry["outcome"], entry["reason"], entry["shard_id"]) for entry in told} == {
        ("accepted", None, "shardId-000000000000")
    }
    assert {entry["sequence_number"] for entry in told} == {"1", "2", "3"}
    assert all(entry["sent_at"] <= entry["acknowledged_at"] for entry in told)
    assert {str(entry["sent_at"]) for entry in told} == {from_wire(data)["SentAt"] for _, data in kinesis.taken}
    assert sorted(kinesis.event_ids) == ["536365-1", "536365-2", "C536379-1"]
    assert {key for key, _ in kinesis.taken} == {"536365", "C536379"}
    assert {from_wire(data)["ReplayID"] for _, data in kinesis.taken} == {receipt.replay_id}


def test_bad_rows_go_to_quarantine_with_line_reason_and_text_and_the_rest_goes_on(tmp_path: Path) -> None:
    six, torn = SECOND.replace(",6,", ",six,"), "536365,x"
    path = written(tmp_path, HEADER, FIRST, six, torn, six.replace("2010 8:26", "2010"), THIRD)
    kinesis, bucket = FakeKinesis(), FakeBucket()
    receipt = run(path, kinesis, bucket)
    assert (receipt.status, receipt.accepted, receipt.rejected) == ("done", 2, 3)
    assert {counted.reason: counted.rows for counted in receipt.reasons} == {
        "Quantity: is not a whole number": 2,
        "has 2 cells, the header has 8": 1,
        "InvoiceDate: is not a date like '2010-12-01 08:26:00' or '12/1/2010 8:26'": 1,
    }
    assert [(row.line, row.event_id) for row in receipt.rejections] == [
        (3, "536365-2"),
        (4, "536365-3"),
        (5, "536365-4"),
    ]
    told = [(entry["line"], entry["event_id"], entry["outcome"], entry["reason"]) for entry in entries(bucket)]
    assert told[1:3] == [
        (3, "536365-2", "rejected", "Quantity: 'six' is not a whole number"),
        (4, "536365-3", "rejected", "has 2 cells, the header has 8"),
    ]
    assert (
        receipt.quarantine
        == [key for key in bucket.objects if key not in receipt.ledger]
        == ["quarantine/orders/r-20260102-030405-abcd-0001.jsonl.gz"]
    )
    first = kept_rows(bucket)[0]
    assert first["reasons"] == ["Quantity: 'six' is not a whole number"]
    assert (first["line"], first["raw"], first["replay_id"]) == (3, six, receipt.replay_id)
    assert first["columns"][:2] == ["InvoiceNo", "StockCode"]


def test_quarantine_is_written_on_the_way_and_memory_holds_one_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "_ROWS", 10)
    bucket = FakeBucket()
    receipt = run(written(tmp_path, HEADER, *["x,y"] * 25, FIRST), FakeKinesis(), bucket)
    assert len(receipt.quarantine) == 3
    assert [row["line"] for row in kept_rows(bucket)] == list(range(2, 27))
    assert len(receipt.rejections) == 20


def test_rows_given_up_are_dead_letters_as_they_were_sent(tmp_path: Path) -> None:
    kinesis, bucket = FakeKinesis(faults=[client_error("ValidationException")]), FakeBucket()
    receipt = run(written(tmp_path, HEADER, FIRST, THIRD), kinesis, bucket)
    assert (receipt.status, receipt.accepted, receipt.failed) == ("done", 0, 2)
    assert [(counted.reason, counted.rows) for counted in receipt.failures] == [("ValidationException", 2)]
    assert receipt.dead_letters == ["dead-letter/replay/r-20260102-030405-abcd-0001.jsonl.gz"]
    letter = kept_rows(bucket)[0]
    assert (letter["line"], letter["key"]) == (2, "536365")
    assert from_wire(letter["raw"])["EventID"] == letter["event_id"] == "536365-1"


def test_a_lost_answer_leaves_it_unknown_whether_the_row_arrived(tmp_path: Path) -> None:
    """Also when later attempts are refused: the first may have been taken."""
    throttled = client_error("ThrottlingException")
    path = written(tmp_path, HEADER, FIRST)
    for faults in (["lost"] * 2, ["lost", throttled]):
        bucket = FakeBucket()
        receipt = run(path, FakeKinesis(faults=faults), bucket, patience=Patience(2, first_wait=0.001))
        assert (receipt.accepted, receipt.failed, receipt.unknown) == (0, 0, 1)
        (entry,) = entries(bucket)
        assert entry["outcome"] == "unknown"
        assert len(kept_rows(bucket)) == 1
    refused = run(path, FakeKinesis(faults=[throttled] * 2), patience=Patience(2, first_wait=0.001))
    assert (refused.failed, refused.unknown) == (1, 0)


def test_the_ledger_is_written_in_parts_and_is_whole_when_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger, "_ROWS", 1000)
    bucket = FakeBucket()
    control = Control()

    def look(state: Progress) -> None:
        if state.rows_read:
            control.stop()

    path = written(tmp_path, HEADER, *[FIRST] * 200_000)
    receipt = run(path, FakeKinesis(), bucket, on_progress=look, control=control)
    assert receipt.status == "stopped"
    assert 1 < len(receipt.ledger) <= receipt.rows / 1000 + 1
    told = entries(bucket)
    assert [entry["line"] for entry in told] == list(range(2, receipt.rows + 2))


def test_refused_records_and_lost_answers_cost_no_row(tmp_path: Path) -> None:
    path = written(tmp_path, HEADER, *[FIRST] * 3000)
    kinesis = FakeKinesis(refuse=0.2, faults=["lost", client_error("ThrottlingException")])
    receipt = run(path, kinesis)
    assert (receipt.status, receipt.accepted, receipt.failed) == ("done", 3000, 0)
    assert receipt.retried > 500
    assert len(set(kinesis.event_ids)) == 3000


def test_no_answer_at_all_ends_it_with_a_receipt(tmp_path: Path) -> None:
    kinesis, bucket = FakeKinesis(), FakeBucket()
    kinesis.always = client_error("ServiceUnavailable", status=503)
    receipt = run(written(tmp_path, HEADER, *[FIRST] * 20_000), kinesis, bucket, patience=Patience(3, first_wait=0.001))
    assert receipt.status == "failed"
    assert "kinesis took no record" in str(receipt.error)
    assert 0 < receipt.failed == receipt.rows < 20_000
    assert len(kept_rows(bucket)) == receipt.failed


def test_a_bucket_that_takes_nothing_ends_it_and_every_row_is_still_counted(tmp_path: Path) -> None:
    bucket = FakeBucket()
    bucket.down = True
    receipt = run(written(tmp_path, HEADER, FIRST, "x,y"), FakeKinesis(), bucket)
    assert (receipt.status, receipt.accepted, receipt.rejected) == ("failed", 1, 1)
    assert "s3://lake/quarantine/orders/" in str(receipt.error)


def test_a_file_that_breaks_half_way_ends_it_with_a_receipt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_module, "_BLOCK", 1000)
    path = tmp_path / "orders.csv.gz"
    body = f"{HEADER}\n" + "".join(FIRST.replace("85123A", str(n * 7919)) + "\n" for n in range(20_000))
    whole = gzip.compress(body.encode(), mtime=0)
    path.write_bytes(whole)
    kinesis = FakeKinesis()
    with OrderFile(path) as orders:
        path.write_bytes(whole[: len(whole) // 2])
        receipt = replay(orders, KinesisSender(kinesis, "orders"), Job(), (FakeBucket(), "lake"))
    assert receipt.status == "failed"
    assert "is cut off" in str(receipt.error)
    assert receipt.rows == receipt.accepted == len(kinesis.taken) > 0


def test_limit_reads_the_first_rows_and_still_hashes_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, HEADER, FIRST, "x,y", *[SECOND] * 50_000)
    receipt = run(path, FakeKinesis(), limit=3)
    assert (receipt.status, receipt.rows, receipt.accepted, receipt.rejected, receipt.limit) == ("done", 3, 2, 1, 3)
    assert receipt.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_rate_paces_and_does_not_hold_rows_back(tmp_path: Path) -> None:
    kinesis = FakeKinesis()
    seen: list[int] = []
    began = time.monotonic()
    receipt = run(
        written(tmp_path, HEADER, *[FIRST] * 45),
        kinesis,
        tempo=Tempo(20),
        on_progress=lambda state: seen.append(state.accepted),
    )
    assert 2.2 < time.monotonic() - began < 6
    assert receipt.accepted == 45
    assert 0 < seen[2] < 45  # some had arrived after two seconds


def test_stop_finishes_what_is_in_flight_and_gives_a_receipt(tmp_path: Path) -> None:
    control = Control(Tempo(50))
    threading.Timer(0.3, control.stop).start()
    began = time.monotonic()
    receipt = run(written(tmp_path, HEADER, *[FIRST] * 1000), FakeKinesis(), tempo=Tempo(50), control=control)
    assert time.monotonic() - began < 5
    assert receipt.status == "stopped"
    assert 0 < receipt.accepted == receipt.rows < 1000


def test_progress_is_told_at_the_start_each_second_and_at_the_end(tmp_path: Path) -> None:
    told: list[Progress] = []
    receipt = run(
        written(tmp_path, HEADER, *[FIRST] * 30, "x"), FakeKinesis(), tempo=Tempo(20), on_progress=told.append
    )
    assert 3 <= len(told) <= 5
    assert (told[0].status, told[0].rows_read, told[0].bytes_total) == ("running", 0, receipt.bytes)
    end = told[-1]
    assert (end.status, end.rows_read, end.accepted, end.rejected, end.share) == ("done", 31, 30, 1, 1.0)
    assert end.ended_at
    assert 5 < end.rows_per_s < 30


def test_a_cloud_that_does_not_listen_stops_a_replay_at_its_start_only(tmp_path: Path) -> None:
    path = written(tmp_path, HEADER, *[FIRST] * 30)
    kinesis = FakeKinesis()
    calls = 0

    def deaf(_: Progress) -> None:
        nonlocal calls
        calls += 1
        if calls > 1:
            raise CloudDownError("the table does not answer")

    assert run(path, kinesis, tempo=Tempo(20), on_progress=deaf).status == "done"
    assert calls >= 3
    with pytest.raises(CloudDownError):
        run(path, kinesis, on_progress=deaf)
    assert len(kinesis.taken) == 30


def test_a_fault_of_our_own_is_told_and_raised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Progress] = []

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("pipeline.replay.run._Run._send_all", broken)
    with pytest.raises(ZeroDivisionError):
        run(written(tmp_path, HEADER, FIRST), FakeKinesis(), on_progress=told.append)
    assert told[-1].status == "failed"


def test_noise_does_not_fill_the_memory_with_reasons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.replay.tally._KINDS", 5)
    receipt = run(written(tmp_path, HEADER, *["x" + ",y" * n for n in range(20)]), FakeKinesis())
    assert len(receipt.reasons) == 6
    assert {counted.reason: counted.rows for counted in receipt.reasons}["other reasons"] == 15


def test_ids_of_replays_sort_by_time_and_differ() -> None:
    ids = {progress.new_replay_id() for _ in range(50)}
    assert len(ids) > 45
    assert all(len(name) == len("r-20260102-030405-abcd") for name in ids)


def test_pause_change_of_tempo_and_stop_while_it_runs(tmp_path: Path) -> None:
    """What was read before a pause arrives in spite of it; nothing more is read until it goes on."""
    control, kinesis = Control(Tempo(rate=1000)), FakeKinesis()
    told: list[Progress] = []
    held: list[int] = []
    began = time.monotonic()

    def look(state: Progress) -> None:
        told.append(state)
        if state.status == "paused":
            held.append(state.rows_read)
            if len(held) == 3 or time.monotonic() - began > 20:
                control.wish(Wish(GO_ON, Tempo(speed=1e9)))
        elif state.rows_read and not held:
            control.wish(Wish(PAUSE))

    path = written(tmp_path, HEADER, *[FIRST] * 20_000)
    receipt = run(path, kinesis, tempo=Tempo(rate=1000), control=control, on_progress=look)
    assert (receipt.status, receipt.accepted, receipt.speed, receipt.rate) == ("done", 20_000, 1e9, None)
    assert len(set(held)) == 1
    paused = [state for state in told if state.status == "paused"]
    assert paused[-1].accepted == paused[-1].rows_read == held[0] < 20_000
    assert {(state.rows_per_s, state.left_s, state.lag_s) for state in paused} == {(0.0, None, 0.0)}
    assert receipt.seconds < time.monotonic() - began - 1  # pauses are left out


def test_a_file_that_changes_while_it_is_read_is_told(tmp_path: Path) -> None:
    path = written(tmp_path, HEADER, *[FIRST] * 100_000)

    def change(_: Progress) -> None:
        with path.open("ab") as file:
            file.write(f"{FIRST}\n".encode())

    receipt = run(path, FakeKinesis(), on_progress=change)
    assert receipt.status == "failed"
    assert "changed while it was read" in str(receipt.error)


def test_refusals_are_counted_and_so_is_the_share_of_a_packed_file(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv.gz"
    path.write_bytes(gzip.compress("\n".join([HEADER, *[FIRST] * 60]).encode()))
    told: list[Progress] = []
    receipt = run(path, FakeKinesis(refuse=0.3), tempo=Tempo(30), on_progress=told.append)
    assert receipt.refused == receipt.retried > 5
    assert 0.2 < told[1].share < 0.8
    assert told[-1].share == 1.0
    assert told[1].sha256 == receipt.sha256
