"""The line over time, with what it is compared with; a click narrows the page to a step."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.parts import charts, evidence, filters, narrowing, options, states, words

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from pages.parts.asked import Answering
    from pages.parts.periods import Span
    from queries.definitions import Measure
    from queries.figure import Figure
    from queries.scope import Scope
    from queries.selection import Selection


def against(state: Selection, compared: Scope | None) -> str:
    """What a tile's change is from: of one step of the chart when that is, since the chart is compared as a whole."""
    if compared is None:
        return ""
    return f"vs {words.scope(compared)}" if state.step else f"vs {filters.COMPARED[state.compare]}"


def before(what: str, state: Selection, answering: Answering) -> Figure | None:
    """What the page is compared with, its totals or its steps; the page stands without it while it is waited for."""
    return states.if_there(f"The {what} of {filters.COMPARED[state.compare]}", answering, of_its_own=False)


def show(
    state: Selection,
    answering: Answering,
    compared_with: Answering | None,
    compared: Scope | None,
    span: Span,
    measures: Sequence[Measure],
) -> None:
    """The line of a chosen measure, the best step in the title; dashed that of `compared_with`, about `compared`."""
    course = answering.figure()
    if course.empty:
        return
    steps = list(course.frame["period"])
    chosen = steps.index(state.step) if state.step in steps else None
    known = before("steps", state, compared_with) if compared_with else None
    earlier = known.frame if known else None
    best = course.greatest("net_sales")
    sold = f"{words.step(best['period'], state.by)} sold most: {words.short_money(best['net_sales'])}"
    st.subheader(
        sold if best["net_sales"] > 0 else words.none_sold(state.by),
        help=f"{measures[0].label}: {measures[0].definition}",
    )
    measure = options.measure("measure", measures)
    dashed = f"; dashed, {filters.COMPARED[state.compare]}" if known else ""
    if compared and (known or not compared_with):
        told = f"{filters.COMPARED[state.compare]}, {words.scope(compared)}"
        nothing = earlier is None or earlier.empty
        if span.first and compared.since.date() < span.first:
            told += f"; sales are known from {words.day(span.first)} on"
        st.caption(f"{'Nothing was sold in' if nothing else 'Dashed:'} {told}")
    chart = charts.course(course.frame, measure, state.by, before=earlier, chosen=chosen)
    charts.show(
        chart,
        key=f"sales {measure.column} {state.step}",
        alt=f"{measure.label} by {state.by}, {words.about(state, 'step')}{dashed}.",
        pick=lambda place: narrowing.choose(step=steps[place].to_pydatetime()),
        names=[words.step(step, state.by) for step in steps],
        what=words.a(state.by),
    )
    more = {filters.COMPARED[state.compare].capitalize(): compared_with} if compared_with else None
    evidence.show("Sales over time", answering, more=more, shown=_beside(course.frame, earlier), chart=chart)


def _beside(frame: pd.DataFrame, before: pd.DataFrame | None) -> pd.DataFrame:
    """The steps with those that they are compared with beside them, as far as these go: columns named `..._before`."""
    if before is None:
        return frame
    beside = before.reset_index(drop=True).astype(object).reindex(frame.index)  # whole numbers stay that
    return frame.join(beside.where(beside.notna(), None).add_suffix("_before"))
