"""What the ledgers tell of one event: which replays sent it, and what became of it."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.clients import aws_errors
from pipeline.replay.ledger import ACCEPTED, REJECTED, prefix

if TYPE_CHECKING:
    from datetime import datetime

    from pipeline.replay.progress import Progress

_AT_ONCE = 4


@dataclass(frozen=True)
class Send:
    """One row of a replay's ledger; times are UTC, `sent_at` is None for a row that was rejected."""

    replay: Progress
    line: int
    outcome: str
    reason: str | None
    shard: str | None
    sequence_number: str | None
    sent_at: datetime | None
    ended_at: datetime


def of_event(s3: Any, bucket: str, replays: list[Progress], event_id: str) -> list[Send]:  # noqa: ANN401 - boto3
    """Every send of the event by these replays, in their order. Raises CloudError."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = pool.map(lambda replay: _of_replay(s3, bucket, replay, event_id), replays)
        return [send for sends in found for send in sends]


def latest(sends: list[Send]) -> Send | None:
    """The one whose version wins in every sink: the greatest SentAt; of one version the first that was accepted."""
    sent = [send for send in sends if send.sent_at is not None]
    if not sent:
        return max(sends, key=lambda send: send.ended_at, default=None)
    newest = max(send.sent_at for send in sent if send.sent_at is not None)
    version = [send for send in sent if send.sent_at == newest]
    return min(version, key=lambda send: (send.outcome != ACCEPTED, send.ended_at))


def told(send: Send) -> str:
    """A send in words."""
    version = f", SentAt {send.sent_at}" if send.sent_at else ""
    kind = "" if send.replay.kind == "replay" else f" ({send.replay.kind} of {send.replay.of})"
    why = f": {send.reason}" if send.outcome != ACCEPTED and send.reason else ""
    return f"{send.replay.replay_id}{kind}, line {send.line}: {send.outcome}{version}{why}"


def rejected(send: Send) -> bool:
    """Whether it was never sent."""
    return send.outcome == REJECTED


def _of_replay(s3: Any, bucket: str, replay: Progress, event_id: str) -> list[Send]:  # noqa: ANN401 - boto3
    folder = prefix(replay.replay_id)
    found: list[Send] = []
    with aws_errors(f"s3://{bucket}/{folder}"):
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=folder):
            for listed in page.get("Contents", []):
                body = s3.get_object(Bucket=bucket, Key=listed["Key"])["Body"].read()
                found += _of_part(replay, body, event_id)
    return found


def _of_part(replay: Progress, body: bytes, event_id: str) -> list[Send]:
    file = pq.ParquetFile(io.BytesIO(body))
    ids = file.read(columns=["event_id"]).column("event_id")
    places = pc.indices_nonzero(pc.equal(ids, event_id))
    if not len(places):
        return []
    return [
        Send(
            replay, row["line"], row["outcome"], row["reason"], row["shard_id"], row["sequence_number"],
            row["sent_at"], row["acknowledged_at"],
        )
        for row in file.read().take(places).to_pylist()
    ]  # fmt: skip
