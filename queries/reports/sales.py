"""What was sold: totals and their course over time, from the warehouse's rollup by hour and country."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pandas as pd

from queries.loader import load

if TYPE_CHECKING:
    from queries.figure import Engine, Figure
    from queries.period import By, Period

_SQL = load("warehouse")
_STEPS: dict[By, str] = {"hour": "h", "day": "D", "month": "MS", "year": "YS"}
_PENCE = Decimal("0.01")


def span(warehouse: Engine) -> Figure:
    """One row: `first_at` and `newest_at` (invoice dates, UTC, null when there is nothing), `lines`."""
    return warehouse.ask(_SQL["sales_span"])


def totals(warehouse: Engine, period: Period) -> Figure:
    """One row with every measure of sales over `period`; `average_order` is None without orders."""
    found = warehouse.ask(_SQL["sales_totals"], since=period.since, until=period.until)
    return found.of(_with_average(found.frame))


def by_period(warehouse: Engine, period: Period, by: By) -> Figure:
    """One row per hour, day, month or year of `period`, in order; zero where nothing was sold.

    The first and the last row are those that `period` touches; each sums only what lies within it.
    """
    found = warehouse.ask(_SQL["sales_by_period"], since=period.since, until=period.until, by=by)
    if found.empty:
        return found
    frame = found.frame.assign(period=pd.to_datetime(found.frame["period"])).set_index("period")
    first = pd.Timestamp(period.since) if by in {"hour", "day"} else frame.index[0]
    last = pd.Timestamp(period.until) - pd.Timedelta(1, "s") if by in {"hour", "day"} else frame.index[-1]
    steps = pd.date_range(first, last, freq=_STEPS[by], name="period")
    return found.of(_with_average(frame.reindex(steps, fill_value=0).reset_index()))


def _with_average(frame: pd.DataFrame) -> pd.DataFrame:
    averages = [
        (Decimal(gross) / int(orders)).quantize(_PENCE) if orders else None
        for gross, orders in zip(frame["gross_sales"], frame["orders"], strict=True)
    ]
    return frame.assign(average_order=pd.Series(averages, index=frame.index, dtype=object))
