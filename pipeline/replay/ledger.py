"""The ledger of a replay: for each row that it reached what became of it, as Parquet in the lake's bucket.

The Glue table `ledger` reads it; what the columns mean is told there, in pipeline/template.yaml.
"""

from __future__ import annotations

import io
import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.clients import aws_errors
from pipeline.replay.senders import Accepted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.replay.kept import S3
    from pipeline.replay.rows import Record
    from pipeline.replay.senders import Outcome, Refused

ACCEPTED, REJECTED, FAILED, UNKNOWN = "accepted", "rejected", "failed", "unknown"
_ROWS, _SECONDS = 50_000, 30.0  # a part holds at most these; a crash loses no more than one
_MOMENT = pa.timestamp("us")
_STAMP_LENGTH = len("2026-01-02 03:04:05.123456")
_STAMP_END = len('"}\n')


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


if TYPE_CHECKING:
    # A rejected row, or a batch of records with their outcomes and when these were known.
    _Kept = Entry | tuple[Sequence[tuple[Record, Outcome]], str]


def now() -> str:
    """Now, as entries write it."""
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


def prefix(replay_id: str) -> str:
    """Where the parts of one replay lie in the lake's bucket."""
    return f"ledger/replay_id={replay_id}/"


class Ledger:
    """Entries in parts `<prefix><time>-0001.parquet`, -0002 and so on; nothing is written for no rows.

    Safe to call from several threads. Raises errors of pipeline.errors when the bucket does not take a part; its rows
    stay for the next try.
    """

    def __init__(self, s3: S3, bucket: str, replay_id: str) -> None:
        self.keys: list[str] = []
        self._s3 = s3
        self._bucket = bucket
        # Its own time: what goes on with a replay leaves the parts that are there alone.
        self._stem = f"{prefix(replay_id)}{datetime.now(UTC):%Y%m%d-%H%M%S%f}"
        self._kept: list[_Kept] = []
        self._rows = 0
        self._since = 0.0
        self._lock = threading.Lock()
        self._writing = threading.Lock()

    def reject(self, line: int, event_id: str | None, reason: str) -> None:
        """Keep a row that was not sent."""
        self._keep(Entry(line, event_id, REJECTED, reason, None, None, None, now()), 1)

    def add(self, outcomes: Sequence[tuple[Record, Outcome]]) -> None:
        """Keep what became of records; writes a part when one is full, while other threads go on adding."""
        # What the columns are made of is taken out when a part is written: each sent row pays for what happens here.
        self._keep((outcomes, now()), len(outcomes))

    def _keep(self, kept: _Kept, rows: int) -> None:
        with self._lock:
            if not self._kept:
                self._since = time.monotonic()
            self._kept.append(kept)
            self._rows += rows
            full = self._rows >= _ROWS
        if full:
            self._write(at_least=_ROWS)

    def tick(self) -> None:
        """Write what has waited long enough."""
        if self._kept and time.monotonic() - self._since >= _SECONDS:
            self._write()

    def close(self) -> None:
        """Write what is left."""
        self._write()

    def _write(self, at_least: int = 1) -> None:
        with self._writing:
            with self._lock:
                if self._rows < at_least:
                    return  # another thread has written them
                kept, rows = self._kept, self._rows
                self._kept, self._rows = [], 0
            key = f"{self._stem}-{len(self.keys) + 1:04d}.parquet"
            try:
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


def _parquet(kept: list[_Kept]) -> bytes:
    rejected = [entry for entry in kept if isinstance(entry, Entry)]
    batches = [batch for batch in kept if not isinstance(batch, Entry)]
    file = io.BytesIO()
    table = pa.concat_tables([_of_batches(batches), _of_entries(rejected)])
    pq.write_table(table, file, compression="snappy", use_dictionary=["outcome", "reason", "shard_id"])
    return file.getvalue()


def _of_batches(batches: list[tuple[Sequence[tuple[Record, Outcome]], str]]) -> pa.Table:
    records = [record for batch, _ in batches for record, _ in batch]
    outcomes = [outcome for batch, _ in batches for _, outcome in batch]
    ids = [record.event_id for record in records]
    wires = pa.array([record.data for record in records], pa.binary())
    # SentAt is the last field of an event on the wire, see contracts.order_line.
    stamps = pc.binary_slice(wires, -_STAMP_END - _STAMP_LENGTH, -_STAMP_END).cast(pa.string())
    ended = [at for batch, at in batches for _ in batch]
    return _table(
        [record.line for record in records],
        ids,
        [ACCEPTED if isinstance(outcome, Accepted) else UNKNOWN if outcome.lost else FAILED for outcome in outcomes],
        [None if isinstance(outcome, Accepted) else reason(outcome) for outcome in outcomes],
        [(outcome.shard or None) if isinstance(outcome, Accepted) else None for outcome in outcomes],
        [(outcome.sequence_number or None) if isinstance(outcome, Accepted) else None for outcome in outcomes],
        stamps,
        ended,
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
            "line_no": pa.array([None if name is None else int(name.rpartition("-")[2]) for name in ids], pa.int32()),
            "outcome": pa.array(outcomes, text),
            "reason": pa.array(reasons, text),
            "shard_id": pa.array(shards, text),
            "sequence_number": pa.array(numbers, text),
            "sent_at": (sent if isinstance(sent, pa.Array) else pa.array(sent, text)).cast(_MOMENT),
            "acknowledged_at": pa.array(ended, text).cast(_MOMENT),
        }
    )


def reason(refused: Refused) -> str:
    """Why a record was not taken, in one text."""
    return f"{refused.code}: {refused.message}".removesuffix(": ")
