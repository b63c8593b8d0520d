"""One invoice as a document, and its customer's other invoices."""

from __future__ import annotations

import streamlit as st

from pages.parts import asked, documents, head, states, words
from pipeline.errors import NotFoundError


def search() -> str:
    """The number asked for, kept in the address."""
    st.session_state["invoice"] = st.query_params.get("invoice", "")

    def asked_for() -> None:
        st.query_params["invoice"] = st.session_state["invoice"].strip()

    st.text_input(
        "Invoice number", key="invoice", on_change=asked_for, placeholder="536365", icon=":material/search:", width=320
    )
    return str(st.query_params.get("invoice", "")).strip()


head.show("Invoices", "What is on an invoice, and what else its customer bought.")
number = search()
if not number:
    st.info(
        "Type an invoice number, such as 536365 of the real data set; returns start with C.", icon=":material/search:"
    )
    st.stop()
with states.panel(f"Invoice {words.plain(number[:40])}"):
    invoices = asked.sources().invoices
    try:
        with st.spinner("Looking it up ..."):
            invoice = invoices.invoice(number)
    except NotFoundError as error:
        st.info(words.plain(str(error)), icon=":material/search_off:")
        st.stop()
    documents.document(invoice)
    with states.panel("The customer's other invoices"):
        if invoice.customer_id is None:
            st.caption("This invoice names no customer, so there are no other invoices to show.")
        else:
            found = invoices.of_customer(invoice.customer_id)
            documents.others(invoice.customer_id, [other for other in found if other.number != invoice.number])
