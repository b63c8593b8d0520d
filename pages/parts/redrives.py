"""A redrive from the page: a dry run first, then, once that was seen and confirmed, the sending."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.parts import operators, states, words
from pipeline.redrive import launch
from queries import redrive

if TYPE_CHECKING:
    from pipeline.settings import Settings
    from queries.audit.run import Sinks

_SHOWN = 20
_TOLD = "dry run of a redrive"


def offer(sinks: Sinks, settings: Settings, replay_id: str) -> None:
    """The button; what the dry run tells; and its confirmation."""
    told = st.session_state.get(_TOLD)
    if told is None or told.missing.replay.replay_id != replay_id:
        st.session_state.pop(_TOLD, None)
        if st.button("Redrive: dry run first", icon=":material/replay:", key="redrive"):
            with states.panel("The dry run"), st.spinner("Looking for what is missing ..."):
                st.session_state[_TOLD] = redrive.dry_run(sinks, replay_id)
                st.rerun()
        return
    with st.container(border=True):
        _tell(told)
        with st.container(horizontal=True):
            count = len(told.event_ids)
            label = f"Send {words.count(count)} {'event' if count == 1 else 'events'} again"
            if st.button(label, type="primary", icon=":material/send:", disabled=not count):
                with states.panel("The redrive"):
                    _start(told, settings)
            if st.button("Leave it"):
                del st.session_state[_TOLD]
                st.rerun()


def _tell(told: redrive.DryRun) -> None:
    missing = told.missing
    if not missing.wanted:
        st.markdown("**Dry run:** nothing is missing, so nothing would be sent.")
        return
    places = ", ".join(f"{words.count(count)} in `{place}`" for place, count in told.places.items())
    st.markdown(
        f"**Dry run:** {words.count(len(told.event_ids))} of {words.count(len(missing.wanted))} missing events would "
        f"be sent again, and nothing else. Found: {places or 'none'}."
    )
    if told.nowhere:
        operators.state("failing", f"{len(told.nowhere):,} are kept nowhere any more: send the file again.")
    if missing.late:
        st.caption(f"{words.count(missing.late)} late events may still come and are left alone.")
    first = list(missing.wanted.items())[:_SHOWN]
    lacking = {name: set(ids) for name, ids in missing.sinks.items()}
    operators.table(
        {
            "EventID": [words.plain(event_id) for event_id, _ in first],
            "Line": [wanted.line for _, wanted in first],
            "Missing in": [
                ", ".join(name for name, ids in lacking.items() if event_id in ids) for event_id, _ in first
            ],
        }
    )
    if len(missing.wanted) > _SHOWN:
        st.caption(
            f"The first {_SHOWN} of {words.count(len(missing.wanted))}; "
            f"`python -m pipeline redrive {missing.replay.replay_id} --json` names them all."
        )


def _start(told: redrive.DryRun, settings: Settings) -> None:
    redrive_id = launch.start(told.missing.replay, settings)
    del st.session_state[_TOLD]
    st.success(
        f"Redrive {redrive_id} has started and goes on by itself. [Replay](/replay) shows how far it is; "
        f"[audit it](/audit?replay={redrive_id}) once it is done.",
        icon=":material/replay:",
    )
