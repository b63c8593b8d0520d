"""`replay`: send a file of order lines through the pipeline, and account for each of its rows."""

from __future__ import annotations

import argparse
import json
import math
import os
import signal
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline import stack
from pipeline.clients import aws_errors, client
from pipeline.errors import WeirError
from pipeline.local.pids import remember
from pipeline.replay import launch, preflight, progress, store
from pipeline.replay import run as runs
from pipeline.replay.reader import OrderFile
from pipeline.replay.senders import ApiSender, KinesisSender
from pipeline.replay.shards import open_shards
from pipeline.settings import Settings, settle

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from pipeline.replay.preflight import Preflight
    from pipeline.replay.progress import Progress, Receipt
    from pipeline.replay.senders import Sender

_STOPPED = 130
_LINE_EACH = 10.0  # seconds between progress lines where no terminal redraws one


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The file, where to, how fast."""
    parser.add_argument("file", type=Path, help="a CSV file in the layout of the Online Retail data set, plain or .gz")
    parser.add_argument("--target", choices=("kinesis", "api"), default="kinesis", help="where to (default: kinesis)")
    pace = parser.add_mutually_exclusive_group()
    pace.add_argument("--rate", type=_rate, metavar="N", help="rows a second")
    pace.add_argument("--max", action="store_true", help="as fast as the target takes them (the default)")
    parser.add_argument("--limit", type=_limit, metavar="N", help="the file's first N rows only")
    parser.add_argument(
        "--preflight", action="store_true", help="send nothing; print each shard's share and the least time it takes"
    )
    parser.add_argument("--wait", action="store_true", help="stay until every row is acknowledged or given up")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--aws", action="store_true", help="the real AWS (also WEIR_CLOUD=aws)")
    parser.add_argument("--replay-id", default=None, help=argparse.SUPPRESS)


def run(args: argparse.Namespace) -> int:
    """Replay; 0 when each valid row was acknowledged (rejected ones are accounted for), 130 when stopped, else 1."""
    settings = settle(aws=args.aws or None)
    path = args.file.expanduser().absolute()
    if args.preflight:
        print(_looked(path, settings, args))
        return 0
    if not args.wait:
        replay_id = launch.start(path, settings, target=args.target, rate=args.rate, limit=args.limit)
        print(json.dumps({"replay_id": replay_id, "status": progress.RUNNING}) if args.json else _started(replay_id))
        return 0
    receipt = _replay(path, settings, args)
    print(json.dumps(asdict(receipt)) if args.json else _written(receipt))
    if receipt.status == progress.STOPPED:
        return _STOPPED
    return 0 if receipt.status == progress.DONE and not (receipt.failed or receipt.unknown) else 1


def _looked(path: Path, settings: Settings, args: argparse.Namespace) -> str:
    with OrderFile(path) as orders:
        stream = stack.outputs(settings.stack).orders_stream
        found = preflight.look(orders, open_shards(client("kinesis"), stream), limit=args.limit)
    if not args.json:
        return _before(found)
    sums = {name: getattr(found, name) for name in ("max_over_mean", "least_seconds")}
    return json.dumps(asdict(found) | {"hottest": found.hottest.shard} | sums)


def _replay(path: Path, settings: Settings, args: argparse.Namespace) -> Receipt:
    table = store.of_stack(settings.stack)
    outputs = stack.outputs(settings.stack)
    shards = open_shards(client("kinesis"), outputs.orders_stream) if args.target == "kinesis" else None
    job = runs.Job(args.replay_id or progress.new_replay_id(), rate=args.rate, limit=args.limit, shards=shards)
    shown = _Shown()
    latest: list[Progress] = []

    def tell(state: Progress) -> None:
        latest[:] = [state]
        shown(state)
        table.save(state)

    with OrderFile(path) as orders, _stop_on_signals() as stop:
        if settings.local:
            remember(settings.state, f"replay-{job.replay_id}", os.getpid())
        sender = _sender(args.target, outputs, job.replay_id)
        kept_in = (client("s3"), outputs.lake_bucket)
        receipt = runs.replay(orders, sender, job, kept_in, on_progress=tell, stop=stop)
    shown.close()
    try:
        table.save(latest[0], receipt)
    except WeirError as error:
        print(f"weir: the receipt could not be kept: {error}", file=sys.stderr)
    return receipt


def _sender(target: str, outputs: stack.Outputs, replay_id: str) -> Sender:
    if target == "kinesis":
        return KinesisSender(client("kinesis", attempts=1), outputs.orders_stream)
    api_key = None
    if outputs.api_key_id:
        with aws_errors(f"API key {outputs.api_key_id}"):
            found = client("apigateway").get_api_key(apiKey=outputs.api_key_id, includeValue=True)
        api_key = str(found["value"])
    return ApiSender(outputs.api_url, replay_id, api_key=api_key)


@contextmanager
def _stop_on_signals() -> Iterator[threading.Event]:
    """An event that the first SIGINT or SIGTERM sets; the second one breaks off."""
    stop = threading.Event()

    def handle(_number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        print("\nweir: stopping after what is in flight; once more breaks off.", file=sys.stderr)

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Shown:
    """One progress line on standard error: redrawn on a terminal, else anew every ten seconds."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._next = time.monotonic() + _LINE_EACH

    def __call__(self, state: Progress) -> None:
        if self._terminal:
            print(f"\r\x1b[K{_line(state)}", end="", file=sys.stderr, flush=True)
        elif time.monotonic() >= self._next:
            self._next += _LINE_EACH
            print(_line(state), file=sys.stderr, flush=True)

    def close(self) -> None:
        """Leave the line for what comes next."""
        if self._terminal:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def _line(state: Progress) -> str:
    parts = [f"{state.share:4.0%}", f"{state.rows_read:,} rows", f"{state.rows_per_s:,.0f} rows/s"]
    parts += [f"{count:,} {name}" for name, count in _losses(state) if count]
    return " · ".join(parts)


def _losses(state: Progress) -> list[tuple[str, int]]:
    return [
        ("rejected", state.rejected),
        ("failed", state.failed),
        ("unknown", state.unknown),
        ("sent again", state.retried),
    ]


def _started(replay_id: str) -> str:
    return f"Replay {replay_id} runs on its own; the Replay page shows how far it is."


def _before(found: Preflight) -> str:
    lines = [
        f"{found.file}: {found.rows:,} rows to send, {found.bytes:,} bytes; {found.rejected:,} break the contract",
        *(
            f"  {load.shard}  {load.rows:>11,} rows  {load.share:6.1%}  {load.bytes:>13,} bytes  {load.seconds:8.1f} s"
            for load in found.shards
        ),
        f"Hottest: {found.hottest.shard}. Max shard load / mean: {found.max_over_mean:.3f}.",
        f"Shard limits allow {found.least_seconds:.1f} s at best (1,000 records/s and 1 MiB/s a shard).",
    ]
    return "\n".join(lines if found.whole else [*lines, "Of the first rows only: --limit left rows out."])


def _written(receipt: Receipt) -> str:
    lines = [
        f"Replay {receipt.replay_id}: {receipt.status}{f' ({receipt.error})' if receipt.error else ''}",
        f"  file      {receipt.file} ({receipt.bytes:,} bytes, {receipt.encoding})",
        f"  sha256    {receipt.sha256 or 'unknown: not read to the end'}",
        f"  target    {receipt.target}",
        f"  rows      {receipt.rows:,} in {receipt.seconds:.1f} s ({receipt.rows_per_s:,.0f} rows/s)",
        f"  accepted  {receipt.accepted:,} ({receipt.retried:,} sent again)",
        f"  rejected  {receipt.rejected:,}",
        *(f"    {counted.rows:>9,}  {counted.reason}" for counted in receipt.reasons),
        *(f"    line {row.line}: {'; '.join(row.reasons)}" for row in receipt.rejections),
        *(f"    kept in {key}" for key in receipt.quarantine),
        f"  failed    {receipt.failed:,}",
        *([f"  unknown   {receipt.unknown:,} (sent, the answer got lost)"] if receipt.unknown else []),
        *(f"    {counted.rows:>9,}  {counted.reason}" for counted in receipt.failures),
        *(f"    kept in {key}" for key in receipt.dead_letters),
    ]
    return "\n".join(lines)


def _rate(text: str) -> float:
    number = float(text)
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError("rows a second, more than 0")
    return number


def _limit(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("a number of rows, 1 or more")
    return number
