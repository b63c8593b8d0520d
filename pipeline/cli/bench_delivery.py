"""`bench delivery`: one file into an empty stack, until the audit finds all of it in all three sinks."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.cli.bench_cloud import own_cloud, sample
from pipeline.errors import BadInputError, CloudError
from pipeline.settings import REPOSITORY, state_folder
from queries import sources
from queries.audit.run import Sinks, audit

if TYPE_CHECKING:
    import argparse

    from queries.audit.result import Audit

_ROWS = 541_909  # as many as the UCI file has
_LOOK_S = 1.0
_PATIENCE_S = 900.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What is sent."""
    parser.add_argument("--file", type=Path, metavar="FILE", help="order lines (default: a generated file)")
    parser.add_argument("--rows", type=int, default=_ROWS, metavar="N", help=f"generated rows (default: {_ROWS})")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Measure, and print; 1 when not every event is in every sink in the end."""
    if args.file is not None and not args.file.exists():
        raise BadInputError(f"There is no file {args.file}.")
    state = state_folder()
    state.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=state, prefix="bench-") as place:
        folder = Path(place)
        file = args.file or sample(folder / "orders.csv.gz", args.rows)
        with own_cloud(folder, {"OrdersShards": "4"}) as settings:
            found = measure(Sinks.of(sources.of(settings)), file.resolve())
    print(json.dumps(found) if args.json else _written(found))
    return int(found["verdict"] != "complete")


def measure(sinks: Sinks, file: Path) -> dict[str, Any]:
    """Send the file as a person does, and audit it until it is complete; then once more, with nothing else to do.

    `called_missing` are the most events that an audit on the way took for missing, by sink: they were late.
    """
    began = time.monotonic()
    command = [sys.executable, "-m", "pipeline", "replay", str(file), "--max", "--wait", "--json"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    if not done.stdout.startswith("{"):
        raise CloudError(f"The replay of {file} did not come about: {done.stderr.strip()}")
    receipt = json.loads(done.stdout)
    sent_s = time.monotonic() - began
    called_missing: Counter[str] = Counter()
    while (found := audit(sinks, receipt["replay_id"])).verdict != "complete":
        called_missing |= Counter({name: sink.missing for name, sink in found.sinks.items()})
        if time.monotonic() - began > _PATIENCE_S:
            break
        time.sleep(_LOOK_S)
    complete_s = time.monotonic() - began
    settled = audit(sinks, receipt["replay_id"])
    return {
        "rows": receipt["rows"],
        "accepted": receipt["accepted"],
        "rejected": receipt["rejected"],
        "rows_per_s": receipt["rows_per_s"],
        "sent_s": round(sent_s, 1),
        "complete_s": round(complete_s, 1),
        "first_audit_s": round(found.seconds, 1),
        "audit_s": round(settled.seconds, 1),
        "verdict": settled.verdict,
        "called_missing": dict(called_missing),
        "sinks": {name: _sink(settled, name) for name in settled.sinks},
    }


def _sink(found: Audit, name: str) -> dict[str, float]:
    sink = found.sinks[name]
    return {
        "present": sink.present,
        "expected": sink.expected,
        "repeats": sink.repeats,
        "seconds": round(sink.seconds, 1),
    }


def _written(found: dict[str, Any]) -> str:
    held = ", ".join(f"{name} {sink['present']:,} of {sink['expected']:,}" for name, sink in found["sinks"].items())
    pace = f"{found['sent_s']:.1f} s ({found['rows_per_s']:,.0f} rows/s)"
    audits = f"{found['first_audit_s']:.1f} s when it first found everything, {found['audit_s']:.1f} s once more"
    wrong = ", ".join(f"{count:,} of {name}" for name, count in found["called_missing"].items()) or "none"
    return "\n".join(
        [
            f"{found['rows']:,} rows: {found['accepted']:,} accepted, {found['rejected']:,} rejected, sent in {pace}",
            f"{found['verdict']} {found['complete_s']:.1f} s after the start: {held}",
            f"the audit itself: {audits}; called missing on the way: {wrong}",
        ]
    )
