"""The latest day at a glance."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import streamlit as st

from pages.parts import active_now, asked, behind, charts, columns, evidence, head, newest_event, states, tiles, words
from queries import definitions as d
from queries.period import Period
from queries.reports import sales
from queries.reports.lines import Which
from queries.scope import Scope

DAYS = 30
PICKED = "overview day"
MEASURES = (d.NET_SALES, d.ORDERS, d.AVERAGE_ORDER, d.RETURNS)

if day := st.session_state.pop(PICKED, None):
    st.switch_page("pages/sales.py", query_params={"start": day, "end": day, "by": "hour"})
head.show("Overview", "How did the latest day sell, and is that more or less than the last day that sold before it?")
(spanning,) = asked.together(asked.warehouse(sales.span))
span = None
with states.panel("The newest event"):
    span = spanning.figure().row
if span is None or not span["lines"]:
    if span:
        states.no_sales()
    with st.grid(3, min_column_width=185):
        active_now.tile()  # which other services count
    st.stop()

newest_event.remember(span["newest_at"])
latest = span["newest_at"].date()
st.markdown(
    f"**{latest:%A}, {words.day(latest)}**, up to the newest event at {span['newest_at']:%H:%M} UTC "
    f"({words.age(span['newest_at'])})"
)
scope = Scope.of(Period.last_days(DAYS, latest))
(answering,) = asked.together(asked.warehouse(sales.by_period, scope, "day"))
days = before = None
with states.panel("The latest day"):
    days = answering.figure()
with st.grid(3, min_column_width=185):
    if days:
        earlier = days.frame.iloc[:-1]
        before = next(iter(earlier[earlier["lines"] > 0].tail(1).to_dict("records")), None)
        against = f"vs {before['period']:%a} {before['period'].day}" if before else ""
        for measure in MEASURES:
            course = list(days.frame[measure.column])
            if before:
                tiles.compared(measure, course, before[measure.column], against)
            else:
                tiles.tile(measure, course[-1])
    active = st.container(height="stretch")  # filled last: it is looked up on the spot, and holds up nothing else
    lines = list(days.frame["lines"]) if days else []
    tiles.newest(span["newest_at"], lines, before["lines"] if before else None, against if before else "")
if days:
    best, dates = days.greatest("net_sales"), list(days.frame["period"])
    most = f"{words.day(best['period'])} sold most in {DAYS} days: {words.short_money(best['net_sales'])}"
    title = most if best["net_sales"] > 0 else words.none_sold("day")
    st.subheader(title, help=f"{d.NET_SALES.label}: {d.NET_SALES.definition}")
    chart = columns.of(days.frame, d.NET_SALES, "day")
    charts.show(
        chart,
        key="overview days",
        alt=f"Net sales by day over the {DAYS} days to {words.day(latest)}.",
        pick=lambda place: st.session_state.update({PICKED: f"{dates[place]:%Y-%m-%d}"}),
        names=[words.day(date) for date in dates],
        what="a day",
    )
    st.caption("Click a day for its sales by hour.")
    evidence.show("The latest days", answering, more={"The newest event": spanning}, chart=chart)
    of_latest = replace(scope, since=scope.until - timedelta(days=1))
    behind.lines(Which(of_latest), int(lines[-1]), f"Order lines of {words.day(latest)}")
with active:
    active_now.tile()
st.page_link("pages/sales.py", label="Any period, by hour, day, month or year", icon=":material/payments:")
