"""What a replay sent against what each sink holds, event by event."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from pages.parts import asked, audits, head, redrives, states, words
from pipeline.replay.progress import REPLAY
from pipeline.replay.store import Store
from queries.answers import FRESH_FOR_S
from queries.audit import run

SHOWN = 50

head.show("Audit", "What did a replay send, what of it does each sink hold, and what is missing?")

with states.panel("The audit"):
    sources = asked.sources()
    recent = Store(sources.client("dynamodb"), sources.outputs.replays_table).recent(SHOWN)
    replays = {replay.replay_id: replay for replay in recent}
    if not replays:
        states.nothing(
            "replays to audit",
            "`python -m pipeline replay FILE --max` sends one; `python -m pipeline audit` tells the same as this page.",
        )
        st.stop()
    kinds = {name: "" if replay.kind == REPLAY else f"{replay.kind} of " for name, replay in replays.items()}
    named = {name: f"{name}, {kinds[name]}{Path(one.file).name}, {one.status}" for name, one in replays.items()}
    wanted = st.query_params.get("replay") or next(iter(named))
    named.setdefault(wanted, wanted)  # an older one, by its address
    chosen = st.selectbox("Replay", list(named), index=list(named).index(wanted), format_func=named.__getitem__)
    st.query_params["replay"] = chosen
    sinks = run.Sinks(sources.lake, sources.warehouse, sources.client, sources.outputs)
    with st.spinner("Comparing the ledger with the sinks ..."):
        found = asked.kept("audit", lambda: run.audit(sinks, chosen), chosen)
    audits.show(found)
    if found.verdict == "missing":
        redrives.offer(sinks, sources.settings, chosen)
    st.caption(
        f"Asked at {words.here(words.instant(found.asked_at))} in {words.duration(found.seconds)}; kept for "
        f"{FRESH_FOR_S} s. `python -m pipeline audit {found.replay_id}` prints the same."
    )
