"""`sample`: write a file of generated events in the layout that `replay` reads."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import BadInputError
from pipeline.replay import sample_clicks, sample_sessions, sample_wikipedia, samples

if TYPE_CHECKING:
    import argparse

# The kinds, and over how many days their events spread when nothing is said; 0: they carry no time.
_DAYS = {"orders": 365, "clicks": 7, "wikipedia": 0, "sessions": 0}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The file, of what, how much, which, over which days."""
    parser.add_argument("file", type=Path, help="where to write; gzip when the name ends in .gz")
    parser.add_argument(
        "--kind",
        choices=tuple(_DAYS),
        default="orders",
        help="order lines (CSV), clicks (JSON lines), Wikipedia's clickstream (TSV) or browse sessions (JSON lines)",
    )
    parser.add_argument("--rows", type=int, default=20_000, metavar="N", help="events (default: 20000)")
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="another seed, another shop (default: 1)")
    parser.add_argument(
        "--start",
        type=date.fromisoformat,
        metavar="DAY",
        help="first day (default: a year of orders, a week of clicks, up to --end)",
    )
    parser.add_argument("--end", type=date.fromisoformat, metavar="DAY", help="last day (default: today)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Write the file and print its sums."""
    now = datetime.now(UTC).replace(tzinfo=None)
    end = args.end or now.date()
    start = args.start or end - timedelta(days=max(1, _DAYS[args.kind]) - 1)
    if args.rows < 1:
        raise BadInputError(f"--rows is {args.rows}: give 1 or more.")
    if end < start:
        raise BadInputError(f"--end {end} is before --start {start}: swap them.")
    if args.kind == "clicks" and datetime.combine(start, time()) >= now:
        raise BadInputError(f"--start {start} lies ahead: no click of it can have happened yet.")
    try:
        sums = _write(args, start, end, now)
    except (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError) as error:
        raise BadInputError(f"{args.file} cannot be written: {error.strerror}. Choose another place.") from error
    sums = {"file": str(args.file), **sums}
    width = max(map(len, sums)) + 1
    print(json.dumps(sums) if args.json else "\n".join(f"{name:<{width}} {value}" for name, value in sums.items()))
    return 0


def _write(args: argparse.Namespace, start: date, end: date, now: datetime) -> dict[str, object]:
    """The file's sums, once it is written."""
    if args.kind == "clicks":
        until = min(now.replace(microsecond=0), datetime.combine(end, time.max))
        of_clicks = sample_clicks.write(
            args.file, rows=args.rows, seed=args.seed, start=datetime.combine(start, time()), end=until
        )
        return {
            "rows": of_clicks.rows,
            "sessions": of_clicks.sessions,
            "pages": len(of_clicks.pages),
            "first_at": str(of_clicks.first_at),
            "last_at": str(of_clicks.last_at),
        }
    if args.kind == "wikipedia":
        of_lines = sample_wikipedia.write(args.file, rows=args.rows, seed=args.seed)
        return {"rows": of_lines.rows, "readers": of_lines.readers}
    if args.kind == "sessions":
        of_sessions = sample_sessions.write(args.file, rows=args.rows, seed=args.seed)
        return {
            "rows": of_sessions.rows,
            "from_usa": of_sessions.countries[sample_sessions.USA],
            "products": of_sessions.products,
            "pieces": of_sessions.pieces,
            "pieces_in_carts": of_sessions.pieces_in_carts,
        }
    ledger = samples.write(args.file, rows=args.rows, seed=args.seed, start=start, end=end)
    return {
        "rows": ledger.rows,
        "orders": ledger.orders,
        "customers": ledger.customers,
        "net_sales": str(ledger.net_sales),
        "first_at": str(ledger.first_at),
        "last_at": str(ledger.last_at),
    }
