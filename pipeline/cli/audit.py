"""`audit`: what a replay sent against what the lake, the invoices and the warehouse hold, event by event."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pipeline.settings import settle
from queries import sources
from queries.audit.run import Sinks, audit

if TYPE_CHECKING:
    import argparse

    from queries.audit.result import Audit, Sink

_SHOWN = 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which replay, and how to print."""
    parser.add_argument("replay_id", nargs="?", metavar="REPLAY_ID", help="default: the latest replay")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--check", action="store_true", help="exit with 1 when a sink misses something")
    parser.add_argument("--aws", action="store_true", help="the real AWS (also WEIR_CLOUD=aws)")


def run(args: argparse.Namespace) -> int:
    """Audit; 0, or with --check 1 when something is missing (late is not missing)."""
    asked = sources.of(settle(aws=args.aws or None))
    found = audit(Sinks.of(asked), args.replay_id)
    print(json.dumps(found.as_json()) if args.json else written(found))
    return int(args.check and found.verdict == "missing")


def written(found: Audit) -> str:
    """The audit for a terminal."""
    counts = {name: getattr(found, name) for name in ("accepted", "rejected", "failed", "unknown")}
    lines = [
        f"Replay {found.replay_id} ({found.status}): {found.verdict}",
        f"  {found.rows:,} rows: {', '.join(f'{count:,} {name}' for name, count in counts.items())}",
    ]
    if found.rows < found.reached:
        lines.append(f"  The ledger tells of {found.rows:,} of the {found.reached:,} rows that the replay reached.")
    for name, sink in found.sinks.items():
        lines += _of_sink(name, sink)
    return "\n".join([*lines, f"  Asked in {found.seconds:.1f} s."])


def _of_sink(name: str, sink: Sink) -> list[str]:
    counts = {"missing": sink.missing, "late": sink.late, "repeats": sink.repeats}
    told = ", ".join(f"{count:,} {what}" for what, count in counts.items())
    lines = [f"  {name:<10} {sink.present:>11,} of {sink.expected:,} present, {told}"]
    lines += [f"    line {absent.line}: {absent.event_id}: {absent.cause}" for absent in sink.absent[:_SHOWN]]
    if len(sink.absent) > _SHOWN:
        lines.append("    ... --json names the first hundred")
    return lines
