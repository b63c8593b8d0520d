"""What a replay tells about itself, while it runs and for good."""

from __future__ import annotations

import getpass
import os
import secrets
import socket
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import Any, Self

from pipeline.replay.wishes import MAX_GAP_S, Tempo

# What a replay sends: a file's rows; what a sink misses of another replay; rows that people have mended.
REPLAY, REDRIVE, RESEND = "replay", "redrive", "resend"
RUNNING, PAUSED, DONE, FAILED, STOPPED, LOST = "running", "paused", "done", "failed", "stopped", "lost"
ALIVE = frozenset({RUNNING, PAUSED})  # a worker is at it


def new_replay_id() -> str:
    """E.g. r-20260102-030405-9f3a: sorts by its time, UTC."""
    return f"r-{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


def utc_now() -> str:
    """Now, as the replays table and receipts write it: `YYYY-MM-DD HH:MM:SS.fff`, UTC."""
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]


def who() -> str:
    """The person and the machine that this process works for."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container may have no names for its users
        user = str(os.getuid())
    return f"{user}@{host()}"


def host() -> str:
    """This machine's name."""
    return socket.gethostname()


@dataclass(frozen=True)
class Progress:
    """How far a replay is. All times UTC, rates in rows/s.

    rows_read = accepted + rejected + failed + unknown once it has ended; unknown: sent, and the answer got lost.
    `refused` counts the target's refusals, a record each time; `retried` the records sent again. `rows_per_s` is
    that of the last seconds while it runs, the mean at its end. `seconds` are those that workers were at it, pauses
    left out; `lag_s` how far it is behind its tempo, `left_s` the seconds that it should take from here, None while
    that is unknown.

    `status` is running, paused, done (worked through, whatever became of the rows), stopped (on request), failed (broke
    off, `error` says why) or lost (running, but its worker has not been heard of). `life` counts how often it was
    resumed. `since` is the date that it was told to begin with, `speed` with `max_gap` and `rate` are as in Tempo.
    `family` names what the file holds (families.OF_NAME); `shift_to` is the time that its last click was moved to.
    """

    replay_id: str
    file: str
    target: str
    started_at: str
    status: str = RUNNING
    updated_at: str = ""
    ended_at: str | None = None
    rows_read: int = 0
    bytes_read: int = 0
    bytes_total: int = 0
    accepted: int = 0
    rejected: int = 0
    failed: int = 0
    unknown: int = 0
    retried: int = 0
    rows_per_s: float = 0.0
    rate: float | None = None
    row_limit: int | None = None
    who: str = field(default_factory=who)
    pid: int = field(default_factory=os.getpid)
    error: str | None = None
    kind: str = REPLAY
    of: str | None = None  # the replay that a redrive mends
    sha256: str | None = None
    speed: float | None = None
    max_gap: float = MAX_GAP_S
    since: str | None = None
    refused: int = 0
    seconds: float = 0.0
    lag_s: float = 0.0
    left_s: float | None = None
    life: int = 0
    family: str = "orders"
    shift_to: str | None = None

    @property
    def tempo(self) -> Tempo:
        """How fast it goes."""
        return Tempo(self.rate, self.speed, self.max_gap)

    @property
    def host(self) -> str:
        """The machine that its worker runs on."""
        return self.who.rpartition("@")[2]

    @property
    def silent_s(self) -> float:
        """Seconds since its worker was heard of."""
        heard = datetime.fromisoformat(self.updated_at or self.started_at).replace(tzinfo=UTC)
        return (datetime.now(UTC) - heard).total_seconds()

    @property
    def resumable(self) -> bool:
        """Whether a new worker can go on with it; a redrive is rather begun anew: it sends what is missing then."""
        return self.kind == REPLAY and self.status in {LOST, STOPPED, FAILED}

    @property
    def share(self) -> float:
        """How much of what is to be replayed was read, 0 to 1: of the file's bytes, or of the row limit."""
        of_file = self.bytes_read / self.bytes_total if self.bytes_total else 0.0
        of_limit = self.rows_read / self.row_limit if self.row_limit else 0.0
        return min(1.0, max(of_file, of_limit))


@dataclass(frozen=True)
class Counted:
    """A reason, and how many rows it cost."""

    reason: str
    rows: int


@dataclass(frozen=True)
class Rejection:
    """One rejected row of the receipt: its line in the file, what it would have been, what was wrong."""

    line: int
    event_id: str | None
    reasons: list[str]


@dataclass(frozen=True)
class Receipt:
    """What became of every row of a replay: rows = accepted + rejected + failed + unknown.

    `reasons` counts rejections by field and reason (a row with two bad fields counts under both), `rejections` are the
    first of them; `failures` counts given-up rows, failed and unknown,
    by the target's code; `ledger` are the parts that tell of each row. `sha256` is the whole file's as it lay on disk
    at the start, None where no file was read. A replay that was resumed has one receipt: its counts and `seconds` are
    those of all its workers, `resumed` says how many came after the first.
    """

    replay_id: str
    status: str
    file: str
    bytes: int
    sha256: str | None
    encoding: str
    target: str
    rows: int
    accepted: int
    rejected: int
    failed: int
    retried: int
    seconds: float
    rows_per_s: float
    started_at: str
    ended_at: str
    reasons: list[Counted]
    rejections: list[Rejection]
    failures: list[Counted]
    quarantine: list[str]
    dead_letters: list[str]
    unknown: int = 0
    ledger: list[str] = field(default_factory=list)
    rate: float | None = None
    limit: int | None = None
    error: str | None = None
    speed: float | None = None
    max_gap: float = MAX_GAP_S
    since: str | None = None
    refused: int = 0
    resumed: int = 0

    @classmethod
    def of(cls, end: Progress, **more: Any) -> Self:  # noqa: ANN401 - fields of several types
        """That of a replay which ended so; `more` are the fields that its progress tells otherwise, or not."""
        told = {name: getattr(end, name) for name in _IN_BOTH}
        renamed = {"rows": end.rows_read, "bytes": end.bytes_total, "limit": end.row_limit, "resumed": end.life}
        return cls(**(told | renamed | more))


_IN_BOTH = {field.name for field in fields(Receipt)} & {field.name for field in fields(Progress)}
