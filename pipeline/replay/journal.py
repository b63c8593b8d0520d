"""Checkpoints of a replay: each answer of the target, on this machine's disk until the ledger in the bucket has it.

A folder of segments, one for each part of the ledger that is not written yet; a segment is JSON lines, one for each
answer. A line is handed to the operating system before its connection is used again, so that a killed worker (kill -9
too) has told all but what was under way: one batch a connection at most. `sync` brings it to the disk; a worker calls
that each second, so that a machine that loses its power loses a second of answers, and these rows are sent again.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import time
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from pipeline.errors import BusyError, DiskError
from pipeline.replay.senders import Accepted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pipeline.replay.rows import Record
    from pipeline.replay.senders import Outcome

ACCEPTED, REJECTED, FAILED, UNKNOWN = "accepted", "rejected", "failed", "unknown"
_NOWHERE = Accepted()
BETWEEN = ","  # between an answer's times, shards and numbers, which hold none
_SEGMENT = "{:06d}.jsonl"
_LOCK_WAIT_S = 20.0  # a worker that was taken over ends within these
_LOCK_LOOK_S = 0.1


class Entry(NamedTuple):
    """One row of the file. Times are texts in UTC; `sent_at` is the event's SentAt, `acknowledged_at` when it ended."""

    line: int
    event_id: str | None
    outcome: str
    reason: str | None
    shard_id: str | None
    sequence_number: str | None
    sent_at: str | None
    acknowledged_at: str


class Batch(NamedTuple):
    """An answer about some rows, column by column; `refused` has outcome and reason by place in the columns."""

    at: str
    lines: Sequence[int]
    event_ids: Sequence[str]
    sent_at: Sequence[str]
    shards: Sequence[str]
    numbers: Sequence[str]
    refused: dict[str, list[str]]

    def entries(self) -> Iterator[Entry]:
        """Row by row."""
        columns = zip(self.lines, self.event_ids, self.sent_at, self.shards, self.numbers, strict=True)
        for at, (line, event_id, sent_at, shard, number) in enumerate(columns):
            outcome, why = self.refused.get(str(at), (ACCEPTED, None))
            yield Entry(line, event_id, outcome, why, shard or None, number or None, sent_at or None, self.at)


def batch(outcomes: Sequence[tuple[Record, Outcome]], at: str) -> Batch:
    """An answer; about 0.3 microseconds a row."""
    records, fates = zip(*outcomes, strict=True)
    refused = {
        str(place): [UNKNOWN if fate.lost else FAILED, fate.reason]
        for place, fate in enumerate(fates)
        if not isinstance(fate, Accepted)
    }
    lines, event_ids, _, _, _, sent_at = zip(*records, strict=True)
    places = [fate if isinstance(fate, Accepted) else _NOWHERE for fate in fates] if refused else fates
    shards, numbers = zip(*places, strict=True)
    return Batch(at, lines, event_ids, sent_at, shards, numbers, refused)


class Journal:
    """The folder of one replay, held by one worker at a time.

    Not safe to call from several threads, but `sync`. Raises BusyError when another worker of this machine does not
    let go of it, DiskError when the disk takes nothing more.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = _held(folder)
        self._segments = sorted(folder.glob("*.jsonl"))
        self._number = int(self._segments[-1].stem) if self._segments else 0
        self._file: int | None = None

    def close(self) -> None:
        """Let go of the folder; it is removed when nothing is left in it that the ledger lacks."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
        if not self._segments:
            shutil.rmtree(self._folder, ignore_errors=True)
        os.close(self._lock)

    def write(self, told: bytes) -> None:
        """Keep an answer, as `as_line` gives it."""
        try:
            if self._file is None:
                self._number += 1
                path = self._folder / _SEGMENT.format(self._number)
                self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
                self._segments.append(path)
            rest = memoryview(told)
            while rest:
                rest = rest[os.write(self._file, rest) :]
        except OSError as error:
            with suppress(OSError):
                self.cut()  # what is written next must not go on with a line that is not whole
            raise DiskError(f"The checkpoints in {self._folder} cannot be written: {error}. Make room.") from error

    def cut(self) -> list[Path]:
        """The segments so far, brought to the disk as far as it takes them; what comes goes to a new one."""
        if self._file is not None:
            self.sync()
            os.close(self._file)
            self._file = None
        return list(self._segments)

    def drop(self, segments: Sequence[Path]) -> None:
        """Forget segments: the ledger has what they tell."""
        for path in segments:
            path.unlink(missing_ok=True)
        self._segments = [path for path in self._segments if path not in segments]

    def sync(self) -> None:
        """Bring what was written to the disk."""
        file = self._file
        if file is not None:
            try:
                os.fsync(file)
            except OSError:  # closed in between: its rows are in the ledger, or soon will be
                return

    def left(self) -> list[Batch]:
        """The answers that earlier workers kept and no part of the ledger was written for, as far as they are whole."""
        return [told for path in self._segments for told in _read(path)]


def is_held(folder: Path) -> bool:
    """Whether a worker on this machine is at the replay."""
    try:
        lock = os.open(folder / "lock", os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False


def _held(folder: Path) -> int:
    """The descriptor by which this worker holds the folder, until it is closed or the process ends."""
    deadline = time.monotonic() + _LOCK_WAIT_S
    path = folder / "lock"
    while True:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise DiskError(f"The checkpoints of a replay cannot be kept in {folder}: {error}.") from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if path.exists() and os.fstat(lock).st_ino == path.stat().st_ino:
                return lock
        except BlockingIOError:
            if time.monotonic() > deadline:
                os.close(lock)
                raise BusyError(
                    f"Another worker on this machine still works at this replay ({folder}): stop it first."
                ) from None
        except FileNotFoundError:
            pass  # whoever held it has just removed it
        os.close(lock)
        time.sleep(_LOCK_LOOK_S)


def as_line(told: Batch) -> bytes:
    """An answer as it is kept, a line of the fields of Batch. A long text is quicker to write than 500 short ones."""
    texts = [BETWEEN.join(column) for column in (told.sent_at, told.shards, told.numbers)]
    kept = (told.at, told.lines, told.event_ids, *texts, told.refused)
    return json.dumps(kept, separators=(",", ":")).encode() + b"\n"


def of_line(line: bytes) -> Batch:
    """An answer that `as_line` wrote. Raises ValueError, TypeError or AttributeError for anything else."""
    at, lines, event_ids, sent_at, shards, numbers, refused = json.loads(line)
    stamps, names, places = (joined.split(BETWEEN) for joined in (sent_at, shards, numbers))
    return Batch(at, lines, event_ids, stamps, names, places, refused)


def _read(path: Path) -> Iterator[Batch]:
    with path.open("rb") as file:
        for line in file:
            try:
                yield of_line(line)
            except (ValueError, TypeError, AttributeError):
                return  # the last line of a worker that was killed while it wrote
