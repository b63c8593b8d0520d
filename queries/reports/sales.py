"""What was sold: totals, their course over time, where and when, from the warehouse's rollup by hour and country."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

import pandas as pd

from queries.loader import load
from queries.period import GRAINS
from queries.reports import steps

if TYPE_CHECKING:
    from queries.figure import Engine, Figure
    from queries.period import By
    from queries.scope import Scope

_SQL = load("warehouse")
_PENCE = Decimal("0.01")


def span(warehouse: Engine) -> Figure:
    """One row: `first_at` and `newest_at` (invoice dates, UTC, null when there is nothing), `lines`."""
    return warehouse.ask(_SQL["sales_span"]).newest("newest_at")


def countries(warehouse: Engine) -> Figure:
    """One row per `country` that anything was ever sold to, in the order of the alphabet."""
    return warehouse.ask(_SQL["sales_countries"])


def totals(warehouse: Engine, scope: Scope) -> Figure:
    """One row with every measure of sales of `scope`; an average is None where there is nothing to divide by."""
    query = _SQL["sales_totals"]
    found = warehouse.ask(query, **scope.bound(query))
    return found.of(with_averages(found.frame))


def by_period(warehouse: Engine, scope: Scope, by: By) -> Figure:
    """One row per hour, day, month or year that `scope` touches, in order; zero where nothing was sold.

    Each row sums only what lies within `scope`. No rows at all when nothing was sold in it.
    """
    query = _SQL["sales_by_period"]
    found = warehouse.ask(query, **scope.bound(query, by=by))
    return found.of(every_step(found.frame, scope, by))


def by_country(warehouse: Engine, scope: Scope) -> Figure:
    """One row per country that sold anything, the one that sold most first."""
    query = _SQL["sales_by_country"]
    found = warehouse.ask(query, **scope.bound(query))
    return found.of(with_average_order(found.frame))


def by_weekday_hour(warehouse: Engine, scope: Scope) -> Figure:
    """One row per `weekday` (1 Monday to 7 Sunday) and `hour` of the day that sold anything."""
    query = _SQL["sales_by_weekday_hour"]
    found = warehouse.ask(query, **scope.bound(query))
    return found.of(with_average_order(found.frame))


def every_step(frame: pd.DataFrame, scope: Scope, by: By) -> pd.DataFrame:
    """`frame` by `period`, with a row of zeros for each step of `scope` that has none."""
    if frame.empty:
        return frame
    held = frame.assign(period=pd.to_datetime(frame["period"])).set_index("period")
    every = steps.between(scope.since, scope.until, by)
    return with_average_order(held.reindex(every, fill_value=0).reset_index())


def with_averages(frame: pd.DataFrame) -> pd.DataFrame:
    """`frame` with the average order, and the average of each hour, day, month and year that sold anything."""
    averages = {f"per_{step}": _shares(frame["net_sales"], frame[f"{step}s"]) for step in GRAINS}
    return with_average_order(frame).assign(**averages)


def with_average_order(frame: pd.DataFrame) -> pd.DataFrame:
    """`frame` with `average_order`: gross sales by orders."""
    return frame.assign(average_order=_shares(frame["gross_sales"], frame["orders"]))


def average(amount: Decimal, count: int) -> Decimal | None:
    """To the penny, halves away from nothing; None of nothing."""
    return (Decimal(str(amount)) / int(str(count))).quantize(_PENCE, ROUND_HALF_UP) if count else None


def _shares(sums: pd.Series[Any], counts: pd.Series[Any]) -> pd.Series[Any]:
    shares = [average(amount, count) for amount, count in zip(sums, counts, strict=True)]
    return pd.Series(shares, index=sums.index, dtype=object)
