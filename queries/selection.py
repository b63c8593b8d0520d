"""What an analyst looks at: the whole state of a page, as its address holds it."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, get_args

from pipeline.errors import BadInputError
from queries.scope import ALL, ALL_DAYS, ALL_HOURS, Scope, parse_hour, parse_name, parse_step, parse_weekday

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from queries.period import By, Period

Compare = Literal["none", "previous", "year"]
COMPARES: tuple[Compare, ...] = get_args(Compare)


@dataclass(frozen=True)
class Selection:
    """A period divided `by` hour, day, month or year, what it is compared with, and what it is narrowed to.

    `step` is one of those hours, days, months or years, by its first moment; the chart over time shows them all, the
    other figures follow it.
    """

    period: Period
    by: By
    compare: Compare = "none"
    country: str = ALL
    product: str = ALL
    customer: str = ALL
    weekday: int = ALL_DAYS
    hour: int = ALL_HOURS
    step: datetime | None = None

    @property
    def whole(self) -> Scope:
        """The whole period, narrowed by everything but the step."""
        return replace(
            Scope.of(self.period),
            country=self.country,
            weekday=self.weekday,
            hour=self.hour,
            product=self.product,
            customer=self.customer,
        )

    @property
    def scope(self) -> Scope:
        """What the figures are about: the step when one is chosen, else the whole period."""
        if self.step is None:
            return self.whole
        whole = self.whole
        return replace(whole, since=max(whole.since, self.step), until=min(whole.until, end_of(self.step, self.by)))

    def earlier(self, scope: Scope) -> Scope | None:
        """What `scope` is compared with; None when nothing is.

        A year earlier; or the time just before, of the same length: as many months when it is whole months.
        """
        if self.compare == "none":
            return None
        if self.compare == "year":
            months, length = 12, timedelta()
        else:
            months = _whole_months(scope.since, scope.until)
            length = timedelta() if months else scope.until - scope.since
        since, until = (_months(moment, -months) - length for moment in (scope.since, scope.until))
        return replace(scope, since=since, until=until)


def end_of(step: datetime, by: By) -> datetime:
    """The first moment after the hour, day, month or year that begins with `step`."""
    if by == "hour":
        return step + timedelta(hours=1)
    if by == "day":
        return step + timedelta(days=1)
    return _months(step, 1 if by == "month" else 12)


def start_of(moment: datetime, by: By) -> datetime:
    """The first moment of the hour, day, month or year that `moment` lies in."""
    hour = moment.replace(minute=0, second=0, microsecond=0)
    day = hour.replace(hour=0)
    return {"hour": hour, "day": day, "month": day.replace(day=1), "year": day.replace(month=1, day=1)}[by]


def _months(moment: datetime, count: int) -> datetime:
    year, month = divmod(moment.year * 12 + moment.month - 1 + count, 12)
    first = moment.replace(year=year, month=month + 1, day=1)
    # The 31st of a shorter month is its last day's end, as banks count.
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    return first.replace(day=min(moment.day, last.day))


def _whole_months(since: datetime, until: datetime) -> int:
    """How many whole calendar months these are; 0 when they are none."""
    if since.day != 1 or until.day != 1 or since.hour or until.hour:
        return 0
    return (until.year - since.year) * 12 + until.month - since.month


def parse_compare(text: str) -> Compare:
    """What to compare with, as an address gives it. Raises BadInputError for anything unknown."""
    for compare in COMPARES:
        if text == compare:
            return compare
    raise BadInputError(f"{text[:40]!r} is nothing to compare with; use {', '.join(COMPARES)}.")


# By the name in the address, which is the field's.
PARSERS: Mapping[str, Callable[[str], Any]] = {
    "compare": parse_compare,
    "country": parse_name,
    "product": parse_name,
    "customer": parse_name,
    "weekday": parse_weekday,
    "hour": parse_hour,
    "step": parse_step,
}


def written(name: str, value: object) -> str:
    """A value as the address writes it; empty for what is not chosen."""
    default = next(each.default for each in fields(Selection) if each.name == name)
    if value is None or value == default:
        return ""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H}" if value.hour else f"{value:%Y-%m-%d}"
    return str(value)
