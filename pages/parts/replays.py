"""Replays on the page: those that run, with what steers them, those that can go on, those that have ended."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from pages.parts import asked, operators, paces, states, words
from pipeline.replay import launch
from pipeline.replay.progress import PAUSED, REPLAY, Progress
from pipeline.replay.store import Store
from pipeline.replay.wishes import GO_ON, PAUSE, STOP, Tempo, Wish

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_MOST_TO_RESUME = 3


def store() -> Store:
    """The replays table."""
    sources = asked.sources()
    return Store(sources.client("dynamodb"), sources.outputs.replays_table)


def recent(count: int) -> list[Progress]:
    """As Store.open_and_recent; one whose worker was killed on this machine is known to be lost at once."""
    settings = asked.sources().settings
    return [launch.seen(replay, settings) for replay in store().open_and_recent(count)]


def running(replay: Progress) -> None:
    """One that is under way, or pauses."""
    st.subheader(f"{words.plain(Path(replay.file).name)} to {replay.target}")
    began = words.age(words.instant(replay.started_at))
    operators.state(replay.status, f"{replay.replay_id}, started {began} by {replay.who}, {replay.tempo}")
    st.progress(replay.share, text=_how_far(replay))
    operators.facts(
        {
            "Acknowledged": words.count(replay.accepted),
            "Refused": words.count(replay.refused),
            "Sent again": words.count(replay.retried),
            "Rejected": words.count(replay.rejected),
            "Given up": words.count(replay.failed + replay.unknown),
        }
    )
    if replay.kind == REPLAY:
        _steer(replay)


def _how_far(replay: Progress) -> str:
    parts = [f"{replay.share:.0%} of the file, {words.count(replay.rows_per_s)} rows/s"]
    parts += [f"{words.count(replay.lag_s)} s behind its pace"] if replay.lag_s >= 1 else []
    parts += [f"about {words.span(timedelta(seconds=max(1.0, replay.left_s)))} left"] if replay.left_s else []
    return ", ".join(parts)


def _steer(replay: Progress) -> None:
    name = replay.replay_id
    with st.container(horizontal=True, vertical_alignment="bottom"):
        # One place for the two: what was drawn before must not stay beside it.
        with st.container(width="content"):
            if replay.status == PAUSED:
                _button("Go on", name, ":material/play_arrow:", lambda: _wish(name, Wish(GO_ON), "goes on"))
            else:
                _button("Pause", name, ":material/pause:", lambda: _wish(name, Wish(PAUSE), "pauses"))
        _button("Stop", name, ":material/stop:", lambda: _wish(name, Wish(STOP), "stops after what is in flight"))
        with st.popover("Pace", icon=":material/speed:", key=f"pace of {name}"):
            wanted = paces.choose(f"change {name}", replay.tempo)
            _button("Change", name, ":material/check:", lambda: _wish(name, Wish(tempo=wanted), _goes(wanted)))


def _goes(wanted: Tempo) -> str:
    return f"goes {wanted}"


def resumable(replays: Sequence[Progress]) -> None:
    """Those that a new worker can go on with, the newest first."""
    found = [replay for replay in replays if replay.resumable][:_MOST_TO_RESUME]
    if not found:
        return
    st.subheader("Not at their end")
    for replay in found:
        resume(replay)


def resume(replay: Progress) -> None:
    """What was reached of one, and the button that goes on with it."""
    with st.container(horizontal=True, vertical_alignment="center"):
        name = words.plain(Path(replay.file).name)
        reached = f"{words.count(replay.rows_read)} rows reached, {words.count(replay.accepted)} acknowledged"
        st.markdown(f"{operators.badge(replay.status)} {name} to {replay.target}: {reached}")
        _button("Resume", replay.replay_id, ":material/resume:", lambda: _resume(replay.replay_id))


def ended(replays: Sequence[Progress]) -> None:
    """Those that no worker is at, the newest first."""
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
            "Account": [
                f"[receipt](/receipt?replay={replay.replay_id}) · [audit](/audit?replay={replay.replay_id})"
                for replay in replays
            ],
            "Started": [
                f"{words.age(words.instant(replay.started_at))} by {words.plain(replay.who)}" for replay in replays
            ],
            "What happened": [words.plain(replay.error or "") or None for replay in replays],
        },
    )


def _button(label: str, replay_id: str, icon: str, act: Callable[[], None]) -> None:
    if st.button(label, key=f"{label} {replay_id}", icon=icon):
        with states.panel("The replay"):
            act()


def _wish(replay_id: str, wished: Wish, what: str) -> None:
    store().wish(replay_id, wished)
    st.toast(f"{replay_id} {what} in a moment.", icon=":material/check:")


def _resume(replay_id: str) -> None:
    with st.spinner("Looking at the file ..."):
        launch.resume(replay_id, asked.sources().settings, store())
    st.toast(f"{replay_id} goes on where it was.", icon=":material/play_circle:")
