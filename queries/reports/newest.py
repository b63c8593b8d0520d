"""How old the newest event behind a figure of the warehouse is, asked when somebody wants to know.

A rollup knows an event by its hour, its day or its month, and no closer than that; invoices know their moments. Order
lines are read only for figures that are read from them, too.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from queries.loader import load
from queries.reports.customer import NOBODY
from queries.reports.invoices import ANY_AMOUNT
from queries.scope import ALL, ALWAYS
from queries.who import EVERYBODY

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from queries.figure import Engine, Figure
    from queries.loader import Query
    from queries.period import By

# What events are told apart by here, and what leaves none of them out.
_ALL: dict[str, Any] = {
    "since": ALWAYS.since,
    "until": ALWAYS.until,
    "country": ALL,
    "dow": -1,
    "hour_of_day": -1,
    "product": ALL,
    "customer": ALL,
}
# How a query divides, ranks or turns pages of the events that it is about, all of them.
_ARRANGED = {
    "by", "ordered", "top", "skipped", "measure", "bottom", "most", "months_since", "months_until", "aside",
}  # fmt: skip
# Who is asked about, or what was typed: one query for each knows all of these.
_OF_WHO, _OF_TYPED = set(EVERYBODY.bound()), {"code", "words", "top"}
# About orders alone, while what tells the newest event knows returns and adjustments, too.
_OF_ORDERS = {"customers_cohorts", "customers_cohorts_among", "customers_of_cohort"}
_NO_BOUNDS = ("", ANY_AMOUNT, -ANY_AMOUNT)

_SQL = load("warehouse")


@dataclass(frozen=True)
class About:
    """The events that a figure is about: `since` and the others as its query has them bound.

    `more` is what it binds besides: who is asked about, or the product that was typed. `closer` says that the figure is
    narrowed by more than the query that tells the newest of these events knows: none of the figure's own is newer.
    """

    since: datetime
    until: datetime
    country: str
    dow: int
    hour_of_day: int
    product: str
    customer: str
    more: Mapping[str, object] = field(default_factory=dict, hash=False)
    closer: bool = False

    @property
    def only_time(self) -> bool:
        """Whether nothing but time narrows them."""
        others = (getattr(self, name) == value for name, value in _ALL.items() if name not in {"since", "until"})
        return not self.more and all(others)

    @property
    def by(self) -> By | None:
        """How finely the newest of them is known; None where its moment is."""
        known: dict[str, By] = {"found": "day", "product": "month" if self.country else "day", "scope": "hour"}
        return known.get(self._by_what)

    @property
    def query(self) -> Query:
        """What tells the newest of them."""
        return _SQL[f"newest_of_{self._by_what}"]

    @property
    def _by_what(self) -> str:
        if self.more:
            return "found" if "code" in self.more else "who"
        of_hours = (self.dow, self.hour_of_day) != (-1, -1)
        if (self.customer and (self.product or of_hours)) or (self.product and of_hours):
            return "lines"
        return "customer" if self.customer else "product" if self.product else "scope"


def about(parameters: Mapping[str, object], name: str = "") -> About:
    """What the query `name` of the warehouse that was asked with `parameters` is about."""
    given = dict(parameters)
    if "customer_id" in given:
        who = given.pop("customer_id")
        given["customer"] = NOBODY if who == -1 else str(who)
    more: dict[str, object] = {}
    if given.keys() >= _OF_WHO:
        # Without a period a figure of all time is of customers by where they live, with one it is of invoices.
        more = {name: given[name] for name in _OF_WHO} | {"at_home": int("since" not in given)}
    elif given.keys() >= _OF_TYPED:
        more = {name: given[name] for name in _OF_TYPED}
    known = _ALL | {name: value for name, value in given.items() if name in _ALL}
    found = About(**known, more=more)
    narrowed = {name for name, value in given.items() if name not in _ARRANGED and value not in _NO_BOUNDS}
    unknown = {name for name in narrowed if given[name] != _ALL.get(name)} - set(found.query.parameters)
    return About(**known, more=more, closer=bool(unknown) or name in _OF_ORDERS)


def event(warehouse: Engine, of: About) -> Figure:
    """One row: the moment of the `newest` event, or when the hour, day or month (`of.by`) that holds it begins.

    None without any.
    """
    query = of.query
    bound = {name: getattr(of, name) for name in _ALL} | dict(of.more)
    return warehouse.ask(query, **{name: bound[name] for name in query.parameters})
