"""Numbers, dates and ages as people read them."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st

from queries.scope import DAYS_OF_THE_WEEK

if TYPE_CHECKING:
    from queries.period import By, Period
    from queries.scope import Scope
    from queries.selection import Selection

UNNAMED = "no description"  # of a product
_SHORT = {"minute": "min", "hour": "h", "day": "d"}
_TENFOLD = 1000
_PENCE = Decimal("0.01")
_LAST_HOUR = 23
_HUNDREDTHS_OF_PENCE = Decimal("0.0001")
# Of the calendar's 400 years, in which it comes round.
_YEAR_S, _MONTH_S = 31_556_952, 2_629_746
_STEPS = ((_YEAR_S, "year"), (_MONTH_S, "month"), (86400, "day"), (3600, "hour"), (60, "minute"))
# A colon begins something only before a letter, as in :material/x: and :red[x].
_MARKDOWN = re.compile(r"[\\`$*_\[\]<>#~|&]|:(?=[A-Za-z])|(?<=:material)/")
# What Streamlit makes an emoji of, escaped or not.
_EMOJI = re.compile(r":(?=[\w+-]+:)", re.ASCII)
# Where to part what Streamlit's Markdown makes a link, a dash or an arrow of without being asked.
_UNASKED = re.compile(r"(?<=:)(?=//)|(?<=www)(?=\.)|(?=@)|(?<=-)(?=[->])|(?<=<)(?=[-=])|(?<=[>~])(?==)", re.IGNORECASE)
_UNITS = ((10**9, "G"), (10**6, "M"), (10**3, "k"))


def money(pounds: Decimal | float | None) -> str:
    """Exact to the penny: £9,747,747.93. A long dash for nothing."""
    if pounds is None:
        return "—"
    exact = Decimal(str(pounds)).quantize(_PENCE, ROUND_HALF_UP)  # a float as it is written: 2.675 itself is less
    return f"{'-' if exact < 0 else ''}£{abs(exact):,}"


def short_money(pounds: Decimal | float) -> str:
    """Three significant figures: £1.46M, £12.3k, £86."""
    return f"{'-' if pounds < 0 else ''}£{_three_figures(abs(float(pounds)), '')}"


def count(number: float) -> str:
    """A whole number with separators: 541,909."""
    return f"{int(number):,}"


def size(amount: float) -> str:
    """Bytes in units of 1,000: 5.6 MB."""
    return f"{_three_figures(amount, ' ')}B" if amount >= 1000 else f"{int(amount)} B"  # noqa: PLR2004 - the first unit


def duration(seconds: float) -> str:
    """340 ms, or 1.2 s."""
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


def price(pounds: Decimal | float) -> str:
    """A unit price: two decimals, or the up to four that it has."""
    exact = Decimal(str(pounds)).quantize(_HUNDREDTHS_OF_PENCE).normalize()
    places = max(2, -int(exact.as_tuple().exponent))
    return f"{'-' if exact < 0 else ''}£{abs(exact):,.{places}f}"


def shortened(text: str, length: int) -> str:
    """At most `length` letters, with a mark where more were."""
    return text if len(text) <= length else f"{text[: length - 1].rstrip()}…"


def change(now: Decimal | float, before: Decimal | float) -> str | None:
    """How much more or less, in percent: +4.1%. None when there is nothing to compare with, or over tenfold."""
    if not before:
        return None
    percent = (float(now) - float(before)) / abs(float(before)) * 100
    return f"{percent:+.1f}%" if abs(percent) < _TENFOLD else None


def day(moment: date) -> str:
    """9 Dec 2011."""
    return f"{moment.day} {moment:%b %Y}"


def moment(instant: datetime) -> str:
    """9 Dec 2011, 12:50."""
    return f"{day(instant)}, {instant:%H:%M}"


def period(chosen: Period) -> str:
    """1 Dec 2010 to 9 Dec 2011; where it is not whole days: 9 Dec 2011, 08:00 to 9 Dec 2011, 09:59."""
    if not chosen.has_whole_days:
        return f"{moment(chosen.since)} to {moment(chosen.until - timedelta(minutes=1))}"
    return day(chosen.start) if chosen.start == chosen.end else f"{day(chosen.start)} to {day(chosen.end)}"


def step(start: datetime, by: By) -> str:
    """One hour, day, month or year by its name: November 2011."""
    match by:
        case "hour":
            return f"{start:%H}:00 on {day(start)}"
        case "day":
            return day(start)
        case "month":
            return f"{start:%B %Y}"
        case _:
            return f"{start:%Y}"


def scope(of: Scope) -> str:
    """When it is: 13 Jun 2011 to 10 Sep 2011, 11 Aug 2011; of an hour or several, 9 Dec 2011, 09:00 to 09:59."""
    last = of.until - timedelta(minutes=1)
    if of.since.hour or last.hour != _LAST_HOUR:
        return f"{moment(of.since)} to {last:%H:%M}"
    return day(of.since) if of.since.date() == last.date() else f"{day(of.since)} to {day(last)}"


def none_sold(one: str) -> str:
    """The title where there is no best country, day or customer: each sold nothing, or took back more."""
    return f"No {one} has net sales above £0"


def during(state: Selection) -> str:
    """When what a page is about happened: in November 2011, on 9 Dec 2011, from 1 Dec 2010 to 9 Dec 2011."""
    if state.step is None:
        return f"{'on' if state.period.days == 1 else 'from'} {period(state.period)}"
    preposition = {"hour": "at", "day": "on"}.get(state.by, "in")
    return f"{preposition} {step(state.step, state.by)}"


def first_of(shown: int, number: int, many: str) -> str:
    """The first 8 of 37 countries. Nothing where all are shown."""
    return f"The first {shown} of {count(number)} {many}." if shown < number else ""


def those(number: int, one: str, many: str) -> str:
    """The country, the 8 countries."""
    return f"the {one}" if number == 1 else f"the {number} {many}"


def about(state: Selection, *but: str) -> str:
    """When and of what: in November 2011, France, Sundays; `but` names what this figure is not narrowed by."""
    parts = {
        "country": state.country,
        "weekday": f"{DAYS_OF_THE_WEEK[state.weekday - 1]}s" if state.weekday else "",
        "hour": f"{state.hour}:00 to {state.hour + 1}:00" if state.hour >= 0 else "",
        "product": state.product and f"product {state.product}",
    }
    when = during(replace(state, step=None) if "step" in but else state)
    return ", ".join([when, *(text for name, text in parts.items() if text and name not in but)])


def a(by: By) -> str:
    """Any one of them: an hour, a day."""
    return f"an {by}" if by == "hour" else f"a {by}"


def age(instant: datetime, now: datetime | None = None) -> str:
    """How long ago: 3 minutes ago. Of what is yet to come, in how long: in 3 minutes."""
    seconds = ((now or datetime.now(UTC)) - _aware(instant)).total_seconds()
    for length, name in _STEPS:
        if abs(seconds) >= length:
            number = int(abs(seconds) // length)
            told = f"{number:,} {name}{'s' if number > 1 else ''}"
            return f"{told} ago" if seconds > 0 else f"in {told}"
    return "just now"


def span(length: timedelta) -> str:
    """A length of time in its greatest unit: 10 minutes, an hour."""
    seconds = length.total_seconds()
    unit, name = next((unit, name) for unit, name in (*_STEPS, (1, "second")) if seconds >= unit)
    number = round(seconds / unit)
    return f"{number} {name}s" if number > 1 else f"{'an' if name == 'hour' else 'a'} {name}"


def short_age(instant: datetime, now: datetime | None = None) -> str:
    """How long ago, where there is little room: 3 min ago."""
    told = age(instant, now)
    for name, short in _SHORT.items():
        told = told.replace(f"{name}s", short).replace(name, short)
    return told


def here(instant: datetime) -> str:
    """The time in the reader's own zone, to the second: 14:03:22, or with its day when that is not today."""
    local = _aware(instant).astimezone(_zone())
    today = datetime.now(UTC).astimezone(_zone()).date()
    return f"{local:%H:%M:%S}" if local.date() == today else f"{day(local)}, {local:%H:%M:%S}"


def utc(instant: datetime) -> str:
    """The same in UTC, for the hover."""
    return f"{_aware(instant).astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def instant(text: str) -> datetime:
    """A time as our tables and audits write it, in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def plain(text: str) -> str:
    """Text from elsewhere, so that Markdown shows it as it is."""
    return _MARKDOWN.sub(r"\\\g<0>", _EMOJI.sub(":\N{WORD JOINER}", text))


def foreign(text: str, length: int) -> str:
    """A name that anybody may have sent, for Markdown: shortened, to the letter, with its own direction of writing."""
    shown = plain(_UNASKED.sub("\N{WORD JOINER}", shortened(text, length)))
    return f"\N{FIRST STRONG ISOLATE}{shown}\N{POP DIRECTIONAL ISOLATE}"


def _three_figures(number: float, gap: str) -> str:
    rounded = float(f"{number:.3g}")
    for unit, letter in _UNITS:
        if rounded >= unit:
            scaled = rounded / unit
            return f"{scaled:,.0f}{gap}{letter}" if scaled >= 1000 else f"{scaled:.3g}{gap}{letter}"  # noqa: PLR2004 - three figures
    return f"{rounded:.3g}"


def _aware(instant: datetime) -> datetime:
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def _zone() -> ZoneInfo:
    try:
        return ZoneInfo(st.context.timezone or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")
