"""The order lines behind a figure, page by page as the warehouse hands them out."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pandas as pd

from queries.loader import load

if TYPE_CHECKING:
    from collections.abc import Iterator

    from queries.figure import Engine, Figure
    from queries.scope import Scope
    from queries.who import Who

_SQL = load("warehouse")
_PAGE = 50_000


def page(warehouse: Engine, scope: Scope, number: int, size: int) -> Figure:
    """The rows of page `number` (from 1) of `size` rows each, by time, invoice and line, with their `amount`."""
    query = _SQL["lines_of_scope"]
    return whole(warehouse.ask(query, **scope.bound(query, top=size, skipped=(number - 1) * size)))


def of_customers(warehouse: Engine, scope: Scope, who: Who, number: int, size: int) -> Figure:
    """The same of the customers asked about alone; `found` counts all."""
    query = _SQL["lines_of_who"]
    bound = scope.bound(query, top=size, skipped=(number - 1) * size, **who.bound())
    return whole(warehouse.ask(query, **bound))


def of_invoice(warehouse: Engine, number: str) -> Figure:
    """One row per order line of an invoice, by line: `event_id`, `line_no`, what was sold, how much of it, at what."""
    found = warehouse.ask(_SQL["lines_of_invoice"], invoice=number)
    return found.of(found.frame.astype({"line_no": "Int64"}))


def count(warehouse: Engine, scope: Scope) -> Figure:
    """One row: how many `lines` there are. It reads them; a rollup's own count is cheaper where there is one."""
    query = _SQL["lines_count"]
    return warehouse.ask(query, **scope.bound(query))


def pages(warehouse: Engine, scope: Scope, most: int, size: int = _PAGE) -> Iterator[pd.DataFrame]:
    """All rows in parts of `size`, `most` altogether, in the same order; each part begins where the last one ended."""
    query = _SQL["lines_after"]
    after: dict[str, object] = {
        "after_at": scope.since - timedelta(days=1),
        "after_invoice": "",
        "after_line": 0,
        "after_event": "",
    }
    left = most
    while left > 0:
        top = min(size, left)
        frame = _whole(warehouse.ask(query, **scope.bound(query, **after, top=top)).frame)
        if not frame.empty:
            yield frame
        if len(frame) < top:
            return
        last = frame.iloc[-1]
        after = {
            "after_at": last["invoice_date"].to_pydatetime(),
            "after_invoice": str(last["invoice_no"]),
            "after_line": 0 if pd.isna(last["line_no"]) else int(last["line_no"]),
            "after_event": str(last["event_id"]),
        }
        left -= top


def whole(found: Figure) -> Figure:
    """Order lines with whole ids, and the date of the newest of them."""
    return found.of(_whole(found.frame)).newest("invoice_date")


def _whole(frame: pd.DataFrame) -> pd.DataFrame:
    """Ids and line numbers as whole numbers, also where some are missing."""
    return frame.astype({"line_no": "Int64", "customer_id": "Int64"})
