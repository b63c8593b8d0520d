"""The hops of a trace, one below the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.parts import operators, words

if TYPE_CHECKING:
    from queries.trace.result import Hop, Trace

_MINUTE = 60


def show(found: Trace) -> None:
    """From the file to the last sink; what else sent the event is below."""
    with st.container(border=True):
        for hop in found.hops:
            _hop(hop)
    if found.others:
        st.markdown("**The event was sent by others, too:**")
        st.markdown("\n".join(f"- {words.plain(other)}" for other in found.others))


def _hop(hop: Hop) -> None:
    when = f" at {words.here(words.instant(hop.at))}" if hop.at else ""
    lag = f", {words.duration(hop.lag_s)} later" if hop.lag_s is not None else ""
    due = f": not yet, due within {minutes(hop.due_s)}" if hop.due_s is not None else ""
    st.markdown(
        f"{operators.badge(hop.state)} **{hop.name}**{when}{lag}{due}",
        help=words.utc(words.instant(hop.at)) if hop.at else None,
    )
    st.caption(words.plain(hop.what))


def minutes(seconds: float) -> str:
    """E.g. 00:42."""
    whole = max(0, round(seconds))
    return f"{whole // _MINUTE:02}:{whole % _MINUTE:02}"
