"""How much the warehouse read for a figure, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.parts import asked, states, words
from queries.reports import scanned

if TYPE_CHECKING:
    from pages.parts.asked import Answering
    from queries.figure import Evidence

_UNKNOWN = "How much it read is not told: Redshift had the answer at hand, or kept no account of this query"
_NOT_YET = (
    "How much it read is not told yet: Redshift writes it down a little later, and not at all where it had the answer "
    "at hand"
)


def ask(behind: Evidence) -> Answering | None:
    """Ask the warehouse for its account of a query that it answered; None where that has no number to ask by."""
    if behind.query_id is None:
        return None
    (answering,) = asked.together(asked.warehouse(scanned.scanned_bytes, behind.query_id))
    return answering


def show(what: str, answering: Answering | None) -> None:
    """A line of the evidence of `what`, by what `ask` found."""
    with states.panel(f"How much was read for {what}"):
        st.markdown(f"- {_UNKNOWN if answering is None else _told(answering.figure().row['scanned_bytes'])}")


def _told(read: int | None) -> str:
    if read is None:
        return _NOT_YET
    return f"Read {words.size(int(read))} of its tables, in blocks of 1 MiB, which is not billed"
