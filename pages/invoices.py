"""One invoice as a document, and for analysts all of them: the highest, their spread, and a search."""

from __future__ import annotations

import streamlit as st

from pages.parts import asked, behind, documents, evidence, frame, head, invoice_lists, options, states, words
from pipeline.errors import NotFoundError
from queries.reports import invoices
from queries.reports.lines import Which

TOP = 10
ENDS = {"highest": "Highest", "lowest": "Lowest", "longest": "Longest"}
ORDERS = {"newest": "Newest"} | ENDS
ANSWERS = "What is on an invoice, and what else its customer bought; which are the highest, and how many of what size?"


def search() -> str:
    """The number asked for, kept in the address."""
    return options.typed(
        "invoice", "Invoice number", "536365", icon=":material/search:", width=320, parse=str, drops=documents.OF_ONE
    )


def shown(number: str) -> bool:
    """Whether there is such an invoice; it stands on the page then."""
    found = asked.sources().invoices
    try:
        with st.spinner("Looking it up ..."):
            looked_up = found.invoice(number)
    except NotFoundError as error:
        st.info(words.plain(str(error)), icon=":material/search_off:")
        return False
    invoice = looked_up.found
    documents.document(invoice, looked_up.evidence)
    with states.panel("The customer's other invoices"):
        if invoice.customer_id is None:
            st.caption("This invoice names no customer, so there are no other invoices to show.")
        else:
            documents.others(invoice.customer_id, invoice.number, found.of_customer(invoice.customer_id))
    return True


if st.query_params.get("invoice", "").strip():
    head.show("Invoices", ANSWERS)
    number = search()
    with states.panel(f"Invoice {words.plain(number[:40])}"):
        shown(number)
    st.button(
        "All invoices", icon=":material/arrow_back:", on_click=options.put, args=("invoice", "", documents.OF_ONE)
    )
    st.stop()

state, span = frame.begin("Invoices", ANSWERS, narrows=("country",), by_options=("day",), more=invoice_lists.crumbs)
search()
above = st.container()
with st.expander("Search", icon=":material/manage_search:", expanded=bool(set(st.query_params) & invoice_lists.FIELDS)):
    what = invoice_lists.asked_for()
order = options.one_of("order", "Which first", ORDERS if what else ENDS, drops=options.PAGED)
page = invoice_lists.page_number()
spread, listed = asked.together(
    asked.warehouse(invoices.spread, state.scope),
    asked.warehouse(invoices.sought, state.scope, what, page, invoice_lists.PAGE, order)
    if what
    else asked.warehouse(invoices.first, state.scope, order, TOP),
)
with above, states.panel("Invoices by value"):
    if spread.figure().empty:
        frame.nothing_sold(state, span)
        evidence.show("Invoices by value", spread)
    else:
        invoice_lists.spread(state, spread, what)
with states.panel("Invoices found" if what else "The first invoices"):
    if what:
        invoice_lists.results(listed, page)
    else:
        invoice_lists.first(listed, order)
behind.lines(Which(state.scope, sought=what), label=f"Order lines {'of the invoices found' if what else 'behind it'}")
