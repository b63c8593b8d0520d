"""How old the newest event behind a figure is, in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from pages.parts import asked, states, words
from queries.reports import newest
from queries.selection import end_of

if TYPE_CHECKING:
    from pages.parts.asked import Question
    from queries.figure import Evidence
    from queries.period import By
    from queries.reports.newest import About

_OF_ALL = "newest event"


def remember(at: datetime | None) -> None:
    """Keep the date of the newest event of all, which a page asks for anyway: most figures reach up to it."""
    st.session_state[_OF_ALL] = at


def show(behind: Evidence, *, of_warehouse: bool) -> None:
    """A line of the evidence. What the answer does not tell is asked of the warehouse, unless another engine was."""
    if behind.newest_at is not None:
        st.markdown(_line(told(behind.newest_at, None)))
    elif of_warehouse:
        about = newest.about(behind.parameters)
        with states.panel("The newest event"):
            at, by = _known(about)
            beginning = "No event behind it is newer: the newest one was" if about.closer and at else None
            st.markdown(_line(told(at, by), beginning))


def question(behind: Evidence) -> Question:
    """What `show` asks when the answer does not tell."""
    return asked.warehouse(newest.newest, newest.about(behind.parameters))


def _known(about: About) -> tuple[datetime | None, By | None]:
    """The newest event's moment, or the hour, day or month that it lies in; None when there is none."""
    of_all: datetime | None = st.session_state.get(_OF_ALL)
    if of_all is not None and about.only_time and about.since <= of_all < about.until:
        return of_all, None
    (answering,) = asked.together(asked.warehouse(newest.newest, about))
    at = answering.figure().row["newest"]
    return (None if pd.isna(at) else datetime.combine(at, datetime.min.time()) if not isinstance(at, datetime) else at), about.by
