"""What the earlier workers of a replay left: which rows have an outcome, and what must not be kept a second time.

The ledger in the bucket and the journal on this machine's disk together tell of every row that has an outcome. What a
killed worker had rejected, or given up, and had not brought to quarantine or to the dead letters yet, is taken back:
the file tells of the one again, the other is sent again.
"""

from __future__ import annotations

import gzip
import io
import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow.parquet as pq

from pipeline.clients import aws_errors
from pipeline.replay.families import ORDERS
from pipeline.replay.journal import ACCEPTED, FAILED, REJECTED, UNKNOWN, Batch
from pipeline.replay.kept import DEAD_LETTERS
from pipeline.replay.ledger import prefix
from pipeline.replay.tally import Counts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pipeline.replay.journal import Journal

# The greatest counts: a row that was sent twice and accepted once is accepted.
_CODES = {REJECTED: 1, FAILED: 2, UNKNOWN: 3, ACCEPTED: 4}


@dataclass(frozen=True)
class Kept:
    """Parts of quarantine or of dead letters, and the lines of the file that are in them."""

    keys: tuple[str, ...] = ()
    lines: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Before:
    """What earlier workers did; empty for the first one. `done` has a byte for each line of the file, 0: no outcome."""

    done: bytes = b""
    counts: Counts = field(default_factory=Counts)
    failures: Counter[str] = field(default_factory=Counter)
    ledger: tuple[str, ...] = ()
    waiting: tuple[Batch, ...] = ()
    quarantine: Kept = Kept()
    dead_letters: Kept = Kept()
    retried: int = 0
    refused: int = 0
    seconds: float = 0.0
    started_at: str | None = None
    life: int = 0

    def has(self, line: int) -> bool:
        """Whether the row has an outcome."""
        return line < len(self.done) and self.done[line] != 0


def gather(
    s3: Any,  # noqa: ANN401 - boto3
    bucket: str,
    replay_id: str,
    journal: Journal | None,
    *,
    quarantine: str = ORDERS.quarantine,
    **told: Any,  # noqa: ANN401 - fields of several types
) -> Before:
    """Read all of it; `told` are fields of Before that the replays table tells. About 1 s for 500,000 rows.

    Raises CloudError.
    """
    rejected, rejected_in = _kept(s3, bucket, f"{quarantine}{replay_id}")
    letters, letters_in = _kept(s3, bucket, f"{DEAD_LETTERS}{replay_id}")
    done = np.zeros(1 << 16, np.uint8)
    given_up: dict[int, str] = {}
    keys = []
    for key in _keys(s3, bucket, prefix(replay_id)):
        keys.append(key)
        table = pq.read_table(io.BytesIO(_body(s3, bucket, key)), columns=["line", "outcome", "reason"])
        lines, outcomes = table["line"].to_numpy(), table["outcome"].to_pylist()
        done = _marked(done, lines, np.fromiter(map(_CODES.__getitem__, outcomes), np.uint8, len(outcomes)))
        for at in np.flatnonzero(np.isin(outcomes, (FAILED, UNKNOWN))).tolist():
            given_up[int(lines[at])] = str(table["reason"][at])
    waiting = []
    # From the latest on: a row that was given up, taken back and sent again counts as what it became then.
    for batch in reversed(journal.left() if journal else []):
        left = _left(batch, done, letters)
        if left.lines:
            codes = [_CODES[left.refused[str(at)][0]] if str(at) in left.refused else _CODES[ACCEPTED]
                     for at in range(len(left.lines))]  # fmt: skip
            done = _marked(done, np.array(left.lines), np.array(codes, np.uint8))
            given_up |= {left.lines[int(at)]: reason for at, (_, reason) in left.refused.items()}
            waiting.append(left)
    # A worker may have been killed between a dead letter and the journal.
    for line, note in letters.items():
        if not (line < len(done) and done[line]):
            batch = _of_letter(note)
            done = _marked(done, np.array([line]), np.array([_CODES[batch.refused["0"][0]]], np.uint8))
            given_up[line] = batch.refused["0"][1]
            waiting.append(batch)
    found = np.bincount(done, minlength=len(_CODES) + 1).tolist()
    counts = Counts(*(found[_CODES[name]] for name in (ACCEPTED, REJECTED, FAILED, UNKNOWN)))
    final = {_CODES[FAILED], _CODES[UNKNOWN]}
    failures = Counter(reason.partition(": ")[0] for line, reason in given_up.items() if done[line] in final)
    return Before(
        done.tobytes(),
        counts,
        failures,
        tuple(keys),
        tuple(reversed(waiting)),
        Kept(rejected_in, frozenset(rejected)),
        Kept(letters_in, frozenset(letters)),
        **told,
    )


def _marked(done: Any, lines: Any, codes: Any) -> Any:  # noqa: ANN401 - arrays of numpy
    most = int(lines.max(initial=0))
    if most >= len(done):
        done = np.concatenate([done, np.zeros(max(len(done), most + 1 - len(done)), np.uint8)])
    np.maximum.at(done, lines, codes)
    return done


def _left(batch: Batch, done: Any, letters: Mapping[int, object]) -> Batch:  # noqa: ANN401 - an array of numpy
    """Of an answer what the ledger does not have, without the given-up rows that are no dead letters yet."""
    places = [
        at
        for at, line in enumerate(batch.lines)
        if not (line < len(done) and done[line]) and (str(at) not in batch.refused or line in letters)
    ]
    return Batch(
        batch.at,
        [batch.lines[at] for at in places],
        [batch.event_ids[at] for at in places],
        [batch.sent_at[at] for at in places],
        [batch.shards[at] for at in places],
        [batch.numbers[at] for at in places],
        {str(new): batch.refused[str(at)] for new, at in enumerate(places) if str(at) in batch.refused},
    )


def _of_letter(note: Mapping[str, Any]) -> Batch:
    refused = {"0": [note.get("outcome") or UNKNOWN, "; ".join(note["reasons"])]}
    return Batch(note["kept_at"], [note["line"]], [note["event_id"]], [note.get("sent_at") or ""], [""], [""], refused)


def _kept(s3: Any, bucket: str, stem: str) -> tuple[dict[int, dict[str, Any]], tuple[str, ...]]:  # noqa: ANN401 - boto3
    """The rows of quarantine or of dead letters by their lines, without their text, and the parts that hold them."""
    keys = tuple(_keys(s3, bucket, stem))
    rows: dict[int, dict[str, Any]] = {}
    for key in keys:
        for line in gzip.decompress(_body(s3, bucket, key)).splitlines():
            row = json.loads(line)
            rows[int(row["line"])] = {name: value for name, value in row.items() if name != "raw"}
    return rows, keys


def _keys(s3: Any, bucket: str, start: str) -> Iterator[str]:  # noqa: ANN401 - boto3
    with aws_errors(f"s3://{bucket}/{start}"):
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=start):
            for found in page.get("Contents", []):
                yield str(found["Key"])


def _body(s3: Any, bucket: str, key: str) -> bytes:  # noqa: ANN401 - boto3
    with aws_errors(f"s3://{bucket}/{key}"):
        body: bytes = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    return body
