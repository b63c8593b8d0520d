"""All customers: the best ones, new and returning, RFM segments, cohorts, countries; from the warehouse's rollups.

Whoever bought without a customer id is a group of its own in each of them, by the name 'no customer id'. Of some
customers alone (`who`), that group is none: each report asks the rollups by customer and by invoice then.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pandas as pd

from queries import segments
from queries.loader import load
from queries.reports import steps
from queries.who import EVERYBODY

if TYPE_CHECKING:
    from queries.figure import Engine, Figure
    from queries.loader import Query
    from queries.period import By
    from queries.scope import Scope
    from queries.who import Who

_NARROWER = ("weekday", "hour", "product", "customer")

_SQL = load("warehouse")


def top(warehouse: Engine, country: str, count: int, who: Who = EVERYBODY) -> Figure:
    """One row per customer, the `count` with the greatest net sales of all time, and `place` 0 for no customer id.

    Columns `place`, `customer`, `country`, `net_sales`, `orders`, `returns`, `units`, `last_at`. With a country, only
    customers who live there, and what was sold there without a customer id.
    """
    query, chosen = _among("customers_top", who)
    return warehouse.ask(query, country=country, top=count, **chosen)


def top_of_period(warehouse: Engine, scope: Scope, count: int, who: Who = EVERYBODY) -> Figure:
    """The same of a period, by its invoices; reads each of them, so it is asked for, not shown by itself."""
    query, chosen = _among("customers_top_of_period", who)
    return warehouse.ask(query, **scope.without(*_NARROWER).bound(query, top=count, **chosen))


def new_and_returning(warehouse: Engine, scope: Scope, by: By, who: Who = EVERYBODY) -> Figure:
    """One row per day, month or year that the scope touches: `period`, orders and net sales of each standing.

    Columns are `new_orders`, `returning_orders`, `nobody_orders`, and the same with `net_sales`. A new order is a
    customer's first one ever, so new orders are new customers. No rows at all without invoices.
    """
    query, chosen = _among("customers_new_returning", who)
    found = warehouse.ask(query, **scope.without(*_NARROWER).bound(query, by=by, **chosen))
    if found.empty:
        return found
    every = steps.between(scope.since, scope.until, by)
    return found.of(found.frame.set_index("period").reindex(every, fill_value=0).reset_index())


def in_segments(warehouse: Engine, country: str, who: Who = EVERYBODY) -> Figure:
    """One row per segment, in the order of segments.SEGMENTS: `key`, `name`, `customers`, `orders`, `net_sales`.

    The last row is that of no customer id: its `customers` is None, its `key` empty.
    """
    query, chosen = _among("customers_scored", who)
    found = warehouse.ask(query, country=country, **chosen)
    sums: dict[str, list[Any]] = {segment.key: [0, 0, Decimal(0)] for segment in segments.SEGMENTS}
    sums[""] = [None, 0, Decimal(0)]
    for row in found.frame.to_dict("records"):
        scores = int(row["recency"]), int(row["frequency"]), int(row["monetary"])
        held = sums["" if scores[0] < 0 else segments.of(*scores).key]
        held[0] = None if held[0] is None else held[0] + int(row["customers"])
        held[1] += int(row["orders"])
        held[2] += Decimal(row["net_sales"])
    names = [*(segment.name for segment in segments.SEGMENTS), segments.NOBODY]
    columns = zip(*sums.values(), strict=True)
    frame = pd.DataFrame({"key": list(sums), "name": names})
    for name, values in zip(("customers", "orders", "net_sales"), columns, strict=True):
        frame[name] = pd.Series(values, dtype=object)
    return found.of(frame)


def cutoffs(warehouse: Engine) -> Figure:
    """One row per score: the least day, number of orders and net sales that earn it; None for a score of nobody."""
    return warehouse.ask(_SQL["customers_cutoffs"])


def of_segment(warehouse: Engine, who: Who, country: str, count: int, page: int = 1) -> Figure:
    """One row per customer of these, the greatest net sales first, `count` on a page; `found` counts them all."""
    return warehouse.ask(
        _SQL["customers_of_scores"], country=country, top=count, skipped=(page - 1) * count, **who.bound()
    )


def cohorts(warehouse: Engine, country: str, who: Who = EVERYBODY) -> Figure:
    """One row per `cohort` (the month of the first order) and months `since` then with orders: `customers`, `share`.

    `share` is the part of the cohort's `size` that ordered in that month; 1 in the month 0. `gross_sales` is theirs.
    """
    query, chosen = _among("customers_cohorts", who)
    found = warehouse.ask(query, country=country, **chosen)
    frame = found.frame
    starts, months = pd.to_datetime(frame["cohort"]), pd.to_datetime(frame["month"])
    since = [
        (month.year - start.year) * 12 + month.month - start.month for start, month in zip(starts, months, strict=True)
    ]
    sizes = frame[frame["cohort"] == frame["month"]].set_index("cohort")["customers"]
    size = frame["cohort"].map(sizes)
    shares = [int(part) / int(whole) for part, whole in zip(frame["customers"], size, strict=True)]
    return found.of(frame.assign(since=since, size=size, share=shares))


def of_cohort(warehouse: Engine, who: Who, country: str, count: int, page: int = 1) -> Figure:
    """One row per customer of these, who have a cell; who ordered for most in its month first, `count` on a page.

    `orders` and `gross_sales` are those of that month; `found` counts all.
    """
    return warehouse.ask(
        _SQL["customers_of_cohort"], country=country, top=count, skipped=(page - 1) * count, **who.bound()
    )


def by_country(warehouse: Engine, who: Who = EVERYBODY) -> Figure:
    """One row per country, all time: `customers`, their `orders`, `net_sales`, `nobody_net_sales`; the most first."""
    query, chosen = _among("customers_by_country", who)
    return warehouse.ask(query, **chosen)


def _among(name: str, who: Who) -> tuple[Query, dict[str, object]]:
    """The query of a figure, from the rollup that is quickest for everybody, or of some customers; what these bind."""
    return (_SQL[name], {}) if who.everybody else (_SQL[f"{name}_among"], who.bound())
