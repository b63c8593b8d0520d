"""The switch of the demo's own clicks; nothing where there are none, as on AWS."""

from __future__ import annotations

import streamlit as st

from pages.parts import asked
from pipeline.replay import trickle


def show() -> None:
    """Turns the demo's clicks on and off, for all who look."""
    settings = asked.sources().settings
    if not settings.local or not trickle.is_there(settings.state):
        return
    running = trickle.is_running(settings.state)
    wanted = st.toggle(
        "Demo clicks",
        value=running,
        help=f"About {trickle.VIEWS_PER_S:.0f} generated views a second, which the demo sends itself",
    )
    if wanted != running:
        (trickle.start if wanted else trickle.stop)(settings.state)
