"""One event's way, from its line in a file to every sink."""

from __future__ import annotations

import streamlit as st

from pages.parts import asked, head, states, timeline, words
from pipeline.errors import NotFoundError
from queries.audit.run import Sinks
from queries.trace import run


def wanted() -> str:
    """The EventID asked for, kept in the address."""
    st.session_state["event"] = st.query_params.get("event", "")

    def asked_for() -> None:
        st.query_params["event"] = st.session_state["event"].strip()

    st.text_input(
        "EventID", key="event", on_change=asked_for, placeholder="536365-1", icon=":material/search:", width=320
    )
    return str(st.query_params.get("event", "")).strip()


head.show("Trace", "Where is one event: when did it reach each sink, or why did it not?")
event_id = wanted()
if not event_id:
    st.info(
        "Type an EventID: 536365-1 is an invoice and its line; page views and sessions have ids of their own.",
        icon=":material/search:",
    )
    st.stop()
with states.panel(f"Event {words.plain(event_id[:40])}"):
    sources = asked.sources()
    sinks = Sinks(sources.lake, sources.warehouse, sources.client, sources.outputs)
    try:
        with st.spinner("Following it ..."):
            found = run.trace(sinks, event_id)
    except NotFoundError as error:
        st.info(words.plain(str(error)), icon=":material/search_off:")
        st.stop()
    timeline.show(found)
    st.caption(
        f"Ledgers looked in: {len(found.looked_in)}, of the newest {run.MOST_REPLAYS} replays at most, in "
        f"{words.duration(found.seconds)}. `python -m pipeline trace` prints the same."
    )
