"""Headline figures as text, each with its definition on hover."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.parts import theme, words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from queries.definitions import Measure


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


def headline(measures: Sequence[Measure], numbers: Mapping[str, Any], notes: Mapping[str, str] | None = None) -> None:
    """The page's headline figures side by side, exact; one below the other where there is no room."""
    with st.grid(len(measures), min_column_width=230):
        for measure in measures:
            tile(measure, numbers[measure.column], (notes or {}).get(measure.column))


def further(measures: Sequence[Measure], numbers: Mapping[str, Any]) -> None:
    """More figures in short form, with the exact value on hover."""
    with st.grid(len(measures), min_column_width=140):
        for measure in measures:
            number = numbers[measure.column]
            short = words.short_money(number) if measure.unit == "money" else words.count(number)
            exact = f"Exactly {value(measure, number)}. {measure.definition}"
            st.metric(measure.label, short, help=exact, border=True, height="stretch")


def compared(measure: Measure, numbers: Sequence[Any], against: str) -> None:
    """The last of `numbers` with its change from the one before, and the course of them all."""
    now = numbers[-1]
    before = numbers[-2] if len(numbers) > 1 else None
    known = [float(number) if number is not None else 0.0 for number in numbers]
    changed = None if now is None or before is None else words.change(now, before)
    st.metric(
        measure.label,
        value(measure, now),
        delta=changed,
        delta_color=theme.OF_MEASURE[measure.column][1],
        delta_description=against if changed else None,
        help=measure.definition,
        chart_data=known,
        border=True,
        height="stretch",
    )
