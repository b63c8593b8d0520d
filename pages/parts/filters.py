"""What an analyst's page is about: its whole state, from its address and the pickers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st

from pages.parts import narrowing, periods, states, words
from pipeline.errors import BadInputError
from queries.period import GRAINS, By
from queries.scope import ALL
from queries.selection import COMPARES, PARSERS, Compare, Selection, start_of, written

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pages.parts.asked import Answering
    from pages.parts.periods import Span

COMPARED: dict[Compare, str] = {"none": "nothing", "previous": "the period before", "year": "a year before"}


def selection(
    span: Span,
    countries: Answering | None,
    *,
    narrows: Sequence[str],
    compares: bool,
    by_options: Sequence[By] = GRAINS,
    series: int = 1,
) -> Selection:
    """The whole state of an analyst's page, from its address, with its pickers.

    `narrows` are the filters that the page's figures know; the address is not heard about others. `countries` are those
    to choose from, where the page can be narrowed to one. `series` is how many a chart over time shows.
    """
    row = periods.row_of_pickers()
    if compares and st.query_params.get("compare", "none") != "none":
        series *= 2
    chosen, by = periods.period(span, scope="sales", by_options=by_options, row=row, series=series)
    found = Selection(chosen, by)
    for name in (*narrows, *(["compare"] if compares else [])):
        text = st.query_params.get(name, "")
        try:
            if text:
                found = replace(found, **{name: PARSERS[name](text)})
        except BadInputError as error:
            states.ignored(name, error)
            st.query_params.pop(name, None)
    with row:
        if compares:
            _comparer(found)
    if countries:
        known = states.if_there("The countries", countries)
        with row:
            _countries(found, [] if known is None else list(known.frame["country"]))
    return _within(found)


def _within(found: Selection) -> Selection:
    """Without a step that is no step of the period."""
    if found.step is None or (found.scope.since < found.scope.until and found.step == start_of(found.step, found.by)):
        return found
    text = st.query_params.pop("step", "")
    of_period = f"{words.a(found.by)} of the period {words.period(found.period)}"
    states.ignored("step", BadInputError(f"{text[:40]!r} does not begin {of_period}. Choose one in the chart."))
    return replace(found, step=None)


def _comparer(found: Selection) -> None:
    st.session_state["sales compare"] = found.compare

    def compared() -> None:
        narrowing.put({"compare": written("compare", st.session_state["sales compare"])})

    st.selectbox(
        "Compared with",
        list(COMPARES),
        key="sales compare",
        format_func=COMPARED.__getitem__,
        width=190,
        on_change=compared,
    )


def _countries(found: Selection, names: Sequence[str]) -> None:
    choices = [ALL, *names] if found.country in {ALL, *names} else [ALL, found.country, *names]
    st.session_state["sales country"] = found.country

    def narrowed() -> None:
        narrowing.put({"country": st.session_state["sales country"]})

    st.selectbox(
        "Country",
        choices,
        key="sales country",
        format_func=lambda name: name or "All countries",
        width=190,
        on_change=narrowed,
    )
