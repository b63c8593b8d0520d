"""`bench`: measure Weir's own parts on this machine."""

from __future__ import annotations

import json
import signal
import sys
from typing import TYPE_CHECKING

from pipeline.bench import size
from pipeline.cli import bench_delivery, bench_pages, bench_replay, bench_views
from pipeline.errors import BadInputError
from pipeline.settings import state_folder

if TYPE_CHECKING:
    import argparse

_LEAST_ROWS = 1_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to measure, and how much of it."""
    what = parser.add_subparsers(dest="what", required=True, metavar="WHAT")
    text = "rows/s and memory of the sample generator and of the file reader"
    child = what.add_parser("size", help=text, description=f"{text[0].upper()}{text[1:]}, over a temporary file.")
    child.add_argument("--rows", type=int, default=50_000_000, metavar="N", help="order lines (default: 50000000)")
    child.add_argument("--json", action="store_true", help="print one JSON object")
    text = "rows/s of the producer, against its ceiling, others, and shard limits"
    child = what.add_parser("replay", help=text, description=f"{text[0].upper()}{text[1:]}, on clouds of its own.")
    bench_replay.add_arguments(child)
    text = "live counters against the stream's records, the lake against what was sent, a post until it is counted"
    child = what.add_parser("views", help=text, description=f"{text[0].upper()}{text[1:]}, on a cloud of its own.")
    bench_views.add_arguments(child)
    text = "a file into an empty stack, until the audit finds all of it in all three sinks"
    child = what.add_parser("delivery", help=text, description=f"{text[0].upper()}{text[1:]}, on a cloud of its own.")
    bench_delivery.add_arguments(child)
    text = "what a reader of the dashboard waits for, in Chromium"
    child = what.add_parser(
        "pages", help=text, description=f"{text[0].upper()}{text[1:]}, cold, warm, asking on, narrowed, ten at once."
    )
    bench_pages.add_arguments(child)


def run(args: argparse.Namespace) -> int:
    """Measure, and print each point as it is reached."""
    # What was started ends with the bench: `kill` unwinds it as Ctrl-C does.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    if args.what == "views":
        return bench_views.run(args)
    if args.rows < _LEAST_ROWS:
        raise BadInputError(f"--rows is {args.rows}: give {_LEAST_ROWS:,} or more.")
    if args.what == "delivery":
        return bench_delivery.run(args)
    if args.what == "replay":
        return bench_replay.run(args)
    if args.what == "pages":
        return bench_pages.run(args)
    folder = state_folder()
    folder.mkdir(parents=True, exist_ok=True)
    points = []
    for point in size.measure(args.rows, folder):
        points.append(point)
        if not args.json:
            print(_line(point), flush=True)
    grown = {part: size.growth(points, part) for part in ("generator", "reader")}
    if args.json:
        rows = [{**point._asdict(), "rows_per_s": round(point.rows_per_s)} for point in points]
        print(json.dumps({"points": rows, "growth_mib": grown}))
    else:
        told = ", ".join(f"{part} {mib:+.1f} MiB" for part, mib in grown.items())
        print(f"Memory from {points[1].rows:,} to {args.rows:,} rows: {told}")
    return 0


def _line(point: size.Point) -> str:
    pace = f"{point.rows_per_s:>9,.0f} rows/s, {point.rows_per_cpu_s:>9,.0f} a second of CPU"
    return f"{point.part:<10}{point.rows:>12,} rows {pace}, {point.peak_mib:>7.1f} MiB at most"
