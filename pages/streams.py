"""The streams: who reads them, what came in, what went out, and what was refused; one of them in its parts."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial

import streamlit as st

from pages.parts import asked, head, one_stream, operators, states, words
from pipeline.health import deliveries, streams
from pipeline.stack import STREAMS

EVERY_S = 15
CHOSEN = "stream"

head.show("Streams", "Are the streams open, are they read, and what came in during the last hour?")


def chosen() -> str:
    """The stream that the address names; that of orders when it names none."""
    name = st.query_params.get(CHOSEN, STREAMS[0])
    if name in STREAMS:
        return name
    st.warning(
        f"The address is ignored where it says {CHOSEN}: {words.foreign(name, 40)} is none of {', '.join(STREAMS)}.",
        icon=":material/link_off:",
    )
    return STREAMS[0]


def choose(name: str) -> None:
    """The picker, whose choice goes into the address."""
    st.session_state["stream chosen"] = name

    def picked() -> None:
        st.query_params[CHOSEN] = st.session_state["stream chosen"]

    st.pills("Stream", STREAMS, key="stream chosen", required=True, on_change=picked, label_visibility="collapsed")


def look(name: str) -> streams.Stream:
    """How a stream does, as kept for all readers."""
    sources = asked.sources()
    outputs, client = sources.outputs, sources.client
    readers = asked.kept("streams.readers", partial(streams.readers, client, deliveries.names(outputs)))
    own = outputs.streams[name]
    return asked.kept("streams.look", partial(streams.look, client, own, readers), own)


@st.fragment(run_every=EVERY_S)
def live() -> None:
    """Looks again every 15 s; each stream fails on its own."""
    name = chosen()
    found = {}
    for each in STREAMS:
        with states.panel(f"Stream {asked.sources().outputs.streams[each]}"):
            found[each] = look(each)
    if found:
        operators.table(one_stream.rows(found), one_stream.FORMATS)
        st.caption(
            "Records of the last hour. Behind: the slowest reader's iterator age, the greatest of the last minutes. "
            f"Looked at {words.here(datetime.now(UTC))}; again every {EVERY_S} s."
        )
    choose(name)
    if name in found:
        one_stream.show(found[name])


live()
