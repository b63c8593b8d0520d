"""Headline figures as text, each with its definition on hover."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.parts import theme, words
from queries import definitions as d

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from queries.definitions import Measure


# Sums that are less than nothing: that more was returned is an increase.
_TAKEN_BACK = (d.RETURNS, d.ADJUSTMENTS)


def value(measure: Measure, number: Any) -> str:  # noqa: ANN401 - Decimal, a whole number or None
    """A measure's number as text, exact."""
    if number is None:
        return "—"
    return words.money(number) if measure.unit == "money" else words.count(number)


def tile(measure: Measure, number: Any, note: str | None = None) -> None:  # noqa: ANN401 - as above
    """One figure; `note` is a short remark under it."""
    st.metric(
        measure.label,
        value(measure, number),
        delta=note,
        delta_color="off",
        delta_arrow="off",
        help=measure.definition,
        border=True,
        height="stretch",
    )


def headline(
    measures: Sequence[Measure],
    numbers: Mapping[str, Any],
    notes: Mapping[str, str] | None = None,
    *,
    earlier: Mapping[str, Any] | None = None,
    against: str = "",
) -> None:
    """The page's headline figures side by side, exact; one below the other where there is no room.

    `earlier` are the same of the time that they are compared with, which `against` names.
    """
    with st.grid(len(measures), min_column_width=230):
        for measure in measures:
            number = numbers[measure.column]
            if earlier is None:
                tile(measure, number, (notes or {}).get(measure.column))
            else:
                _changed(measure, number, earlier[measure.column], against)


def _changed(measure: Measure, number: Any, before: Any, against: str) -> None:  # noqa: ANN401 - as above
    st.metric(
        measure.label,
        value(measure, number),
        **delta(measure, number, before, value),
        delta_description=against,
        help=f"{measure.definition} It was {value(measure, before)}.",
        border=True,
        height="stretch",
    )


def further(
    measures: Sequence[Measure], numbers: Mapping[str, Any], *, earlier: Mapping[str, Any] | None = None
) -> None:
    """More figures in short form, with the exact value on hover; `earlier` as in `headline`."""
    with st.grid(len(measures), min_column_width=140):
        for measure in measures:
            number, before = numbers[measure.column], earlier[measure.column] if earlier is not None else None
            was = f" It was {value(measure, before)}." if earlier is not None else ""
            st.metric(
                measure.label,
                _short(measure, number),
                **(delta(measure, number, before, _short) if earlier is not None else {}),
                help=f"Exactly {value(measure, number)}.{was} {measure.definition}",
                border=True,
                height="stretch",
            )


def delta(
    measure: Measure,
    number: Any,  # noqa: ANN401 - as above
    before: Any,  # noqa: ANN401
    write: Callable[[Measure, Any], str],
) -> dict[str, Any]:
    """What a tile says of the change from `before`: where a percentage says nothing, the other number."""
    if measure in _TAKEN_BACK and number is not None and before is not None and max(number, before) <= 0:
        changed = words.change(-number, -before)
    else:
        changed = None if number is None or before is None else words.change(number, before)
    return {
        "delta": changed or f"was {write(measure, before)}",
        "delta_color": theme.OF_MEASURE[measure.column][1],
        "delta_arrow": "auto" if changed and number != before else "off",
    }


def _short(measure: Measure, number: Any) -> str:  # noqa: ANN401 - as above
    if number is None:
        return "—"
    return words.short_money(number) if measure.unit == "money" else words.count(number)


def compared(measure: Measure, course: Sequence[Any], before: Any, against: str) -> None:  # noqa: ANN401 - as above
    """The last number of `course` with its change from `before`, told as `against`; the course as a sparkline."""
    st.metric(
        measure.label,
        value(measure, course[-1]),
        **delta(measure, course[-1], before, value),
        delta_description=against,
        help=measure.definition,
        chart_data=[float(number) if number is not None else 0.0 for number in course],
        border=True,
        height="stretch",
    )


def newest(at: datetime, course: Sequence[int] = (), before: int | None = None, against: str = "") -> None:
    """How old the newest event is; its sparkline is `course`, order lines a day, and its change that from `before`."""
    changed = words.change(course[-1], before) if before else None
    today = f"{words.count(course[-1])} lines" if course else None
    st.metric(
        "Newest event",
        words.short_age(at),
        delta=f"{changed} lines" if changed else today,
        delta_color="gray",
        delta_arrow="off",
        delta_description=against if changed else None,
        help=f"{d.NEWEST} It was {words.moment(at)} UTC.{' The line is order lines a day.' if course else ''}",
        chart_data=[float(number) for number in course] or None,
        border=True,
        height="stretch",
    )
