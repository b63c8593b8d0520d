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


# The first and the last hour of whole days.
WHOLE_DAYS = (0, 23)


@dataclass(frozen=True)
class Period:
    """From `start` to `end`, both days included.

    The first day may be taken from `start_hour` on, and the last one to the end of `end_hour`.
    """

    start: date
    end: date
    start_hour: int = WHOLE_DAYS[0]
    end_hour: int = WHOLE_DAYS[1]

    def __post_init__(self) -> None:
        if self.until <= self.since:
            hours = ("", "") if self.has_whole_days else (f" {self.start_hour:02}:00", f" {self.end_hour:02}:59")
            raise BadInputError(
                f"The period ends ({self.end}{hours[1]}) before it starts ({self.start}{hours[0]}). "
                "Choose a later end or an earlier start."
            )

    @property
    def has_whole_days(self) -> bool:
        """Whether no hour of its days is left out."""
        return (self.start_hour, self.end_hour) == WHOLE_DAYS

    @property
    def days(self) -> int:
        """How many days it holds."""
        return (self.end - self.start).days + 1

    @property
    def since(self) -> datetime:
        """Its first moment."""
        return datetime(self.start.year, self.start.month, self.start.day, self.start_hour)  # noqa: DTZ001 - the engines' timestamps are naive UTC

    @property
    def until(self) -> datetime:
        """The first moment after it."""
        return self.since + timedelta(days=self.days - 1, hours=self.end_hour + 1 - self.start_hour)

    @property
    def first_hour(self) -> str:
        """Its first hour, as the lake's `datehour`."""
        return f"{self.start:%Y/%m/%d}/{self.start_hour:02}"

    @property
    def last_hour(self) -> str:
        """Its last hour, as the lake's `datehour`."""
        return f"{self.end:%Y/%m/%d}/{self.end_hour:02}"

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
