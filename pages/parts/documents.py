"""An invoice as a document, and the list of its customer's other ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from pages.parts import asked, evidence, options, tables, words
from queries import definitions as d
from queries.figure import Figure
from queries.invoices import frame_of
from queries.reports import invoices
from queries.reports import lines as order_lines
from queries.reports.customer import NOBODY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from queries.figure import Evidence
    from queries.invoices import Invoice, InvoiceSummary, Line, LookedUp

# What the address says of one invoice alone: which page of its lines.
OF_ONE = ("invoice_lines",)
# Rows of a table: as many as a reader looks through, and far below 100 KB.
_LINES = 200
_OTHERS = 500
_KINDS = {"order": "Order", "return": "Return", "adjustment": "Adjustment"}


def document(invoice: Invoice, behind: Evidence) -> None:
    """Header, total and lines, and what is `behind` them."""
    customer = NOBODY if invoice.customer_id is None else f"customer {invoice.customer_id}"
    st.subheader(f"{_KINDS[invoice.kind]} {words.plain(invoice.number)}")
    st.markdown(f"{words.moment(invoice.date)} UTC · {customer} · {words.plain(invoice.country)}")
    if invoice.customer_id is not None:
        st.page_link(
            "pages/customers.py",
            label=f"History of customer {invoice.customer_id}",
            icon=":material/group:",
            query_params={"customer": str(invoice.customer_id)},
        )
    with st.grid(2, min_column_width=170):
        st.metric(
            "Total",
            words.money(invoice.total),
            help=d.INVOICE_TOTAL,
            border=True,
        )
        st.metric("Lines", words.count(len(invoice.lines)), help=d.LINES.definition, border=True)
    _lines(invoice.lines)
    of_warehouse = asked.warehouse(order_lines.of_invoice, invoice.number)
    evidence.looked_up("The invoice", Figure(invoice.frame, behind), (invoice.frame, of_warehouse))


def _lines(lines: Sequence[Line]) -> None:
    """A table of them, page by page; which one is in the address."""
    pages = -(-len(lines) // _LINES)
    number = options.page_number("invoice_lines", 1)
    if number > pages:
        st.info(f"There is no page {number} of its lines. The last one is shown.", icon=":material/search_off:")
        number = pages
    of_page = lines[(number - 1) * _LINES : number * _LINES]
    table = pd.DataFrame(
        {
            "Line": [line.line_no for line in of_page],
            "Code": [line.stock_code for line in of_page],
            "Description": [line.description or words.UNNAMED for line in of_page],
            "Quantity": [line.quantity for line in of_page],
            "Unit price": [float(line.unit_price) for line in of_page],
            "Amount": [float(line.amount) for line in of_page],
        }
    )
    shown = tables.formatted(table, {"Quantity": words.count, "Unit price": words.price, "Amount": words.money})
    st.dataframe(shown, hide_index=True)
    options.turner("invoice_lines", number, pages)


def others(customer_id: int, shown: str, of_customer: LookedUp[list[InvoiceSummary]]) -> None:
    """The invoices of a customer but the one that is `shown`; choosing one opens it."""
    found = [other for other in of_customer.found if other.number != shown]
    st.subheader(
        f"Customer {customer_id} has {words.count(len(found))} other invoice{'' if len(found) == 1 else 's'}",
        help=f"Every other invoice of the customer, returns and adjustments too. Total: {d.INVOICE_TOTAL}",
    )
    if found:
        _listed(found, shown)
    of_warehouse = asked.warehouse(invoices.of_customer, customer_id)
    evidence.looked_up(
        "The other invoices", Figure(frame_of(found), of_customer.evidence), (frame_of(of_customer.found), of_warehouse)
    )


def _table(found: list[InvoiceSummary]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Invoice": [other.number for other in found],
            "Date (UTC)": [words.moment(other.date) for other in found],
            "Lines": [other.lines for other in found],
            "Total": [float(other.total) for other in found],
        }
    )


def _listed(found: list[InvoiceSummary], beside: str) -> None:
    table = tables.formatted(_table(found[:_OTHERS]), {"Total": words.money})
    tables.to_choose(table, f"others than {beside}", lambda place: options.put("invoice", found[place].number, OF_ONE))
    st.caption(f"{words.first_of(_OTHERS, len(found), 'invoices')} Choose a row to open that invoice.".strip())
