"""The ledger of a replay: for each row that it reached what became of it, as Parquet in the lake's bucket.

The Glue table `ledger` reads it; what the columns mean is told there, in pipeline/template.yaml.
"""

from __future__ import annotations

import io
import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.clients import aws_errors

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipeline.replay.kept import S3

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


def sent_at(wire: bytes) -> str:
    """The SentAt of an event on the wire: its last field, see contracts.order_line."""
    return wire[-_STAMP_END - _STAMP_LENGTH : -_STAMP_END].decode()


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
        self._entries: list[Entry] = []
        self._since = 0.0
        self._lock = threading.Lock()
        self._writing = threading.Lock()

    def add(self, entries: Iterable[Entry]) -> None:
        """Keep entries; writes a part when one is full, while other threads go on adding."""
        with self._lock:
            if not self._entries:
                self._since = time.monotonic()
            self._entries.extend(entries)
            full = len(self._entries) >= _ROWS
        if full:
            self._write(at_least=_ROWS)

    def tick(self) -> None:
        """Write what has waited long enough."""
        if self._entries and time.monotonic() - self._since >= _SECONDS:
            self._write()

    def close(self) -> None:
        """Write what is left."""
        self._write()

    def _write(self, at_least: int = 1) -> None:
        with self._writing:
            with self._lock:
                if len(self._entries) < at_least:
                    return  # another thread has written them
                entries, self._entries = self._entries, []
            key = f"{self._stem}-{len(self.keys) + 1:04d}.parquet"
            try:
                with aws_errors(f"s3://{self._bucket}/{key}"):
                    self._s3.put_object(
                        Bucket=self._bucket, Key=key, Body=_parquet(entries), ContentType="application/octet-stream"
                    )
            except BaseException:
                with self._lock:
                    self._entries[:0] = entries
                raise
            self.keys.append(key)


def _parquet(entries: list[Entry]) -> bytes:
    lines, event_ids, outcomes, reasons, shards, numbers, sent, acknowledged = zip(*entries, strict=True)
    text = pa.string()
    table = pa.table(
        {
            "event_id": pa.array(event_ids, text),
            "line": pa.array(lines, pa.int64()),
            "line_no": pa.array([None if name is None else _line_no(name) for name in event_ids], pa.int32()),
            "outcome": pa.array(outcomes, text),
            "reason": pa.array(reasons, text),
            "shard_id": pa.array(shards, text),
            "sequence_number": pa.array(numbers, text),
            "sent_at": pa.array(sent, text).cast(_MOMENT),
            "acknowledged_at": pa.array(acknowledged, text).cast(_MOMENT),
        }
    )
    file = io.BytesIO()
    pq.write_table(table, file, compression="snappy")
    return file.getvalue()


def _line_no(event_id: str) -> int:
    return int(event_id.rpartition("-")[2])
