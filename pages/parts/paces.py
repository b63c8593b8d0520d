"""How fast a replay is to go, as one chooses it."""

from __future__ import annotations

import streamlit as st

from pipeline.replay.wishes import MAX_GAP_S, Tempo

_MAX, _RATE, _SPEED = "As fast as it goes", "Rows/s", "Event time"
_MOST_ROWS_PER_S = 100_000.0
_RATE_AT_FIRST, _SPEED_AT_FIRST = 100.0, 3600.0


def choose(key: str, now: Tempo | None = None) -> Tempo:
    """Widgets for a tempo, side by side, beginning with the one that is `now`."""
    now = now or Tempo()
    kinds = [_MAX, _RATE, _SPEED]
    at = 1 if now.rate else 2 if now.speed else 0
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kind = st.selectbox("Pace", kinds, index=at, key=f"{key} pace", width=200)
        if kind == _RATE:
            rate = st.number_input(
                "Rows a second", min_value=0.1, max_value=_MOST_ROWS_PER_S, value=now.rate or _RATE_AT_FIRST,
                step=100.0, format="%.0f", key=f"{key} rate", width=150,
            )  # fmt: skip
            return Tempo(rate=rate)
        if kind == _SPEED:
            speed = st.number_input(
                "Times as fast", min_value=0.1, value=now.speed or _SPEED_AT_FIRST, step=60.0, format="%.0f",
                key=f"{key} speed", width=150, help="60 sends an hour of events in a minute, 3,600 in a second.",
            )  # fmt: skip
            gap = st.number_input(
                "Longest gap, s", min_value=0.1, value=now.max_gap if now.speed else MAX_GAP_S, step=1.0,
                format="%.1f", key=f"{key} gap", width=130, help="Nights and weekends take no longer than this.",
            )  # fmt: skip
            return Tempo(speed=speed, max_gap=gap)
    return Tempo()
