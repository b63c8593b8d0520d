"""Which products sold, from the warehouse's rollups by day and product, and by month, product and country."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal, get_args

import pandas as pd

from queries.loader import load
from queries.reports.sales import every_step, with_averages

if TYPE_CHECKING:
    from datetime import datetime

    from queries.figure import Engine, Figure
    from queries.period import By
    from queries.scope import Scope

Ranking = Literal["net_sales", "units", "orders", "returns"]
RANKINGS: tuple[Ranking, ...] = get_args(Ranking)
End = Literal["top", "bottom"]
ENDS: tuple[End, ...] = get_args(End)
# Orders of one product that are looked at for what was bought with it: the newest ones.
MOST_ORDERS = 1_000
# No rollup tells of a product by these.
_NARROWER = ("weekday", "hour", "customer", "product")

_SQL = load("warehouse")


def ranked(warehouse: Engine, scope: Scope, ranking: Ranking, end: End, count: int) -> Figure:
    """One row per product, the first `count` by `ranking`, or the last ones from the end: `place`, `stock_code`, ...

    `description`, `net_sales`, `units`, `orders`, `returns`; `worth` is what ranks it (returned pounds are positive),
    `share` its share of `all_worth`, and `cumulative` that of all from the first down to this one; None where the sum
    of all is nothing to take shares of, and `cumulative` from the end, too. `products` counts all, `for_most` those
    that together make 80%.
    With a country it is about `whole_months`.
    """
    asked = {"measure": ranking, "bottom": int(end == "bottom"), "top": count}
    if scope.country:
        query = _SQL["products_ranked_of_country"]
        found = warehouse.ask(query, **whole_months(scope).without(*_NARROWER).bound(query, **asked))
    else:
        query = _SQL["products_ranked"]
        months = _months_within(scope)
        found = warehouse.ask(query, **scope.without(*_NARROWER).bound(query, **asked, **months))
    # An order counts once for each product on it: shares of a sum of those say nothing.
    shared = ranking != "orders"
    frame = found.frame.assign(
        share=_shares(found.frame["worth"], found.frame["all_worth"], shared=shared),
        cumulative=_shares(found.frame["running"], found.frame["all_worth"], shared=shared and end == "top"),
    )
    return found.of(frame)


def whole_months(scope: Scope) -> Scope:
    """The calendar months that a scope touches: what is known by country and product."""
    last = scope.until - timedelta(microseconds=1)
    return replace(scope, since=_month(scope.since), until=_next_month(last))


def found(warehouse: Engine, typed: str, count: int) -> Figure:
    """One row per product whose code begins with `typed` or whose description holds it, the `count` best fits."""
    words = typed.strip().upper()
    escaped = words.replace("!", "!!").replace("%", "!%").replace("_", "!_")
    return warehouse.ask(_SQL["products_found"], code=words, words=f"%{escaped}%", top=count)


def totals(warehouse: Engine, scope: Scope) -> Figure:
    """One row as of `sales.totals`, of the scope's product; and its `description`, `first_day` and `last_day` ever.

    Those three are None for an unknown product. Without anything in the period `lines` is 0. No rollup holds hours by
    product, so that `per_hour` is None; with a country it is about `known`, and `per_day` is None too.
    """
    query = _SQL["product_totals"]
    found = warehouse.ask(query, **known(scope).bound(query))
    return found.of(with_averages(found.frame.assign(hours=None)))


def by_period(warehouse: Engine, scope: Scope, by: By) -> Figure:
    """One row per day, month or year that the scope touches, in order; zero where its product did not sell.

    No rows at all when it sold nothing. With a country it is about `known`. Raises TypeError when `by` is none of
    `known_by`.
    """
    if by not in known_by(scope.country):
        raise TypeError(f"A product's sales of {scope.country or 'all countries'} are not known by {by}.")
    query = _SQL["product_by_period"]
    about = known(scope)
    found = warehouse.ask(query, **about.bound(query, by=by))
    return found.of(every_step(found.frame, about, by))


def by_country(warehouse: Engine, scope: Scope) -> Figure:
    """One row per country that bought the scope's product in the whole months that it touches, the best first."""
    query = _SQL["product_by_country"]
    return warehouse.ask(query, **whole_months(scope).bound(query))


def known(scope: Scope) -> Scope:
    """What is known of a product: any days, but of one country only `whole_months`."""
    return whole_months(scope) if scope.country else scope


def known_by(country: str) -> tuple[By, ...]:
    """How finely a product's sales are known, in all countries or in one: no rollup holds its hours."""
    return ("month", "year") if country else ("day", "month", "year")


def together(warehouse: Engine, scope: Scope, product: str, count: int) -> Figure:
    """One row per other product that was on an order with `product`: `together` orders out of `looked_at`.

    `share` is that part of the orders with `product`, and `lift` how many times that is the part of all orders that
    hold the other one; None without such orders. Reads the order lines of the product's newest orders.
    """
    query = _SQL["products_together"]
    asked = warehouse.ask(query, since=scope.since, until=scope.until, product=product, most=MOST_ORDERS, top=count)
    frame = asked.frame
    shares = [int(both) / int(all_) for both, all_ in zip(frame["together"], frame["looked_at"], strict=True)]
    lifts = [
        share / (float(orders) / float(everything)) if orders else None
        for share, orders, everything in zip(shares, frame["orders"], frame["all_orders"], strict=True)
    ]
    return asked.of(frame.assign(share=shares, lift=pd.Series(lifts, index=frame.index, dtype=object)))


def best_of_each(warehouse: Engine, scope: Scope, by: By) -> Figure:
    """One row per day, month or year with sales, newest first, with the product that sold most by value."""
    months = _months_within(scope) if by in {"month", "year"} else _no_months(scope)
    return warehouse.ask(_SQL["best_products"], since=scope.since, until=scope.until, by=by, **months)


def _months_within(scope: Scope) -> dict[str, datetime]:
    """The bounds of the calendar months that lie wholly within the scope."""
    since = scope.since if scope.since == _month(scope.since) else _next_month(scope.since)
    until = _month(scope.until)
    return {"months_since": since, "months_until": until} if since < until else _no_months(scope)


def _no_months(scope: Scope) -> dict[str, datetime]:
    return {"months_since": scope.until, "months_until": scope.until}


def _month(moment: datetime) -> datetime:
    return moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def _next_month(moment: datetime) -> datetime:
    return _month(_month(moment) + timedelta(days=31))


def _shares(parts: pd.Series[Any], wholes: pd.Series[Any], *, shared: bool) -> pd.Series[Any]:
    shares = [
        float(part) / float(whole) if shared and whole > 0 else None for part, whole in zip(parts, wholes, strict=True)
    ]
    return pd.Series(shares, index=parts.index, dtype=object)
