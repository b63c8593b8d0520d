"""What arrived in the lake, hour by hour."""

from __future__ import annotations

from datetime import UTC, datetime

import streamlit as st

from pages.parts import asked, charts, columns, evidence, head, periods, sessions, states, tiles, words
from queries import definitions as d
from queries.reports import arrivals

DAYS = 2


def this_hour() -> datetime:
    """The hour it is, UTC; the figure is asked for anew when it changes."""
    return datetime.now(UTC).replace(tzinfo=None, minute=0, second=0, microsecond=0)


head.show("Lake", "What arrived in the lake's files, by arrival hour in UTC; asked of Athena.")
period, _ = periods.period(periods.Span(), scope="arrivals", by_options=("hour",), days=DAYS, by_hours=True)


def arrived(answering: asked.Answering) -> None:
    """Totals, and records hour by hour."""
    found = answering.figure()
    if found.empty:
        states.nothing(
            "arrivals in these hours",
            "Order lines reach the lake within a minute: `python -m pipeline replay FILE --max` sends some.",
        )
        return
    frame = found.frame
    totals = {name: int(frame[name].sum()) for name in ("records", "events")}
    newest = frame["newest_sent_at"].max()
    repeats = totals["records"] - totals["events"]
    tiles.headline(
        (d.EVENTS, d.RECORDS),
        totals,
        {"records": f"{words.count(repeats)} repeats", "events": f"newest sent {words.age(newest)}"},
    )
    busiest = found.greatest("records")
    st.subheader(
        f"Most arrived at {words.step(busiest['hour'], 'hour')} UTC: {words.count(busiest['records'])} records"
    )
    charts.show(
        columns.of(frame, d.RECORDS, "hour", time="hour"),
        key="arrivals",
        alt=f"Records by arrival hour, {words.period(period)}.",
    )
    evidence.show("Arrivals", answering)


with states.panel("Arrivals"):
    (asking,) = asked.together(asked.lake(arrivals.by_hour, period, this_hour()))
    arrived(asking)
sessions.show(period)
