"""A worker that is killed anywhere, and the one that goes on: every row accounted for, hardly one sent twice."""

from __future__ import annotations

import json
import os
import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.errors import BusyError, DiskError
from pipeline.replay import journal as journal_module
from pipeline.replay import kept, ledger, resume
from pipeline.replay.delivery import Patience
from pipeline.replay.journal import Batch, Journal, as_line
from pipeline.replay.reader import OrderFile
from pipeline.replay.run import Job, replay
from pipeline.replay.senders import KinesisSender
from pipeline.replay.wishes import Control
from tests.pipeline.replay.fakes import FakeBucket, FakeKinesis, client_error
from tests.pipeline.replay.test_reader import FIRST, HEADER, SECOND, written
from tests.pipeline.replay.test_run import entries, kept_rows

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.replay.progress import Progress, Receipt

REPLAY = "r-20260102-030405-abcd"
QUICK = Patience(attempts=3, seconds=20, first_wait=0.001, longest_wait=0.002, seconds_when_stopping=0.1)
CONNECTIONS = 2
BATCH = 10
# 230 good rows over 7 invoices, 3 bad ones.
ROWS = [FIRST.replace("536365", f"5363{n % 7}") if n % 77 else SECOND.replace(",6,", ",six,") for n in range(233)]
STEPS = ("before a call", "after a call", "after its checkpoint", "before an object", "after an object")


class KilledError(BaseException):
    """The process is gone: whatever it still tries fails, too."""


@dataclass
class World:
    """What outlives a worker: the stream, the bucket, the disk."""

    folder: Path
    path: Path
    kinesis: FakeKinesis = field(default_factory=FakeKinesis)
    bucket: FakeBucket = field(default_factory=FakeBucket)


class Life:
    """One worker's life: it ends at the nth time that it comes to a step."""

    def __init__(self, step: str = "", at: int = 0) -> None:
        self._step, self._left = step, at
        self._lock = threading.Lock()
        self.over = False

    def reach(self, step: str) -> None:
        with self._lock:
            if step and step == self._step and not self.over:
                self._left -= 1
                self.over = self._left < 0
            if self.over:
                raise KilledError


class MortalKinesis:
    def __init__(self, kinesis: FakeKinesis, life: Life) -> None:
        self._kinesis, self._life = kinesis, life

    def put_records(self, **call: Any) -> dict[str, Any]:
        self._life.reach("before a call")
        answer = self._kinesis.put_records(**call)
        self._life.reach("after a call")
        return answer


class MortalBucket:
    def __init__(self, bucket: FakeBucket, life: Life) -> None:
        self._bucket, self._life = bucket, life

    def __getattr__(self, operation: str) -> Any:
        return getattr(self._bucket, operation)

    def put_object(self, **call: Any) -> None:
        self._life.reach("before an object")
        self._bucket.put_object(**call)
        self._life.reach("after an object")


class MortalJournal(Journal):
    def __init__(self, folder: Path, life: Life) -> None:
        super().__init__(folder)
        self.life = life

    def write(self, told: bytes) -> None:
        self.life.reach("")
        super().write(told)
        self.life.reach("after its checkpoint")

    def drop(self, segments: Any) -> None:
        self.life.reach("")
        super().drop(segments)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(ledger, "_ROWS", 60)
    monkeypatch.setattr(kept, "_ROWS", 2)
    monkeypatch.setattr(KinesisSender, "limits", KinesisSender.limits._replace(records=BATCH))
    return World(tmp_path / "checkpoints", written(tmp_path, HEADER, *ROWS))


def work(world: World, life: Life | None = None, lives: int = 0, **options: Any) -> Receipt:
    """One worker; KilledError when it did not come to its end."""
    life = life or Life()
    journal = MortalJournal(world.folder, life)
    job: dict[str, Any] = {"patience": QUICK}
    job |= {name: options.pop(name) for name in ("limit", "patience") if name in options}
    try:
        with OrderFile(world.path) as orders:
            before = resume.gather(world.bucket, "lake", REPLAY, journal, life=lives) if lives else resume.Before()
            return replay(
                orders,
                KinesisSender(MortalKinesis(world.kinesis, life), "orders"),
                Job(REPLAY, connections=CONNECTIONS, journal=journal, before=before, **job),
                (MortalBucket(world.bucket, life), "lake"),
                **options,
            )
    finally:
        if life.over:
            os.close(journal._lock)  # the kernel lets go of what a killed process held
        else:
            journal.close()


def whole(world: World, receipt: Receipt, *, rows: int = len(ROWS), resent: int = CONNECTIONS * BATCH) -> None:
    """Every row is in the ledger, once; the counts add up; `resent` rows at most went twice."""
    assert receipt.rows == rows == receipt.accepted + receipt.rejected + receipt.failed + receipt.unknown
    told = entries(world.bucket)
    assert [entry["line"] for entry in told] == list(range(2, rows + 2))
    for outcome, count in Counter(entry["outcome"] for entry in told).items():
        assert getattr(receipt, outcome) == count
    assert receipt.ledger == sorted(key for key in world.bucket.objects if key.startswith("ledger/"))
    sent = Counter(world.kinesis.event_ids)
    assert set(sent) >= {entry["event_id"] for entry in told if entry["outcome"] == "accepted"}
    assert sum(count - 1 for count in sent.values()) <= resent
    lines = Counter(row["line"] for row in kept_rows(world.bucket))
    assert set(lines.values()) <= {1}
    assert set(lines) == {entry["line"] for entry in told if entry["outcome"] != "accepted"}
    assert not world.folder.exists()


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("at", [0, 1, 3, 7])
def test_a_worker_killed_at_any_step_is_gone_on_with(world: World, step: str, at: int) -> None:
    try:
        receipt = work(world, Life(step, at))
    except KilledError:
        receipt = work(world, lives=1)
        assert receipt.resumed == 1
    whole(world, receipt)
    assert (receipt.status, receipt.rejected, receipt.failed) == ("done", 4, 0)
    assert [(counted.reason, counted.rows) for counted in receipt.reasons] == [("Quantity: is not a whole number", 4)]


def test_killed_again_and_again_it_ends_all_the_same(world: World) -> None:
    receipt, deaths = None, 0
    while receipt is None:
        try:
            receipt = work(world, Life(STEPS[deaths % len(STEPS)], deaths % 3), lives=deaths)
        except KilledError:
            deaths += 1
            assert deaths < 60
    assert deaths > 3
    whole(world, receipt, resent=deaths * CONNECTIONS * BATCH)


@pytest.mark.parametrize("step", ["after its checkpoint", "before an object", "after an object"])
@pytest.mark.parametrize("at", [1, 2, 4, 9])
def test_rows_given_up_are_dead_letters_once(world: World, step: str, at: int) -> None:
    """Those of a killed worker that had not got to the bucket yet are sent again."""
    refused = [client_error("ValidationException") if n % 3 == 0 else None for n in range(40)]
    world.kinesis._faults = list(refused)
    try:
        receipt = work(world, Life(step, at))
    except KilledError:
        world.kinesis._faults = refused[1:]
        receipt = work(world, lives=1)
    assert receipt.failed
    assert sum(counted.rows for counted in receipt.failures) == receipt.failed
    whole(world, receipt, resent=len(ROWS))


def test_one_that_was_stopped_goes_on_and_sends_nothing_twice(world: World) -> None:
    control = Control()

    class Stopping(FakeKinesis):
        def put_records(self, **call: Any) -> dict[str, Any]:
            if len(self.calls) == 5:
                control.stop()
            return super().put_records(**call)

    world.kinesis = Stopping()
    first = work(world, control=control)
    assert first.status == "stopped"
    assert 50 <= first.rows < len(ROWS)
    assert first.sha256
    told: list[Progress] = []
    second = work(world, lives=1, on_progress=told.append)
    assert second.status == "done"
    assert told[0].rows_read == first.rows
    whole(world, second, resent=0)


def test_a_limit_counts_the_rows_of_all_lives(world: World) -> None:
    with pytest.raises(KilledError):
        work(world, Life("after its checkpoint", 4), limit=120)
    whole(world, work(world, lives=1, limit=120), rows=120)


def test_a_target_that_died_is_gone_on_with_once_it_is_back(world: World) -> None:
    world.kinesis.always = client_error("ServiceUnavailable", status=503)
    first = work(world)
    assert first.status == "failed"
    assert first.failed > 0
    world.kinesis.always = None
    receipt = work(world, lives=1)
    assert (receipt.status, receipt.failed) == ("done", first.failed)
    assert [(counted.reason, counted.rows) for counted in receipt.failures] == [
        (counted.reason, counted.rows) for counted in first.failures
    ]
    whole(world, receipt)


def test_a_bucket_that_was_down_loses_nothing(world: World) -> None:
    world.bucket.down = True
    assert work(world).status == "failed"
    assert not world.bucket.objects
    world.bucket.down = False
    whole(world, work(world, lives=1), resent=0)


def told(*lines: int, refused: dict[str, list[str]] | None = None) -> Batch:
    ids, stamps = [f"A-{line}" for line in lines], ["2026-01-02 03:04:05.123456"] * len(lines)
    empty = [""] * len(lines)
    return Batch("2026-01-02 03:04:06.000000", list(lines), ids, stamps, empty, empty, refused or {})


def test_the_last_line_of_a_killed_worker_may_be_torn(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j")
    journal.write(as_line(told(2, 3)))
    journal.write(as_line(told(4)))
    os.close(journal._lock)
    (segment,) = (tmp_path / "j").glob("*.jsonl")
    segment.write_bytes(segment.read_bytes()[:-20])
    again = Journal(tmp_path / "j")
    assert again.left() == [told(2, 3)]
    again.write(as_line(told(5)))
    assert [batch.lines for batch in again.left()] == [[2, 3], [5]]  # in a segment of its own
    again.drop(again.cut())
    again.close()
    assert not (tmp_path / "j").exists()


def test_one_worker_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_module, "_LOCK_WAIT_S", 0.05)
    monkeypatch.setattr(journal_module, "_LOCK_LOOK_S", 0.01)
    first = Journal(tmp_path / "j")
    with pytest.raises(BusyError, match="Another worker"):
        Journal(tmp_path / "j")
    first.close()
    Journal(tmp_path / "j").close()


def test_a_disk_that_takes_nothing_is_a_named_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DiskError, match="cannot be kept"):
        Journal(tmp_path / "file" / "j")
    journal = Journal(tmp_path / "j")

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", full)
        with pytest.raises(DiskError, match="No space left"):
            journal.write(as_line(told(2)))
    journal.close()


def test_what_is_written_after_a_torn_line_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(tmp_path / "j")
    journal.write(as_line(told(2)))
    write = os.write
    calls: list[int] = []

    def half(file: int, data: bytes) -> int:
        calls.append(file)
        if len(calls) > 1:
            raise OSError(28, "No space left on device")
        return write(file, data[: len(data) // 2])

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", half)
        with pytest.raises(DiskError):
            journal.write(as_line(told(3)))
    journal.write(as_line(told(4)))
    assert [batch.lines for batch in journal.left()] == [[2], [4]]


def test_a_full_disk_ends_a_replay_whose_rows_are_in_the_ledger_all_the_same(world: World) -> None:
    class Full(Journal):
        def write(self, told: bytes) -> None:
            raise DiskError("the disk is full")

    journal = Full(world.folder)
    with OrderFile(world.path) as orders:
        receipt = replay(
            orders, KinesisSender(world.kinesis, "orders"), Job(REPLAY, journal=journal), (world.bucket, "lake")
        )
    assert (receipt.status, receipt.error) == ("failed", "the disk is full")
    assert sorted(entry["event_id"] for entry in entries(world.bucket) if entry["outcome"] == "accepted") == sorted(
        world.kinesis.event_ids
    )


def test_sync_is_harmless_at_any_time(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j")
    journal.sync()
    journal.write(as_line(told(2)))
    journal.sync()
    assert json.loads((tmp_path / "j" / "000001.jsonl").read_text())[1] == [2]
    journal.drop(journal.cut())
    journal.sync()
    journal.close()
