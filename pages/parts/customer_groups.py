"""All customers: new and returning ones, the best ones, and where they live."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.parts import (
    charts,
    columns,
    customer_segments,
    customer_who,
    evidence,
    narrowing,
    options,
    theme,
    tiles,
    words,
)
from pipeline.errors import WeirError
from queries import definitions as d
from queries.reports.customer import NOBODY

if TYPE_CHECKING:
    import pandas as pd

    from pages.parts.asked import Answering
    from queries.selection import Selection
    from queries.who import Who

_COUNTRIES = 8
_DEFINED = (d.NEW_CUSTOMERS, d.RETURNING_ORDERS, d.NEW_NET_SALES, d.RETURNING_NET_SALES)
STANDINGS = (
    ("new", "New", theme.NEW),
    ("returning", "Returning", theme.ORDERS),
    ("nobody", "No customer id", theme.GREY),
)


def summary(state: Selection, who: Who, course: Answering, in_segments: Answering) -> None:
    """The tiles: how many customers there are, and who ordered in the period, or in the step of it."""
    found = _of_step(course.figure().frame, state)
    sums: dict[str, Any] = {
        name: found[name].sum() if len(found) else 0
        for name in ("new_orders", "returning_orders", "nobody_orders", "nobody_net_sales")
    }
    notes = {"customers": "of all time"}
    try:
        counts = in_segments.figure().frame.set_index("key")["customers"]
        sums["customers"] = counts[who.segment.key] if who.segment else counts.dropna().sum()
    except WeirError:
        sums["customers"], notes["customers"] = None, "see the segments below"  # which tell what happened
    if not who.everybody:
        sums["nobody_net_sales"] = None
        notes["nobody_net_sales"] = "not among those chosen"
    tiles.headline((d.CUSTOMERS, d.NEW_CUSTOMERS, d.RETURNING_ORDERS, d.NOBODY_NET_SALES), sums, notes)
    customer_who.note(who)
    evidence.show("New and returning customers", course, more={"How many there are": in_segments})


def new_and_returning(state: Selection, who: Who, answering: Answering) -> None:
    """Stacked columns over time, by orders or by net sales; a click narrows the page to a step."""
    found = answering.figure()
    if found.empty:
        whose = "" if who.everybody else " of these customers"
        way = "Clear a filter above" if state.country or whose else "Choose **All** above for every day there is"
        st.info(f"No invoices{whose} {words.plain(words.about(state, 'step'))}. {way}.", icon=":material/search_off:")
        evidence.show("New and returning", answering)
        return
    frame, chosen = found.frame, _of_step(found.frame, state)
    orders = sum(int(chosen[f"{name}_orders"].sum()) for name, _, _ in STANDINGS)
    back = int(chosen["returning_orders"].sum())
    share = f"{back / orders:.0%} of orders came from returning customers" if orders else "No orders"
    st.subheader(
        share,
        help="\n\n".join([*(f"{each.label}: {each.definition}" for each in _DEFINED), d.INVOICED_TO]),
    )
    measure = options.measure("standing", (d.ORDERS, d.NET_SALES))
    steps = list(frame["period"])
    parts = [columns.Part(f"{name}_{measure.column}", label, colour) for name, label, colour in STANDINGS]
    chart = columns.of_parts(
        frame, parts, measure, state.by, chosen=steps.index(state.step) if state.step in steps else None
    )
    charts.show(
        chart,
        key=f"customers {measure.column} {state.step}",
        alt=f"{measure.label} of new and returning customers by {state.by}, {words.about(state, 'step')}"
        f"{customer_who.narrowed(who)}.",
        pick=lambda place: narrowing.choose(step=steps[place].to_pydatetime()),
        names=[words.step(step, state.by) for step in steps],
        what=words.a(state.by),
    )
    customer_who.note(who)
    evidence.show("New and returning", answering, chart=chart)


def _of_step(frame: pd.DataFrame, state: Selection) -> pd.DataFrame:
    """The rows that the page is narrowed to: that of the step, where one is chosen."""
    return frame if state.step is None or frame.empty else frame[frame["period"] == state.step]


def best(state: Selection, who: Who, answering: Answering, *, of_all_time: bool) -> None:
    """The best customers as bars and text; the group without an id stands apart."""
    found = answering.figure()
    known = found.frame[found.frame["place"] > 0]
    nobody = found.frame[found.frame["place"] == 0]
    if known.empty:
        whose = "customer with an id" if who.everybody else "such customer"
        st.info(f"No {whose} bought anything there and then.", icon=":material/search_off:")
        _nobody(nobody)
        evidence.show("The best customers", answering)
        return
    name = str(known["customer"].iloc[0])
    when = "of all time" if of_all_time else words.during(state)
    net = known["net_sales"].iloc[0]
    most = f"Customer {name} bought most {when}: {words.short_money(net)}"
    whose = d.HOME if of_all_time else d.INVOICED_TO
    st.subheader(most if net > 0 else words.none_sold("customer"), help=f"{d.TOP_CUSTOMERS} {whose}")
    names = [str(each) for each in known["customer"]]
    chart = charts.ranking(
        names, known["net_sales"], [words.short_money(net) for net in known["net_sales"]], d.NET_SALES
    )
    charts.show(
        chart,
        key=f"customers best {of_all_time} {state.country} {state.step}",
        alt=f"Net sales of the {len(known)} best customers {when}{customer_who.narrowed(who, state.country)}.",
        pick=lambda place: narrowing.choose(customer=names[place]),
    )
    customer_segments.listed(known, "best")
    _nobody(nobody)
    customer_who.note(who)
    evidence.show("The best customers", answering, chart=chart)


def _nobody(found: pd.DataFrame) -> None:
    """What was sold without a customer id: a group of its own, with a history as customers have."""
    for net in found["net_sales"]:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.caption(f"Invoices without a customer id come to {words.money(net)}.", width="content")
            st.button(
                "Their history",
                key="nobody opened",
                type="tertiary",
                icon=":material/history:",
                on_click=options.put,
                args=("customer", NOBODY, options.PAGED),
            )


def countries(state: Selection, who: Who, answering: Answering) -> None:
    """Where customers live; a click narrows the page."""
    found = answering.figure()
    if found.empty:
        if not who.everybody:
            st.info("No such customer lives anywhere.", icon=":material/search_off:")
            evidence.show("Customers by country", answering)
        return
    frame = found.frame.head(_COUNTRIES)
    names = [str(name) for name in frame["country"]]
    share = float(frame["customers"].iloc[0]) / max(1.0, float(found.frame["customers"].sum()))
    st.subheader(f"{share:.0%} of customers live in {words.plain(names[0])}", help=f"{d.CUSTOMERS.definition} {d.HOME}")
    labels: list[Any] = [
        f"{words.count(number)} · {words.short_money(net)}"
        for number, net in zip(frame["customers"], frame["net_sales"], strict=True)
    ]
    chosen = names.index(state.country) if state.country in names else None
    chart = charts.ranking(names, frame["customers"], labels, d.CUSTOMERS, chosen)
    charts.show(
        chart,
        key=f"customers countries {state.country}",
        alt=f"Customers in {words.those(len(names), 'country', 'countries')} with most of them"
        f"{customer_who.narrowed(who)}.",
        pick=lambda place: narrowing.choose(country=names[place]),
    )
    nobody = found.frame["nobody_net_sales"].sum()
    without = f" {words.money(nobody)} without a customer id are of no customer." if nobody else ""
    more = (
        words.first_of(len(frame), int((found.frame["customers"] > 0).sum()), "countries"),
        f"Of all time, by the country of the latest invoice.{without} Click a bar to narrow the page.",
    )
    customer_who.note(who, " ".join(filter(None, more)))
    evidence.show("Customers by country", answering, shown=frame, chart=chart)
