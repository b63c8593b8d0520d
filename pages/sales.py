"""What was sold in a period: how much, when, where, and on which weekdays and hours."""

from __future__ import annotations

import streamlit as st

from pages.parts import asked, behind, evidence, filters, frame, one_product, over_time, places, states, tiles
from queries import definitions as d
from queries.period import GRAINS
from queries.reports import products, sales
from queries.reports.lines import Which

HEADLINE = (d.NET_SALES, d.ORDERS, d.AVERAGE_ORDER)
FURTHER = (d.GROSS_SALES, d.RETURNS, d.ADJUSTMENTS, d.UNITS, d.LINES)
AVERAGES = (d.PER_HOUR, d.PER_DAY, d.PER_MONTH, d.PER_YEAR)

# What is known of one product is no finer than its days.
of_product = bool(st.query_params.get("product"))
state, span = frame.begin(
    "Sales",
    "What was sold, when and where? Days and hours are those of the invoices, in UTC. Click a chart to ask on.",
    narrows=("step", "country", "product", *(() if of_product else ("weekday", "hour"))),
    compares=True,
    by_options=products.known_by(st.query_params.get("country", "")) if of_product else GRAINS,
)
known = products if state.product else sales
scope, whole = (products.known(each) if state.product else each for each in (state.scope, state.whole))
compared, compared_whole = state.earlier(scope), state.earlier(whole)
totals, course, countries, *more = asked.together(
    asked.warehouse(known.totals, scope),
    asked.warehouse(known.by_period, whole, state.by),
    asked.warehouse(known.by_country, state.scope.without("country")),
    *([asked.warehouse(known.totals, compared)] if compared else []),
    *([asked.warehouse(known.by_period, compared_whole, state.by)] if compared_whole else []),
    *([] if state.product else [asked.warehouse(sales.by_weekday_hour, scope.without("weekday", "hour"))]),
)
hours = None if state.product else more.pop()

sold = None
with states.panel("Sales totals"):
    sold = totals.figure().row
    if state.product and sold["first_day"] is None:
        one_product.unknown(state.product, "Clear it above, or find one on the Products page.")
    elif not sold["lines"]:
        frame.nothing_sold(state, span)
    else:
        places.product(state, sold)
        before = over_time.before("totals", state, more[0]) if more else None
        earlier = before.row if before else None
        tiles.headline(HEADLINE, sold, earlier=earlier, against=over_time.against(state, compared))
        tiles.further(FURTHER, sold, earlier=earlier)
        tiles.further([average for average in AVERAGES if sold[average.column] is not None], sold, earlier=earlier)
    tab = {filters.COMPARED[state.compare].capitalize(): more[0]} if more else None
    evidence.show("Sales totals", totals, more=tab)

if sold is None or sold["lines"] or state.step:
    with states.panel("Sales over time"):
        over_time.show(state, course, more[1] if more else None, compared_whole, span, HEADLINE)
    left, right = st.columns(2, gap="medium")
    with left, states.panel("By weekday and hour"):
        places.weekdays(state, hours)
    with right, states.panel("By country"):
        places.countries(state, countries)
    behind.lines(Which(scope), None if sold is None else int(sold["lines"]))
