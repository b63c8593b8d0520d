"""The orders stream: its shards, who reads it, and what came in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial

import streamlit as st

from pages.parts import asked, head, operators, states, words
from pipeline.health import streams

EVERY_S = 15

head.show("Streams", "Is the stream open, is it read, and what came in during the last hour?")


@st.fragment(run_every=EVERY_S)
def live() -> None:
    """Looks again every 15 s."""
    sources = asked.sources()
    outputs = sources.outputs
    with states.panel(f"Stream {outputs.orders_stream}"):
        deliveries = (outputs.lake_delivery, outputs.warehouse_delivery)
        stream = asked.kept("streams.look", partial(streams.look, sources.client, outputs.orders_stream, deliveries))
        show(stream)


def newest(within: timedelta | None) -> str:
    """How fresh a shard's newest record is."""
    return f"within {words.span(within)}" if within else "none that it still keeps"


def show(stream: streams.Stream) -> None:
    """One stream: verdict, tiles, shards, consumers, records."""
    st.subheader(words.plain(stream.name))
    operators.state(stream.verdict.state, stream.verdict.why)
    operators.facts(
        {
            "Status": stream.status.lower(),
            "Open shards": words.count(len(stream.shards)),
            "Keeps records for": f"{stream.retention_h} h",
            "In, last hour": words.count(stream.incoming.total),
        }
    )
    operators.counts_over_time(stream.incoming, "Records in", "stream records")
    if stream.counted_by != stream.name:
        st.caption(f"As read by {words.plain(stream.counted_by)}; nobody counts for the stream itself.")
    shards, consumers = st.columns([3, 2], gap="medium")
    with shards:
        st.markdown("**Open shards**")
        operators.table(
            {
                "Shard": [words.plain(shard.shard_id) for shard in stream.shards],
                "Takes": [f"{shard.share:.0%} of keys" for shard in stream.shards],
                "Newest record": [newest(shard.within) for shard in stream.shards],
            }
        )
    with consumers:
        st.markdown("**Read by**")
        operators.table(
            {
                "Consumer": [words.plain(consumer.name) for consumer in stream.consumers],
                "Kind": [consumer.kind for consumer in stream.consumers],
                "State": [consumer.state for consumer in stream.consumers],
            }
        )
    st.caption(f"Looked at {words.here(datetime.now(UTC))}; again every {EVERY_S} s.")


live()
