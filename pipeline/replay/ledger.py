"""The ledger of a replay: for each row that it reached what became of it, as Parquet in the lake's bucket.

The Glue table `ledger` reads it; what the columns mean is told there, in pipeline/template.yaml.
"""

from __future__ import annotations

import io
import json
import threading
import time
from datetime import UTC, datetime
from itertools import chain
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.clients import aws_errors
from pipeline.replay.journal import ACCEPTED, BETWEEN, FAILED, REJECTED, UNKNOWN, Entry, as_line, batch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from pipeline.replay.journal import Batch, Journal
    from pipeline.replay.kept import S3
    from pipeline.replay.rows import Record
    from pipeline.replay.senders import Outcome

__all__ = ["ACCEPTED", "FAILED", "REJECTED", "UNKNOWN", "Entry", "Ledger", "now", "prefix"]

_ROWS, _SECONDS = 50_000, 30.0  # a part holds these and what comes while it is written
_MOMENT = pa.timestamp("us")
# The columns of Entry, as a worker tells them: times are texts yet, and an empty text is none.
_AS_TOLD = pa.schema([(name, pa.int64() if name == "line" else pa.string()) for name in Entry._fields])
_LINE_NO = r"(?:^|-)(?P<number>[0-9]{1,9})$"  # an int32, at the end of an EventID


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
        self._kept: list[Entry | bytes] = []
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
        told = as_line(batch(outcomes, now()))
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
                self._keep(as_line(told), len(told.lines))

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

    def _keep(self, kept: Entry | bytes, rows: int) -> None:
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


def _parquet(kept: list[Entry | bytes]) -> bytes:
    rejected = [entry for entry in kept if isinstance(entry, Entry)]
    answers = [told for told in kept if isinstance(told, bytes)]
    file = io.BytesIO()
    table = _typed(pa.concat_tables([*([_of_answers(answers)] if answers else []), _of_entries(rejected)]))
    pq.write_table(table, file, compression="snappy", use_dictionary=["outcome", "reason", "shard_id"])
    return file.getvalue()


def _of_answers(answers: list[bytes]) -> pa.Table:
    """From lines of the journal; what is joined there is parted here by Arrow, which is quicker than row by row."""
    told = list(map(json.loads, answers))
    outcomes: list[str] = []
    reasons: list[str | None] = []
    ended: list[str] = []
    for at, lines, *_, refused in told:
        before = len(outcomes)
        outcomes += [ACCEPTED] * len(lines)
        reasons += [None] * len(lines)
        ended += [at] * len(lines)
        for place, (outcome, reason) in refused.items():
            outcomes[before + int(place)], reasons[before + int(place)] = outcome, reason
    _, lines, event_ids, *joined, _ = zip(*told, strict=True)
    sent_at, shards, numbers = (pc.list_flatten(pc.split_pattern(pa.array(texts), BETWEEN)) for texts in joined)
    return _as_told(
        [
            list(chain.from_iterable(lines)),
            list(chain.from_iterable(event_ids)),
            outcomes,
            reasons,
            shards,
            numbers,
            sent_at,
            ended,
        ]
    )


def _of_entries(entries: list[Entry]) -> pa.Table:
    return _as_told(zip(*entries, strict=True) if entries else [[]] * len(Entry._fields))


def _as_told(columns: Iterable[Sequence[Any]]) -> pa.Table:
    return pa.Table.from_arrays(list(map(pa.array, columns, _AS_TOLD.types)), schema=_AS_TOLD)


def _typed(told: pa.Table) -> pa.Table:
    """The ledger's own columns."""
    return pa.table(
        {
            "event_id": told["event_id"],
            "line": told["line"],
            "line_no": _line_nos(told["event_id"]),
            "outcome": told["outcome"],
            "reason": told["reason"],
            "shard_id": _without_empty(told["shard_id"]),
            "sequence_number": _without_empty(told["sequence_number"]),
            "sent_at": _without_empty(told["sent_at"]).cast(_MOMENT),
            "acknowledged_at": told["acknowledged_at"].cast(_MOMENT),
        }
    )


def _without_empty(texts: Any) -> Any:  # noqa: ANN401 - pyarrow has no types
    return pc.if_else(pc.equal(texts, ""), None, texts)


def _line_nos(event_ids: Any) -> Any:  # noqa: ANN401 - likewise
    """Order lines' numbers; null for an event whose id ends otherwise."""
    return pc.struct_field(pc.extract_regex(event_ids, _LINE_NO), "number").cast(pa.int32())
