"""The hours, days, months or years of a stretch of time, each of them, whether anything happened in it or not."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from queries.period import By

_STEPS: dict[By, str] = {"hour": "h", "day": "D", "month": "M", "year": "Y"}


def between(since: datetime, until: datetime, by: By) -> pd.DatetimeIndex:
    """The first moments of the steps from the one that holds `since` to the last one before `until`."""
    return pd.period_range(since, until - timedelta(seconds=1), freq=_STEPS[by]).to_timestamp().rename("period")
