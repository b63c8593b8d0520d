"""How much the warehouse read for a figure, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.parts import asked, states, words
from queries.reports import scanned

if TYPE_CHECKING:
    from queries.figure import Evidence

_UNKNOWN = "- How much it read is not told: Redshift had the answer at hand, or kept no account of this query"
_NOT_YET = "- How much it read is not told yet: Redshift writes it down a little later. Look again in a minute"


def show(what: str, behind: Evidence) -> None:
    """A line of the evidence of `what`, which was asked of the warehouse; its account of the query is asked now."""
    if behind.query_id is None:
        st.markdown(_UNKNOWN)
        return
    with states.panel(f"How much was read for {what}"):
        (answering,) = asked.together(asked.warehouse(scanned.scanned_bytes, behind.query_id))
        read = answering.figure().row["scanned_bytes"]
        st.markdown(_NOT_YET if read is None else f"- Read {words.size(int(read))} of its tables, which is not billed")
