"""Which products sold, from the warehouse's rollup by day and product."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from queries.loader import load

if TYPE_CHECKING:
    from queries.figure import Engine, Figure
    from queries.period import By, Period

_SQL = load("warehouse")


def top(warehouse: Engine, period: Period, measure: Literal["value", "quantity"], count: int) -> Figure:
    """One row per product, the best first: `place`, `stock_code`, `description`, `net_sales`, `units`, `orders`.

    `all_net_sales` or `all_units` is the sum over all products of the period, for shares.
    """
    query = _SQL[f"top_products_by_{measure}"]
    return warehouse.ask(query, since=period.since, until=period.until, top=count)


def best_of_each(warehouse: Engine, period: Period, by: By) -> Figure:
    """One row per day, month or year with sales, newest first, with the product that sold most by value."""
    return warehouse.ask(_SQL["best_products"], since=period.since, until=period.until, by=by)
