"""What arrived in the lake, by arrival hour, from Athena."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pandas as pd

from queries.loader import load

if TYPE_CHECKING:
    from datetime import datetime

    from queries.figure import Engine, Figure
    from queries.period import Period

_SQL = load("lake")


def by_hour(lake: Engine, period: Period, now: datetime) -> Figure:
    """One row per hour of `period` until `now`: `hour` (UTC), `records`, `events` (zero where nothing came).

    `newest_sent_at` is the newest record's. No rows at all when nothing arrived in the period.
    """
    found = lake.ask(_SQL["arrivals_by_hour"], first=period.first_hour, last=period.last_hour)
    if found.empty:
        return found
    hours = pd.to_datetime(found.frame["datehour"], format="%Y/%m/%d/%H")
    rows = found.frame.assign(hour=hours, newest_sent_at=pd.to_datetime(found.frame["newest_sent_at"])).set_index(
        "hour"
    )
    last = max(hours.max(), pd.Timestamp(min(period.until - timedelta(hours=1), now)))
    every = pd.date_range(period.since, last, freq="h", name="hour")
    counts = rows[["records", "events"]].reindex(every, fill_value=0)
    return found.of(counts.assign(newest_sent_at=rows["newest_sent_at"]).reset_index())
