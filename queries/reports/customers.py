"""All customers: the best ones, new and returning, RFM segments, cohorts, countries; from the warehouse's rollups.

Whoever bought without a customer id is a group of its own in each of them, by the name 'no customer id'.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pandas as pd

from pipeline.errors import BadInputError
from queries import segments
from queries.loader import load
from queries.reports import steps

if TYPE_CHECKING:
    from queries.figure import Engine, Figure
    from queries.period import By
    from queries.scope import Scope
    from queries.segments import Segment

_NARROWER = ("weekday", "hour", "product", "customer")

_COHORT = re.compile(r"((?:19|20)[0-9]{2})-(0[1-9]|1[0-2])\+([0-9]{1,3})")

_SQL = load("warehouse")


def top(warehouse: Engine, country: str, count: int) -> Figure:
    """One row per customer, the `count` with the greatest net sales of all time, and `place` 0 for no customer id.

    Columns `place`, `customer`, `country`, `net_sales`, `orders`, `returns`, `units`, `last_at`. With a country, only
    customers who live there.
    """
    return warehouse.ask(_SQL["customers_top"], country=country, top=count)


def top_of_period(warehouse: Engine, scope: Scope, count: int) -> Figure:
    """The same of a period, by its invoices; reads each of them, so it is asked for, not shown by itself."""
    query = _SQL["customers_top_of_period"]
    return warehouse.ask(query, **scope.without(*_NARROWER).bound(query, top=count))


def new_and_returning(warehouse: Engine, scope: Scope, by: By) -> Figure:
    """One row per day, month or year that the scope touches: `period`, orders and net sales of each standing.

    Columns are `new_orders`, `returning_orders`, `nobody_orders`, and the same with `net_sales`. A new order is a
    customer's first one ever, so new orders are new customers. No rows at all without invoices.
    """
    query = _SQL["customers_new_returning"]
    found = warehouse.ask(query, **scope.without(*_NARROWER).bound(query, by=by))
    if found.empty:
        return found
    every = steps.between(scope.since, scope.until, by)
    return found.of(found.frame.set_index("period").reindex(every, fill_value=0).reset_index())


def in_segments(warehouse: Engine, country: str) -> Figure:
    """One row per segment, in the order of segments.SEGMENTS: `key`, `name`, `customers`, `orders`, `net_sales`.

    The last row is that of no customer id: its `customers` is None, its `key` empty.
    """
    found = warehouse.ask(_SQL["customers_scored"], country=country)
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


def of_segment(warehouse: Engine, segment: Segment, country: str, count: int) -> Figure:
    """One row per customer of a segment, the `count` with the greatest net sales first; `found` counts them all."""
    bounds: dict[str, object] = {}
    for name in ("recency", "frequency", "mean"):
        bounds[f"least_{name}"], bounds[f"greatest_{name}"] = getattr(segment, name)
    return warehouse.ask(_SQL["customers_of_scores"], country=country, top=count, **bounds)


def cohorts(warehouse: Engine, country: str) -> Figure:
    """One row per `cohort` (the month of the first order) and months `since` then with orders: `customers`, `share`.

    `share` is the part of the cohort's `size` that ordered in that month; 1 in the month 0. `gross_sales` is theirs.
    """
    found = warehouse.ask(_SQL["customers_cohorts"], country=country)
    frame = found.frame
    starts, months = pd.to_datetime(frame["cohort"]), pd.to_datetime(frame["month"])
    since = [
        (month.year - start.year) * 12 + month.month - start.month for start, month in zip(starts, months, strict=True)
    ]
    sizes = frame[frame["cohort"] == frame["month"]].set_index("cohort")["customers"]
    size = frame["cohort"].map(sizes)
    shares = [int(part) / int(whole) for part, whole in zip(frame["customers"], size, strict=True)]
    return found.of(frame.assign(since=since, size=size, share=shares))


def of_cohort(warehouse: Engine, cohort: date, since: int, country: str, count: int) -> Figure:
    """One row per customer of a cohort who ordered `since` months later, the `count` who ordered for most first.

    `orders` and `gross_sales` are those of that month; `found` counts all.
    """
    start = datetime(cohort.year, cohort.month, 1)  # noqa: DTZ001 - the engines' timestamps are naive UTC
    month = datetime(start.year + (start.month - 1 + since) // 12, (start.month - 1 + since) % 12 + 1, 1)  # noqa: DTZ001
    return warehouse.ask(_SQL["customers_of_cohort"], cohort=start, month=month, country=country, top=count)


def parse_cohort(text: str) -> tuple[date, int]:
    """A cell of the cohorts as an address gives it, `2011-01+3`: the month, and how many months later.

    Raises BadInputError for anything else.
    """
    found = _COHORT.fullmatch(text.replace(" ", "+"))  # which a plus in an address means when it is typed there
    if not found:
        raise BadInputError(f"{text[:40]!r} is no cohort; write it as 2011-01+3: the month, and the months since.")
    return date(int(found[1]), int(found[2]), 1), int(found[3])


def by_country(warehouse: Engine) -> Figure:
    """One row per country, all time: `customers`, their `orders`, `net_sales`, `nobody_net_sales`; the most first."""
    return warehouse.ask(_SQL["customers_by_country"])
