"""`sample`: write a file of generated order lines, in the layout that `replay` reads."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import BadInputError
from pipeline.replay import samples

if TYPE_CHECKING:
    import argparse

_DAYS = 365


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The file, how much, which, over which days."""
    parser.add_argument("file", type=Path, help="where to write; gzip when the name ends in .gz")
    parser.add_argument("--rows", type=int, default=20_000, metavar="N", help="order lines (default: 20000)")
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="another seed, another shop (default: 1)")
    parser.add_argument(
        "--start", type=date.fromisoformat, metavar="DAY", help="first day (default: a year before --end)"
    )
    parser.add_argument("--end", type=date.fromisoformat, metavar="DAY", help="last day (default: today)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Write the file and print its sums."""
    end = args.end or datetime.now(UTC).date()
    start = args.start or end - timedelta(days=_DAYS - 1)
    if args.rows < 1:
        raise BadInputError(f"--rows is {args.rows}: give 1 or more.")
    if end < start:
        raise BadInputError(f"--end {end} is before --start {start}: swap them.")
    try:
        ledger = samples.write(args.file, rows=args.rows, seed=args.seed, start=start, end=end)
    except (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError) as error:
        raise BadInputError(f"{args.file} cannot be written: {error.strerror}. Choose another place.") from error
    sums = {
        "file": str(args.file),
        "rows": ledger.rows,
        "orders": ledger.orders,
        "customers": ledger.customers,
        "net_sales": str(ledger.net_sales),
        "first_at": str(ledger.first_at),
        "last_at": str(ledger.last_at),
    }
    print(json.dumps(sums) if args.json else "\n".join(f"{name:<10} {value}" for name, value in sums.items()))
    return 0
