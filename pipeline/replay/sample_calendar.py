"""When the invented shop sells: open hours, the week, the year with its autumn peak, good days and bad ones."""

from __future__ import annotations

import random
from bisect import bisect_right
from datetime import date, datetime, time, timedelta

# Monday to Sunday; the shop all but closes on Saturdays.
_WEEK = (0.95, 1.15, 1.0, 1.2, 0.9, 0.02, 0.55)
_MONTHS = (0.80, 0.75, 0.90, 0.80, 0.95, 0.92, 0.90, 0.92, 1.25, 1.45, 1.85, 1.20)
_CHRISTMAS = (22, 0.05)  # from this day of December there is hardly any trade
_OPENS = 8
_HOURS = (0.4, 0.9, 1.2, 1.1, 1.5, 1.4, 1.2, 1.1, 0.7, 0.4, 0.1)
_GROWTH = 0.15  # a year
_DAILY_NOISE = 0.18


class Calendar:
    """Spreads a file's rows over the days `start` to `end`, both included: `at(share)` is when that share was sold."""

    def __init__(self, start: date, end: date, seed: int) -> None:
        if end < start:
            raise ValueError(f"the span ends ({end}) before it starts ({start})")
        self._hours: list[datetime] = []
        self._until: list[float] = []
        total = 0.0
        for number in range((end - start).days + 1):
            day = start + timedelta(days=number)
            trade = _trade(day, seed) * (1 + _GROWTH * number / 365)
            for hour, weight in enumerate(_HOURS, _OPENS):
                total += trade * weight
                self._hours.append(datetime.combine(day, time(hour)))
                self._until.append(total)

    def at(self, share: float) -> datetime:
        """The minute in which `share` (0 to 1) of all rows have been sold; never earlier for a greater share."""
        wanted = share * self._until[-1]
        index = min(bisect_right(self._until, wanted), len(self._until) - 1)
        before = self._until[index - 1] if index else 0.0
        minutes = int(60 * (wanted - before) / (self._until[index] - before))
        return self._hours[index] + timedelta(minutes=min(minutes, 59))


def _trade(day: date, seed: int) -> float:
    noise = random.Random(f"{seed}/{day.toordinal()}").lognormvariate(0, _DAILY_NOISE)  # noqa: S311 - chance that repeats
    quiet = _CHRISTMAS[1] if (day.month, day.day) >= (12, _CHRISTMAS[0]) else 1.0
    return _WEEK[day.weekday()] * _MONTHS[day.month - 1] * quiet * noise
