"""One replay from its first row to its receipt."""

from __future__ import annotations

import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING

from pipeline.errors import WeirError
from pipeline.replay import ledger, progress
from pipeline.replay.delivery import Delivery, Patience
from pipeline.replay.kept import DEAD_LETTERS, QUARANTINE, S3, KeptRows
from pipeline.replay.ledger import Ledger
from pipeline.replay.progress import Counted, Progress, Receipt, Rejection
from pipeline.replay.rows import Record, Rejected
from pipeline.replay.senders import Accepted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pipeline.replay.reader import OrderFile
    from pipeline.replay.senders import Outcome, Sender
    from pipeline.replay.shards import Shards

_SHOWN_REJECTIONS = 20
_KINDS = 100  # reasons counted apart; a file of noise must not fill the memory
_TICK = 0.2  # seconds between looks at the clock while a paced replay waits


@dataclass(frozen=True)
class Job:
    """How to replay: rows/s (None: as fast as the target takes them), rows at most, calls in flight, shards."""

    replay_id: str = field(default_factory=progress.new_replay_id)
    rate: float | None = None
    limit: int | None = None
    connections: int = 4
    patience: Patience = field(default_factory=Patience)
    shards: Shards | None = None


def replay(
    orders: OrderFile,
    sender: Sender,
    job: Job,
    kept_in: tuple[S3, str],
    *,
    on_progress: Callable[[Progress], None] = lambda _: None,
    stop: threading.Event | None = None,
) -> Receipt:
    """Send the file's rows and account for each of them.

    `kept_in` is an S3 client and the lake's bucket: rejected rows go to its quarantine, given-up ones to its dead
    letters. `on_progress` is called at the start (what it raises then ends the replay before anything is sent), about
    once a second from a thread of its own, and at the end. Setting `stop` ends it after what is in flight. An error of
    ours ends it too and is in the receipt: what was read is accounted for.
    """
    return _Run(orders, sender, job, kept_in, stop or threading.Event()).receipt(on_progress)


class _Run:
    """The state of one replay; `_lock` guards what the sending threads write."""

    def __init__(
        self, orders: OrderFile, sender: Sender, job: Job, kept_in: tuple[S3, str], stop: threading.Event
    ) -> None:
        self._orders = orders
        self._sender = sender
        self._job = job
        self._stop = stop
        self._quarantine = KeptRows(*kept_in, QUARANTINE, job.replay_id)
        self._dead_letters = KeptRows(*kept_in, DEAD_LETTERS, job.replay_id)
        self._ledger = Ledger(*kept_in, job.replay_id)
        self._lock = threading.Lock()
        self._accepted = self._unknown = 0
        self._failures: Counter[str] = Counter()
        self._read = self._rejected = 0
        self._reasons: Counter[str] = Counter()
        self._rejections: list[Rejection] = []
        self._delivery = Delivery(
            sender, self._take, connections=job.connections, patience=job.patience, shards=job.shards
        )
        self._began = time.monotonic()
        self._beginning = Progress(
            replay_id=job.replay_id,
            file=str(orders.source.path),
            target=sender.target,
            started_at=progress.utc_now(),
            bytes_total=orders.source.bytes_total,
            rate=job.rate,
            row_limit=job.limit,
        )

    def receipt(self, on_progress: Callable[[Progress], None]) -> Receipt:
        status, sha256 = progress.FAILED, None
        error: str | None = "broken off by a fault of our own"
        on_progress(self._now())
        try:
            with _EachSecond(lambda: self._tell(on_progress)):
                status, error = self._work()
            if status == progress.DONE:
                sha256 = self._orders.source.sha256()
        finally:
            end = replace(self._now(), status=status, error=error, ended_at=progress.utc_now())
            with suppress(WeirError):
                on_progress(end)
        return Receipt(
            replay_id=end.replay_id,
            status=status,
            file=end.file,
            bytes=end.bytes_total,
            sha256=sha256,
            encoding=self._orders.source.encoding,
            target=end.target,
            rows=end.rows_read,
            accepted=end.accepted,
            rejected=end.rejected,
            failed=end.failed,
            unknown=end.unknown,
            retried=end.retried,
            seconds=round(time.monotonic() - self._began, 3),
            rows_per_s=end.rows_per_s,
            started_at=end.started_at,
            ended_at=str(end.ended_at),
            reasons=[Counted(reason, rows) for reason, rows in self._reasons.most_common()],
            rejections=self._rejections,
            failures=[Counted(code, rows) for code, rows in self._failures.most_common()],
            quarantine=self._quarantine.keys,
            dead_letters=self._dead_letters.keys,
            ledger=self._ledger.keys,
            rate=self._job.rate,
            limit=self._job.limit,
            error=error,
        )

    def _work(self) -> tuple[str, str | None]:
        """Send everything; the status that the replay ends with, and the error if there was one."""
        status = progress.DONE
        error: str | None = None
        try:
            with self._delivery:
                if not self._send_all():
                    status = progress.STOPPED
        except WeirError as fault:
            status, error = progress.FAILED, str(fault)
        for kept in (self._quarantine, self._dead_letters, self._ledger):
            try:
                kept.close()
            except WeirError as fault:
                status, error = progress.FAILED, error or str(fault)
        return status, error

    def _send_all(self) -> bool:
        """Read and send; False when told to stop before the end."""
        for row in islice(self._orders.rows(self._job.replay_id), self._job.limit):
            if self._stop.is_set():
                self._delivery.hurry()
                return False
            self._read += 1
            if isinstance(row, Record):
                self._delivery.add(row)
            else:
                self._reject(row)
            if self._job.rate:
                self._pace(self._job.rate)
        return True

    def _pace(self, rate: float) -> None:
        due = self._began + self._read / rate
        while (wait := due - time.monotonic()) > 0 and not self._stop.is_set():
            self._delivery.tick()
            self._stop.wait(min(wait, _TICK))

    def _reject(self, row: Rejected) -> None:
        self._rejected += 1
        full = len(self._reasons) >= _KINDS
        self._reasons.update({kind if kind in self._reasons or not full else "other reasons" for kind in row.kinds})
        reasons = [str(problem) for problem in row.problems]
        if len(self._rejections) < _SHOWN_REJECTIONS:
            self._rejections.append(Rejection(row.line, row.event_id, reasons))
        self._ledger.reject(row.line, row.event_id, "; ".join(reasons))
        self._quarantine.add(self._note(row.line, row.event_id, reasons) | {"raw": row.raw})

    def _take(self, outcomes: Sequence[tuple[Record, Outcome]]) -> None:
        """Count what became of records; called from the sending threads."""
        refused = [(record, outcome) for record, outcome in outcomes if not isinstance(outcome, Accepted)]
        with self._lock:
            self._accepted += len(outcomes) - len(refused)
            self._unknown += sum(outcome.lost for _, outcome in refused)
            self._failures.update(outcome.code for _, outcome in refused)
        self._ledger.add(outcomes)
        for record, outcome in refused:
            note = self._note(record.line, record.event_id, [ledger.reason(outcome)])
            self._dead_letters.add(note | {"key": record.key, "raw": record.data.decode()})

    def _note(self, line: int, event_id: str | None, reasons: list[str]) -> dict[str, object]:
        return {
            "replay_id": self._job.replay_id,
            "file": str(self._orders.source.path),
            "line": line,
            "event_id": event_id,
            "reasons": reasons,
            "kept_at": progress.utc_now(),
        }

    def _tell(self, on_progress: Callable[[Progress], None]) -> None:
        self._quarantine.tick()
        self._dead_letters.tick()
        self._ledger.tick()
        on_progress(self._now())

    def _now(self) -> Progress:
        with self._lock:
            accepted, given_up, unknown = self._accepted, self._failures.total(), self._unknown
        worked = accepted + given_up + self._rejected
        return replace(
            self._beginning,
            updated_at=progress.utc_now(),
            rows_read=self._read,
            bytes_read=self._orders.source.bytes_read,
            accepted=accepted,
            rejected=self._rejected,
            failed=given_up - unknown,
            unknown=unknown,
            retried=self._delivery.retried,
            rows_per_s=round(worked / max(time.monotonic() - self._began, 1e-6), 1),
        )


class _EachSecond:
    """Calls `tell` once a second while the block runs. A cloud that does not listen does not end a replay."""

    def __init__(self, tell: Callable[[], None]) -> None:
        self._tell = tell
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="progress", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _loop(self) -> None:
        while not self._over.wait(1.0):
            with suppress(WeirError):
                self._tell()
