"""The same figure from the other engine, and whether the two agree."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from queries.reports import lake_sales, sales

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pandas as pd

    from queries.figure import Figure

# A report of the warehouse, and the one that asks the lake the same; the latter takes the first and the last arrival
# hour before what the former takes.
TWINS: Mapping[Callable[..., Figure], Callable[..., Figure]] = {
    sales.totals: lake_sales.totals,
    sales.by_period: lake_sales.by_period,
    sales.by_country: lake_sales.by_country,
    sales.by_weekday_hour: lake_sales.by_weekday_hour,
}
_KEYS = ("period", "country", "weekday", "hour", "stock_code", "customer", "month", "day")


@dataclass(frozen=True)
class Difference:
    """Where two engines differ: in which row (by its keys) and column, and what each says; None for no such row."""

    row: tuple[object, ...]
    column: str
    ours: Any
    theirs: Any


def differences(ours: pd.DataFrame, theirs: pd.DataFrame) -> list[Difference]:
    """All cells in which two answers of one shape differ, to the last digit; empty when they agree."""
    keys = [name for name in _KEYS if name in ours.columns]
    columns = [name for name in ours.columns if name not in keys and name in theirs.columns]
    mine, other = _rows(ours, keys, columns), _rows(theirs, keys, columns)
    nothing = dict.fromkeys(columns)
    return [
        Difference(row, name, mine.get(row, nothing)[name], other.get(row, nothing)[name])
        for row in dict.fromkeys([*mine, *other])
        for name in columns
        if not _same(mine.get(row, nothing)[name], other.get(row, nothing)[name])
    ]


def _rows(frame: pd.DataFrame, keys: list[str], columns: list[str]) -> dict[tuple[object, ...], dict[str, Any]]:
    return {
        tuple(record[key] for key in keys): {name: record[name] for name in columns}
        for record in frame.to_dict("records")
    }


def _same(one: Any, other: Any) -> bool:  # noqa: ANN401 - a number, text or nothing
    if one is None or other is None:
        return one is other
    if isinstance(one, str) or isinstance(other, str):
        return bool(one == other)
    return Decimal(str(one)) == Decimal(str(other))
