"""The latest day at a glance."""

from __future__ import annotations

import streamlit as st

from pages.parts import active_now, asked, charts, evidence, head, newest_event, states, tiles, words
from queries import definitions as d
from queries.period import Period
from queries.reports import sales
from queries.scope import Scope

DAYS = 30
PICKED = "overview day"
MEASURES = (d.NET_SALES, d.ORDERS, d.AVERAGE_ORDER, d.RETURNS)

if day := st.session_state.pop(PICKED, None):
    st.switch_page("pages/sales.py", query_params={"start": day, "end": day, "by": "hour"})
head.show("Overview", "How did the latest day sell, and is that more or less than the last day that sold before it?")
with states.panel("The latest day"):
    (spanning,) = asked.together(asked.warehouse(sales.span))
    span = spanning.figure().row
    newest_event.remember(span["newest_at"])
    if not span["lines"]:
        states.no_sales()
        st.stop()
    latest = span["newest_at"].date()
    st.markdown(
        f"**{latest:%A}, {words.day(latest)}**, up to the newest event at {span['newest_at']:%H:%M} UTC "
        f"({words.age(span['newest_at'])})"
    )
    (answering,) = asked.together(
        asked.warehouse(sales.by_period, Scope.of(Period.last_days(DAYS, latest)), "day"),
    )
    days = answering.figure()
    earlier = days.frame.iloc[:-1]
    before = earlier[earlier["lines"] > 0].tail(1).to_dict("records")
    with st.grid(3, min_column_width=185):
        against = f"vs {before[0]['period']:%a} {before[0]['period'].day}" if before else ""
        for measure in MEASURES:
            course = list(days.frame[measure.column])
            if before:
                tiles.compared(measure, course, before[0][measure.column], against)
            else:
                tiles.tile(measure, course[-1])
        active_now.tile()
        tiles.newest(span["newest_at"], list(days.frame["lines"]), before[0]["lines"] if before else None, against)

    best = days.greatest("net_sales")
    st.subheader(
        f"{words.day(best['period'])} sold most in {DAYS} days: {words.short_money(best['net_sales'])}",
        help=f"{d.NET_SALES.label}: {d.NET_SALES.definition}",
    )
    chart = charts.columns(days.frame, d.NET_SALES, "day")
    charts.show(
        chart,
        key="overview days",
        alt=f"Net sales by day over the {DAYS} days to {words.day(latest)}.",
        pick=lambda place: st.session_state.update({PICKED: f"{days.frame['period'][place]:%Y-%m-%d}"}),
        names=[words.day(day) for day in days.frame["period"]],
        what="a day",
    )
    st.caption("Click a day for its sales by hour.")
    evidence.show("The latest days", answering, more={"The newest event": spanning}, chart=chart)
    st.page_link("pages/sales.py", label="Any period, by hour, day, month or year", icon=":material/payments:")
