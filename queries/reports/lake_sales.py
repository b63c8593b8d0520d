"""The figures of sales.py asked of the lake: the same definitions over the files, read from `first` to `last` hour.

Columns and rows are those of the warehouse's reports, so that the two can be held against each other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from queries.loader import load
from queries.reports.sales import every_step, with_average_order, with_averages

if TYPE_CHECKING:
    from queries.figure import Engine, Figure
    from queries.loader import Query
    from queries.period import By
    from queries.scope import Scope

_SQL = load("lake")


def totals(lake: Engine, first: str, last: str, scope: Scope) -> Figure:
    """As sales.totals."""
    found = _ask(lake, _SQL["sales_totals"], scope, first=first, last=last)
    return found.of(with_averages(found.frame))


def by_period(lake: Engine, first: str, last: str, scope: Scope, by: By) -> Figure:
    """As sales.by_period."""
    found = _ask(lake, _SQL["sales_by_period"], scope, first=first, last=last, by=by)
    return found.of(every_step(found.frame, scope, by))


def by_country(lake: Engine, first: str, last: str, scope: Scope) -> Figure:
    """As sales.by_country."""
    found = _ask(lake, _SQL["sales_by_country"], scope, first=first, last=last)
    return found.of(with_average_order(found.frame))


def by_weekday_hour(lake: Engine, first: str, last: str, scope: Scope) -> Figure:
    """As sales.by_weekday_hour."""
    found = _ask(lake, _SQL["sales_by_weekday_hour"], scope, first=first, last=last)
    return found.of(with_average_order(found.frame))


def _ask(lake: Engine, query: Query, scope: Scope, **more: object) -> Figure:
    # Athena's parameters are literals: its timestamps travel as text.
    since, until = (f"{at:%Y-%m-%d %H:%M:%S}" for at in (scope.since, scope.until))
    return lake.ask(query, **(scope.bound(query) | {"since": since, "until": until} | more))
