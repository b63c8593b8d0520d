"""The switch of the demo's own clicks; nothing where there are none, as on AWS."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.parts import asked
from pipeline.replay import trickle

if TYPE_CHECKING:
    from pathlib import Path

_KEY = "demo clicks"


def show() -> None:
    """Turns the demo's clicks on and off, for all who look."""
    settings = asked.sources().settings
    if not settings.local or not trickle.is_there(settings.state):
        return
    # Somebody else may have turned it: what is, not what this session chose.
    st.session_state[_KEY] = trickle.is_running(settings.state)
    st.toggle(
        "Demo clicks",
        key=_KEY,
        on_change=_turn,
        args=(settings.state,),
        help=f"About {trickle.VIEWS_PER_S:.0f} generated views a second, which the demo sends itself",
    )


def _turn(state: Path) -> None:
    (trickle.start if st.session_state[_KEY] else trickle.stop)(state)
