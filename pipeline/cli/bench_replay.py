"""`bench replay`: the producer against its ceiling, against others, against shard limits, on clouds of its own."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from pipeline import stack
from pipeline.bench import acknowledge
from pipeline.bench import replay as bench
from pipeline.cli.bench_cloud import own_cloud, sample
from pipeline.clients import client
from pipeline.settings import state_folder

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

_SHARDS = 4
_LIMITED_SHARE = 0.5  # of the rows: limits make them slow
_PEER_SHARE = 0.2
_POSTS = 200
_STREAM = "bench"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """How much is sent, and how often."""
    parser.add_argument("--rows", type=int, default=100_000, metavar="N", help="order lines a run (default: 100000)")
    parser.add_argument("--repeats", type=int, default=5, metavar="N", help="runs of each, in turn (default: 5)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Measure everything in turn, print the medians."""
    state = state_folder()
    state.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=state, prefix="bench-") as place:
        folder = Path(place)
        path = sample(folder / "orders.csv", args.rows)
        found: dict[str, Any] = {"rows": args.rows, "repeats": args.repeats, "processors": os.cpu_count()}
        found["local"] = _on_the_local_cloud(folder / "free", path, args.repeats)
        found["acknowledged_at_once"] = _acknowledged(state, folder, path, args.repeats)
        found["shard_limits"] = _limited(folder / "limited", max(20_000, int(args.rows * _LIMITED_SHARE)), args.repeats)
    print(json.dumps(found) if args.json else _written(found))
    return 0


@contextmanager
def _cloud(state: Path, *, shard_limits: bool) -> Iterator[tuple[Any, str]]:
    """A local cloud of its own with the stack, and a stream that nobody reads: its Kinesis client, the stack's name."""
    with own_cloud(state, None if shard_limits else {}, shard_limits=shard_limits) as settings:
        kinesis = bench.kinesis()
        kinesis.create_stream(StreamName=_STREAM, ShardCount=_SHARDS)
        kinesis.get_waiter("stream_exists").wait(StreamName=_STREAM, WaiterConfig={"Delay": 1})
        yield kinesis, settings.stack


def _on_the_local_cloud(state: Path, path: Path, repeats: int) -> dict[str, Any]:
    batches = bench.batches(bench.records(path))
    ours, ceiling = [], []
    with _cloud(state, shard_limits=False) as (kinesis, name):
        outputs = stack.outputs(name)
        headers = {}
        if outputs.api_key_id:
            found = client("apigateway").get_api_key(apiKey=outputs.api_key_id, includeValue=True)
            headers["x-api-key"] = str(found["value"])
        bench.ceiling(kinesis, _STREAM, batches[:10])  # connections, and code that is loaded once
        for _ in range(repeats):
            ours.append(bench.ours(_STREAM, path).rows_per_s)
            ceiling.append(bench.ceiling(kinesis, _STREAM, batches).rows_per_s)
        url = outputs.api_url.rstrip("/") + "/orders"
        posts = bench.row_by_row(url, headers, bench.records(path, _POSTS)).rows_per_s
    return _medians(ours=ours, ceiling=ceiling) | {
        "post_a_row": posts,
        "ours_of_ceiling": median(mine / most for mine, most in zip(ours, ceiling, strict=True)),
        "ours_times_post_a_row": median(ours) / posts,
    }


def _acknowledged(state: Path, folder: Path, path: Path, repeats: int) -> dict[str, Any]:
    rows = bench.records(path)
    batches, few = bench.batches(rows), rows[: int(len(rows) * _PEER_SHARE)]
    bench.write_rows(few, folder / "rows.jsonl")
    python = bench.peers(state / "bench-peers")
    ours, ceiling, parsing = [], [], []
    others: dict[str, list[float]] = {name: [] for name in bench.PEERS}
    unacknowledged: Counter[str] = Counter()
    missing = {} if isinstance(python, Path) else dict.fromkeys(bench.PEERS, f"did not install: {python}")
    with acknowledge.served() as endpoint:
        kinesis = bench.kinesis(endpoint)
        bench.ceiling(kinesis, _STREAM, batches[:10])
        for _ in range(repeats):
            ours.append(bench.ours(_STREAM, path, endpoint))
            parsing.append(bench.parsing(path))
            ceiling.append(bench.ceiling(kinesis, _STREAM, batches).rows_per_s)
            for name in bench.PEERS:
                if isinstance(python, Path) and name not in missing:
                    told = bench.peer(python, name, endpoint, folder / "rows.jsonl")
                    if isinstance(told, str):
                        missing[name] = told
                    else:
                        others[name].append(told.rows_per_s)
                        unacknowledged[name] += len(few) - told.rows
        posts = bench.row_by_row(endpoint + "/orders", {}, few[: 10 * _POSTS]).rows_per_s
    rates = [rate.rows_per_s for rate in ours]
    reached = {name: median(measured) for name, measured in others.items() if measured and name not in missing}
    return _medians(ours=rates, ceiling=ceiling) | {
        "parsing_share": median(read.seconds / sent.seconds for read, sent in zip(parsing, ours, strict=True)),
        "post_a_row": posts,
        "peers": reached,
        "ours_times_peers": {name: median(rates) / rate for name, rate in reached.items()},
        "missing": missing,
        "unacknowledged": dict(unacknowledged),
    }


def _limited(state: Path, rows: int, repeats: int) -> dict[str, Any]:
    rates, shares = [], []
    with _cloud(state, shard_limits=True) as (kinesis, _):
        path = sample(state / "orders.csv", rows)
        for _ in range(max(1, repeats // 2)):
            time.sleep(1.5)  # every shard is full again
            rate, share = bench.of_limits(kinesis, _STREAM, path)
            rates.append(rate.rows_per_s)
            shares.append(share)
    return _medians(ours=rates) | {"rows": rows, "of_what_limits_allow": median(shares)}


def _medians(**measured: list[float]) -> dict[str, Any]:
    return {name: median(rates) for name, rates in measured.items()}


def _written(found: dict[str, Any]) -> str:
    local, alone, limited = found["local"], found["acknowledged_at_once"], found["shard_limits"]
    lines = [
        f"{found['rows']:,} rows, medians of {found['repeats']} interleaved runs, {found['processors']} processors",
        "Local cloud",
        _line("ours, CSV parsing included", local["ours"]),
        _line("ceiling: encoded batches", local["ceiling"], f"ours is {local['ours_of_ceiling']:.2f} x"),
        _line("one POST a row", local["post_a_row"], f"ours is {local['ours_times_post_a_row']:,.0f} x"),
        "A server that acknowledges at once",
        _line("ours, CSV parsing included", alone["ours"], f"parsing takes {alone['parsing_share']:.0%} of the time"),
        _line("ceiling: encoded batches", alone["ceiling"]),
        _line("one POST a row", alone["post_a_row"]),
        *(
            _line(name, rate, f"ours is {alone['ours_times_peers'][name]:.1f} x{_lost(alone, name)}")
            for name, rate in alone["peers"].items()
        ),
        *(f"  {name:<28}not measured: {why}" for name, why in alone["missing"].items()),
        f"Shard limits, {_SHARDS} shards, {limited['rows']:,} rows",
        _line("ours", limited["ours"], f"{limited['of_what_limits_allow']:.1%} of what they allow"),
    ]
    return "\n".join(lines)


def _lost(alone: dict[str, Any], name: str) -> str:
    rows = alone["unacknowledged"].get(name, 0)
    return f" ({rows} rows of all runs were never acknowledged)" if rows else ""


def _line(what: str, rows_per_s: float, more: str = "") -> str:
    return f"  {what:<28}{rows_per_s:>9,.0f} rows/s  {more}".rstrip()
