"""A receipt on the page: what was sent with what settings, what became of each row, and what each sink holds of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.parts import asked, operators, words
from pipeline.replay.progress import ALIVE
from pipeline.replay.wishes import Tempo
from queries.audit import run

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.replay.progress import Progress
    from queries.audit.result import Sink

_SINKS = {"lake": "Lake", "invoices": "Invoices", "warehouse": "Warehouse"}
_BY_VERDICT = {"complete": "healthy", "late": "running", "missing": "failing"}


def counts(replay: Progress) -> None:
    """The state, and the rows by what became of them."""
    began = f"{words.here(words.instant(replay.started_at))} by {replay.who}"
    pace = f"{words.duration(replay.seconds)} at {words.count(replay.rows_per_s)} rows/s"
    why = f": {replay.error}" if replay.error else ""
    operators.state(replay.status, f"{replay.replay_id}, started {began}, {pace}{why}")
    operators.facts(
        {
            "Rows": words.count(replay.rows_read),
            "Accepted": words.count(replay.accepted),
            "Rejected": words.count(replay.rejected),
            "Failed": words.count(replay.failed),
            "Unknown": words.count(replay.unknown),
        }
    )


def settings(replay: Progress, receipt: Mapping[str, Any] | None) -> None:
    """The file and what the replay was told, as it is known before its end, too."""
    told = {
        "File": words.plain(replay.file),
        "Size": words.size(replay.bytes_total),
        "SHA-256": f"`{replay.sha256}`" if replay.sha256 else "none: no file was read",
        "Encoding": receipt["encoding"] if receipt else None,
        "Target": replay.target,
        "Pace": str(Tempo(replay.rate, replay.speed, replay.max_gap)),
        "From": replay.since or "the file's first row",
        "Rows at most": words.count(replay.row_limit) if replay.row_limit else "all",
        "Refused and sent again": f"{words.count(replay.refused)} and {words.count(replay.retried)}",
        "Resumed": f"{replay.life} time{'s' if replay.life > 1 else ''}"
        if replay.life
        else "no: one worker from beginning to end",
        "Started": words.utc(words.instant(replay.started_at)),
        "Ended": words.utc(words.instant(replay.ended_at)) if replay.ended_at else "not yet",
    }
    st.subheader("File and settings")
    known = {name: value for name, value in told.items() if value}
    operators.table({"What": list(known), "Value": list(known.values())})


def losses(receipt: Mapping[str, Any]) -> None:
    """Why rows were rejected or given up, the first rejected ones, and where all of them are kept."""
    for title, name in (("Why rows were rejected", "reasons"), ("Why rows were given up", "failures")):
        if receipt[name]:
            st.subheader(title)
            operators.table(
                {
                    "Reason": [words.plain(counted["reason"]) for counted in receipt[name]],
                    "Rows": [counted["rows"] for counted in receipt[name]],
                }
            )
    if receipt["rejections"]:
        st.markdown("**The first of them**")
        operators.table(
            {
                "Line": [row["line"] for row in receipt["rejections"]],
                "EventID": [words.plain(row["event_id"] or "") or None for row in receipt["rejections"]],
                "Reasons": [words.plain("; ".join(row["reasons"])) for row in receipt["rejections"]],
            }
        )
    kept = [*receipt["quarantine"], *receipt["dead_letters"]]
    if kept:
        bucket = asked.sources().outputs.lake_bucket
        st.caption(f"Kept in {', '.join(f'`s3://{bucket}/{key}`' for key in kept)}")


def delivery(replay: Progress) -> None:
    """What each sink holds of it, as the audit finds."""
    st.subheader("What each sink holds")
    sources = asked.sources()
    sinks = run.Sinks(sources.lake, sources.warehouse, sources.client, sources.outputs)
    with st.spinner("Comparing the ledger with the sinks ..."):
        found = asked.kept("audit", lambda: run.audit(sinks, replay.replay_id), replay.replay_id)
    held = list(found.sinks.values())
    operators.table(
        {
            "Verdict": [operators.badge(_BY_VERDICT[_verdict(sink)]) for sink in held],
            "Sink": [_SINKS.get(name, name) for name in found.sinks],
            "Expected": [sink.expected for sink in held],
            "Present": [sink.present for sink in held],
            "Late": [sink.late for sink in held],
            "Missing": [sink.missing for sink in held],
            "Repeats": [sink.repeats for sink in held],
        }
    )
    st.markdown(f"[The audit](/audit?replay={replay.replay_id}) names what is missing, and sends it again.")


def download(replay: Progress, receipt: Mapping[str, Any]) -> None:
    """The receipt as the command line prints it."""
    st.download_button(
        "Receipt as JSON", json.dumps(receipt, indent=2), f"{replay.replay_id}.json", "application/json",
        icon=":material/download:", on_click="ignore",
    )  # fmt: skip


def why_none(replay: Progress) -> str:
    """What to tell where there is no receipt."""
    if replay.status in ALIVE:
        return "It is still under way: its receipt is written at its end."
    return (
        "Its worker was killed before it wrote a receipt: the counts are those of its last word. Resume it to end it."
    )


def _verdict(sink: Sink) -> str:
    return "missing" if sink.missing else "late" if sink.late else "complete"
