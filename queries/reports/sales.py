"""What was sold: totals and their course over time, from the warehouse's rollup by hour and country."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pandas as pd

from queries.loader import load

if TYPE_CHECKING:
    from queries.figure import Engine, Figure
    from queries.period import By, Period

_SQL = load("warehouse")
_STEPS: dict[By, str] = {"hour": "h", "day": "D", "month": "M", "year": "Y"}
_PENCE = Decimal("0.01")


def span(warehouse: Engine) -> Figure:
    """One row: `first_at` and `newest_at` (invoice dates, UTC, null when there is nothing), `lines`."""
    return warehouse.ask(_SQL["sales_span"])


def totals(warehouse: Engine, period: Period) -> Figure:
    """One row with every measure of sales over `period`; `average_order` is None without orders."""
    found = warehouse.ask(_SQL["sales_totals"], since=period.since, until=period.until)
    return found.of(_with_average(found.frame))


def by_period(warehouse: Engine, period: Period, by: By) -> Figure:
    """One row per hour, day, month or year that `period` touches, in order; zero where nothing was sold.

    Each row sums only what lies within `period`. No rows at all when nothing was sold in it.
    """
    found = warehouse.ask(_SQL["sales_by_period"], since=period.since, until=period.until, by=by)
    if found.empty:
        return found
    frame = found.frame.assign(period=pd.to_datetime(found.frame["period"])).set_index("period")
    last = period.until - timedelta(seconds=1)
    steps = pd.period_range(period.since, last, freq=_STEPS[by]).to_timestamp().rename("period")
    return found.of(_with_average(frame.reindex(steps, fill_value=0).reset_index()))


def _with_average(frame: pd.DataFrame) -> pd.DataFrame:
    averages = [
        (Decimal(gross) / int(orders)).quantize(_PENCE) if orders else None
        for gross, orders in zip(frame["gross_sales"], frame["orders"], strict=True)
    ]
    return frame.assign(average_order=pd.Series(averages, index=frame.index, dtype=object))
