"""The frame of every analyst's page: title, pickers, what it is narrowed to, and the order lines behind it.

How a page uses it (Sales is the example to read):

1. `frame.begin(title, question, narrows=..., compares=...)` shows the head and the pickers and answers the page's
   whole state, a `Selection`, and the `Span` of days that there are sales for. `narrows` names the filters that the
   page's figures know (country, product, customer, weekday, hour, step); the state is in the address alone.
2. `asked.together(asked.warehouse(report, scope), ...)` asks all figures side by side. A report takes the engine and
   a `Scope` (`state.scope`; `state.whole` ignores the step that was clicked; `scope.without("country")` is for the
   chart that countries are chosen in) and binds it with `scope.bound(query)`, which refuses to ignore a filter.
3. Each figure is shown in a `states.panel(name)`, which tells of errors and of waiting in its place; under it stands
   `evidence.show(name, answering, chart=chart)`: evidence, refresh, CSV, Parquet, chart. Where a panel shows more than
   one answer, `more={"In words": other}` puts the others' beside it.
4. A chart whose points can be clicked is shown with `charts.show(..., pick=...)`, which calls
   `narrowing.choose(country=...)`: it sets a filter, or drops it when it was set to that already. Put the filter's
   value in the chart's key.
5. `behind.lines(Which(state.scope), count)` at the end offers the order lines of the same scope, paged in the engine;
   a `Which` also tells those that no scope does, as those of a segment's customers.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import streamlit as st

from pages.parts import asked, evidence, filters, head, narrowing, periods, states, views, words
from queries.period import GRAINS
from queries.reports import sales
from queries.scope import DAYS_OF_THE_WEEK
from queries.selection import end_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pages.parts.periods import Span
    from queries.period import By
    from queries.selection import Selection

_ICON = ":material/close:"
_NEWEST_WIDTH = 350
_FINER: dict[By, By] = {"year": "month", "month": "day", "day": "hour"}


def begin(
    title: str,
    answers: str,
    *,
    narrows: Sequence[str] = (),
    compares: bool = False,
    by_options: Sequence[By] = GRAINS,
    series: int = 1,
    more: Callable[[Span], Mapping[str, str]] | None = None,
) -> tuple[Selection, Span]:
    """The head, the pickers and the breadcrumb of a page; what it is about, and the days that there are sales for.

    `series` is how many a chart over time shows; `more` tells what else of the address narrows the page, by its name
    there, in words.
    """
    head.show(title, answers)
    of_days, *of_countries = asked.together(
        asked.warehouse(sales.span), *([asked.warehouse(sales.countries)] if "country" in narrows else [])
    )
    span = periods.sales_span(of_days)
    state = filters.selection(
        span, next(iter(of_countries), None), narrows=narrows, compares=compares, by_options=by_options, series=series
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{words.period(state.period)}**", width="content")
        if span.answering:
            # So wide that it gets a line of its own on a small screen, where it would be cut off.
            with st.container(width=_NEWEST_WIDTH):
                evidence.show("The newest event", span.answering, label=span.told())
        st.space("stretch")
        views.menu(title.lower())
    crumbs = {name: text for name, text in _crumbs(state).items() if name in narrows}
    crumbs |= {name: words.plain(text) for name, text in (more(span) if more else {}).items() if text}
    _breadcrumb(state, crumbs, zooms=_FINER.get(state.by) in by_options)
    return state, span


def nothing_sold(state: Selection, span: Span) -> None:
    """The empty state of a page: no sales at all, or none in what was chosen."""
    if span.first is None and span.known:
        states.no_sales()
        return
    narrowed = _crumbs(state)
    to = f" narrowed to {', '.join(narrowed.values())}" if narrowed else ""
    everything = "Choose **All** above for every day there is" if span.first else "Choose another period above"
    if not span.known:
        everything += ", or try again: which days there are sales for is not known"
    way = "Clear a filter above" if narrowed else everything
    when = words.during(replace(state, step=None))
    st.info(f"No sales {when}{to}. {way}.", icon=":material/search_off:")


def _breadcrumb(state: Selection, crumbs: Mapping[str, str], *, zooms: bool) -> None:
    """What the page is narrowed to, each with a way out; and, if it `zooms`, a way into a step of the period."""
    place = st.empty()  # there or not, what follows keeps its place on the page, and who chose there the focus
    if not crumbs:
        return
    with place.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown("Narrowed to", width="content")
        for name, text in crumbs.items():
            st.button(
                text, key=f"crumb {name}", icon=_ICON, on_click=narrowing.clear, args=(name,), help="Click to clear"
            )
        if state.step is not None and zooms:
            st.button(
                "Zoom in", key="crumb zoom", icon=":material/zoom_in:", type="tertiary", on_click=_zoom, args=(state,)
            )
        if len(crumbs) > 1:
            st.button("Clear all", key="crumb all", type="tertiary", on_click=narrowing.clear, args=tuple(crumbs))


def _crumbs(state: Selection) -> dict[str, str]:
    """By a filter's name, what is chosen in words."""
    found = {
        "step": words.step(state.step, state.by) if state.step else "",
        "country": state.country,
        "weekday": f"{DAYS_OF_THE_WEEK[state.weekday - 1]}s" if state.weekday else "",
        "hour": f"{state.hour}:00 to {state.hour + 1}:00" if state.hour >= 0 else "",
        "product": state.product and f"product {state.product}",
        "customer": state.customer and f"customer {state.customer}",
    }
    return {name: words.plain(text) for name, text in found.items() if text}


def _zoom(state: Selection) -> None:
    """Make the chosen step the period, divided one finer."""
    if state.step is None:
        return
    last = (end_of(state.step, state.by) - timedelta(seconds=1)).date()
    start, end = max(state.step.date(), state.period.start), min(last, state.period.end)
    narrowing.put({"step": "", "start": str(start), "end": str(end), "by": _FINER[state.by]})
