"""Who buys: the best customers, new and returning ones, segments, cohorts, countries, and one customer's history."""

from __future__ import annotations

import streamlit as st

from pages.parts import (
    asked,
    behind,
    columns,
    customer_cohorts,
    customer_groups,
    customer_segments,
    customer_who,
    frame,
    one_customer,
    options,
    states,
    words,
)
from pipeline.errors import BadInputError
from queries.reports import customer, customers
from queries.reports.lines import Which
from queries.who import Who

TOP = 10
WHEN = {"always": "Of all time", "period": "In the period"}

of_one = bool(st.query_params.get("customer"))
state, span = frame.begin(
    "Customers",
    "Who buys most, who is new and who comes back, and who is about to be lost?",
    # One customer's history is about nobody else, and of all time and every country.
    narrows=("customer",) if of_one else ("country", "step"),
    by_options=("day", "month", "year"),
    series=columns.NUMBERS_OF_A_PART * len(customer_groups.STANDINGS),
    more=None if of_one else customer_who.crumbs,
)
if state.customer:
    try:
        one_customer.show(state, customer.parse(state.customer))
    except BadInputError as error:
        st.info(words.plain(str(error)), icon=":material/search_off:")
    st.stop()

with st.container(horizontal=True, vertical_alignment="bottom"):
    options.typed("customer", "Find a customer", "17850", icon=":material/search:", drops=options.PAGED)
    # Of a day, month or year that was clicked the best ones are those of that time.
    of_all_time = state.step is None and options.one_of("best", "The best customers", WHEN) == "always"
who = customer_who.chosen(span)
course, in_segments, cohorts, best, countries = asked.together(
    asked.warehouse(customers.new_and_returning, state.whole, state.by, who),
    # All segments and all cells stay to be chosen.
    asked.warehouse(customers.in_segments, state.country, Who(cell=who.cell)),
    asked.warehouse(customers.cohorts, state.country, Who(segment=who.segment)),
    asked.warehouse(customers.top, state.country, TOP, who)
    if of_all_time
    else asked.warehouse(customers.top_of_period, state.scope, TOP, who),
    asked.warehouse(customers.by_country, who),
)
with states.panel("Customers in numbers"):
    if course.figure().empty and span.first is None and span.known:
        frame.nothing_sold(state, span)
        st.stop()
    customer_groups.summary(state, who, course, in_segments)
with states.panel("New and returning"):
    customer_groups.new_and_returning(state, who, course)
with states.panel("Segments"):
    customer_segments.show(state, who, in_segments)
with states.panel("Cohorts"):
    customer_cohorts.show(state, who, cohorts, span.newest)
left, right = st.columns(2, gap="medium")
with left, states.panel("The best customers"):
    customer_groups.best(state, who, best, of_all_time=of_all_time)
with right, states.panel("Customers by country"):
    customer_groups.countries(state, who, countries)
of_these = f"{'' if who.everybody else ' of these customers'}{state.country and ', '}{state.country}"
time = "In the period" if state.step is None else f"Of {words.step(state.step, state.by)}"
behind.lines(Which(state.scope, who), label=f"Order lines{of_these}", of_customers=time)
