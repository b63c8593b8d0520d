"""The hours that a period begins and ends with: in the address, in two pickers, and carried from page to page."""

from __future__ import annotations

import streamlit as st

from pages.parts import states
from pipeline.errors import BadInputError
from queries.period import WHOLE_DAYS
from queries.scope import parse_hour

NAMES = ("start_hour", "end_hour")
_LABELS = ("From hour", "To hour")
_MINUTES = ("00", "59")


def chosen(scope: str) -> tuple[int, int]:
    """What the address says; without an address what was chosen on another page of this `scope`, else whole days."""
    if "start" not in st.query_params and not any(name in st.query_params for name in NAMES):
        found: tuple[int, int] = st.session_state.get(_key(scope), WHOLE_DAYS)
        return found
    first, last = (_given(name, default) for name, default in zip(NAMES, WHOLE_DAYS, strict=True))
    return first, last


def pick(scope: str, hours: tuple[int, int]) -> None:
    """Two pickers that show `hours`."""
    for name, label, minutes, hour in zip(NAMES, _LABELS, _MINUTES, hours, strict=True):
        st.session_state[f"{scope} {name}"] = hour
        st.selectbox(
            label,
            list(range(24)),
            key=f"{scope} {name}",
            format_func=f"{{:02}}:{minutes}".format,
            width=110,
            on_change=_picked,
            args=(scope,),
        )


def remember(scope: str, hours: tuple[int, int]) -> None:
    """Keep them for the other pages of this `scope`, and in the address where they are not whole days."""
    st.session_state[_key(scope)] = hours
    for name, hour, default in zip(NAMES, hours, WHOLE_DAYS, strict=True):
        if hour == default:
            st.query_params.pop(name, None)
        else:
            st.query_params[name] = str(hour)


def _picked(scope: str) -> None:
    first, last = (st.session_state[f"{scope} {name}"] for name in NAMES)
    remember(scope, (first, last))


def _given(name: str, default: int) -> int:
    try:
        return parse_hour(st.query_params.get(name, str(default)))
    except BadInputError as error:
        states.ignored(name, error)
        return default


def _key(scope: str) -> str:
    return f"hours {scope}"
