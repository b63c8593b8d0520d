"""The button that sends test data to a delivery stream which takes direct puts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.parts import asked, states, words
from pipeline.replay import demo_records

if TYPE_CHECKING:
    from pipeline.health.deliveries import Delivery


def offer(delivery: Delivery) -> None:
    """Nothing for a delivery stream that has a stream as its source, or whose records are not known here."""
    sources = asked.sources()
    known = {
        sources.outputs.clicks_delivery: demo_records.clicks,
        sources.outputs.wikipedia_delivery: demo_records.wikipedia,
    }
    if delivery.name not in known:
        return
    help_text = f"{demo_records.COUNT} page views whose source is `{demo_records.SOURCE}`, as AWS's console sends them"
    if st.button("Send test data", key=f"test data {delivery.name}", icon=":material/send:", help=help_text):
        with states.panel("Test data"):
            records = known[delivery.name](demo_records.now())
            demo_records.send(sources.client("firehose"), delivery.name, records)
            st.markdown(
                f":material/check: Sent {demo_records.COUNT} page views from `{demo_records.SOURCE}` in "
                f"{words.count(len(records))} records. They are in the lake within about {delivery.interval_s} s."
            )
