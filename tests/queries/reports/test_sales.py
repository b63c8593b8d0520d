from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from queries.figure import Evidence, Figure
from queries.period import Period
from queries.reports import sales
from queries.scope import Scope

if TYPE_CHECKING:
    from queries.loader import Query
    from queries.period import By

moment = datetime.fromisoformat
MEASURES = ("net_sales", "gross_sales", "returns", "adjustments", "orders", "return_orders", "units", "lines")
SOLD_IN = {"hours": 4, "days": 2, "months": 1, "years": 1}


class Canned:
    """An engine with one answer, which notes what it was asked."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self.frame = frame
        self.asked: dict[str, object] = {}

    def ask(self, query: Query, **parameters: object) -> Figure:
        query.check(parameters)
        self.asked = parameters
        return Figure(self.frame, Evidence(query.name, "canned", query.sql, parameters, 0.0))


def rows(*periods: tuple[datetime, int]) -> pd.DataFrame:
    return pd.DataFrame(
        [{"period": at} | {name: Decimal(value) for name in MEASURES} for at, value in periods],
        columns=["period", *MEASURES],
    )


def test_totals_ask_for_both_days_and_know_the_average() -> None:
    engine = Canned(pd.DataFrame([{name: Decimal(10) for name in MEASURES} | {"orders": 3} | SOLD_IN]))
    figure = sales.totals(engine, Scope.of(Period(date(2010, 12, 1), date(2010, 12, 2))))
    everything = {"country": "", "dow": -1, "hour_of_day": -1}
    assert engine.asked == {"since": moment("2010-12-01"), "until": moment("2010-12-03")} | everything
    assert figure.row["average_order"] == Decimal("3.33")
    assert figure.row["per_day"] == Decimal("5.00")


def test_without_orders_there_is_no_average() -> None:
    engine = Canned(pd.DataFrame([dict.fromkeys([*MEASURES, *SOLD_IN], 0)]))
    assert sales.totals(engine, Scope.of(Period(date(2010, 12, 1), date(2010, 12, 2)))).row["average_order"] is None


@pytest.mark.parametrize(
    ("by", "start", "end", "expected"),
    [
        ("hour", date(2011, 1, 1), date(2011, 1, 1), 24),
        ("day", date(2011, 1, 1), date(2011, 1, 31), 31),
        ("month", date(2010, 11, 15), date(2011, 2, 3), 4),
        ("year", date(2010, 1, 1), date(2012, 1, 1), 3),
    ],
)
def test_steps_without_sales_are_zero(by: By, start: date, end: date, expected: int) -> None:
    first = moment("2011-01-01")
    found = rows((first, 5)) if by != "month" else rows((moment("2010-12-01"), 5), (moment("2011-01-01"), 5))
    frame = sales.by_period(Canned(found), Scope.of(Period(start, end)), by).frame
    assert len(frame) == expected
    assert sum(frame["net_sales"]) == 5 * len(found)
    assert frame["period"].is_monotonic_increasing


def test_nothing_sold_stays_empty() -> None:
    assert sales.by_period(Canned(rows()), Scope.of(Period(date(2011, 1, 1), date(2011, 1, 2))), "day").empty


def test_the_greatest_row_comes_by_name() -> None:
    frame: dict[str, Any] = Figure(
        rows((moment("2011-01-01"), 1), (moment("2011-01-02"), 7)), Evidence("", "", "", {}, 0)
    ).greatest("net_sales")
    assert frame["period"] == moment("2011-01-02")
