"""What is being viewed now: the figures that look again by themselves, and can be stopped."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from pages.parts import asked, charts, operators, states, theme, tiles, trickle_switch, words
from pipeline.health.metrics import Series
from queries import definitions as d

if TYPE_CHECKING:
    from collections.abc import Sequence

    from queries.active import Course, Now

EVERY_S = 2
TILE_EVERY_S = 5
MOST = 10
_SHOWN = "active shown"
_NAME = 60  # letters


def controls() -> tuple[int, bool]:
    """The minutes that count as active, kept in the address, and whether the figures stand still."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        minutes = st.number_input(
            "Active within, minutes",
            min_value=1,
            max_value=d.ACTIVE_MINUTES_MOST,
            value=_of_address(),
            step=1,
            key="active within",
            width=180,
        )
        paused = st.toggle("Pause", key="active paused", help="The figures stand still; views are counted all the same")
        trickle_switch.show()
    if minutes != _of_address():
        st.query_params["within"] = str(minutes)
    return int(minutes), paused


@st.fragment(run_every=TILE_EVERY_S)
def tile() -> None:
    """Active pages for another page, looked at again every 5 s."""
    with states.panel("Active pages"):
        active = asked.sources().active
        now, course = asked.live("active", lambda: (active.now(d.ACTIVE_MINUTES), active.last_hour()), d.ACTIVE_MINUTES)
        st.metric(
            d.ACTIVE_PAGES.label,
            words.count(len(now.pages)),
            delta=f"{words.count(now.sessions)} sessions, last {now.minutes} minutes",
            delta_color=theme.OF_MEASURE["views"][1],
            delta_arrow="off",
            help=f"{d.ACTIVE_PAGES.definition} The line is all page views by minute, over the last hour. Counted in "
            f"DynamoDB, read at {words.here(now.asked_at)} and again every {TILE_EVERY_S} s.",
            chart_data=list(course.views),
            border=True,
            height="stretch",
        )


def _of_address() -> int:
    given = st.query_params.get("within", "")
    fits = given.isascii() and given.isdigit() and 1 <= int(given[:3]) <= d.ACTIVE_MINUTES_MOST
    return int(given) if fits else d.ACTIVE_MINUTES


def show(minutes: int, *, paused: bool) -> None:
    """A fragment that looks again every 2 s, unless paused."""
    st.fragment(partial(_look, minutes, paused=paused), run_every=None if paused else EVERY_S)()


def _look(minutes: int, *, paused: bool) -> None:
    with states.panel("Active now"):
        now, course = _answer(minutes, paused=paused)
        _told(now, paused=paused)
        tiles.headline(
            (d.ACTIVE_PAGES, d.ACTIVE_SESSIONS, d.VIEWS_PER_MINUTE),
            {
                "active_pages": len(now.pages),
                "active_sessions": now.sessions,
                "views_per_minute": course.last_full,
            },
            {"views_per_minute": f"in the minute from {course.minutes[-2]:%H:%M} UTC"},
        )
        if not any(course.views):
            states.nothing(
                "page views in the last hour",
                "They appear here a second or two after they come in: `POST /page-views` takes one view or a list, "
                "and `make demo` sends a few by itself.",
            )
            return
        _over_time(course)
        pages, sources = st.columns(2, gap="medium")
        with pages:
            _top("Top pages now", "Page", now.pages)
        with sources:
            _top("Top sources now", "Source", now.sources)


def _answer(minutes: int, *, paused: bool) -> tuple[Now, Course]:
    """What is so now; while paused what was shown last for these minutes."""
    before = st.session_state.get(_SHOWN)
    if paused and before is not None and before[0].minutes == minutes:
        return before[0], before[1]
    active = asked.sources().active
    found = asked.live("active", lambda: (active.now(minutes), active.last_hour()), minutes)
    st.session_state[_SHOWN] = found
    return found


def _told(now: Now, *, paused: bool) -> None:
    dot = ":gray-badge[:material/pause_circle: paused]" if paused else ":green-badge[:material/sensors: live]"
    st.markdown(f"{dot} {d.ACTIVE.format(minutes=now.minutes, since=f'{now.since:%H:%M}')}")
    often = "stands still since then" if paused else f"again every {EVERY_S} s"
    fewer = "" if now.complete else " There were more pages than are read at once: these are the fewest there are."
    st.caption(f"Looked at {words.here(now.asked_at)}; {often}.{fewer}", help=words.utc(now.asked_at))


def _over_time(course: Course) -> None:
    total = sum(course.views)
    st.subheader(f"{words.count(total)} page views in the last hour")
    until = course.minutes[-1] + timedelta(minutes=1)
    series = Series("views", course.minutes[0], until, 60, course.minutes, tuple(map(float, course.views)))
    charts.show(
        charts.pulse(series, d.VIEWS),
        key="views by minute",
        alt=f"Page views by minute (UTC) over the last hour, {total} in all; the last minute has only begun.",
    )


def _top(title: str, what: str, names: Sequence[tuple[str, int]]) -> None:
    st.markdown(f"**{title}**")
    if not names:
        st.caption("None in these minutes.")
        return
    operators.table(
        {
            what: [words.foreign(name, _NAME) for name, _views in names[:MOST]],
            "Page views": [float(views) for _name, views in names[:MOST]],
        }
    )
    if len(names) > MOST:
        st.caption(f"And {words.count(len(names) - MOST)} more.")
