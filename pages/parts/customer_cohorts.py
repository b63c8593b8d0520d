"""Cohorts: of the customers who first ordered in a month, who came back in each month since; a cell names them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from pages.parts import (
    asked,
    charts,
    customer_segments,
    customer_who,
    evidence,
    heat,
    layouts,
    options,
    states,
    theme,
    words,
)
from queries import definitions as d
from queries.reports import customers
from queries.who import Cell

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from pages.parts.asked import Answering
    from queries.selection import Selection
    from queries.who import Who


_MOST_MONTHS = 24  # as many as can still be read, and their cells be chosen from a list
_PLACES = 4  # of a share that is drawn: as much as is told of it


class _Share(NamedTuple):
    """A cohort and how many months later; of its `size` customers `share` ordered then."""

    cohort: date
    since: int
    size: int
    share: float

    @property
    def cell(self) -> Cell:
        """Without the numbers."""
        return Cell(self.cohort, self.since)


def show(state: Selection, who: Who, answering: Answering, newest: date | None) -> None:
    """The triangle up to the month of the `newest` sale, and the customers of a chosen cell."""
    found = answering.figure()
    if found.empty:
        if who.segment:
            st.info(f"Nobody in {who.segment.name} has a first order to count from.", icon=":material/search_off:")
            evidence.show("Cohorts", answering)
        return
    newest = newest or found.frame["month"].max()  # where the span of all sales is not known
    cells = _cells(found.frame, newest)
    # The newest month is not over: who has not come back in it yet still may.
    over = [cell for cell in cells if cell.since == 1 and _months_between(cell.cohort, newest) > 1]
    new = sum(cell.size for cell in over)
    title = "First orders by month"
    if new:
        back = sum(cell.share * cell.size for cell in over)
        title = f"{back / new:.0%} order again in the month after their first order"
    st.subheader(title, help=f"{d.RETENTION} {d.HOME}")
    wanted = who.cell
    every, cells = cells, [cell for cell in cells if _months_between(cell.cohort, newest) <= _MOST_MONTHS]
    chart = _triangle(cells, wanted)
    charts.show(
        chart,
        key=f"cohorts {wanted and wanted.address} {state.country} {who.segment and who.segment.key}",
        alt="The share of each month's new customers who ordered again, by months since"
        f"{customer_who.narrowed(replace(who, cell=None), state.country)}.",
        pick=lambda place: options.put(
            "cohort", "" if cells[place].cell == wanted else cells[place].cell.address, options.PAGED
        ),
        names=[f"{cell.cohort:%b %Y}, {cell.since} later: {cell.share:.0%}" for cell in cells],
        what="a cohort and month",
    )
    newest_of = f"First orders of the newest {_MOST_MONTHS} months; a file has all. " if len(cells) < len(every) else ""
    customer_who.note(replace(who, cell=None), f"{newest_of}Of all time. Click a cell for its customers alone.")
    shown = pd.DataFrame([(cell.cohort, cell.since, cell.size, cell.share) for cell in every], columns=_Share._fields)
    evidence.show("Cohorts", answering, shown=shown, chart=chart)
    of_wanted = st.empty()  # there or not, what follows keeps its place, and the browser what it has drawn of it
    if wanted:
        with of_wanted.container():
            _members(state, who, wanted)


def _months_between(first: date, last: date) -> int:
    return (last.year - first.year) * 12 + last.month - first.month


def _cells(frame: pd.DataFrame, newest: date) -> list[_Share]:
    """Every month since a cohort's first that has begun; nobody came back in a month without a row."""
    shares = {
        (cohort, int(since)): float(share)
        for cohort, since, share in zip(frame["cohort"], frame["since"], frame["share"], strict=True)
    }
    sizes = frame[frame["since"] == 0].set_index("cohort")["customers"]
    return [
        _Share(cohort, since, int(sizes.get(cohort, 0)), shares.get((cohort, since), 0.0))
        for cohort in dict.fromkeys(frame["cohort"])
        for since in range(1, _months_between(cohort, newest) + 1)
    ]


def _triangle(cells: Sequence[_Share], chosen: Cell | None) -> go.Figure:
    starts = {cell.cohort: cell.size for cell in cells}
    names = [f"{start:%b %y} · {size}" for start, size in starts.items()]
    most = max((cell.since for cell in cells), default=1)
    rows = {start: place for place, start in enumerate(starts)}
    shares: list[list[float | None]] = [[None] * most for _ in starts]
    for cell in cells:
        shares[rows[cell.cohort]][cell.since - 1] = round(cell.share, _PLACES)
    shown = go.Heatmap(
        x=[str(month) for month in range(1, most + 1)],
        y=names,
        z=shares,
        # The note says percent: signs in twelve columns would run into each other on a small screen.
        text=[["" if share is None else f"{share * 100:.0f}" for share in row] for row in shares],
        texttemplate="%{text}",
        # No cell is so dark that the theme's own colour of text cannot be read on it.
        textfont={"size": 11, "color": theme.TEXT},
        colorscale=[[0, f"{theme.NET_SALES}0A"], [1, f"{theme.NET_SALES}80"]],
        zmin=0,
        zmax=max((cell.share for cell in cells), default=1.0),
        showscale=False,
        xgap=2,
        ygap=2,
        hoverinfo="skip",
    )
    marks = heat.to_click(
        [str(cell.since) for cell in cells],
        [names[rows[cell.cohort]] for cell in cells],
        text=["1 month" if cell.since == 1 else f"{cell.since} months" for cell in cells],
        customdata=[round(cell.share, _PLACES) for cell in cells],
        hovertemplate="First orders in %{y} customers<br>%{customdata:.1%} again %{text} later<extra></extra>",
    )
    framed = [chosen] if chosen and chosen.cohort in rows else []
    return layouts.figure(
        shown,
        marks,
        **heat.POINTED,
        height=26 * len(starts) + 64,
        xaxis={"type": "category", "side": "top"},
        yaxis={"type": "category", "autorange": "reversed", "showgrid": False, "dtick": 1},
        margin={"l": layouts.beside(names), "t": 60},
        annotations=[layouts.note("percent, by months since the first order", above=28)],
        shapes=[heat.frame_of_cell(cell.since - 1, rows[cell.cohort]) for cell in framed],
    )


def _members(state: Selection, who: Who, cell: Cell) -> None:
    page = options.page_number("cohort_members", 1)
    (answering,) = asked.together(
        asked.warehouse(customers.of_cohort, who, state.country, customer_segments.LISTED, page)
    )
    with states.panel("Customers of the cohort"):
        found = answering.figure()
        if found.empty:
            customer_segments.nobody("cohort_members", page, f"{customer_who.told(cell)}: nobody.")
            evidence.show("Customers of the cohort", answering)
            return
        number = int(found.frame["found"].iloc[0])
        st.subheader(
            f"{customer_who.told(cell)}: {words.count(number)} by what they ordered for in that month",
            help=f"{d.RETENTION} What they ordered for is the gross sales of that month: {d.GROSS_SALES.definition}",
        )
        customer_segments.listed(
            found.frame.rename(
                columns={"customer_id": "customer", "last_order_at": "last_at", "gross_sales": "net_sales"}
            ),
            "cohort",
            sold="Ordered in that month",
        )
        options.turner("cohort_members", page, -(-number // customer_segments.LISTED))
        customer_who.note(replace(who, cell=None))
        evidence.show("Customers of the cohort", answering)
