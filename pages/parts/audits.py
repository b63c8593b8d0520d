"""An audit on the page: the verdict, a bar for each sink, the missing events with their causes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import plotly.graph_objects as go

from pages.parts import charts, layouts, operators, theme, words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from queries.audit.result import Audit

_STATES = {"complete": "healthy", "late": "running", "missing": "failing"}
_NAMES = {"lake": "Lake", "invoices": "Invoices", "warehouse": "Warehouse"}


def show(found: Audit) -> None:
    """From the verdict to the single event."""
    operators.state(_STATES[found.verdict], _verdict(found))
    operators.facts(
        {
            "Rows": words.count(found.rows),
            "Accepted": words.count(found.accepted),
            "Rejected": words.count(found.rejected),
            "Failed": words.count(found.failed),
            "Unknown": words.count(found.unknown),
        }
    )
    charts.show(
        _shares({_NAMES[name]: (sink.present, sink.late, sink.missing) for name, sink in found.sinks.items()}),
        key="audit",
        alt="; ".join(
            f"{_NAMES[name]}: {sink.present:,} present, {sink.late:,} late, {sink.missing:,} missing"
            for name, sink in found.sinks.items()
        ),
    )
    sinks = list(found.sinks.values())
    operators.table(
        {
            "Sink": [_NAMES[name] for name in found.sinks],
            "Expected": [sink.expected for sink in sinks],
            "Present": [sink.present for sink in sinks],
            "Late": [sink.late for sink in sinks],
            "Missing": [sink.missing for sink in sinks],
            "Repeats": [sink.repeats for sink in sinks],
            "Late up to, s": [sink.window_s for sink in sinks],
        }
    )
    _absent(found)


def _verdict(found: Audit) -> str:
    if found.verdict == "missing":
        lacking = [_NAMES[name] for name, sink in found.sinks.items() if sink.missing]
        return f"Something is missing in: {', '.join(lacking)}. The first missing events are below."
    if found.rows < found.reached:
        return f"The ledger tells of {found.rows:,} of {found.reached:,} rows so far."
    if found.verdict == "late":
        return "Nothing is missing; what is late may still come."
    return (
        "Every event that was sent is in every sink."
        if len(found.sinks) > 1
        else "Every event that was sent is in the lake."
    )


def _absent(found: Audit) -> None:
    rows = [(name, absent) for name, sink in found.sinks.items() for absent in sink.absent]
    if not rows:
        return
    operators.table(
        {
            "Sink": [_NAMES[name] for name, _ in rows],
            "EventID": [words.plain(absent.event_id) for _, absent in rows],
            "Line": [absent.line for _, absent in rows],
            "State": ["late" if absent.late else "missing" for _, absent in rows],
            "Likely cause": [words.plain(absent.cause) for _, absent in rows],
        }
    )


def _shares(sinks: Mapping[str, tuple[int, int, int]]) -> go.Figure:
    """One bar a sink: present, late, missing, in rows."""
    names = list(sinks)
    parts = (("present", theme.ORDERS), ("late", theme.DEGRADED), ("missing", theme.RETURNS))
    bars = [
        go.Bar(
            x=[sinks[name][at] for name in names],
            y=names,
            orientation="h",
            name=part,
            marker={"color": colour},
            hovertemplate=f"%{{y}}: %{{x:,}} {part}<extra></extra>",
        )
        for at, (part, colour) in enumerate(parts)
    ]
    return layouts.figure(
        *bars,
        hovermode="closest",
        barmode="stack",
        height=48 * len(names) + 32,
        xaxis={"rangemode": "tozero", "tickformat": "~s"},
        yaxis={"autorange": "reversed", "showgrid": False},
        margin={"l": layouts.beside(names), "b": layouts.BELOW_A_LINE},
    )
