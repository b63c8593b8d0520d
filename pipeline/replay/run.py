"""One replay from its first row to its receipt, or one worker's part of it when it is resumed."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pipeline.errors import FileRefusedError, WeirError
from pipeline.replay import progress
from pipeline.replay.delivery import Delivery, Patience
from pipeline.replay.each_second import EachSecond
from pipeline.replay.kept import DEAD_LETTERS, S3, KeptRows, dead_letter, note
from pipeline.replay.ledger import Ledger
from pipeline.replay.meter import Meter
from pipeline.replay.progress import Progress, Receipt
from pipeline.replay.resume import Before
from pipeline.replay.rows import Record, Rejected
from pipeline.replay.schedule import Schedule
from pipeline.replay.selection import select
from pipeline.replay.tally import Tally
from pipeline.replay.wishes import MAX, Control, Tempo

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pipeline.replay.journal import Journal
    from pipeline.replay.opening import File
    from pipeline.replay.senders import Outcome, Sender
    from pipeline.replay.shards import Shards

_TICK = 0.2  # seconds between looks at the clock while a paced or paused replay waits


@dataclass(frozen=True)
class Job:
    """How to replay: tempo, rows at most, the date to begin with, calls in flight, shards.

    With a `journal` a killed replay can be resumed; `before` is what its earlier workers did. `shift_to` is what the
    file was opened with.
    """

    replay_id: str = field(default_factory=progress.new_replay_id)
    tempo: Tempo = MAX
    limit: int | None = None
    since: str | None = None
    connections: int = 4
    patience: Patience = field(default_factory=Patience)
    shards: Shards | None = None
    journal: Journal | None = None
    before: Before = field(default_factory=Before)
    shift_to: str | None = None


def replay(
    orders: File,
    sender: Sender,
    job: Job,
    kept_in: tuple[S3, str],
    *,
    on_progress: Callable[[Progress], None] = lambda _: None,
    control: Control | None = None,
) -> Receipt:
    """Send the file's rows and account for each of them.

    `kept_in` is an S3 client and the lake's bucket: rejected rows go to its quarantine, given-up ones to its dead
    letters. `on_progress` is called at the start (what it raises then ends the replay before anything is sent), about
    once a second from a thread of its own, and at the end. Stopping by `control` ends it after what is in flight. An
    error of ours ends it too and is in the receipt: what was read is accounted for.
    """
    return _Run(orders, sender, job, kept_in, control or Control(job.tempo)).receipt(on_progress)


class _Run:
    """The state of one worker. The file is read by one thread, outcomes come from several."""

    def __init__(self, orders: File, sender: Sender, job: Job, kept_in: tuple[S3, str], control: Control) -> None:
        self._orders = orders
        self._sender = sender
        self._job = job
        self._control = control
        before = self._before = job.before
        self._quarantine = KeptRows(
            *kept_in, orders.family.quarantine, job.replay_id, before.quarantine.keys, before.life
        )
        self._dead_letters = KeptRows(*kept_in, DEAD_LETTERS, job.replay_id, before.dead_letters.keys, before.life)
        self._ledger = Ledger(*kept_in, job.replay_id, journal=job.journal, before=self._keep)
        self._ledger.take_over(before.waiting)
        self._tally = Tally(before.counts, before.failures)
        self._read = before.counts.rows
        self._line = 0
        self._schedule = Schedule(job.tempo)
        self._meter = Meter()
        self._delivery = Delivery(
            sender,
            self._take,
            connections=job.connections,
            patience=job.patience,
            shards=job.shards,
            afterwards=self._ledger.write_full,
        )
        self._began = time.monotonic()
        self._paused_s = 0.0
        self._beginning = Progress(
            replay_id=job.replay_id,
            file=str(orders.source.path),
            target=sender.target,
            started_at=before.started_at or progress.utc_now(),
            bytes_total=orders.source.bytes_total,
            row_limit=job.limit,
            since=job.since,
            family=orders.family.name,
            shift_to=job.shift_to,
            sha256=orders.source.fingerprint(),
            life=before.life,
        )

    def receipt(self, on_progress: Callable[[Progress], None]) -> Receipt:
        status: str = progress.FAILED
        error: str | None = "broken off by a fault of our own"
        on_progress(self._now())
        try:
            with EachSecond(lambda: self._tell(on_progress)):
                status, error = self._work()
        finally:
            end = self._end(status, error)
            with suppress(WeirError):
                on_progress(end)
        return Receipt.of(
            end,
            encoding=self._orders.source.encoding,
            reasons=self._tally.reasons,
            rejections=self._tally.rejections,
            failures=self._tally.failures,
            quarantine=self._quarantine.keys,
            dead_letters=self._dead_letters.keys,
            ledger=[*self._before.ledger, *self._ledger.keys],
        )

    def _work(self) -> tuple[str, str | None]:
        """Send everything; the status that the replay ends with, and the error if there was one."""
        status = progress.DONE
        error: str | None = None
        try:
            with self._delivery:
                if not self._send_all():
                    status = progress.STOPPED
            if status == progress.DONE and self._orders.source.sha256() != self._beginning.sha256:
                raise FileRefusedError(f"{self._orders.source.path} changed while it was read: replay it again.")
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
        control, schedule, before = self._control, self._schedule, self._before
        for row in select(self._orders, self._job.replay_id, self._job.since, self._job.limit):
            if control.news and not self._obey():
                return False
            self._line = row.line
            if before.done and before.has(row.line):
                if isinstance(row, Rejected):
                    self._tally.note(row)
                continue
            if schedule.paced:
                schedule.next(row.at if isinstance(row, Record) else "")
                if not self._await():
                    return False
            self._read += 1
            if isinstance(row, Record):
                self._delivery.add(row)
            else:
                self._reject(row)
        return True

    def _await(self) -> bool:
        """Wait until the row is due; False when told to stop."""
        while (wait := self._schedule.wait()) > 0:
            self._delivery.tick()
            self._control.stopping.wait(min(wait, _TICK))
            if self._control.news and not self._obey():
                return False
        return True

    def _obey(self) -> bool:
        """Take over what people wish, and wait for as long as that is a pause; False when told to stop."""
        control = self._control
        control.news = False
        while control.paused and not control.stopping.is_set():
            began = time.monotonic()
            self._delivery.tick()
            control.stopping.wait(_TICK)
            passed = time.monotonic() - began
            self._paused_s += passed
            self._schedule.held(passed)
            self._meter.forget()
        if control.stopping.is_set():
            self._delivery.hurry()
            return False
        if control.tempo != self._schedule.tempo:
            self._schedule.change(control.tempo)
            self._meter.forget()
        return True

    def _reject(self, row: Rejected) -> None:
        self._tally.reject(row)
        reasons = [str(problem) for problem in row.problems]
        try:
            # First the row, then the ledger, which tells that it is there.
            if row.line not in self._before.quarantine.lines:
                as_read = {"raw": row.raw, "columns": self._orders.columns}
                self._quarantine.add(note(self._beginning, row.line, row.event_id, reasons) | as_read)
        finally:
            self._ledger.reject(row.line, row.event_id, "; ".join(reasons))
        self._ledger.write_full()

    def _take(self, outcomes: Sequence[tuple[Record, Outcome]]) -> None:
        """Count what became of records, and keep it; called from the sending threads."""
        refused = self._tally.take(outcomes)
        try:
            for record, outcome in refused:
                if record.line not in self._before.dead_letters.lines:
                    self._dead_letters.add(dead_letter(self._beginning, record, outcome))
        finally:
            self._ledger.add(outcomes)

    def _keep(self) -> None:
        """Bring rows to quarantine and dead letters before the ledger tells that they are there."""
        self._quarantine.close()
        self._dead_letters.close()

    def _tell(self, on_progress: Callable[[Progress], None]) -> None:
        try:
            if self._job.journal:
                self._job.journal.sync()
            self._quarantine.tick()
            self._dead_letters.tick()
            self._ledger.tick()
        finally:
            on_progress(self._now())

    def _now(self) -> Progress:
        counts, before, tempo = self._tally.counts, self._before, self._schedule.tempo
        active = time.monotonic() - self._began - self._paused_s
        seconds = before.seconds + active
        paused = self._control.paused and not self._control.stopping.is_set()
        share = self._orders.source.share(self._line)
        state = replace(
            self._beginning,
            status=progress.PAUSED if paused else progress.RUNNING,
            updated_at=progress.utc_now(),
            rows_read=self._read,
            bytes_read=round(share * self._beginning.bytes_total),
            accepted=counts.accepted,
            rejected=counts.rejected,
            failed=counts.failed,
            unknown=counts.unknown,
            retried=before.retried + self._delivery.retried,
            refused=before.refused + self._delivery.refused,
            seconds=round(seconds, 3),
            rate=tempo.rate,
            speed=tempo.speed,
            max_gap=tempo.max_gap,
            lag_s=0.0 if paused else round(self._schedule.lag, 1),
        )
        self._meter.look(active, counts.rows, state.share)
        recent, left = (0.0, None) if paused else (self._meter.rows_per_s, self._meter.left_s)
        return replace(
            state,
            rows_per_s=round(counts.rows / max(seconds, 1e-6) if recent is None else recent, 1),
            left_s=None if left is None else round(left, 1),
        )

    def _end(self, status: str, error: str | None) -> Progress:
        now = self._now()
        mean = round(self._tally.counts.rows / max(now.seconds, 1e-6), 1)
        return replace(
            now, status=status, error=error, ended_at=progress.utc_now(), rows_per_s=mean, lag_s=0.0, left_s=None
        )
