"""A page as of a slow engine: four parts look again by themselves, and now and then one makes the whole page anew."""

from __future__ import annotations

import time

import streamlit as st

from pages.parts import sent

AGAIN_S = 0.5


@st.fragment(run_every=AGAIN_S)
def first(run: int, until: float) -> None:
    if st.session_state["run"] == run and time.monotonic() > until:
        st.rerun()
    with st.container(border=True):
        st.markdown("first")


@st.fragment(run_every=AGAIN_S)
def part(name: str) -> None:
    with st.container(border=True, horizontal=True):
        st.markdown(name)
        st.button("Cancel", key=name)


sent.in_one_piece()
run = st.session_state["run"] = st.session_state.get("run", 0) + 1
st.title("Parts that wait")
st.markdown(f"run {run}")
time.sleep(float(st.query_params["takes"]))  # as a page waits for its figures
first(run, time.monotonic() + 0.7)
part("second")
left, right = st.columns(2)
with left:
    part("left")
with right:
    part("right")
st.button("after them")
