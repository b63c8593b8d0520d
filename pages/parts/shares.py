"""What a file will do to the stream: each shard's share and the least time, shown before anything is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.parts import asked, operators, words
from pipeline.replay import preflight
from pipeline.replay.opening import open_file
from pipeline.replay.shards import Shards, open_shards

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.replay.preflight import Preflight

# A page looks at so many rows at most, some seconds' worth; the command line looks at all.
MOST_ROWS = 1_000_000
EVEN = 1.15  # of the greatest share against the mean; beyond it a shard is hot


def show(path: Path, limit: int | None, since: str | None = None) -> None:
    """The pre-flight of a file; raises errors of ours when the file or the stream cannot be looked at."""
    sources = asked.sources()
    with open_file(path) as file:
        family = file.family
    if not family.stream:
        st.caption(f"{family.events.capitalize()} go to a delivery stream, which has no shards.")
        return
    shards = open_shards(sources.client("kinesis"), family.stream_of(sources.outputs))
    found = _looked(
        str(path), path.stat().st_mtime_ns if path.exists() else 0, limit, since, shards.ranges, path, shards
    )
    rows = words.count(found.rows) if found.whole or limit else f"first {words.count(found.rows)}"
    hot = found.hottest
    operators.facts(
        {
            "Rows to send": rows,
            "Best possible time": words.duration(found.least_seconds),
            "Hottest shard": f"{hot.share:.1%} of rows",
            "Hottest / mean": f"{found.max_over_mean:.2f}",
        }
    )
    operators.table(
        {
            "Shard": [words.plain(load.shard) for load in found.shards],
            "Share": [f"{load.share:.1%} of rows" for load in found.shards],
            "Rows": [load.rows for load in found.shards],
            "Size": [words.size(load.bytes) for load in found.shards],
            "Least time": [words.duration(load.seconds) for load in found.shards],
        }
    )
    st.caption(_sentence(found))


def _sentence(found: Preflight) -> str:
    limits = "A shard takes 1,000 records and 1 MiB a second, so this is the least time, whatever the pace."
    bad = f" {words.count(found.rejected)} rows break the contract and will go to quarantine." if found.rejected else ""
    skew = ""
    if found.max_over_mean > EVEN:
        skew = f" {words.plain(found.hottest.shard)} is hot: it decides how long the file takes."
    return limits + bad + skew


@st.cache_data(ttl=3600, max_entries=50, show_spinner="Looking at the file ...")
def _looked(
    path: str,  # noqa: ARG001 - with the next two and the ranges, what tells answers apart
    changed_at: int,  # noqa: ARG001
    limit: int | None,
    since: str | None,
    ranges: object,  # noqa: ARG001
    _path: Path,
    _shards: Shards,
) -> Preflight:
    with open_file(_path) as orders:
        return preflight.look(orders, _shards, limit=min(limit or MOST_ROWS, MOST_ROWS), since=since)
