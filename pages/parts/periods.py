"""The period that a page is about: in its address, in the pickers, and carried from page to page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from pages.parts import charts, hours, narrowing, newest_event, options, states, words
from pipeline.errors import BadInputError
from queries.period import FIRST_DAY, GRAINS, LAST_DAY, WHOLE_DAYS, By, Period, natural_by, parse_by, parse_day, today

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from streamlit.delta_generator import DeltaGenerator

    from pages.parts.asked import Answering

_OF_SALES = "sales"
_DEFAULT_DAYS = 90
_SHORTCUTS = {"7 days": 7, "30 days": 30, "90 days": 90, "1 year": 365}
_OF_ARRIVALS = {"Today": 1, "2 days": 2, "7 days": 7, "30 days": 30}
_ALL = "All"
_HOURS = {"hour": 24.0, "day": 1.0, "month": 1 / 28, "year": 1 / 365}


@dataclass(frozen=True)
class Span:
    """The days that there are sales for; None when there are none, or when the warehouse does not say (not `known`).

    `newest_at` is the invoice date of the newest event; `answering` is the answer that says so.
    """

    first: date | None = None
    newest_at: datetime | None = None
    known: bool = True
    answering: Answering | None = None

    @property
    def newest(self) -> date | None:
        """The last day that there are sales for."""
        return self.newest_at.date() if self.newest_at else None

    def told(self) -> str:
        """How old the newest event is, in words."""
        return f"newest event {words.moment(self.newest_at)} UTC, {words.age(self.newest_at)}" if self.newest_at else ""


def sales_span(answering: Answering) -> Span:
    """The days of the first and the newest order line that the warehouse knows, as `sales.span` answers."""
    figure = states.if_there("The days with sales", answering)
    if figure is None:
        return Span(known=False)
    row = figure.row
    newest_event.remember(row["newest_at"])
    return Span(row["first_at"].date(), row["newest_at"], answering=answering) if row["lines"] else Span()


def period(
    span: Span,
    *,
    scope: str,
    by_options: Sequence[By] = GRAINS,
    days: int = _DEFAULT_DAYS,
    by_hours: bool = False,
    series: int = 1,
    row: DeltaGenerator | None = None,
) -> tuple[Period, By]:
    """The pickers, and what they say: the address first, then what was chosen on another page of this `scope`.

    They stand in `row` when there is one; `by_hours` adds those of the first and the last hour; `series` is how many a
    chart over time may show. Of a period that ends before it starts is told: sales are of the period that the page
    would choose itself then, and the lake is not asked, which ends the run.
    """
    newest = span.newest or today()
    default = Period.last_days(days, newest)
    start, end, by = _from_address(scope, default, by_options)
    between = hours.chosen(scope) if by_hours else WHOLE_DAYS
    with row or row_of_pickers():
        _pickers(scope, start, end, _shortcuts(scope, span), between)
        if by_hours:
            hours.pick(scope, between)
        by = _divider(scope, by, by_options)
    try:
        chosen = Period(start, end, *between)
    except BadInputError as error:
        if scope != _OF_SALES:  # what the lake is asked costs by what it reads: it is asked for nothing unasked
            st.warning(str(error), icon=":material/date_range:")
            st.stop()
        st.warning(f"{error} Until then this is {words.period(default)}.", icon=":material/date_range:")
        return default, by
    if span.known or (start, end) != (default.start, default.end):
        _remember(scope, start, end, by if len(by_options) > 1 else None)  # but for days that were guessed
    if by_hours:
        hours.remember(scope, between)
    return chosen, _fine_enough(chosen, by, charts.MOST_POINTS // series) if len(by_options) > 1 else by


def row_of_pickers() -> DeltaGenerator:
    """Where the pickers of a page stand."""
    return st.container(horizontal=True, vertical_alignment="bottom", gap="small")


def _from_address(scope: str, default: Period, by_options: Sequence[By]) -> tuple[date, date, By]:
    before = st.session_state.get(f"period {scope}")
    start: date
    end: date
    by: By | None
    start, end, by = before or (default.start, default.end, None)
    for name, text in st.query_params.to_dict().items():
        try:
            if name == "start":
                start = parse_day(text)
            elif name == "end":
                end = parse_day(text)
            elif name == "by":
                by = parse_by(text)
        except BadInputError as error:
            states.ignored(name, error)
    return start, end, _divided(default if end < start else Period(start, end), by, by_options)


def _divided(chosen: Period, by: By | None, by_options: Sequence[By]) -> By:
    """The division asked for where it is one of the page's, else the natural one, or the page's first."""
    found = by if by and by in by_options else natural_by(chosen)
    return found if found in by_options else by_options[0]


def _pickers(scope: str, start: date, end: date, shortcuts: Mapping[str, Period], between: tuple[int, int]) -> None:
    keys = {name: f"{scope} {name}" for name in ("shortcut", "start", "end")}
    shown = (start, end, *between)
    st.session_state[keys["start"]], st.session_state[keys["end"]] = start, end
    st.session_state[keys["shortcut"]] = next(
        (name for name, p in shortcuts.items() if (p.start, p.end, p.start_hour, p.end_hour) == shown), None
    )

    def picked() -> None:
        # An emptied picker says nothing: the day before stays.
        narrowing.put(_texts(start=st.session_state[keys["start"]], end=st.session_state[keys["end"]]))

    def jumped() -> None:
        name = st.session_state[keys["shortcut"]]
        if name:
            hours.remember(scope, WHOLE_DAYS)
            chosen = shortcuts[name]
            narrowing.put(_texts(step="", start=chosen.start, end=chosen.end, by=natural_by(chosen)))

    st.pills("Period", list(shortcuts), key=keys["shortcut"], on_change=jumped)
    for name, label in (("start", "From"), ("end", "To")):
        st.date_input(
            label,
            key=keys[name],
            on_change=picked,
            format="DD/MM/YYYY",
            width=140,
            min_value=FIRST_DAY,
            max_value=LAST_DAY,
        )


def _shortcuts(scope: str, span: Span) -> dict[str, Period]:
    newest = span.newest or today()
    # Arrivals have no span of their own; they are near today.
    lengths = _SHORTCUTS if scope == _OF_SALES else _OF_ARRIVALS
    found = {name: Period.last_days(days, newest) for name, days in lengths.items()}
    return found | ({_ALL: Period(span.first, newest)} if span.first else {})


def _divider(scope: str, by: By, choices: Sequence[By]) -> By:
    key = f"{scope} by"
    st.session_state[key] = by

    def divided() -> None:
        narrowing.put(_texts(step="", by=st.session_state[key]))  # an hour is no day

    if len(choices) > 1:
        st.segmented_control("By", list(choices), key=key, required=True, format_func=str.capitalize, on_change=divided)
    return by


def _texts(**values: object) -> dict[str, str]:
    return {name: str(value) for name, value in values.items() if value is not None}


def _remember(scope: str, start: date, end: date, by: By | None) -> None:
    """For the other pages, too; one that divides by nothing leaves them the division of the same days."""
    before = st.session_state.get(f"period {scope}") or (None, None, None)
    kept = before[2] if before[:2] == (start, end) else None
    st.session_state[f"period {scope}"] = (start, end, by or kept)
    options.put_all(_texts(start=start, end=end, by=by))


def _fine_enough(chosen: Period, by: By, most: int) -> By:
    """The division asked for, or the next one of which a chart can carry all, `most` points."""
    for coarser in GRAINS[GRAINS.index(by) :]:
        if chosen.days * _HOURS[coarser] <= most:
            if coarser != by:
                st.info(f"{words.count(chosen.days)} days are too many to show by {by}; shown by {coarser}.")
            return coarser
    return "year"
