"""How old the newest event behind a figure of the warehouse is: asked of the rollups, when somebody wants to know.

A rollup knows an event by its hour, its day or its month, and no closer than that. No order line is read for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from queries.loader import load
from queries.reports.customer import NOBODY
from queries.reports.invoices import ANY_AMOUNT
from queries.scope import ALL

if TYPE_CHECKING:
    from collections.abc import Mapping

    from queries.figure import Engine, Figure
    from queries.loader import Query
    from queries.period import By

# What events are told apart by here, and what leaves none of them out.
_ALL: dict[str, Any] = {
    "since": datetime(1900, 1, 1),  # noqa: DTZ001 - the engines' timestamps are naive UTC
    "until": datetime(2200, 1, 1),  # noqa: DTZ001
    "country": ALL,
    "dow": -1,
    "hour_of_day": -1,
    "product": ALL,
    "customer": ALL,
}
# How a query divides, ranks or turns pages of the events that it is about, all of them.
_ARRANGED = {
    "by", "top", "skipped", "measure", "bottom", "most", "months_since", "months_until", "aside",
}  # fmt: skip
_NO_BOUNDS = ("", ANY_AMOUNT, -ANY_AMOUNT)

_SQL = load("warehouse")


@dataclass(frozen=True)
class About:
    """The events that a figure is about: `since` and the others as its query has them bound.

    `closer` says that the figure is narrowed by more than the query that tells the newest of these events knows: none
    of the figure's own is newer.
    """

    since: datetime
    until: datetime
    country: str
    dow: int
    hour_of_day: int
    product: str
    customer: str
    closer: bool = False

    @property
    def only_time(self) -> bool:
        """Whether nothing but time narrows them."""
        return all(getattr(self, name) == value for name, value in _ALL.items() if name not in {"since", "until"})

    @property
    def by(self) -> By | None:
        """How finely the newest of them is known; None where its moment is."""
        if self.customer:
            return None
        if self.product:
            return "month" if self.country else "day"
        return "hour"

    @property
    def query(self) -> Query:
        """What tells the newest of them."""
        return _SQL[f"newest_of_{'customer' if self.customer else 'product' if self.product else 'scope'}"]


def about(parameters: Mapping[str, object]) -> About:
    """What a query of the warehouse that was asked with `parameters` is about."""
    given = dict(parameters)
    if "customer_id" in given:
        who = given.pop("customer_id")
        given["customer"] = NOBODY if who == -1 else str(who)
    known = _ALL | {name: value for name, value in given.items() if name in _ALL}
    found = About(**known)
    narrowed = {name for name, value in given.items() if name not in _ARRANGED and value not in _NO_BOUNDS}
    unknown = {name for name in narrowed if given[name] != _ALL.get(name)} - set(found.query.parameters)
    return About(**known, closer=bool(unknown))


def event(warehouse: Engine, of: About) -> Figure:
    """One row: the moment of the `newest` event, or when the hour, day or month (`of.by`) that holds it begins.

    None without any.
    """
    query = of.query
    return warehouse.ask(query, **{name: getattr(of, name) for name in query.parameters})
