"""What a figure is about: a stretch of time, narrowed by country, weekday, hour of the day, product or customer."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pipeline.errors import BadInputError
from queries.period import parse_day

if TYPE_CHECKING:
    from queries.loader import Query
    from queries.period import Period

ALL = ""
ALL_DAYS = 0
ALL_HOURS = -1
DAYS_OF_THE_WEEK = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_HOURS = 24
_LONGEST = 100
# By the name of a SQL parameter, what leaves it without effect.
_UNBOUND: dict[str, object] = {"country": ALL, "dow": -1, "hour_of_day": ALL_HOURS, "product": ALL, "customer": ALL}


@dataclass(frozen=True)
class Scope:
    """From `since` up to, not including, `until` (naive UTC), and what it is narrowed to; the defaults are everything.

    `weekday` counts from 1, Monday; `hour` is the hour of the day, 0 to 23; `customer` is an id as text, or
    'no customer id'.
    """

    since: datetime
    until: datetime
    country: str = ALL
    weekday: int = ALL_DAYS
    hour: int = ALL_HOURS
    product: str = ALL
    customer: str = ALL

    @classmethod
    def of(cls, period: Period) -> Scope:
        """All that happened in `period`."""
        return cls(period.since, period.until)

    @property
    def narrowed(self) -> bool:
        """Whether anything but time narrows it."""
        return any(getattr(self, each.name) != each.default for each in fields(self)[2:])

    def without(self, *names: str) -> Scope:
        """The same, not narrowed by `names`: for a figure that shows all countries to choose one from."""
        defaults = {each.name: each.default for each in fields(self) if each.name in names}
        return replace(self, **defaults)  # type: ignore[arg-type]  # the defaults are of their fields' types

    def bound(self, query: Query, **more: object) -> dict[str, object]:
        """The parameters that `query` takes of this scope, and `more`.

        Raises TypeError when the scope is narrowed by what the query knows nothing of: its answer would be about
        something else than the page says.
        """
        # Sunday is 0 in SQL.
        day = self.weekday % 7 if self.weekday else -1
        values: dict[str, object] = {
            "country": self.country,
            "dow": day,
            "hour_of_day": self.hour,
            "product": self.product,
            "customer": self.customer,
        }
        unknown = [name for name, value in values.items() if value != _UNBOUND[name] and name not in query.parameters]
        if unknown:
            raise TypeError(f"Query {query.name} cannot be narrowed by {', '.join(unknown)}.")
        values |= {"since": self.since, "until": self.until, **more}
        return {name: value for name, value in values.items() if name in query.parameters}


# The engines' timestamps are naive UTC.
ALWAYS = Scope(datetime(1900, 1, 1), datetime(2200, 1, 1))  # noqa: DTZ001


def parse_name(text: str) -> str:
    """A country's, product's or customer's name as an address gives it. Raises BadInputError for what cannot be one."""
    name = text.strip()
    if not name or len(name) > _LONGEST or not name.isprintable():
        raise BadInputError(f"{text[:40]!r} is no name; give 1 to {_LONGEST} letters.")
    return name


def parse_weekday(text: str) -> int:
    """1 for Monday to 7 for Sunday. Raises BadInputError for anything else."""
    if text in {str(day) for day in range(1, len(DAYS_OF_THE_WEEK) + 1)}:
        return int(text)
    raise BadInputError(f"{text[:40]!r} is no weekday; give 1 for Monday to 7 for Sunday.")


def parse_hour(text: str) -> int:
    """An hour of the day. Raises BadInputError for anything but 0 to 23."""
    if text.isascii() and text.isdigit() and len(text) <= len(str(_HOURS)) and int(text) < _HOURS:
        return int(text)
    raise BadInputError(f"{text[:40]!r} is no hour of the day; give 0 to 23.")


def parse_step(text: str) -> datetime:
    """The first moment of a step, naive UTC.

    Raises BadInputError for anything but YYYY-MM-DD or YYYY-MM-DDTHH, and for days that no period reaches.
    """
    for form in ("%Y-%m-%d", "%Y-%m-%dT%H"):
        try:
            step = datetime.strptime(text, form).replace(tzinfo=UTC).replace(tzinfo=None)
        except ValueError:
            continue
        parse_day(f"{step.date()}")
        return step
    raise BadInputError(f"{text[:40]!r} is no step in time; write it as YYYY-MM-DD or YYYY-MM-DDTHH.")
