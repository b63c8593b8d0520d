"""Sales by weekday and hour, and by country, of all products or of one; a click narrows the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.parts import charts, evidence, heat, narrowing, product_ranking, words
from queries import definitions as d
from queries.scope import DAYS_OF_THE_WEEK

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pages.parts.asked import Answering
    from queries.selection import Selection

_MOST_COUNTRIES = 8
_DEFINED = f"{d.NET_SALES.label}: {d.NET_SALES.definition}"


def weekdays(state: Selection, answering: Answering | None) -> None:
    """A heat map of net sales; or, of one product, why there is none."""
    if answering is None:
        st.subheader("By weekday and hour", help=_DEFINED)
        st.caption("Hours are kept for all products together, not for each. Clear the product above to see them.")
        return
    found = answering.figure()
    if found.empty:
        return
    best = found.greatest("net_sales")
    day = DAYS_OF_THE_WEEK[int(best["weekday"]) - 1]
    most = f"{day}s at {int(best['hour'])}:00 sell most: {words.short_money(best['net_sales'])}"
    st.subheader(most if best["net_sales"] > 0 else words.none_sold("hour of the week"), help=_DEFINED)
    cells = [(int(day), int(hour)) for day, hour in zip(found.frame["weekday"], found.frame["hour"], strict=True)]
    chosen = (state.weekday, state.hour) if state.weekday and state.hour >= 0 else None
    chart = heat.weekdays(found.frame, d.NET_SALES, chosen)

    def pick(place: int) -> None:
        weekday, hour = cells[place]
        again = (weekday, hour) == chosen
        narrowing.put({"weekday": "" if again else str(weekday), "hour": "" if again else str(hour)})

    charts.show(
        chart,
        key=f"sales hours {chosen}",
        alt=f"Net sales by weekday and hour of the day, {words.about(state, 'weekday', 'hour')}.",
        pick=pick,
        names=[f"{DAYS_OF_THE_WEEK[weekday - 1]}s at {hour}:00" for weekday, hour in cells],
        what="a weekday and hour",
    )
    evidence.show("By weekday and hour", answering, chart=chart)


def product(state: Selection, sold: Mapping[str, Any]) -> None:
    """Which product the page is about, when it is about one, and which days when it is about a country's months."""
    if not state.product:
        return
    st.subheader(words.plain(f"{sold['description'] or words.UNNAMED} ({state.product})"))
    if state.country:
        product_ranking.by_whole_months(state)


def countries(state: Selection, answering: Answering) -> None:
    """Bars of the countries that sold most, and what share the first has."""
    found = answering.figure()
    if found.empty:
        return
    frame = found.frame.head(_MOST_COUNTRIES)
    names = list(frame["country"])
    whole = found.frame["net_sales"].sum()
    share = f", {float(frame['net_sales'].iloc[0] / whole):.0%} of all" if whole > 0 else ""
    months = f" {d.WHOLE_MONTHS}" if state.product else ""
    most = f"{words.plain(names[0])} bought most{share}"
    st.subheader(most if frame["net_sales"].iloc[0] > 0 else words.none_sold("country"), help=f"{_DEFINED}{months}")
    if state.product:
        product_ranking.by_whole_months(state, always=False)
    chosen = names.index(state.country) if state.country in names else None
    shown = [words.short_money(amount) for amount in frame["net_sales"]]
    chart = charts.ranking(names, frame["net_sales"], shown, d.NET_SALES, chosen)
    charts.show(
        chart,
        key=f"sales countries {state.country}",
        alt=f"Net sales of {words.those(len(names), 'country', 'countries')} that bought most, "
        f"{words.about(state, 'country')}.",
        pick=lambda place: narrowing.choose(country=names[place]),
    )
    if first := words.first_of(len(frame), len(found.frame), "countries"):
        st.caption(first)
    evidence.show("By country", answering, shown=frame, chart=chart)
