"""Rows that did not get through are kept in the lake's bucket: quarantine (rejected by us), dead letters (given up)."""

from __future__ import annotations

import gzip
import json
import threading
import time
from typing import TYPE_CHECKING, Protocol

from pipeline.clients import aws_errors
from pipeline.replay import progress
from pipeline.replay.journal import FAILED, UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.replay.progress import Progress
    from pipeline.replay.rows import Record
    from pipeline.replay.senders import Refused

QUARANTINE = "quarantine/orders/"
DEAD_LETTERS = "dead-letter/replay/"
_END = ".jsonl.gz"
_ROWS, _BYTES, _SECONDS = 5_000, 4 << 20, 30.0  # a part holds at most these


def note(replay: Progress, line: int, event_id: str | None, reasons: Sequence[str]) -> dict[str, object]:
    """What is kept of each row, rejected or given up."""
    return {
        "replay_id": replay.replay_id,
        "file": replay.file,
        "family": replay.family,
        "line": line,
        "event_id": event_id,
        "reasons": list(reasons),
        "kept_at": progress.utc_now(),
    }


def dead_letter(replay: Progress, record: Record, outcome: Refused) -> dict[str, object]:
    """A record that was given up, as it would be sent again."""
    return note(replay, record.line, record.event_id, [outcome.reason]) | {
        "outcome": UNKNOWN if outcome.lost else FAILED,
        "sent_at": record.sent_at,
        "key": record.key,
        "raw": record.data.decode(),
    }


class S3(Protocol):
    """The one call of boto3's S3 client that is made here."""

    def put_object(self, *, Bucket: str, Key: str, Body: bytes, ContentType: str) -> object:  # noqa: N803
        """PutObject."""


class KeptRows:
    """JSON lines in gzip parts `<prefix><replay_id>-0001.jsonl.gz`, -0002 and so on; nothing is written for no rows.

    `keys` are the parts that earlier workers of the replay wrote, `life` is how many such workers there were; the
    numbers of parts go on from there. Safe to call from several threads. Raises errors of pipeline.errors when the
    bucket does not take a part; its rows stay for the next try.
    """

    def __init__(
        self, s3: S3, bucket: str, prefix: str, replay_id: str, keys: Sequence[str] = (), life: int = 0
    ) -> None:
        self.keys = list(keys)
        self._s3 = s3
        self._bucket = bucket
        self._stem = f"{prefix}{replay_id}"
        # A number is left out for each earlier worker: one that was killed while it wrote may have begun a part that is
        # not seen yet.
        self._number = max((int(key[-len(_END) - 4 : -len(_END)]) for key in keys), default=0) + life
        self._lines: list[bytes] = []
        self._bytes = 0
        self._since = 0.0
        self._lock = threading.Lock()

    def add(self, row: Mapping[str, object]) -> None:
        """Keep a row; writes a part when one is full."""
        line = json.dumps(row).encode() + b"\n"
        with self._lock:
            if not self._lines:
                self._since = time.monotonic()
            self._lines.append(line)
            self._bytes += len(line)
            if len(self._lines) >= _ROWS or self._bytes >= _BYTES:
                self._write()

    def tick(self) -> None:
        """Write what has waited long enough."""
        with self._lock:
            if self._lines and time.monotonic() - self._since >= _SECONDS:
                self._write()

    def close(self) -> None:
        """Write what is left."""
        with self._lock:
            if self._lines:
                self._write()

    def _write(self) -> None:
        key = f"{self._stem}-{self._number + 1:04d}{_END}"
        body = gzip.compress(b"".join(self._lines), 6)
        with aws_errors(f"s3://{self._bucket}/{key}"):
            self._s3.put_object(Bucket=self._bucket, Key=key, Body=body, ContentType="application/gzip")
        self.keys.append(key)
        self._number += 1
        self._lines, self._bytes = [], 0
