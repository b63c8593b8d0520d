"""Records that are sent again: a replay of its own, with a ledger, dead letters, progress and a receipt."""

from __future__ import annotations

import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pipeline.clients import client
from pipeline.errors import WeirError
from pipeline.replay import progress
from pipeline.replay.delivery import Delivery
from pipeline.replay.each_second import EachSecond
from pipeline.replay.families import ORDERS
from pipeline.replay.firehose_sender import FirehoseSender
from pipeline.replay.kept import DEAD_LETTERS, KeptRows, dead_letter
from pipeline.replay.ledger import Ledger
from pipeline.replay.progress import Counted, Progress, Receipt
from pipeline.replay.put_records import hasten
from pipeline.replay.senders import Accepted, KinesisSender
from pipeline.replay.shards import open_shards
from pipeline.replay.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from pipeline.replay.families import Family
    from pipeline.replay.kept import S3
    from pipeline.replay.rows import Record
    from pipeline.replay.senders import Outcome, Sender
    from pipeline.replay.shards import Shards
    from pipeline.stack import Outputs


@dataclass(frozen=True)
class Job:
    """What is sent again: its own id, `kind` (redrive or resend), the replay that it mends, whose file, how many."""

    replay_id: str
    kind: str
    of: str | None
    file: str
    expected: int
    family: Family = ORDERS


@dataclass(frozen=True)
class Way:
    """Where to, and where it is accounted for: S3 with the lake's bucket, and the replays table."""

    sender: Sender
    s3: S3
    bucket: str
    store: Store
    shards: Shards | None = None


def way_to(outputs: Outputs, family: Family = ORDERS) -> Way:
    """The way into the family's stream; Wikipedia's lines go to their delivery stream. Raises CloudError."""
    kept = client("s3"), outputs.lake_bucket, Store(client("dynamodb"), outputs.replays_table)
    if not family.stream:
        return Way(FirehoseSender(client("firehose", attempts=1), family.delivery_of(outputs)), *kept)
    stream = family.stream_of(outputs)
    return Way(
        KinesisSender(hasten(client("kinesis", attempts=1)), stream), *kept, open_shards(client("kinesis"), stream)
    )


def send(
    records: Iterable[Record],
    job: Job,
    way: Way,
    *,
    stop: threading.Event | None = None,
    on_accepted: Callable[[Record], None] = lambda _: None,
) -> Receipt:
    """Send the records, each of which is in the ledger afterwards; what the target refuses for good is a dead letter.

    `on_accepted` is called for each record that was acknowledged. Setting `stop` ends it after what is in flight. An
    error of ours ends it too, and is in the receipt. Raises CloudError when it cannot even be recorded: nothing was
    sent then.
    """
    return _Sending(job, way, stop or threading.Event(), on_accepted).receipt(records)


class _Sending:
    """The state of it; `_lock` guards what the sending threads write."""

    def __init__(self, job: Job, way: Way, stop: threading.Event, on_accepted: Callable[[Record], None]) -> None:
        self._job = job
        self._way = way
        self._stop = stop
        self._on_accepted = on_accepted
        self._letters = KeptRows(way.s3, way.bucket, DEAD_LETTERS, job.replay_id)
        # The ledger tells what is a dead letter: that has to be there first.
        self._ledger = Ledger(way.s3, way.bucket, job.replay_id, before=self._letters.close)
        self._delivery = Delivery(way.sender, self._take, shards=way.shards, afterwards=self._ledger.write_full)
        self._lock = threading.Lock()
        self._read = self._accepted = self._unknown = 0
        self._failures: Counter[str] = Counter()
        self._began = time.monotonic()
        self._beginning = Progress(
            replay_id=job.replay_id,
            file=job.file,
            target=way.sender.target,
            started_at=progress.utc_now(),
            row_limit=job.expected or None,
            kind=job.kind,
            of=job.of,
            family=job.family.name,
        )

    def receipt(self, records: Iterable[Record]) -> Receipt:
        self._way.store.save(self._now())
        status, error = progress.FAILED, "broken off by a fault of our own"
        try:
            with EachSecond(self._tell):
                status, error = self._work(records)
        finally:
            end = replace(self._now(), status=status, error=error or None, ended_at=progress.utc_now())
            receipt = self._receipt(end)
            with suppress(WeirError):
                self._way.store.save(end, receipt)
        return receipt

    def _work(self, records: Iterable[Record]) -> tuple[str, str]:
        """Send everything; the status that it ends with, and the error if there was one."""
        status, error = progress.DONE, ""
        try:
            with self._delivery:
                for record in records:
                    if self._stop.is_set():
                        self._delivery.hurry()
                        status = progress.STOPPED
                        break
                    self._read += 1
                    self._delivery.add(record)
        except WeirError as fault:
            status, error = progress.FAILED, str(fault)
        for parts in (self._letters, self._ledger):
            try:
                parts.close()
            except WeirError as fault:
                status, error = progress.FAILED, error or str(fault)
        return status, error

    def _take(self, outcomes: Sequence[tuple[Record, Outcome]]) -> None:
        """Count what became of records; called from the sending threads."""
        refused = [(record, outcome) for record, outcome in outcomes if not isinstance(outcome, Accepted)]
        with self._lock:
            self._accepted += len(outcomes) - len(refused)
            self._unknown += sum(outcome.lost for _, outcome in refused)
            self._failures.update(outcome.code for _, outcome in refused)
            for record, outcome in outcomes:
                if isinstance(outcome, Accepted):
                    self._on_accepted(record)
        try:
            for record, outcome in refused:
                self._letters.add(dead_letter(self._beginning, record, outcome))
        finally:
            self._ledger.add(outcomes)

    def _tell(self) -> None:
        self._letters.tick()
        self._ledger.tick()
        self._way.store.save(self._now())

    def _now(self) -> Progress:
        with self._lock:
            accepted, given_up, unknown = self._accepted, self._failures.total(), self._unknown
        seconds = time.monotonic() - self._began
        return replace(
            self._beginning,
            updated_at=progress.utc_now(),
            rows_read=self._read,
            accepted=accepted,
            failed=given_up - unknown,
            unknown=unknown,
            retried=self._delivery.retried,
            seconds=round(seconds, 3),
            rows_per_s=round((accepted + given_up) / max(seconds, 1e-6), 1),
        )

    def _receipt(self, end: Progress) -> Receipt:
        return Receipt.of(
            end,
            limit=None,
            encoding="",
            reasons=[],
            rejections=[],
            failures=[Counted(code, rows) for code, rows in self._failures.most_common()],
            quarantine=[],
            dead_letters=self._letters.keys,
            ledger=self._ledger.keys,
        )
