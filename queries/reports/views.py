"""Page views as the lake holds them, by arrival hours, from Athena."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pandas as pd

from queries.loader import load
from queries.reports import steps

if TYPE_CHECKING:
    from datetime import datetime

    from queries.figure import Engine, Figure
    from queries.period import By, Period

MOST_PAGES = 20
MOST_NAMES = 8  # on each side of the Sankey; the rest is one more
_SQL = load("lake")
_HOUR = timedelta(hours=1)


def by_step(lake: Engine, period: Period, by: By, now: datetime) -> Figure:
    """One row per hour or day of `period` until `now` (UTC): `period`, `views`, `sessions`, zero where nothing was.

    Counted are views that arrived in the period; `outside` is how many of them occurred before or after it (the
    same in each row). No rows at all when nothing arrived.
    """
    found = lake.ask(_SQL["views_by_step"], first=period.first_hour, last=period.last_hour, by=by)
    if found.empty:
        return found
    rows = found.frame.assign(period=pd.to_datetime(found.frame["period"])).set_index("period").astype("int64")
    until = max(period.since, min(period.until - _HOUR, now)) + _HOUR
    every = steps.between(period.since, until, by)
    inside = rows.reindex(every, fill_value=0)
    outside = int(rows["views"].sum() - inside["views"].sum())
    return found.of(inside.assign(outside=outside).reset_index())


def by_page(lake: Engine, period: Period) -> Figure:
    """One row per page, the most viewed first: `views`, `sessions`, `timed`, `seconds`, `all_views`, `all_pages`."""
    return lake.ask(_SQL["views_by_page"], first=period.first_hour, last=period.last_hour, most=MOST_PAGES)


def flows(lake: Engine, period: Period) -> Figure:
    """One row per `source` and `page` with `views`: where readers come from and go to.

    A name that is not among the greatest is empty, no source at all is None.
    """
    return lake.ask(_SQL["views_by_flow"], first=period.first_hour, last=period.last_hour, most=MOST_NAMES)
