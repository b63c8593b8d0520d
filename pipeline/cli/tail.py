"""`tail`: a stream's records as they come, from all shards."""

from __future__ import annotations

import argparse
import json
import sys
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pipeline.cli import streams
from pipeline.clients import client
from pipeline.settings import settle
from pipeline.tail import LATEST, TRIM_HORIZON, Tail

if TYPE_CHECKING:
    from pipeline.tail import Seen

_FROM = {"latest": LATEST, "trim_horizon": TRIM_HORIZON}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which stream, from where, how long, and how to print."""
    parser.add_argument("stream", metavar="STREAM", help=streams.HELP)
    parser.add_argument(
        "--from",
        dest="start",
        type=_start,
        default=LATEST,
        metavar="WHERE",
        help="latest (default), trim_horizon (all that it keeps), or a time such as 2026-11-22T14:00 (UTC)",
    )
    parser.add_argument("--limit", type=int, metavar="N", help="end after N records")
    parser.add_argument("--seconds", type=float, metavar="S", help="end after S seconds")
    parser.add_argument("--json", action="store_true", help="print one JSON object a record")
    parser.add_argument("--aws", action="store_true", help="the real AWS (also WEIR_CLOUD=aws)")


def run(args: argparse.Namespace) -> int:
    """Print records until the limit, the time or Ctrl-C."""
    settings = settle(aws=args.aws or None)
    tail = Tail(client("kinesis"), streams.full_name(settings, args.stream), args.start)
    until = time.monotonic() + args.seconds if args.seconds is not None else None
    left = args.limit
    for seen in tail.records() if left is None or left > 0 else ():
        while tail.said:
            print(f"weir: {tail.said.pop(0)}", file=sys.stderr, flush=True)
        if seen is not None:
            print(_as_json(seen) if args.json else _line(seen), flush=True)
            left = None if left is None else left - 1
        if left == 0 or (until is not None and time.monotonic() >= until):
            break
    return 0


def _line(seen: Seen) -> str:
    data = streams.decoded(seen.data)
    text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
    shown = streams.printable(text.rstrip("\n"))
    return f"{seen.shard} {seen.number} lag {seen.lag_s:.1f} s  {shown}"


def _as_json(seen: Seen) -> str:
    return json.dumps(
        {
            "shard": seen.shard,
            "sequence_number": seen.number,
            "arrived_at": seen.arrived.strftime("%Y-%m-%d %H:%M:%S.%f"),
            "lag_s": round(seen.lag_s, 3),
            "behind_s": round(seen.behind_s, 3),
            "partition_key": seen.key,
            "record": streams.decoded(seen.data),
        }
    )


def _start(text: str) -> str | datetime:
    if found := _FROM.get(text.lower()):
        return found
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        message = f"{text!r} is neither latest, trim_horizon nor a time such as 2026-11-22T14:00"
        raise argparse.ArgumentTypeError(message) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
