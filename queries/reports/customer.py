"""One customer's history, from the warehouse."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from pipeline.errors import BadInputError
from queries.loader import load
from queries.reports import steps
from queries.reports.sales import with_average_order

if TYPE_CHECKING:
    from queries.figure import Engine, Figure
    from queries.period import By

NOBODY = "no customer id"
_LONGEST_ID = 18  # digits of a bigint that need no thought

_SQL = load("warehouse")


def parse(text: str) -> str:
    """A customer as an address gives it: an id, or 'no customer id'. Raises BadInputError for anything else."""
    wanted = text.strip()
    if wanted.lower() == NOBODY:
        return NOBODY
    if wanted.isascii() and wanted.isdigit() and len(wanted) <= _LONGEST_ID:
        return str(int(wanted))
    raise BadInputError(f"{text[:40]!r} is no customer: give the number, such as 17850, or {NOBODY!r}.")


def totals(warehouse: Engine, customer: str) -> Figure:
    """One row with a customer's sums of all time, country and scores; no row for an unknown customer.

    Nobody in particular has no country and scores of 0.
    """
    found = warehouse.ask(_SQL["customer_totals"], customer=customer)
    return found.of(with_average_order(found.frame)).newest("last_at")


def by_period(warehouse: Engine, customer: str, by: By) -> Figure:
    """One row per day, month or year from the first to the last invoice, zero where there was none."""
    found = warehouse.ask(_SQL["customer_by_period"], customer_id=_id(customer), by=by)
    if found.empty:
        return found
    frame = found.frame.assign(period=pd.to_datetime(found.frame["period"])).set_index("period")
    every = steps.between(frame.index.min(), frame.index.max() + pd.Timedelta(days=1), by)
    return found.of(frame.reindex(every, fill_value=0).reset_index())


def products(warehouse: Engine, customer: str, count: int) -> Figure:
    """One row per product, the `count` with the greatest net sales first; `found` counts all. Reads order lines."""
    return warehouse.ask(_SQL["customer_products"], customer_id=_id(customer), top=count)


def _id(customer: str) -> int:
    """The id, or -1 for none: no customer has a negative one."""
    return -1 if customer == NOBODY else int(customer)
