"""The order lines behind a page's figures: on demand, page by page as the engine hands them out, and as files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from pages.parts import asked, evidence, options, states, tables, words
from queries import export
from queries.reports import lines as report

if TYPE_CHECKING:
    from collections.abc import Callable

    from queries.scope import Scope

_PAGE = 50
# As many as a spreadsheet takes; more is what the lake is for.
_MOST_ROWS = 1_048_575


def lines(scope: Scope, count: int | None = None) -> None:
    """Offer the order lines of `scope`; `count` is how many there are where a rollup knows it.

    Which page is shown is in the address, as `rows`.
    """
    number = options.page_number("rows", 0)
    if count == 0:
        return
    if not number:
        st.button(
            "Order lines behind it",
            icon=":material/table_rows:",
            key="lines open",
            on_click=options.put,
            args=("rows", "1"),
        )
        return
    st.subheader("Order lines behind it")
    questions = [asked.warehouse(report.page, scope, number, _PAGE)]
    if count is None:
        questions.append(asked.warehouse(report.count, scope))
    answering, *counting = asked.together(*questions)
    with states.panel("Order lines"):
        found = answering.figure()
        total = int(counting[0].figure().row["lines"]) if counting else int(count or 0)
        pages = max(1, -(-total // _PAGE))
        if found.empty:
            st.info(f"There is no page {number}: {words.count(total)} order lines fill {words.count(pages)}.")
        else:
            _table(found.frame)
        with st.container(horizontal=True, vertical_alignment="center"):
            options.turner("rows", min(number, pages), pages)
            st.caption(f"{words.count(total)} order lines, the oldest first")
            _files(scope)
            st.button(
                "Close",
                key="lines close",
                type="tertiary",
                icon=":material/close:",
                on_click=options.put,
                args=("rows", ""),
            )
        evidence.show("Order lines", answering, more={"How many": counting[0]} if counting else None)


def _table(frame: pd.DataFrame) -> None:
    shown = pd.DataFrame(
        {
            "Invoice": frame["invoice_no"],
            "Line": frame["line_no"],
            "Date (UTC)": [words.moment(at) for at in frame["invoice_date"]],
            "Code": frame["stock_code"],
            "Description": frame["description"].fillna("no description"),
            "Quantity": frame["quantity"],
            "Unit price": frame["unit_price"].astype(float),
            "Amount": frame["amount"].astype(float),
            "Customer": ["no customer id" if pd.isna(who) else str(int(who)) for who in frame["customer_id"]],
            "Country": frame["country"],
        }
    )
    formats = {"Quantity": words.count, "Unit price": words.price, "Amount": words.money}
    st.dataframe(tables.formatted(shown, formats), hide_index=True, alt="The order lines behind the figures above.")


def _files(scope: Scope) -> None:
    """All rows, read in parts when the file is asked for; in another thread, which knows nothing of this session."""
    warehouse = asked.sources().warehouse

    def made(write: Callable[..., bytes]) -> Callable[[], bytes]:
        return lambda: write(report.pages(warehouse, scope, _MOST_ROWS))

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
            help=f"All of them, {words.count(_MOST_ROWS)} at most",
        )
