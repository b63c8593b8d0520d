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


def show(what: str, behind: Evidence, *, of_warehouse: bool) -> None:
    """A line of the evidence of `what`. What the answer does not tell is asked of the warehouse, if that was asked."""
    if behind.newest_at is not None:
        st.markdown(line(behind.newest_at))
    elif of_warehouse:
        about = newest.about(behind.parameters, behind.name)
        with states.panel(f"The newest event behind {what}"):
            at, by = _known(about)
            st.markdown(line(at, by, closer=about.closer))


def question(behind: Evidence) -> Question:
    """What `show` asks when the answer does not tell."""
    return asked.warehouse(newest.event, newest.about(behind.parameters, behind.name))


def line(at: datetime | None, by: By | None = None, *, closer: bool = False, now: datetime | None = None) -> str:
    """The newest event's moment, or the hour, day or month that begins at `at` and holds it; None for no event.

    `closer` as in `newest.About`.
    """
    if at is None:
        return "- Newest event behind it: there is none"
    beginning = "No event behind it is newer than this one" if closer else "Newest event behind it"
    if by is None:
        return f"- {beginning}: invoiced {words.moment(at)} UTC, {words.age(at, now)}"
    when = {
        "hour": f"on {words.day(at)} from {at:%H}:00 to {at:%H}:59 UTC",
        "day": f"on {words.day(at)}",
    }.get(by, f"in {words.step(at, by)}")
    end = end_of(at, by)
    moment = (now or datetime.now(UTC)).replace(tzinfo=None)
    if moment - end >= timedelta(minutes=1):
        age = f"at least {words.age(end, now)}"
    else:
        age = f"within this {by}" if at <= moment else words.age(at, now)
    return f"- {beginning}: invoiced {when}, {age}"


def _known(about: About) -> tuple[datetime | None, By | None]:
    of_all: datetime | None = st.session_state.get(_OF_ALL)
    if of_all is not None and about.only_time and about.since <= of_all < about.until:
        return of_all, None
    (answering,) = asked.together(asked.warehouse(newest.event, about))
    at = answering.figure().row["newest"]
    return (None if pd.isna(at) else pd.Timestamp(at).to_pydatetime()), about.by
