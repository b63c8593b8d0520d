"""`trace`: one event's way from its file to every sink, each step with its time and lag, or why it is not there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pipeline.settings import settle
from queries import sources
from queries.audit.run import Sinks
from queries.trace.run import trace

if TYPE_CHECKING:
    import argparse

    from queries.trace.result import Hop, Trace

_MINUTE = 60
_MARKS = {"there": "+", "due": "~", "not there": "-"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which event, and how to print."""
    parser.add_argument(
        "event_id",
        metavar="EVENT_ID",
        help="such as 536365-1: the invoice and its line; or the id of a page view or session",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--aws", action="store_true", help="the real AWS (also WEIR_CLOUD=aws)")


def run(args: argparse.Namespace) -> int:
    """Trace; 0, also when a step is missing."""
    asked = sources.of(settle(aws=args.aws or None))
    found = trace(Sinks(asked.lake, asked.warehouse, asked.client, asked.outputs), args.event_id)
    print(json.dumps(found.as_json()) if args.json else written(found))
    return 0


def written(found: Trace) -> str:
    """The trace for a terminal."""
    lines = [f"Event {found.event_id}", *map(_of_hop, found.hops)]
    lines += [f"  also: {other}" for other in found.others]
    return "\n".join(
        [*lines, f"  Ledgers looked in: {len(found.looked_in)}, of the newest replays; {found.seconds:.1f} s."]
    )


def _of_hop(hop: Hop) -> str:
    when = hop.at or ""
    lag = f"+{hop.lag_s:.3f} s" if hop.lag_s is not None else ""
    due = f"due within {minutes(hop.due_s)}: " if hop.due_s is not None else ""
    return f"  {_MARKS[hop.state]} {hop.name:<9} {when:<26} {lag:>13}  {due}{hop.what}"


def minutes(seconds: float) -> str:
    """E.g. 00:42."""
    whole = max(0, round(seconds))
    return f"{whole // _MINUTE:02}:{whole % _MINUTE:02}"
