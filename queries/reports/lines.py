"""The order lines behind a figure, page by page as the warehouse hands them out."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from queries.loader import load

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from queries.figure import Engine, Figure
    from queries.scope import Scope

_SQL = load("warehouse")
_PAGE = 50_000


def page(warehouse: Engine, scope: Scope, number: int, size: int) -> Figure:
    """The rows of page `number` (from 1) of `size` rows each, by time and EventID, with their `amount`."""
    query = _SQL["lines_of_scope"]
    return warehouse.ask(query, **scope.bound(query, top=size, skipped=(number - 1) * size))


def count(warehouse: Engine, scope: Scope) -> Figure:
    """One row: how many `lines` there are. It reads them; a rollup's own count is cheaper where there is one."""
    query = _SQL["lines_count"]
    return warehouse.ask(query, **scope.bound(query))


def pages(warehouse: Engine, scope: Scope, most: int, size: int = _PAGE) -> Iterator[pd.DataFrame]:
    """All rows in parts of `size`, `most` altogether; each part begins where the last one ended."""
    query = _SQL["lines_after"]
    after_at, after_event = scope.since - timedelta(days=1), ""
    left = most
    while left > 0:
        top = min(size, left)
        frame = warehouse.ask(query, **scope.bound(query, after_at=after_at, after_event=after_event, top=top)).frame
        if not frame.empty:
            yield frame
        if len(frame) < top:
            return
        after_at, after_event = _moment(frame), str(frame["event_id"].iloc[-1])
        left -= top


def _moment(frame: pd.DataFrame) -> datetime:
    found: datetime = frame["invoice_date"].iloc[-1].to_pydatetime()
    return found
