"""The ledger of a replay: for each row that it reached what became of it, as Parquet in the lake's bucket.

The Glue table `ledger` reads it; what the columns mean is told there, in pipeline/template.yaml.
"""

from __future__ import annotations

import io
import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.clients import aws_errors
from pipeline.replay.journal import ACCEPTED, FAILED, REJECTED, UNKNOWN, Batch, Entry, batch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pipeline.replay.journal import Journal
    from pipeline.replay.kept import S3
    from pipeline.replay.rows import Record
    from pipeline.replay.senders import Outcome

__all__ = ["ACCEPTED", "FAILED", "REJECTED", "UNKNOWN", "Entry", "Ledger", "now", "prefix"]

_ROWS, _SECONDS = 50_000, 30.0  # a part holds these and what comes while it is written
_MOMENT = pa.timestamp("us")
_MOST_DIGITS = 9  # of a line's number: it is an int32


def now() -> str:
    """Now, as entries write it."""
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


def prefix(replay_id: str) -> str:
    """Where the parts of one replay lie in the lake's bucket."""
    return f"ledger/replay_id={replay_id}/"


class Ledger:
    """Entries in parts `<prefix><time>-0001.parquet`, -0002 and so on; nothing is written for no rows.

    With a `journal` what was sent is on this machine's disk, too, until its part is written. `before` is called before
    each part is: what a part tells to be kept elsewhere must be there. Safe to call from several threads. Raises errors
    of pipeline.errors when the bucket does not take a part; its rows stay for the next try.
    """

    def __init__(
        self,
        s3: S3,
        bucket: str,
        replay_id: str,
        *,
        journal: Journal | None = None,
        before: Callable[[], None] = lambda: None,
    ) -> None:
        self.keys: list[str] = []
        self._s3 = s3
        self._bucket = bucket
        # Its own time: what goes on with a replay leaves the parts that are there alone.
        self._stem = f"{prefix(replay_id)}{datetime.now(UTC):%Y%m%d-%H%M%S%f}"
        self._journal = journal
        self._before = before
        self._kept: list[Entry | Batch] = []
        self._rows = 0
        self._since = 0.0
        self._lock = threading.Lock()
        self._writing = threading.Lock()

    def reject(self, line: int, event_id: str | None, reason: str) -> None:
        """Keep a row that was not sent. A resumed replay finds it again in the file: the journal need not tell."""
        with self._lock:
            self._keep(Entry(line, event_id, REJECTED, reason, None, None, None, now()), 1)

    def add(self, outcomes: Sequence[tuple[Record, Outcome]]) -> None:
        """Keep what became of records, in the journal, too. Raises DiskError; then they are kept all the same."""
        told = batch(outcomes, now())
        with self._lock:
            self._keep(told, len(outcomes))
            if self._journal:
                self._journal.write(told)

    def take_over(self, batches: Sequence[Batch]) -> None:
        """Keep what an earlier worker told and no part has; it lies in the journal until a part is written."""
        with self._lock:
            if self._journal and not batches:
                self._journal.drop(self._journal.cut())
            for told in batches:
                self._keep(told, len(told.lines))

    def write_full(self) -> None:
        """Write a part when there is enough for one, while other threads go on adding."""
        if self._rows >= _ROWS:
            self._write(at_least=_ROWS)

    def tick(self) -> None:
        """Write what has waited long enough."""
        if self._kept and time.monotonic() - self._since >= _SECONDS:
            self._write()

    def close(self) -> None:
        """Write what is left."""
        self._write()

    def _keep(self, kept: Entry | Batch, rows: int) -> None:
        if not self._kept:
            self._since = time.monotonic()
        self._kept.append(kept)
        self._rows += rows

    def _write(self, at_least: int = 1) -> None:
        with self._writing:
            with self._lock:
                if self._rows < at_least:
                    return  # another thread has written them
                kept, rows = self._kept, self._rows
                self._kept, self._rows = [], 0
                segments = self._journal.cut() if self._journal else []
            key = f"{self._stem}-{len(self.keys) + 1:04d}.parquet"
            try:
                self._before()
                with aws_errors(f"s3://{self._bucket}/{key}"):
                    self._s3.put_object(
                        Bucket=self._bucket, Key=key, Body=_parquet(kept), ContentType="application/octet-stream"
                    )
            except BaseException:
                with self._lock:
                    self._kept[:0] = kept
                    self._rows += rows
                raise
            self.keys.append(key)
            if self._journal:
                with self._lock:
                    self._journal.drop(segments)


def _parquet(kept: list[Entry | Batch]) -> bytes:
    rejected = [entry for entry in kept if isinstance(entry, Entry)]
    batches = [told for told in kept if isinstance(told, Batch)]
    file = io.BytesIO()
    table = pa.concat_tables([_of_batches(batches), _of_entries(rejected)])
    pq.write_table(table, file, compression="snappy", use_dictionary=["outcome", "reason", "shard_id"])
    return file.getvalue()


def _of_batches(batches: list[Batch]) -> pa.Table:
    outcomes: list[str] = []
    reasons: list[str | None] = []
    for told in batches:
        refused = {int(at): fate for at, fate in told.refused.items()}
        outcomes += [refused[at][0] if at in refused else ACCEPTED for at in range(len(told.lines))]
        reasons += [refused[at][1] if at in refused else None for at in range(len(told.lines))]
    return _table(
        [line for told in batches for line in told.lines],
        [event_id for told in batches for event_id in told.event_ids],
        outcomes,
        reasons,
        [shard or None for told in batches for shard in told.shards],
        [number or None for told in batches for number in told.numbers],
        [at or None for told in batches for at in told.sent_at],
        [told.at for told in batches for _ in told.lines],
    )


def _of_entries(entries: list[Entry]) -> pa.Table:
    return _table(*(list(column) for column in zip(*entries, strict=True)) if entries else [[]] * len(Entry._fields))


def _table(*columns: Sequence[Any]) -> pa.Table:
    """From the columns of Entry, in their order."""
    lines, ids, outcomes, reasons, shards, numbers, sent, ended = columns
    text = pa.string()
    return pa.table(
        {
            "event_id": pa.array(ids, text),
            "line": pa.array(lines, pa.int64()),
            "line_no": pa.array([_line_no(name) for name in ids], pa.int32()),
            "outcome": pa.array(outcomes, text),
            "reason": pa.array(reasons, text),
            "shard_id": pa.array(shards, text),
            "sequence_number": pa.array(numbers, text),
            "sent_at": pa.array(sent, text).cast(_MOMENT),
            "acknowledged_at": pa.array(ended, text).cast(_MOMENT),
        }
    )


def _line_no(event_id: str | None) -> int | None:
    """An order line's number; None for an event whose id ends otherwise."""
    number = event_id.rpartition("-")[2] if event_id else ""
    return int(number) if number.isdecimal() and len(number) <= _MOST_DIGITS else None
