"""The app's entry: settle the cloud, then show the page that the address names."""

from __future__ import annotations

import os

import streamlit as st

from pages.parts import asked, faults, sent
from pages.parts.states import failed
from pipeline.errors import LocalCloudError, WeirError
from pipeline.settings import REPOSITORY, settle

sent.in_one_piece()
st.set_page_config(
    page_title="Weir", page_icon=REPOSITORY / "pages/parts/weir.svg", layout="wide", initial_sidebar_state="auto"
)
st.html(REPOSITORY / "pages/parts/weir.css")

PAGES = {
    "Analysts": [
        st.Page("pages/overview.py", title="Overview", icon=":material/dashboard:", default=True),
        st.Page("pages/sales.py", title="Sales", icon=":material/payments:", url_path="sales"),
        st.Page("pages/products.py", title="Products", icon=":material/inventory_2:", url_path="products"),
        st.Page("pages/invoices.py", title="Invoices", icon=":material/receipt_long:", url_path="invoices"),
        st.Page("pages/customers.py", title="Customers", icon=":material/group:", url_path="customers"),
        st.Page("pages/active-pages.py", title="Active page views", icon=":material/sensors:", url_path="active-pages"),
        st.Page("pages/lake.py", title="Lake", icon=":material/waves:", url_path="lake"),
    ],
    "Operators": [
        st.Page("pages/replay.py", title="Replay", icon=":material/play_circle:", url_path="replay"),
        st.Page("pages/receipt.py", title="Receipt", icon=":material/receipt:", url_path="receipt"),
        st.Page("pages/streams.py", title="Streams", icon=":material/stream:", url_path="streams"),
        st.Page("pages/deliveries.py", title="Deliveries", icon=":material/local_shipping:", url_path="deliveries"),
        st.Page("pages/audit.py", title="Audit", icon=":material/fact_check:", url_path="audit"),
        st.Page("pages/trace.py", title="Trace", icon=":material/timeline:", url_path="trace"),
        st.Page("pages/quarantine.py", title="Quarantine", icon=":material/front_hand:", url_path="quarantine"),
    ],
}

page = st.navigation(PAGES)
try:
    settings = settle()
    asked.use(settings, os.environ.get("AWS_ENDPOINT_URL", ""))
except LocalCloudError as error:
    faults.log("The stack", error)
    st.title(page.title)
    st.error(str(error), icon=":material/power_off:")
except WeirError as error:
    st.title(page.title)
    failed("The stack", error)
else:
    with asked.whole_page():
        page.run()
