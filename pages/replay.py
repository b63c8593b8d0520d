"""Start a replay, steer those that run, see what replays did."""

from __future__ import annotations

import streamlit as st

from pages.parts import head, replays, start_replay, states
from pipeline.replay.progress import ALIVE

EVERY_S = 2
SHOWN = 20

head.show("Replay", "Which files are being sent through the pipeline, how fast, and what became of their rows?")


@st.fragment(run_every=EVERY_S)
def live() -> None:
    """Looks again every 2 s; a replay goes on whether or not anybody looks."""
    with states.panel("The list of replays"):
        recent = replays.recent(SHOWN)
        if not recent:
            states.nothing(
                "replays",
                "Start one above; `python -m pipeline replay FILE --max` does the same from the command line.",
            )
            return
        for replay in recent:
            if replay.status in ALIVE:
                replays.running(replay)
        replays.resumable(recent)
        replays.ended([replay for replay in recent if replay.status not in ALIVE][:SHOWN])


start_replay.form()
live()
