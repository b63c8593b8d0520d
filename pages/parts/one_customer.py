"""One customer's history: sums and segment, orders over time, invoices, and what was bought."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from pages.parts import asked, behind, charts, columns, evidence, invoice_lists, options, states, tables, tiles, words
from pipeline.errors import BadInputError
from queries import definitions as d
from queries import segments
from queries.reports import customer, invoices
from queries.reports.invoices import Sought
from queries.reports.lines import Which
from queries.scope import ALWAYS, Scope
from queries.selection import PARSERS, end_of, start_of, written

if TYPE_CHECKING:
    from datetime import datetime

    from pages.parts.asked import Answering
    from queries.selection import Selection

HEADLINE = (d.NET_SALES, d.ORDERS, d.AVERAGE_ORDER, d.RETURNS)
_DEFINED = f"{d.NET_SALES.label}: {d.NET_SALES.definition}"
_PRODUCTS = 20
_LISTED = tuple(name for name in options.PAGED if name != "during")


def show(state: Selection, who: str) -> None:
    """All of it, of all time; a click on a step of the course narrows the invoices and the order lines to it."""
    page, step = invoice_lists.page_number(), _step(state)
    during = ALWAYS if step is None else Scope(step, end_of(step, state.by))
    totals, course, own = asked.together(
        asked.warehouse(customer.totals, who),
        asked.warehouse(customer.by_period, who, state.by),
        asked.warehouse(invoices.sought, during, Sought(customer=who), page, invoice_lists.PAGE),
    )
    with states.panel("The customer"):
        found = totals.figure()
        if found.empty:
            st.info(
                f"There is no customer {words.plain(who)}. Clear the filter above to choose another one.",
                icon=":material/search_off:",
            )
            evidence.show("The customer", totals)
            return
        row = found.row
        name = "No customer id" if who == customer.NOBODY else f"Customer {who}"
        st.header(name)
        st.caption("The whole history: the period above does not narrow it.")
        st.markdown(_about(who, row), help=None if who == customer.NOBODY else segments.SCORES)
        tiles.headline(HEADLINE, row)
        evidence.show("The customer", totals)
        scope = Scope(
            row["first_at"].to_pydatetime(), row["last_at"].to_pydatetime() + timedelta(seconds=1), customer=who
        )
        with states.panel("Over time"):
            _course(state, course, name, step)
        with states.panel("Invoices"):
            invoice_lists.results(own, page, "pages/invoices.py")
        _products(who)
        if step is None:
            behind.lines(Which(scope), int(row["lines"]))
        else:
            behind.lines(Which(replace(during, customer=who)), label=f"Order lines of {words.step(step, state.by)}")


def _about(who: str, row: dict[str, object]) -> str:
    first, last = words.moment(row["first_at"]), words.moment(row["last_at"])  # type: ignore[arg-type]
    if who == customer.NOBODY:
        return f"{segments.NOBODY_MEANS} From {first} to {last} UTC."
    scores = tuple(int(str(row[name])) for name in ("recency", "frequency", "monetary"))
    segment = segments.of(*scores)
    told = f"{words.plain(str(row['country']))} · invoices from {first} to {last} UTC · **{segment.name}**"
    if not scores[0]:
        return f"{told}: {segment.definition}"
    recency, frequency, monetary = scores
    return f"{told} (recency {recency}, frequency {frequency}, monetary {monetary}): {segment.definition}"


def _step(state: Selection) -> datetime | None:
    """The step of the history that the address names; nonsense is told of, and ignored."""
    text = st.query_params.get("during", "")
    try:
        return start_of(PARSERS["step"](text), state.by) if text else None
    except BadInputError as error:
        states.ignored("during", error)
        return None


def _course(state: Selection, answering: Answering, name: str, step: datetime | None) -> None:
    course = answering.figure()
    if course.empty:
        return
    best = course.greatest("net_sales")
    most = f"{words.step(best['period'], state.by)} was the best: {words.short_money(best['net_sales'])}"
    st.subheader(most if best["net_sales"] > 0 else words.none_sold(state.by), help=_DEFINED)
    steps = [start.to_pydatetime() for start in course.frame["period"]]
    chart = columns.of(course.frame, d.NET_SALES, state.by, chosen=steps.index(step) if step in steps else None)
    charts.show(
        chart,
        key=f"customer course {step}",
        alt=f"Net sales of {name} by {state.by}, of all time.",
        pick=lambda place: options.put(
            "during", "" if steps[place] == step else written("step", steps[place]), _LISTED
        ),
        names=[words.step(start, state.by) for start in steps],
        what=words.a(state.by),
    )
    if step is not None:
        told = words.step(step, state.by)
        st.button(
            told, icon=":material/close:", on_click=options.put, args=("during", "", _LISTED), help="Click to clear"
        )
    evidence.show("Over time", answering, chart=chart)


def _products(who: str) -> None:
    """Asked only when somebody wants to know: it reads the customer's order lines."""
    if st.query_params.get("bought") != "1":
        st.button("What was bought?", icon=":material/inventory_2:", on_click=options.put, args=("bought", "1"))
        return
    (answering,) = asked.together(asked.warehouse(customer.products, who, _PRODUCTS))
    with states.panel("Products bought"):
        found = answering.figure()
        if found.empty:
            return
        frame = found.frame
        number = int(frame["found"].iloc[0])
        names = frame["description"].fillna(words.UNNAMED)
        several = f"{words.count(number)} {'product' if number == 1 else 'products'}"
        st.subheader(f"{several}, the most for {words.plain(str(names.iloc[0]))}", help=_DEFINED)
        table = pd.DataFrame(
            {
                "Product": [f"{name} ({code})" for name, code in zip(names, frame["stock_code"], strict=True)],
                "Net sales": frame["net_sales"].astype(float),
                "Quantity": frame["units"].astype(int),
                "Orders": frame["orders"].astype(int),
                "Last": [words.day(at) for at in frame["last_at"]],
            }
        )
        tables.show(table, {"Net sales": words.money, "Quantity": words.count, "Orders": words.count})
        evidence.show("Products bought", answering)
    st.button("Close", key="bought close", type="tertiary", on_click=options.put, args=("bought", ""))
