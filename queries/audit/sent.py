"""What a replay sent, from its ledger."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.clients import aws_errors
from pipeline.errors import NotFoundError
from pipeline.replay.ledger import ACCEPTED, FAILED, REJECTED, UNKNOWN, prefix

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

_COLUMNS = ["event_id", "line", "line_no", "outcome", "reason", "sent_at", "acknowledged_at"]


@dataclass(frozen=True)
class Fate:
    """One row that was sent: its line, what the target answered, and when (UTC)."""

    line: int
    outcome: str
    reason: str | None
    at: datetime

    def may_arrive(self, due: datetime) -> bool:
        """Whether a sink that delivers by `due` what was acknowledged before may still get it."""
        return self.outcome != FAILED and self.at >= due


@dataclass(frozen=True)
class Sent:
    """One row per row of the file in `rows` (columns of the ledger); memory is about 300 bytes a row."""

    rows: pd.DataFrame

    def count(self, outcome: str) -> int:
        """How many rows had this outcome."""
        return int((self.rows["outcome"] == outcome).sum())

    @property
    def counts(self) -> Mapping[str, int]:
        """Rows by outcome, and all of them as `rows`."""
        return {"rows": len(self.rows)} | {name: self.count(name) for name in (ACCEPTED, REJECTED, FAILED, UNKNOWN)}

    @property
    def expected(self) -> pd.DataFrame:
        """The valid rows: every sink should hold them."""
        return self.rows[self.rows["outcome"] != REJECTED]

    def fates(self, event_ids: set[str]) -> dict[str, Fate]:
        """What became of each of these events."""
        rows = self.expected[self.expected["event_id"].isin(event_ids)]
        columns: list[list[Any]] = [
            rows[name].tolist() for name in ("event_id", "line", "outcome", "reason", "acknowledged_at")
        ]
        return {
            event_id: Fate(line, outcome, reason if isinstance(reason, str) else None, at.replace(tzinfo=UTC))
            for event_id, line, outcome, reason, at in zip(*columns, strict=True)
        }

    def stamps(self, event_ids: set[str]) -> dict[str, tuple[int, str]]:
        """The line of each of these events, and the SentAt that it was sent with."""
        rows = self.expected[self.expected["event_id"].isin(event_ids)]
        stamps = rows["sent_at"].dt.strftime("%Y-%m-%d %H:%M:%S.%f").tolist()
        return dict(zip(rows["event_id"].tolist(), zip(rows["line"].tolist(), stamps, strict=True), strict=True))


def read(s3: Any, bucket: str, replay_id: str) -> Sent:  # noqa: ANN401 - boto3 makes its clients at run time
    """The ledger of a replay. Raises NotFoundError when there is none."""
    folder = prefix(replay_id)
    parts = []
    with aws_errors(f"s3://{bucket}/{folder}"):
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=folder):
            for found in page.get("Contents", []):
                body = s3.get_object(Bucket=bucket, Key=found["Key"])["Body"].read()
                parts.append(pq.read_table(io.BytesIO(body), columns=_COLUMNS))
    if not parts:
        raise NotFoundError(
            f"Replay {replay_id} has no ledger in s3://{bucket}/{folder}: check the id. A replay writes it while it "
            "runs, half a minute late at most."
        )
    rows = pa.concat_tables(parts).to_pandas()
    if rows["line"].duplicated().any():
        # A replay that was resumed may have sent a row twice; accepted once is accepted.
        ranked = rows.assign(accepted=rows["outcome"] == ACCEPTED).sort_values(["accepted", "acknowledged_at"])
        rows = ranked.drop_duplicates("line", keep="last").drop(columns="accepted")
    return Sent(rows)
