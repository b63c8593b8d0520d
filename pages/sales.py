"""What was sold in a period: how much, when, where, and on which weekdays and hours."""

from __future__ import annotations

import streamlit as st

from pages.parts import asked, behind, evidence, frame, over_time, places, states, tiles
from queries import definitions as d
from queries.reports import sales

HEADLINE = (d.NET_SALES, d.ORDERS, d.AVERAGE_ORDER)
FURTHER = (d.GROSS_SALES, d.RETURNS, d.ADJUSTMENTS, d.UNITS, d.LINES)
AVERAGES = (d.PER_HOUR, d.PER_DAY, d.PER_MONTH, d.PER_YEAR)

state, span = frame.begin(
    "Sales",
    "What was sold, when and where? Days and hours are those of the invoices, in UTC. Click a chart to ask on.",
    narrows=("step", "country", "weekday", "hour"),
    compares=True,
)
scope, compared = state.scope, state.compared
asking = asked.together(
    asked.warehouse(sales.totals, scope),
    asked.warehouse(sales.by_period, state.whole, state.by),
    asked.warehouse(sales.by_weekday_hour, scope.without("weekday", "hour")),
    asked.warehouse(sales.by_country, scope.without("country")),
    *([asked.warehouse(sales.totals, compared)] if compared else []),
    *([asked.warehouse(sales.by_period, state.compared_whole, state.by)] if compared else []),
)
totals, course, hours, countries = asking[:4]
before = asking[4:]

sold = None
with states.panel("Sales totals"):
    sold = totals.figure().row
    if not sold["lines"]:
        frame.nothing_sold(state, span)
    else:
        earlier = before[0].figure().row if before else None
        tiles.headline(HEADLINE, sold, earlier=earlier, against=state.compare)
        tiles.further(FURTHER, sold)
        tiles.further(AVERAGES, sold)
        evidence.show("Sales totals", totals)

if sold is None or sold["lines"] or state.step:
    with states.panel("Sales over time"):
        over_time.show(state, course, before[1] if before else None, HEADLINE)
    left, right = st.columns(2, gap="medium")
    with left, states.panel("By weekday and hour"):
        places.weekdays(state, hours)
    with right, states.panel("By country"):
        places.countries(state, countries)
    behind.lines(scope, None if sold is None else int(sold["lines"]))
