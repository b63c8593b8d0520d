"""Start a replay; what replays run and ran."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from pages.parts import asked, head, operators, start_replay, states, words
from pipeline.replay.progress import RUNNING, Progress
from pipeline.replay.store import Store

EVERY_S = 2
SHOWN = 20

head.show("Replay", "Which files are being sent through the pipeline, how fast, and what became of their rows?")


@st.fragment(run_every=EVERY_S)
def live() -> None:
    """Looks again every 2 s; a replay goes on whether or not anybody looks."""
    sources = asked.sources()
    with states.panel("The list of replays"):
        store = Store(sources.client("dynamodb"), sources.outputs.replays_table)
        recent = store.recent(SHOWN)
        if not recent:
            states.nothing(
                "replays",
                "Start one above; `python -m pipeline replay FILE --max` does the same from the command line.",
            )
            return
        for replay in recent:
            if replay.status == RUNNING:
                running(replay)
        past([replay for replay in recent if replay.status != RUNNING])


def running(replay: Progress) -> None:
    """One that is under way."""
    st.subheader(f"{words.plain(Path(replay.file).name)} to {replay.target}")
    operators.state(replay.status, f"{replay.replay_id}, started {words.age(words.instant(replay.started_at))}")
    st.progress(replay.share, text=f"{replay.share:.0%} of the file, {words.count(replay.rows_per_s)} rows/s")
    operators.facts(
        {
            "Accepted": words.count(replay.accepted),
            "Rejected": words.count(replay.rejected),
            "Failed": words.count(replay.failed),
            "Unknown": words.count(replay.unknown),
            "Sent again": words.count(replay.retried),
        }
    )


def past(replays: list[Progress]) -> None:
    """Those that have ended, the newest first."""
    if not replays:
        return
    st.subheader("Ended")
    operators.table(
        {
            "State": [operators.badge(replay.status) for replay in replays],
            "File": [words.plain(Path(replay.file).name) for replay in replays],
            "Accepted": [replay.accepted for replay in replays],
            "Rejected": [replay.rejected for replay in replays],
            "Failed": [replay.failed for replay in replays],
            "Unknown": [replay.unknown for replay in replays],
            "Rows/s": [replay.rows_per_s for replay in replays],
            "Audit": [f"[audit](/audit?replay={replay.replay_id})" for replay in replays],
            "Started": [words.age(words.instant(replay.started_at)) for replay in replays],
            "What happened": [words.plain(replay.error or "") or None for replay in replays],
        },
    )


start_replay.form()
live()
