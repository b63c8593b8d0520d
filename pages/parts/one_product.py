"""One product: what it sold, its trend, where, and what was bought with it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from pages.parts import (
    asked,
    behind,
    charts,
    evidence,
    narrowing,
    options,
    product_ranking,
    states,
    tables,
    tiles,
    words,
)
from pipeline.errors import BadInputError
from queries import definitions as d
from queries.reports import products
from queries.reports.lines import Which
from queries.selection import written

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pages.parts.asked import Answering, Question
    from queries.selection import Selection

HEADLINE = (d.NET_SALES, d.UNITS, d.ORDERS, d.RETURNS)
_TREND = (d.NET_SALES, d.UNITS, d.ORDERS)
_DEFINED = f"{d.NET_SALES.label}: {d.NET_SALES.definition}"
_OTHERS = 10
_COUNTRIES = 8
_NAME_LENGTH = 30
_OF_BOTH, _OF_BOTH_WIDTH = "one, and see the order lines of both", 340


def questions(state: Selection, product: str) -> list[Question]:
    """What `show` shows at once."""
    scope, whole = replace(state.scope, product=product), replace(state.whole, product=product)
    return [
        asked.warehouse(products.totals, scope),
        asked.warehouse(products.by_period, whole, state.by),
        asked.warehouse(products.by_country, scope.without("country")),
    ]


def show(state: Selection, product: str, answers: Sequence[Answering]) -> int | None:
    """All of it; how many order lines are behind it in what is known, None when that is not to be had."""
    totals, course, countries = answers
    lines = None
    with states.panel("The product"):
        sold = totals.figure().row
        lines = int(sold["lines"])
        if sold["first_day"] is None:
            unknown(product, "Click a bar, or find one by its code or name.")
            evidence.show("The product", totals)
            return lines
        st.header(words.plain(f"{sold['description'] or words.UNNAMED} ({product})"))
        if not lines:
            st.info(
                f"Nothing of it was sold {words.plain(words.about(state, 'product'))}. "
                f"{'In any country it' if state.country else 'It'} was first sold on "
                f"{words.day(sold['first_day'])} and last on {words.day(sold['last_day'])}.",
                icon=":material/date_range:",
            )
            evidence.show("The product", totals)
            return lines
        tiles.headline(HEADLINE, sold)
        evidence.show("The product", totals)
        st.page_link(
            "pages/sales.py",
            label="Compare with another period",
            icon=":material/payments:",
            query_params=_address(state, product),
        )
    left, right = st.columns(2, gap="medium")
    with left, states.panel("Its trend"):
        _trend(state, course, product)
    with right, states.panel("Its countries"):
        _countries(state, countries, product)
    _together(state, product)
    return lines


def unknown(product: str, way: str) -> None:
    """That there is no such product, and a way on."""
    st.info(f"There is no product {words.plain(repr(product[:40]))}. {way}", icon=":material/search_off:")


def _address(state: Selection, product: str) -> dict[str, str]:
    """What Sales needs to show the same of it."""
    asked_for = {"start": str(state.period.start), "end": str(state.period.end), "by": state.by, "product": product}
    narrowed = {"country": state.country, "step": written("step", state.step)}
    return asked_for | {name: text for name, text in narrowed.items() if text}


def _trend(state: Selection, answering: Answering, product: str) -> None:
    course = answering.figure()
    if course.empty:
        return
    best = course.greatest("net_sales")
    most = f"{words.step(best['period'], state.by)} sold most of it: {words.short_money(best['net_sales'])}"
    st.subheader(most if best["net_sales"] > 0 else words.none_sold(state.by), help=_DEFINED)
    measure = options.measure("trend", _TREND)
    steps = list(course.frame["period"])
    chosen = steps.index(state.step) if state.step in steps else None
    chart = charts.course(course.frame, measure, state.by, chosen=chosen)
    charts.show(
        chart,
        key=f"product {measure.column} {state.step}",
        alt=f"{measure.label} of {product} by {state.by}, {words.about(state, 'step', 'product')}.",
        # Narrowed, another product may be the first: this one stays.
        pick=lambda place: narrowing.narrow("product", product, step=steps[place].to_pydatetime()),
        names=[words.step(step, state.by) for step in steps],
        what=words.a(state.by),
    )
    evidence.show("Its trend", answering, chart=chart)


def _countries(state: Selection, answering: Answering, product: str) -> None:
    found = answering.figure()
    if found.empty:
        return
    frame = found.frame.head(_COUNTRIES)
    names = [str(name) for name in frame["country"]]
    most = f"{words.plain(names[0])} bought most of it"
    bought = frame["net_sales"].iloc[0] > 0
    st.subheader(most if bought else words.none_sold("country"), help=f"{_DEFINED} {d.WHOLE_MONTHS}")
    product_ranking.by_whole_months(state, always=False)
    chosen = names.index(state.country) if state.country in names else None
    shown = [words.short_money(amount) for amount in frame["net_sales"]]
    chart = charts.ranking(names, frame["net_sales"], shown, d.NET_SALES, chosen)
    charts.show(
        chart,
        key=f"product countries {state.country}",
        alt=f"Net sales of {product} in {words.those(len(names), 'country', 'countries')} that bought most, "
        f"{words.about(state, 'country', 'product')}.",
        pick=lambda place: narrowing.narrow("product", product, country=names[place]),
    )
    if first := words.first_of(len(frame), len(found.frame), "countries"):
        st.caption(first)
    evidence.show("Its countries", answering, shown=frame, chart=chart)


def _together(state: Selection, product: str) -> None:
    """Asked only when somebody wants to know: it reads order lines."""
    if st.query_params.get("together") != "1":
        st.button(
            "What was bought with it?", icon=":material/shopping_basket:", on_click=options.put, args=("together", "1")
        )
        return
    (answering,) = asked.together(asked.warehouse(products.together, state.scope, product, _OTHERS))
    with states.panel("Bought together"):
        found = answering.figure()
        if found.empty:
            st.info("No order of the period holds it together with another product.", icon=":material/search_off:")
            evidence.show("Bought together", answering)
            return
        frame = found.frame
        names = [str(name) for name in frame["description"].fillna(words.UNNAMED)]
        codes = [str(code) for code in frame["stock_code"]]
        st.subheader(f"{frame['share'].iloc[0]:.0%} of its orders hold {words.plain(names[0])} too", help=d.TOGETHER)
        told = [f"{name} ({code})" for name, code in zip(names, codes, strict=True)]
        table = pd.DataFrame(
            {
                "Product": told,
                "Orders with both": frame["together"].astype(int),
                "Share": frame["share"].astype(float),
                "Lift": frame["lift"].astype(float),
            }
        )
        tables.show(table, {"Orders with both": words.count, "Share": "{:.0%}".format, "Lift": "{:.1f} x".format})
        looked_at = int(frame["looked_at"].iloc[0])
        newest = "newest " if looked_at == products.MOST_ORDERS else ""
        everywhere = ", of all countries" if state.country else ""
        st.caption(f"Of the {words.count(looked_at)} {newest}orders of the period with it{everywhere}.")
        labels = {c: words.shortened(name, _NAME_LENGTH) for c, name in zip(codes, names, strict=True)}
        options.opener("Look at another product", labels, "product", "together", drops=options.PAGED)
        options.by_name(lambda place: _see_both(product, codes[place]), told, _OF_BOTH, _OF_BOTH_WIDTH)
        evidence.show("Bought together", answering)
    st.button("Close", key="together close", type="tertiary", on_click=options.put, args=("together", ""))


def _see_both(product: str, other: str) -> None:
    """The order lines of both products; narrowed to neither, another one may come first later on."""
    narrowing.put({"product": product, "beside": other, "rows": "1"})


def beside(product: str) -> str:
    """The product of the address whose order lines are asked for together with those of `product`; told of if none."""
    other = options.held("beside")
    if other and (not product or other == product):
        states.ignored("beside", BadInputError(f"{other!r} goes with another product: choose that first."))
        return ""
    return other


def lines_of_both(state: Selection, other: str, lines: int | None) -> None:
    """Offer the order lines of the chosen product, which has `lines`, and of the `other`, on the orders with both."""
    everywhere = ", of all countries" if state.country else ""
    behind.lines(
        Which(state.scope.without("country"), beside=other),
        None if lines else lines,
        f"Order lines of {state.product} and {other} on orders with both",
        f"Of orders with {state.product} {words.about(state, 'country', 'product')}{everywhere}: "
        f"of all of them, or of the {words.count(products.MOST_ORDERS)} newest where there are more.",
    )
