"""The form that starts a replay. The replay itself runs in a process of its own and outlives the page."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.parts import asked, paces, shares, states, words
from pipeline.errors import BadInputError
from pipeline.replay import files, launch, progress
from pipeline.replay.selection import moment

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.settings import Settings

_SAMPLE, _PATH, _UPLOAD = "Sample", "Path", "Upload"
_TARGETS = {
    "kinesis": "Kinesis: straight to the stream",
    "api": "API: as shops' systems send",
    "firehose": "Firehose: page views alone",
}
_KINDS = ["csv", "gz", "json", "jsonl", "tsv"]
_EARLIEST = date(1900, 1, 1)


def form() -> None:
    """Choose a file, a target and a pace, see what the stream will get, and start."""
    settings = asked.sources().settings
    with st.container(border=True):
        kind = st.segmented_control(
            "File", [_SAMPLE, _PATH, _UPLOAD], default=_SAMPLE, required=True, key="replay from"
        )
        chosen = _chosen(str(kind))
        with st.container(horizontal=True, vertical_alignment="bottom"):
            target = st.selectbox("Target", list(_TARGETS), format_func=_TARGETS.__getitem__, width=300)
            since = st.date_input(
                "From", value=None, min_value=_EARLIEST, format="YYYY-MM-DD", width=150,
                help="Passes over what lies before the first row of that day.",
            )  # fmt: skip
            limit = st.number_input(
                "First rows only", min_value=1, value=None, step=1000, placeholder="all", width=170,
            )  # fmt: skip
            now = st.toggle("Clicks end now", help="Moves the times of a file of clicks so that its last one is now.")
        tempo = paces.choose("start")
        wanted = launch.Wanted(
            target, tempo, limit, moment(since.isoformat()) if since else None, progress.utc_now() if now else None
        )
        # Filled last: nobody who is in a hurry waits for it.
        before = st.container()
        fit = chosen is not None
        if st.button("Start", type="primary", icon=":material/play_arrow:", disabled=not fit):
            fit = False  # what is wrong with a file is told once
            with states.panel("The replay"):
                _start(settings, chosen, wanted)
                fit = True
        if fit:
            with before, states.panel("The pre-flight"):
                shares.show(_file(settings, chosen), limit, wanted.since)


def _chosen(kind: str) -> Any:  # noqa: ANN401 - nothing, a word, or Streamlit's uploaded file
    """What to replay, as far as the reader has said it; None while there is nothing to start."""
    if kind == _PATH:
        return (
            st.text_input(
                "Path on the machine that runs Weir", placeholder="/data/online_retail.csv.gz", key="replay path"
            ).strip()
            or None
        )
    if kind == _UPLOAD:
        return st.file_uploader(
            "Order lines (CSV), clicks or sessions (JSON lines), Wikipedia's clickstream (TSV); plain or .gz",
            type=_KINDS,
            key="replay upload",
        )
    st.caption(f"{words.count(files.SAMPLE_ROWS)} generated order lines of the past year.")
    return _SAMPLE


def _start(settings: Settings, chosen: Any, wanted: launch.Wanted) -> None:  # noqa: ANN401
    """Start the worker; an error of ours is told by the panel around it."""
    with st.spinner("Looking at the file ..."):
        path = _file(settings, chosen)
        launch.start(path, settings, wanted)
    st.toast(f"The replay of {words.plain(path.name)} has started.", icon=":material/play_circle:")


def _file(settings: Settings, chosen: Any) -> Path:  # noqa: ANN401
    if chosen is None:
        raise BadInputError("No file was chosen: choose the sample, a path or an upload.")
    if chosen == _SAMPLE:
        return files.sample(settings.state)
    if isinstance(chosen, str):
        return files.at(chosen)
    return files.keep_upload(settings.state, chosen.name, chosen)
