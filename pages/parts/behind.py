"""The order lines behind a page's figures: on demand, page by page as the engine hands them out, and as files."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, cast

import pandas as pd
import streamlit as st

from pages.parts import asked, evidence, options, states, tables, words
from pages.parts.invoice_lists import KINDS
from queries import definitions as d
from queries import export
from queries.reports import lines as report
from queries.reports.customer import NOBODY
from queries.scope import ALWAYS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from queries.reports.invoices import Kind
    from queries.reports.lines import Standing, Which
    from queries.scope import Scope

_PAGE = 50
# As many as a spreadsheet takes; more is what the lake is for.
_MOST_ROWS = 1_048_575
_WHOSE = {"": "All", "new": "New", "returning": "Returning", NOBODY: "No customer id"}
_FIRST_PAGE = {"rows": "1"}


def lines(
    which: Which,
    count: int | None = None,
    label: str = "Order lines behind it",
    note: str = "",
    *,
    of_customers: str = "",
) -> None:
    """Offer order lines; `count` is how many there are where a rollup knows it, `label` and `note` what they are.

    Which page is shown is in the address, as `rows`. Behind figures `of_customers`, which says what time the scope is
    about, a reader may choose those of new or of returning ones, and those of all time, as most such figures are.
    """
    if count == 0 or not _opened(label):
        return
    if note:
        st.caption(words.plain(note))
    chosen = _chosen(which, of_customers)
    which, count = chosen, count if chosen == which else None
    number = options.page_number("rows", 0)
    questions = [asked.warehouse(report.page, which, number, _PAGE)]
    if count is None:
        questions.append(asked.warehouse(report.count, which))
    answering, *counting = asked.together(*questions)
    with states.panel("Order lines"):
        _show(
            number,
            answering.figure().frame,
            int(counting[0].figure().row["lines"]) if counting else int(count or 0),
            partial(report.parts, asked.sources().warehouse, which, _MOST_ROWS),
            _none(which),
        )
        evidence.show("Order lines", answering, more={"How many": counting[0]} if counting else None)


def _chosen(which: Which, of_customers: str) -> Which:
    """Those of them that the reader chooses in the address."""
    with st.container(horizontal=True):
        if of_customers:
            whose = _WHOSE if which.who.everybody else {name: _WHOSE[name] for name in _WHOSE if name != NOBODY}
            standing = options.one_of(
                "whose", "Customers", whose, sets=_FIRST_PAGE, drops=("lines",), means=d.WHOSE_LINES
            )
            if standing == NOBODY:
                which = replace(which, scope=replace(which.scope, customer=NOBODY))
            else:
                which = replace(which, standing=cast("Standing", standing))
            which = replace(which, scope=_at_their_time(which, of_customers))
        # A first order is no return, and what is bought together is on orders.
        if not ((which.sought and which.sought.kind) or which.standing == "new" or which.beside):
            which = replace(which, kind=cast("Kind", options.one_of("lines", "Lines on", KINDS, sets=_FIRST_PAGE)))
    return which


def _at_their_time(which: Which, of_scope: str) -> Scope:
    """The scope at the time that the reader chooses in the address; that of the scope itself is called `of_scope`."""
    times, cell = {"": of_scope, "always": "Ever"}, which.who.cell
    if cell:
        times["month"] = f"In {cell.month:%B %Y}"
    when = options.one_of("when", "Invoiced", times, sets=_FIRST_PAGE, means=d.LINES_OF_CUSTOMERS)
    if when == "always":
        return replace(which.scope, since=ALWAYS.since, until=ALWAYS.until)
    if when == "month" and cell:
        since, until = cell.ordered
        return replace(which.scope, since=since, until=until)
    return which.scope


def _none(which: Which) -> str:
    """What to say when there are none of these."""
    if which.beside:
        return "No order of the period holds both. Choose a longer one above."
    if which.kind or which.standing or which.scope.customer == NOBODY:
        return "There are none of these. Choose **All** just above, or a longer period."
    return "There are none. Choose a longer period, or clear a filter above."


def _opened(label: str) -> bool:
    """Whether the address asks for them; the heading then, or the button that does so."""
    if st.query_params.get("rows"):
        st.subheader(words.plain(label))
        return True
    st.button(
        words.plain(label),
        icon=":material/table_rows:",
        key="lines open",
        on_click=options.put,
        args=("rows", "1"),
    )
    return False


def _show(number: int, frame: pd.DataFrame, total: int, parts: Callable[[], Iterator[pd.DataFrame]], none: str) -> None:
    """Page `number` of `total` lines, or `none` of them; `parts` are the rows of the files."""
    pages = max(1, -(-total // _PAGE))
    if not frame.empty:
        _table(frame)
    elif total:
        st.info(f"There is no page {number}: {_lines(total)} fill {words.count(pages)}.")
        st.button(
            "First page", key="lines first", on_click=options.put, args=("rows", "1"), icon=":material/first_page:"
        )
    else:
        st.info(none, icon=":material/search_off:")
    with st.container(horizontal=True, vertical_alignment="center"):
        if total:
            options.turner("rows", min(number, pages), pages)
            st.caption(f"{_lines(total)}, the oldest first" if total > 1 else _lines(total))
            if total > _MOST_ROWS:
                st.caption(f"A file holds the first {words.count(_MOST_ROWS)} of them: choose a shorter period.")
            _files(parts)
        st.button(
            "Close",
            key="lines close",
            type="tertiary",
            icon=":material/close:",
            on_click=options.put,
            args=("rows", "", options.OF_LINES),
        )


def _lines(number: int) -> str:
    return f"{words.count(number)} order line{'' if number == 1 else 's'}"


def _table(frame: pd.DataFrame) -> None:
    shown = pd.DataFrame(
        {
            "Invoice": frame["invoice_no"],
            "Line": frame["line_no"],
            "Date (UTC)": [words.moment(at) for at in frame["invoice_date"]],
            "Code": frame["stock_code"],
            "Description": frame["description"].fillna(words.UNNAMED),
            "Quantity": frame["quantity"],
            "Unit price": frame["unit_price"].astype(float),
            "Amount": frame["amount"].astype(float),
            "Customer": [NOBODY if pd.isna(who) else str(int(who)) for who in frame["customer_id"]],
            "Country": frame["country"],
        }
    )
    formats = {"Quantity": words.count, "Unit price": words.price, "Amount": words.money}
    st.dataframe(tables.formatted(shown, formats), hide_index=True, alt="The order lines behind the figures above.")


def _files(parts: Callable[[], Iterator[pd.DataFrame]]) -> None:
    """All rows, read in parts when the file is asked for; in another thread, which knows nothing of this session."""

    def made(write: Callable[..., bytes]) -> Callable[[], bytes]:
        return lambda: write(parts())

    for label, ending, mime, write in (
        ("CSV", "csv", export.CSV, export.csv),
        ("Parquet", "parquet", export.PARQUET, export.parquet),
    ):
        st.download_button(
            label,
            made(write),
            f"weir-order-lines.{ending}",
            mime,
            key=f"lines {ending}",
            on_click="ignore",
            icon=":material/download:",
            help="All of them. If that fails, open the page anew: it tells why.",
        )
