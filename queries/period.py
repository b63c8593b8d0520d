"""A period of days and how finely it is divided."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal, get_args

from pipeline.errors import BadInputError

By = Literal["hour", "day", "month", "year"]
GRAINS: tuple[By, ...] = get_args(By)

FIRST_DAY = date(1970, 1, 1)
LAST_DAY = date(2099, 12, 31)


@dataclass(frozen=True)
class Period:
    """From `start` to `end`, both days included."""

    start: date
    end: date

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise BadInputError(
                f"The period ends ({self.end}) before it starts ({self.start}). Choose a later end or an earlier start."
            )

    @property
    def days(self) -> int:
        """How many days it holds."""
        return (self.end - self.start).days + 1

    @property
    def since(self) -> datetime:
        """Its first moment."""
        return datetime(self.start.year, self.start.month, self.start.day)  # noqa: DTZ001 - the engines' timestamps are naive UTC

    @property
    def until(self) -> datetime:
        """The first moment after it."""
        return self.since + timedelta(days=self.days)

    @property
    def first_hour(self) -> str:
        """Its first hour, as the lake's `datehour`."""
        return f"{self.start:%Y/%m/%d}/00"

    @property
    def last_hour(self) -> str:
        """Its last hour, as the lake's `datehour`."""
        return f"{self.end:%Y/%m/%d}/23"

    @classmethod
    def last_days(cls, days: int, until: date) -> Period:
        """The `days` days that end with `until`."""
        return cls(until - timedelta(days=days - 1), until)


def today() -> date:
    """The day it is, in UTC."""
    return datetime.now(UTC).date()


def parse_day(text: str) -> date:
    """A day as an address gives it. Raises BadInputError for anything but YYYY-MM-DD within reason."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise BadInputError(f"{text[:40]!r} is not a day; write it as YYYY-MM-DD.") from None
    if not FIRST_DAY <= day <= LAST_DAY:
        raise BadInputError(f"{day} is out of range; choose a day from {FIRST_DAY.year} to {LAST_DAY.year}.")
    return day


def parse_by(text: str) -> By:
    """A division as an address gives it. Raises BadInputError for an unknown one."""
    for by in GRAINS:
        if text == by:
            return by
    raise BadInputError(f"{text[:40]!r} is no way to divide a period; use {', '.join(GRAINS)}.")


def natural_by(period: Period) -> By:
    """The division that shows a period best."""
    if period.days <= 2:  # noqa: PLR2004 - two days are 48 hours
        return "hour"
    return "day" if period.days <= 183 else "month"  # noqa: PLR2004 - half a year
