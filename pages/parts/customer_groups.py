"""All customers: new and returning ones, cohorts, the best ones, and where they live."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go
import streamlit as st

from pages.parts import charts, customer_segments, evidence, filters, theme, tiles, words
from queries import definitions as d

if TYPE_CHECKING:
    import pandas as pd

    from pages.parts.asked import Answering
    from queries.selection import Selection

_COUNTRIES = 8
_STANDINGS = (
    ("new", "New", theme.NEW),
    ("returning", "Returning", theme.ORDERS),
    ("nobody", "No customer id", theme.GREY),
)


def summary(course: Answering, in_segments: Answering) -> None:
    """The tiles: how many customers there are, and who ordered in the period."""
    found = course.figure().frame
    sums = {
        name: found[name].sum() if len(found) else 0
        for name in ("new_orders", "returning_orders", "nobody_orders", "nobody_net_sales")
    }
    sums["customers"] = in_segments.figure().frame["customers"].dropna().sum()
    tiles.headline((d.CUSTOMERS, d.NEW_CUSTOMERS, d.RETURNING_ORDERS, d.NOBODY_NET_SALES), sums)


def new_and_returning(state: Selection, answering: Answering) -> None:
    """Stacked columns over time, by orders and by net sales."""
    found = answering.figure()
    if found.empty:
        st.info(f"No invoices from {words.period(state.period)}.", icon=":material/search_off:")
        return
    frame = found.frame
    orders = sum(int(frame[f"{name}_orders"].sum()) for name, _, _ in _STANDINGS)
    back = int(frame["returning_orders"].sum())
    share = f"{back / orders:.0%} of orders came from returning customers" if orders else "Returns alone, no orders"
    st.subheader(share, help=f"{d.NEW_CUSTOMERS.definition} {d.RETURNING_ORDERS.definition}")
    first = None
    for tab, (column, measure) in zip(
        st.tabs(["Orders", "Net sales"]), (("orders", d.ORDERS), ("net_sales", d.NET_SALES)), strict=True
    ):
        with tab:
            chart = _stacked(frame, column, measure, state)
            charts.show(
                chart,
                key=f"customers {column}",
                alt=f"{measure.label} of new and returning customers by {state.by}, {words.period(state.period)}.",
            )
            first = first or chart
    evidence.show("New and returning", answering, chart=first)


def _stacked(frame: pd.DataFrame, column: str, measure: d.Measure, state: Selection) -> go.Figure:
    figure = charts.blank(go.Bar(), barmode="relative", showlegend=True)
    figure.data = ()
    for name, label, colour in _STANDINGS:
        figure.add_trace(
            go.Bar(
                y=charts.numbers(frame[f"{name}_{column}"]),
                name=label,
                marker={"color": colour},
                hovertemplate=charts.hover(measure).replace(measure.label, label),
            )
        )
    charts.time_axis(figure, frame["period"], state.by)
    figure.update_layout(legend={"orientation": "h", "y": 1.12, "x": 0, "traceorder": "normal"})
    return charts.value_axis(figure, measure)


def best(state: Selection, answering: Answering, *, of_all_time: bool) -> None:
    """The best customers as bars and text; the group without an id stands apart."""
    found = answering.figure()
    known = found.frame[found.frame["place"] > 0]
    nobody = found.frame[found.frame["place"] == 0]
    if known.empty:
        st.info("No customer bought anything there and then.", icon=":material/search_off:")
        return
    who = str(known["customer"].iloc[0])
    when = "of all time" if of_all_time else f"from {words.period(state.period)}"
    st.subheader(
        f"Customer {who} bought most {when}: {words.short_money(known['net_sales'].iloc[0])}", help=d.TOP_CUSTOMERS
    )
    names = [str(each) for each in known["customer"]]
    chart = charts.ranking(
        names, known["net_sales"], [words.short_money(net) for net in known["net_sales"]], d.NET_SALES
    )
    charts.show(
        chart,
        key=f"customers best {of_all_time} {state.country}",
        alt=f"Net sales of the {len(known)} best customers {when}.",
        pick=lambda place: filters.choose(customer=names[place]),
    )
    customer_segments.listed(known, "best")
    for net in nobody["net_sales"]:
        st.caption(f"Invoices without a customer id come to {words.money(net)}.")
    evidence.show("The best customers", answering, chart=chart)


def cohorts(answering: Answering) -> None:
    """A triangle: for each month of first orders, who came back in the months since."""
    found = answering.figure()
    if found.empty:
        return
    frame = found.frame
    newest = frame["month"].max()
    whole = frame[(frame["since"] == 1) & (frame["month"] < newest)]
    sizes = int(whole["size"].sum())
    title = "First orders by month"
    if sizes:
        title = f"{int(whole['customers'].sum()) / sizes:.0%} order again in the month after their first order"
    st.subheader(title, help=d.RETENTION)
    chart = _triangle(frame)
    charts.show(chart, key="cohorts", alt="The share of each month's new customers who ordered again, by months since.")
    evidence.show("Cohorts", answering, chart=chart)


def _triangle(frame: pd.DataFrame) -> go.Figure:
    later = frame[frame["since"] > 0]
    starts = list(dict.fromkeys(frame["cohort"]))
    most = int(frame["since"].max())
    shares = {
        (start, int(since)): float(share)
        for start, since, share in zip(later["cohort"], later["since"], later["share"], strict=True)
    }
    sizes = frame[frame["since"] == 0].set_index("cohort")["customers"]
    newest = frame["month"].max()
    # Nobody came back in a month without a row; months to come have no cell.
    past = {start: (newest.year - start.year) * 12 + newest.month - start.month for start in starts}
    cells = [
        [shares.get((start, month), 0.0) if month <= past[start] else None for month in range(1, most + 1)]
        for start in starts
    ]
    text = [["" if cell is None else f"{cell:.0%}" for cell in row] for row in cells]
    top = max(shares.values(), default=1.0)
    figure = charts.blank(
        go.Heatmap(
            x=[str(month) for month in range(1, most + 1)],
            y=[f"{start:%b %y} · {int(sizes.get(start, 0))}" for start in starts],
            z=cells,
            text=text,
            texttemplate="%{text}",
            # No cell is so dark that the theme's own colour of text cannot be read on it.
            textfont={"size": 11, "color": theme.TEXT},
            colorscale=[[0, f"{theme.NET_SALES}0A"], [1, f"{theme.NET_SALES}80"]],
            zmin=0,
            zmax=top,
            showscale=False,
            xgap=2,
            ygap=2,
            hoverongaps=False,
            hovertemplate="First order in %{y}<br>%{x} months later: %{z:.1%}<extra></extra>",
        ),
        hovermode="closest",
    )
    figure.update_yaxes(autorange="reversed", showgrid=False, title=None, type="category", dtick=1)
    figure.update_xaxes(type="category", side="top", title=None)
    charts.note(figure, "months since the first order", above=28)
    return figure.update_layout(height=26 * len(starts) + 64, margin_t=60)


def countries(state: Selection, answering: Answering) -> None:
    """Where customers live; a click narrows the page."""
    found = answering.figure()
    if found.empty:
        return
    frame = found.frame.head(_COUNTRIES)
    names = [str(name) for name in frame["country"]]
    share = float(frame["customers"].iloc[0]) / max(1.0, float(found.frame["customers"].sum()))
    of_latest = "By the country of the latest invoice."
    st.subheader(f"{share:.0%} of customers live in {words.plain(names[0])}", help=of_latest)
    labels: list[Any] = [
        f"{words.count(number)} · {words.short_money(net)}"
        for number, net in zip(frame["customers"], frame["net_sales"], strict=True)
    ]
    chosen = names.index(state.country) if state.country in names else None
    chart = charts.ranking(names, frame["customers"], labels, d.CUSTOMERS, chosen)
    charts.show(
        chart,
        key=f"customers countries {state.country}",
        alt=f"Customers in the {len(names)} countries with most of them.",
        pick=lambda place: filters.choose(country=names[place]),
    )
    evidence.show("Customers by country", answering, chart=chart)
