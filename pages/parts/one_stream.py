"""Streams one below the other, and one of them in its parts."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from pages.parts import asked, operators, states, words
from pipeline.health import streams

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

    from pipeline.health.streams import Stream

_BEHIND = "{:,.1f} s"
FORMATS = {"Behind": _BEHIND}


def rows(found: Mapping[str, Stream]) -> dict[str, list[str | float | None]]:
    """The columns of a table with a row for each stream, by its short name."""
    return {
        # One column, so that all of them fit a phone.
        "Stream": [f"{operators.badge(stream.verdict.state)} {words.plain(name)}" for name, stream in found.items()],
        "In": [stream.incoming.total for stream in found.values()],
        "Out": [stream.outgoing.total for stream in found.values()],
        "Refused": [stream.refused.total for stream in found.values()],
        "Behind": [stream.behind_s for stream in found.values()],
    }


def show(stream: Stream) -> None:
    """Verdict, tiles, records in and out, shards, consumers."""
    st.subheader(words.plain(stream.name))
    operators.state(stream.verdict.state, stream.verdict.why)
    operators.facts(
        {
            "Open shards": words.count(len(stream.shards)),
            "Keeps records for": f"{stream.retention_h} h",
            "In, last hour": words.count(stream.incoming.total),
            "Out, last hour": words.count(stream.outgoing.total),
            "Refused, last hour": words.count(stream.refused.total),
        }
    )
    operators.counts_over_time(stream.incoming, "Records in", f"in {stream.name}")
    operators.counts_over_time(stream.outgoing, "Records out, to every reader", f"out {stream.name}")
    if stream.slowed.total:
        st.caption(f"{words.count(stream.slowed.total)} readings were put off in the last hour: too many readers.")
    shards, consumers = st.columns(2, gap="medium")
    with shards, states.panel("Open shards"):
        _shards(stream)
    with consumers:
        st.markdown("**Read by**")
        operators.table(
            {
                "Consumer": [words.plain(consumer.name) for consumer in stream.consumers],
                "Kind": [consumer.kind for consumer in stream.consumers],
                "State": [consumer.state for consumer in stream.consumers],
                "Behind": [consumer.behind_s for consumer in stream.consumers],
            },
            FORMATS,
        )


def _shards(stream: Stream) -> None:
    fresh = asked.kept("streams.freshness", partial(streams.freshness, asked.sources().client, stream), stream.name)
    st.markdown("**Open shards**")
    operators.table(
        {
            "Shard": [words.plain(shard.shard_id) for shard in stream.shards],
            "Takes": [f"{shard.share:.0%} of keys" for shard in stream.shards],
            "Newest record": list(map(_newest, fresh)),
        }
    )


def _newest(within: timedelta | None) -> str:
    return f"within {words.span(within)}" if within else "none that it still keeps"
