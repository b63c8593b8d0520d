"""What an engine's answer is: rows, and the evidence of how they came about."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Mapping

    from queries.loader import Query


@dataclass(frozen=True)
class Evidence:
    """The query as asked: its name, text and parameters, the engine, how long it took, when, bytes read.

    `scanned_bytes`, and `read_units` (DynamoDB's unit of reading), are None where the engine does not tell with the
    answer; by `query_id` the warehouse tells of them afterwards (reports/scanned.py). `newest_at` is the date of the
    newest event that the answer is made of (UTC), where the answer itself tells it.
    """

    name: str
    engine: str
    sql: str
    parameters: Mapping[str, object]
    seconds: float
    asked_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    scanned_bytes: int | None = None
    read_units: float | None = None
    newest_at: datetime | None = None
    query_id: int | None = None


@dataclass(frozen=True)
class Figure:
    """One figure: `frame` with the query's grain, and its evidence. Numerics of the warehouse are Decimal."""

    frame: pd.DataFrame
    evidence: Evidence

    @property
    def empty(self) -> bool:
        """Whether no row came back."""
        return self.frame.empty

    @property
    def row(self) -> dict[str, Any]:
        """The only row, by column name; a figure of one row has this form."""
        (record,) = self.frame.to_dict("records")
        return {str(name): value for name, value in record.items()}

    def greatest(self, column: str) -> dict[str, Any]:
        """The row with the greatest value in `column`, the first of equals, by column name."""
        place = int(self.frame[column].astype(float).to_numpy().argmax())
        return {str(name): value for name, value in self.frame.iloc[place].items()}

    def of(self, frame: pd.DataFrame) -> Figure:
        """The same evidence behind a frame derived from this one."""
        return Figure(frame, self.evidence)

    def newest(self, column: str) -> Figure:
        """The same, with the greatest date in `column` told as that of the newest event behind it."""
        at = None if self.empty else self.frame[column].max()
        return Figure(self.frame, replace(self.evidence, newest_at=None if pd.isna(at) else at))


class Engine(Protocol):
    """What reports ask: the warehouse or the lake."""

    def ask(self, query: Query, **parameters: object) -> Figure:
        """Run `query` with `parameters` bound. Raises CloudError or QueryError by what went wrong."""
        ...
