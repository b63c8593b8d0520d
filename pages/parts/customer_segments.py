"""Customers by recency, frequency and monetary value: segments with their names and meanings, and who is in them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from pages.parts import asked, charts, customer_who, evidence, options, states, tables, words
from queries import definitions as d
from queries import segments
from queries.reports import customers

if TYPE_CHECKING:
    from pages.parts.asked import Answering
    from queries.selection import Selection
    from queries.who import Who

LISTED = 20


def show(state: Selection, who: Who, answering: Answering) -> None:
    """Bars by customers, the segments explained, and the customers of a chosen one."""
    found = answering.figure()
    frame = found.frame.dropna(subset=["customers"])
    wanted, cell = who.segment, who.cell
    if not frame["customers"].sum():
        nobody = found.frame.iloc[-1]
        without = f" Invoices without a customer id: {words.money(nobody['net_sales'])}." if nobody["orders"] else ""
        none = "No such customer." if cell else f"No customer with an id lives in {words.plain(state.country)}."
        none = f"{none} Clear a filter above." if cell or state.country else "No customer with an id has bought yet."
        st.info(f"{none}{without}", icon=":material/search_off:")
        evidence.show("Segments", answering, shown=found.frame)
        return
    best = frame.iloc[int(frame["net_sales"].astype(float).to_numpy().argmax())]
    whole = found.frame["net_sales"].sum()
    share = f" bring {float(best['net_sales'] / whole):.0%} of net sales" if whole > 0 else " buy most"
    st.subheader(f"{words.count(best['customers'])} {best['name']}{share}", help=f"{segments.SCORES} {d.HOME}")
    keys = [str(key) for key in frame["key"]]
    labels = [
        f"{words.count(number)} · {words.short_money(net)}"
        for number, net in zip(frame["customers"], frame["net_sales"], strict=True)
    ]
    place = keys.index(wanted.key) if wanted else None
    chart = charts.ranking(list(frame["name"]), frame["customers"], labels, d.CUSTOMERS, place, placed=False)
    told = ", ".join(f"{name} {number}" for name, number in zip(frame["name"], frame["customers"], strict=True))
    charts.show(
        chart,
        key=f"segments {wanted and wanted.key} {state.country} {cell and cell.address}",
        alt=f"Customers by segment{customer_who.narrowed(replace(who, segment=None), state.country)}: {told}.",
        pick=lambda place: options.put(
            "segment", "" if wanted and wanted.key == keys[place] else keys[place], options.PAGED
        ),
        names=list(frame["name"]),
        what="a segment",
    )
    customer_who.note(
        replace(who, segment=None), "Of all time, up to the newest event. Click a bar for its customers alone."
    )
    _explained(found.frame)
    evidence.show("Segments", answering, shown=found.frame, chart=chart)
    of_wanted = st.empty()  # there or not, what follows keeps its place, and the browser what it has drawn of it
    if wanted:
        with of_wanted.container():
            _members(state, who, wanted)


@st.fragment
def _explained(frame: pd.DataFrame) -> None:
    """What each means and comes to, and what earns a score: asked and made when somebody opens it."""
    opened = st.expander("What the segments mean", key="segments explained", on_change="rerun")
    if not opened.open:
        return
    with opened:
        meanings = {each.name: f"{each.definition} ({each.rule})" for each in segments.SEGMENTS}
        meanings[segments.NOBODY] = segments.NOBODY_MEANS
        st.markdown("\n".join(f"- **{name}**: {meaning}" for name, meaning in meanings.items()))
        table = pd.DataFrame(
            {
                "Segment": frame["name"],
                "Customers": frame["customers"].astype(float),
                "Orders": frame["orders"].astype(int),
                "Net sales": frame["net_sales"].astype(float),
            }
        )
        tables.show(table, {"Customers": words.count, "Orders": words.count, "Net sales": words.money})
        st.caption(segments.SCORES)
        (cutoffs,) = asked.together(asked.warehouse(customers.cutoffs))
        with states.panel("What earns a score"):
            least = cutoffs.figure().frame
            earned = pd.DataFrame(
                {
                    "Score": least["score"].astype(int),
                    "Latest order from": [words.day(day) if day else None for day in least["recency_from"]],
                    "Orders from": least["frequency_from"].astype(float),
                    "Net sales from": least["monetary_from"].astype(float),
                }
            )
            tables.show(earned, {"Orders from": words.count, "Net sales from": words.money})
            evidence.show("What earns a score", cutoffs)


def _members(state: Selection, who: Who, segment: segments.Segment) -> None:
    page = options.page_number("members", 1)
    (answering,) = asked.together(asked.warehouse(customers.of_segment, who, state.country, LISTED, page))
    with states.panel(f"Customers of {segment.name}"):
        found = answering.figure()
        if found.empty:
            nobody("members", page, "Nobody is in it.")
            evidence.show(f"Customers of {segment.name}", answering)
            return
        number = int(found.frame["found"].iloc[0])
        st.subheader(f"{segment.name}: {words.count(number)} by net sales", help=segment.definition)
        listed(found.frame.rename(columns={"customer_id": "customer", "last_order_at": "last_at"}), "segment")
        options.turner("members", page, -(-number // LISTED))
        customer_who.note(replace(who, segment=None))
        evidence.show(f"Customers of {segment.name}", answering)


def nobody(name: str, page: int, nobody_at_all: str) -> None:
    """An empty page of a list, which the address names: no such page, or nobody on the first one."""
    if page == 1:
        st.info(nobody_at_all, icon=":material/search_off:")
        return
    st.info(f"There is no page {page} of them.", icon=":material/search_off:")
    st.button("First page", key=f"{name} first", on_click=options.put, args=(name, ""), icon=":material/first_page:")


def listed(frame: pd.DataFrame, where: str, sold: str = d.NET_SALES.label) -> None:
    """Customers as text, and a button for each; `where` tells lists of one page apart, `sold` what the sums are."""
    names = [str(who) for who in frame["customer"]]
    table = pd.DataFrame(
        {
            "Customer": names,
            sold: frame["net_sales"].astype(float),
            "Orders": frame["orders"].astype(int),
            "Last": [None if pd.isna(at) else words.day(at) for at in frame["last_at"]],
            "Country": frame["country"],
        }
    )
    formats = {sold: words.money, "Orders": words.count}
    tables.show(table, formats)
    options.opener("Open a customer", dict(zip(names, names, strict=True)), "customer", where, drops=options.PAGED)
