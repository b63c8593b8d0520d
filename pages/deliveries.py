"""The delivery streams: what came in, what was delivered and when, and what went wrong."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial

import streamlit as st

from pages.parts import asked, copy_errors, head, operators, states, test_data, words
from pipeline.health import deliveries
from queries.reports import copies

EVERY_S = 15
MOST = 20
DAY = timedelta(hours=24)

head.show(
    "Deliveries", "Does what comes in reach the lake and the warehouse, how fresh is it there, and what went wrong?"
)


def this_hour() -> datetime:
    """The hour it is, UTC."""
    return datetime.now(UTC).replace(tzinfo=None, minute=0, second=0, microsecond=0)


@st.fragment(run_every=EVERY_S)
def live() -> None:
    """Looks again every 15 s; each delivery stream fails on its own."""
    sources = asked.sources()
    for name in deliveries.names(sources.outputs):
        with states.panel(f"Delivery stream {name}"):
            show(asked.kept("deliveries.look", partial(deliveries.look, sources.client, name), name))
    with states.panel("What COPY refused"):
        copy_errors.show(asked.figure(copies.errors, this_hour() - DAY, MOST))
    st.caption(f"Looked at {words.here(datetime.now(UTC))}; again every {EVERY_S} s.")


def show(delivery: deliveries.Delivery) -> None:
    """One delivery stream: verdict, tiles, records, problems."""
    st.subheader(words.plain(delivery.name))
    operators.state(delivery.verdict.state, delivery.verdict.why)
    st.markdown(f"From **{words.plain(delivery.source)}** to **{words.plain(delivery.destination)}**")
    test_data.offer(delivery)
    newest = delivery.newest
    operators.facts(
        {
            "In, last 24 h": words.count(delivery.arrived.total),
            "Delivered, last 24 h": words.count(delivery.delivered.total),
            "Last delivery": words.short_age(newest.at) if newest else "none yet",
            "Oldest record waits": "-" if delivery.freshness_s is None else f"{delivery.freshness_s:,.0f} s",
        }
    )
    if newest:
        st.caption(
            f"Last object `{newest.key}`, {words.size(newest.size)}, at {words.here(newest.at)}. "
            f"A buffer is delivered at {delivery.size_mb} MB or after {delivery.interval_s} s.",
            help=words.utc(newest.at),
        )
    operators.counts_over_time(delivery.delivered, "Records delivered", f"delivered {delivery.name}")
    if delivery.problems:
        st.markdown(f"**What went wrong in the last 24 hours**, the newest first ({len(delivery.problems)})")
        operators.table(
            {
                "When": [words.age(problem.at) for problem in delivery.problems],
                "What": [words.plain(problem.text) for problem in delivery.problems],
                "Told in": [words.plain(problem.where) for problem in delivery.problems],
            }
        )
    else:
        st.markdown(":material/check: No errors in the last 24 hours.")


live()
