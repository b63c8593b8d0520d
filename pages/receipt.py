"""What one replay sent, what became of its rows, and what each sink holds of them; its address is for good."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from pages.parts import head, receipts, replays, states, words
from pipeline.replay.progress import ALIVE

SHOWN = 50

head.show("Receipt", "Which file did a replay send, with what settings, and what became of each of its rows?")

with states.panel("The receipt"):
    recent = {replay.replay_id: replay for replay in replays.recent(SHOWN)}
    wanted = st.query_params.get("replay") or next(iter(recent), "")
    if not wanted:
        states.nothing("receipts", "Each replay has one at its end: start one on the Replay page.")
        st.stop()
    named = {name: f"{name}, {Path(replay.file).name}, {replay.status}" for name, replay in recent.items()}
    named.setdefault(wanted, wanted)  # an older one, by its address
    chosen = st.selectbox("Replay", list(named), index=list(named).index(wanted), format_func=named.__getitem__)
    st.query_params["replay"] = chosen
    replay = recent.get(chosen) or replays.store().known(chosen)
    receipt = replays.store().receipt(chosen)
    receipts.counts(replay)
    if not receipt:
        st.info(words.plain(receipts.why_none(replay)), icon=":material/receipt_long:")
    if replay.resumable:
        replays.resume(replay)
    receipts.settings(replay, receipt)
    if receipt:
        receipts.losses(receipt)
    if replay.status not in ALIVE:
        with states.panel("The audit"):
            receipts.delivery(replay)
    if receipt:
        receipts.download(replay, receipt)
