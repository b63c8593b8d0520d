"""Products ranked: bars with their shares and the cumulative line, and the same as text."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from pages.parts import asked, charts, evidence, layouts, narrowing, options, states, tables, theme, tiles, words
from queries import definitions as d
from queries.reports import products

if TYPE_CHECKING:
    from collections.abc import Callable

    from pages.parts.asked import Answering
    from queries.reports.products import End, Ranking
    from queries.selection import Selection

MEASURES: dict[Ranking, d.Measure] = {
    "net_sales": d.NET_SALES,
    "units": d.UNITS,
    "orders": d.ORDERS,
    "returns": d.RETURNS,
}
_NAME_LENGTH = 22
_LEADERS = 400  # days, as many as a table holds far below 100 KB
_WORDS = {"net_sales": "by value", "units": "by quantity", "orders": "by orders", "returns": "by returns"}


def show(state: Selection, answering: Answering, ranking: Ranking, end: End) -> str:
    """The chart and the table; the code of the product that comes first, or nothing."""
    found = answering.figure()
    if found.empty:
        return ""
    frame, measure = found.frame, MEASURES[ranking]
    names = [str(name) for name in frame["description"].fillna(words.UNNAMED)]
    codes = [str(code) for code in frame["stock_code"]]
    shared, running = (bool(frame[name].notna().all()) for name in ("share", "cumulative"))
    further = (d.PRODUCTS, *([d.FOR_MOST] if shared else []))
    tiles.further(further, {each.column: frame[each.column].iloc[0] for each in further})
    defined = [f"{measure.label}: {measure.definition}", d.SHARE if shared else "", d.CUMULATIVE if running else ""]
    st.subheader(_answer(frame, names[0], ranking, end), help=" ".join(filter(None, defined)))
    chosen = codes.index(state.product) if state.product in codes else None
    chart = _pareto(frame, names, measure, chosen)
    charts.show(
        chart,
        key=f"products {ranking} {end} {state.product}",
        alt=f"The {end} {len(frame)} products {_WORDS[ranking]} {words.about(state, 'product')}, with their shares.",
        pick=lambda place: narrowing.choose(product=codes[place]),
        names=[f"{name} ({code})" for name, code in zip(names, codes, strict=True)],
        what="a product",
    )
    st.caption("Click a bar for its product.")
    _table(frame, names, codes, measure)
    evidence.show("Products ranked", answering, chart=chart)
    return codes[0]


def by_whole_months(state: Selection, *, always: bool = True) -> None:
    """Which months figures of products by country are about; where these are not what was chosen, or `always`."""
    months = products.whole_months(state.scope)
    if months == state.scope and not always:
        return
    last = months.until - timedelta(days=1)
    st.caption(f"By country, products are known by whole months: {words.day(months.since)} to {words.day(last)}.")


def _answer(frame: pd.DataFrame, name: str, ranking: Ranking, end: End) -> str:
    first = frame.iloc[0]
    place = "Most" if end == "top" else "Least"
    share = "" if first["share"] is None or end == "bottom" else f", {first['share']:.1%} of all"
    others = " and others" if (frame[ranking] == first[ranking]).sum() > 1 else ""
    return f"{place} {_WORDS[ranking]}: {words.plain(name)}{others}{share}"


def _shown(measure: d.Measure, number: Any) -> str:  # noqa: ANN401 - Decimal or a whole number
    return words.short_money(number) if measure.unit == "money" else words.count(number)


def _pareto(frame: pd.DataFrame, names: list[str], measure: d.Measure, chosen: int | None) -> go.Figure:
    """Bars from the first down, and beside them the line of what they come to together."""
    values = frame[measure.column]
    labels = [_shown(measure, value) for value in values]
    short = [words.shortened(name, _NAME_LENGTH) for name in names]
    traces, layout = charts.ranked(short, values.abs() if measure is d.RETURNS else values, labels, measure, chosen)
    if frame["cumulative"].isna().any():
        return layouts.figure(*traces, **layout)
    parts = frame["cumulative"].astype(float)
    line = go.Scatter(
        x=parts.tolist(),
        y=traces[0].y,
        xaxis="x2",
        mode="lines+markers+text",
        line={"color": theme.GREY, "width": 2},
        marker={"color": theme.GREY, "size": 6},
        text=[f"{part:.0%}" for part in parts],
        textposition="middle right",
        textfont={"color": theme.TEXT},
        customdata=frame["share"].astype(float).tolist(),
        hovertemplate="%{y}: %{customdata:.1%}, with those above %{x:.1%} of all<extra></extra>",
        name="cumulative share",
        cliponaxis=False,
    )
    beside = {"anchor": "y", "domain": [0.84, 1], "range": [0, float(parts.max())], "showticklabels": False}
    layout["xaxis"] |= {"domain": [0, 0.76]}
    layout["margin"] |= {"t": 28, "r": 40}
    layout["height"] += 24
    return layouts.figure(
        *traces,
        line,
        **layout,
        xaxis2={"showgrid": False, "zeroline": False, "fixedrange": True, **beside},
        annotations=[layouts.note("cumulative")],
    )


def _table(frame: pd.DataFrame, names: list[str], codes: list[str], measure: d.Measure) -> None:
    table = pd.DataFrame(
        {
            "Product": [f"{name} ({code})" for name, code in zip(names, codes, strict=True)],
            measure.label: frame[measure.column].astype(float),
        }
    )
    formats: dict[str, Callable[[Any], str]] = {measure.label: words.money if measure.unit == "money" else words.count}
    for name in ("share", "cumulative"):
        if frame[name].notna().all():
            table[name.capitalize()] = frame[name].astype(float)
            formats[name.capitalize()] = "{:.1%}".format
    tables.show(table, formats)


def found(answering: Answering, wanted: str) -> None:
    """The products that a search found, each to be chosen."""
    frame = answering.figure().frame
    if frame.empty:
        st.info(f"No product has {words.plain(repr(wanted[:40]))} in its code or name.", icon=":material/search_off:")
        evidence.show("Products found", answering)
        return
    names = frame["description"].fillna(words.UNNAMED)
    labels = {str(code): f"{name} ({code})" for code, name in zip(frame["stock_code"], names, strict=True)}
    options.opener("Products found", labels, "product", "found", drops=options.PAGED)
    evidence.show("Products found", answering)


def _ask_for_leaders(state: Selection) -> None:
    st.button(
        f"What led each {state.by}?",
        icon=":material/leaderboard:",
        on_click=options.put,
        args=("leaders", "1"),
        disabled=bool(state.country),
        help="Known of all countries together: clear the country above" if state.country else None,
    )


def leaders(state: Selection) -> None:
    """The product that led each day, month or year; asked when somebody wants to know, for days are many."""
    if st.query_params.get("leaders") != "1" or state.country:
        _ask_for_leaders(state)
        return
    (answering,) = asked.together(asked.warehouse(products.best_of_each, state.whole.without("product"), state.by))
    with states.panel("The leading products"):
        found = answering.figure()
        if found.empty:
            return
        led = found.frame.head(_LEADERS)
        st.subheader(f"What led each {state.by}", help=f"{d.NET_SALES.label}: {d.NET_SALES.definition}")
        table = pd.DataFrame(
            {
                state.by.capitalize(): [words.step(start, state.by) for start in led["period"]],
                "Net sales": led["net_sales"].astype(float),
                "Product": led["description"].fillna(words.UNNAMED),
                "Quantity": led["units"],
                "Code": led["stock_code"],
            }
        )
        shown, codes = tables.formatted(table, {"Net sales": words.money, "Quantity": words.count}), list(table["Code"])
        tables.to_choose(
            shown,
            f"leaders {state.by} {state.product}",
            lambda place: options.put("product", codes[place], options.PAGED),
        )
        newest = f"The newest {_LEADERS} of {words.count(len(found.frame))}. " if len(led) < len(found.frame) else ""
        st.caption(f"{newest}Choose a row for its product.")
        evidence.show("The leading products", answering)
    st.button("Close", key="leaders close", type="tertiary", on_click=options.put, args=("leaders", ""))
