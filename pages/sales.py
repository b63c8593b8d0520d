"""What was sold in a period, and when."""

from __future__ import annotations

import streamlit as st

from pages.parts import asked, charts, filters, head, states, tiles, words
from queries import definitions as d
from queries.reports import sales

HEADLINE = (d.NET_SALES, d.ORDERS, d.AVERAGE_ORDER)
FURTHER = (d.GROSS_SALES, d.RETURNS, d.ADJUSTMENTS, d.UNITS, d.LINES)

head.show("Sales", "What was sold, and when? Days and hours are those of the invoices, in UTC.")
span = filters.sales_span()
period, by = filters.period(span, scope="sales")

with states.panel("Sales totals"):
    totals = asked.figure(sales.totals, period)
    if not totals.row["lines"]:
        if span.first is None:
            states.no_sales()
        else:
            st.info(f"No sales from {words.period(period)}. Choose **All** above for every day there is.")
        st.stop()
    st.markdown(f"**{words.period(period)}** · {span.told()}")
    tiles.headline(HEADLINE, totals.row)
    tiles.further(FURTHER, totals.row)

with states.panel("Sales over time"):
    course = asked.figure(sales.by_period, period, by)
    best = course.greatest("net_sales")
    st.subheader(f"{words.step(best['period'], by)} sold most: {words.short_money(best['net_sales'])}")
    for tab, measure in zip(st.tabs([m.label for m in HEADLINE]), HEADLINE, strict=True):
        with tab:
            charts.show(
                charts.course(course.frame, measure, by),
                key=f"sales {measure.column}",
                alt=f"{measure.label} by {by}, {words.period(period)}.",
            )
    states.evidence(course.evidence)
