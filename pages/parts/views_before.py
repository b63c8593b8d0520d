"""What was viewed in a period, as the lake holds it: over time, by page, from where to where."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import streamlit as st

from pages.parts import asked, charts, columns, evidence, flows, operators, periods, states, words
from queries import definitions as d
from queries.reports import views

if TYPE_CHECKING:
    from pages.parts.asked import Answering

DAYS = 2
_NAME = 60  # letters


def show() -> None:
    """Three figures over one period; each fails on its own."""
    st.header("History", divider="gray")
    st.caption("Page views that arrived in the lake in these hours (UTC), each counted once; asked of Athena.")
    period, by = periods.period(periods.Span(), scope="arrivals", by_options=("hour", "day"), days=DAYS, by_hours=True)
    this_hour = datetime.now(UTC).replace(tzinfo=None, minute=0, second=0, microsecond=0)
    course, pages, flowing = asked.together(
        asked.lake(views.by_step, period, by, this_hour),
        asked.lake(views.by_page, period),
        asked.lake(views.flows, period),
    )
    with states.panel("Page views over time"):
        found = course.figure()
        if found.empty:
            _not_yet()
            return
        best = found.greatest("views")
        st.subheader(f"{words.step(best['period'], by)} had the most page views: {words.count(best['views'])}")
        drawn = columns.of(found.frame, d.VIEWS, by)
        alt = f"Page views by {by} in which they occurred, {words.period(period)}."
        charts.show(drawn, key=f"views by {by}", alt=alt)
        if best["outside"]:
            st.caption(
                f"{words.count(best['outside'])} page views arrived in these hours but occurred at other times; "
                "they are counted below, not here."
            )
        evidence.show("Page views over time", course, chart=drawn)
    with states.panel("Pages"):
        _pages(pages)
    with states.panel("From where to where"):
        _flows(flowing)


def _pages(answering: Answering) -> None:
    frame = answering.figure().frame
    if frame.empty:  # asked a moment before the figure above
        _not_yet()
        return
    first = frame.iloc[0]
    st.subheader(f"{words.foreign(first['page'], _NAME)} was viewed most: {words.count(first['views'])} times")
    operators.table(
        {
            "Page": [words.foreign(page, _NAME) for page in frame["page"]],
            "Views": [float(count) for count in frame["views"]],
            "Share": [float(count / first["all_views"]) for count in frame["views"]],
            "Sessions": [float(count) or None for count in frame["sessions"]],
            "Time spent": [
                seconds if timed else None for seconds, timed in zip(frame["seconds"], frame["timed"], strict=True)
            ],
        },
        {"Share": "{:.1%}", "Time spent": "{:,.1f} s"},
    )
    st.caption(
        f"The first {len(frame)} of {words.count(first['all_pages'])} pages. Time spent is the mean of the views "
        "that tell it; some views, such as Wikipedia's, tell of no session."
    )
    evidence.show("Pages", answering)


def _flows(answering: Answering) -> None:
    frame = answering.figure().frame
    if frame.empty:
        _not_yet()
        return
    st.subheader("Where readers come from and go to")
    drawn = flows.chart(frame)
    charts.show(drawn, key="flows", alt="Page views from each source to each page, the greatest of both.")
    evidence.show("Sources and pages", answering, chart=drawn)


def _not_yet() -> None:
    states.nothing(
        "page views from these hours in the lake",
        "They are there within a minute of their coming in; choose other hours, or send some.",
    )
