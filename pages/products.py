"""Which products sold most in a period."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from pages.parts import asked, charts, evidence, filters, head, states, tables, words
from queries import definitions as d
from queries.reports import products

TOP = 10
NAME_LENGTH = 26
UNNAMED = "no description"

head.show("Products", "Which products sold most, by value and by quantity, and which one led each day, month or year?")
span = filters.sales_span()
period, by = filters.period(span, scope="sales", by_options=("day", "month", "year"))


def ranked(title: str, measure: d.Measure, kind: str) -> None:
    """One ranking: its chart, and the same as text."""
    (answering,) = asked.together(asked.warehouse(products.top, period, kind, TOP))
    top = answering.figure()
    if top.empty:
        states.no_sales() if span.first is None else st.info(f"No sales from {words.period(period)}.")
        return
    frame = top.frame
    names = list(frame["description"].fillna(UNNAMED))
    shares = [
        float(v) / float(a) if a else 0
        for v, a in zip(frame[measure.column], frame[f"all_{measure.column}"], strict=True)
    ]
    st.subheader(f"{title}: {words.plain(names[0])}")
    shown = [words.short_money(v) if measure.unit == "money" else words.count(v) for v in frame[measure.column]]
    charts.show(
        charts.ranking([words.shortened(name, NAME_LENGTH) for name in names], frame[measure.column], shown, measure),
        key=f"top {kind}",
        alt=f"The {len(frame)} products with the greatest {measure.label.lower()}, {words.period(period)}.",
    )
    table = pd.DataFrame(
        {
            "No.": frame["place"].astype(int),
            "Product": [words.plain(f"{name} ({code})") for name, code in zip(names, frame["stock_code"], strict=True)],
            measure.label: frame[measure.column].astype(float),
            "Share": shares,
        }
    )
    exact = "£{:,.2f}" if measure.unit == "money" else "{:,.0f}"
    st.table(table.style.format({measure.label: exact, "Share": "{:.1%}"}), border="horizontal", hide_index=True)
    evidence.show(title, answering)


st.markdown(f"**{words.period(period)}** · {span.told()}")
by_value, by_quantity = st.columns(2, gap="medium")
with by_value, states.panel("Top products by value"):
    ranked("Most by value", d.NET_SALES, "value")
with by_quantity, states.panel("Top products by quantity"):
    ranked("Most by quantity", d.UNITS, "quantity")

with states.panel("The leading products"):
    (answering,) = asked.together(asked.warehouse(products.best_of_each, period, by))
    leaders = answering.figure()
    if not leaders.empty:
        st.subheader(f"What led each {by}")
        table = pd.DataFrame(
            {
                by.capitalize(): [words.step(start, by) for start in leaders.frame["period"]],
                "Net sales": leaders.frame["net_sales"].astype(float),
                "Product": leaders.frame["description"].fillna(UNNAMED),
                "Quantity": leaders.frame["units"],
                "Code": leaders.frame["stock_code"],
            }
        )
        st.dataframe(tables.formatted(table, {"Net sales": words.money, "Quantity": words.count}), hide_index=True)
        evidence.show("The leading products", answering)
