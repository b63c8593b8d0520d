"""The line over time, with what it is compared with; a click narrows the page to a step."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import streamlit as st

from pages.parts import charts, evidence, filters, narrowing, options, words
from queries.period import Period

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from pages.parts.asked import Answering
    from queries.definitions import Measure
    from queries.selection import Selection


def show(state: Selection, answering: Answering, before: Answering | None, measures: Sequence[Measure]) -> None:
    """The line of a chosen measure, the best step in the title."""
    course = answering.figure()
    if course.empty:
        return
    steps = list(course.frame["period"])
    chosen = steps.index(state.step) if state.step in steps else None
    earlier = before.figure().frame if before else None
    best = course.greatest("net_sales")
    st.subheader(
        f"{words.step(best['period'], state.by)} sold most: {words.short_money(best['net_sales'])}",
        help=f"{measures[0].label}: {measures[0].definition}",
    )
    measure = options.measure("measure", measures)
    against = f"; dashed, {filters.COMPARED[state.compare]}" if before else ""
    if state.compared_whole:
        whole = state.compared_whole
        days = Period(whole.since.date(), (whole.until - timedelta(seconds=1)).date())
        st.caption(f"Dashed: {filters.COMPARED[state.compare]}, {words.period(days)}")
    chart = charts.course(course.frame, measure, state.by, before=earlier, chosen=chosen)
    charts.show(
        chart,
        key=f"sales {measure.column} {state.step}",
        alt=f"{measure.label} by {state.by}, {words.about(state, 'step')}{against}.",
        pick=lambda place: narrowing.choose(step=steps[place].to_pydatetime()),
        names=[words.step(step, state.by) for step in steps],
        what=words.a(state.by),
    )
    more = {filters.COMPARED[state.compare].capitalize(): before} if before else None
    evidence.show("Sales over time", answering, more=more, shown=_beside(course.frame, earlier), chart=chart)


def _beside(frame: pd.DataFrame, before: pd.DataFrame | None) -> pd.DataFrame:
    """The steps with those that they are compared with beside them, as far as these go: columns named `..._before`."""
    if before is None:
        return frame
    beside = before.reset_index(drop=True).astype(object).reindex(frame.index)  # whole numbers stay that
    return frame.join(beside.where(beside.notna(), None).add_suffix("_before"))
