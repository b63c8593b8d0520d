"""What arrived in the lake, by arrival hour, from Athena."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from queries.loader import load

if TYPE_CHECKING:
    from queries.figure import Engine, Figure
    from queries.period import Period

_SQL = load("lake")


def by_hour(lake: Engine, period: Period) -> Figure:
    """One row per hour of `period` in which records arrived: `hour` (UTC), `records`, `events`, `newest_sent_at`."""
    found = lake.ask(_SQL["arrivals_by_hour"], first=period.first_hour, last=period.last_hour)
    hours = pd.to_datetime(found.frame["datehour"], format="%Y/%m/%d/%H")
    return found.of(found.frame.assign(hour=hours, newest_sent_at=pd.to_datetime(found.frame["newest_sent_at"])))
