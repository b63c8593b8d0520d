"""`replay`: send a file of events through the pipeline, and steer the replays that run."""

from __future__ import annotations

import argparse
import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline import stack
from pipeline.cli import replay_words as words
from pipeline.cli.replay_worker import Order, resumed, work
from pipeline.clients import client
from pipeline.errors import BadInputError
from pipeline.replay import launch, preflight, progress, store
from pipeline.replay.opening import open_file
from pipeline.replay.selection import moment
from pipeline.replay.shards import open_shards
from pipeline.replay.wishes import GO_ON, MAX_GAP_S, PAUSE, STOP, Tempo, Wish
from pipeline.settings import settle

if TYPE_CHECKING:
    from pipeline.settings import Settings

_STOPPED = 130


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The file, where to, how fast; or which replay to steer."""
    parser.add_argument(
        "file",
        type=Path,
        nargs="?",
        help="order lines (CSV in the layout of the Online Retail data set), clicks or "
        "browse sessions (JSON lines), or Wikipedia's clickstream (TSV); plain or .gz",
    )
    parser.add_argument(
        "--target",
        choices=("kinesis", "api", "firehose"),
        help="where to (default: kinesis; firehose is for page views only, and Wikipedia's lines go nowhere else)",
    )
    pace = parser.add_mutually_exclusive_group()
    pace.add_argument("--rate", type=_positive, metavar="N", help="rows a second")
    pace.add_argument("--speed", type=_positive, metavar="X", help="event time times X: 60 sends an hour in a minute")
    pace.add_argument("--max", action="store_true", help="as fast as the target takes them (the default)")
    parser.add_argument(
        "--max-gap", type=_positive, default=MAX_GAP_S, metavar="S",
        help="with --speed: no gap between events takes longer than these seconds (default: %(default)g)",
    )  # fmt: skip
    parser.add_argument("--from", dest="since", metavar="DATE", help="pass over what lies before the first row of DATE")
    shift = parser.add_mutually_exclusive_group()
    shift.add_argument(
        "--shift-to-now", action="store_true", help="move the times of clicks so that the last one of the file is now"
    )
    shift.add_argument("--shift-to", metavar="TIME", help=argparse.SUPPRESS)
    parser.add_argument("--limit", type=_limit, metavar="N", help="the first N rows only")
    parser.add_argument(
        "--preflight", action="store_true", help="send nothing; print each shard's share and the least time it takes"
    )
    parser.add_argument("--wait", action="store_true", help="stay until every row is acknowledged or given up")
    steer = parser.add_argument_group("replays that were started, by anybody").add_mutually_exclusive_group()
    steer.add_argument("--list", action="store_true", help="the latest replays, how far they are, who started them")
    steer.add_argument("--pause", metavar="ID", help="let it wait until it is resumed")
    steer.add_argument("--resume", metavar="ID", help="let it go on: paused, stopped, broken off, or its worker killed")
    steer.add_argument("--stop", metavar="ID", help="end it after what is in flight")
    steer.add_argument("--change", metavar="ID", help="give it the --rate, --speed or --max that stand beside")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--aws", action="store_true", help="the real AWS (also WEIR_CLOUD=aws)")
    parser.add_argument("--worker", metavar="ID", help=argparse.SUPPRESS)
    parser.add_argument("--claimed", action="store_true", help=argparse.SUPPRESS)


def run(args: argparse.Namespace) -> int:
    """Replay; 0 when each valid row was acknowledged (rejected ones are accounted for), 130 when stopped, else 1."""
    tempo = Tempo(args.rate, args.speed, args.max_gap)
    steered = args.list or args.pause or args.resume or args.stop or args.change
    if bool(steered) == bool(args.file) and not args.claimed:
        raise BadInputError("Give a file to replay, or one of --list, --pause, --resume, --stop, --change.")
    settings = settle(aws=args.aws or None)
    if steered:
        return _steer(args, tempo, settings)
    if args.claimed:
        return _wait(resumed(store.of_stack(settings.stack).known(args.worker)), args, settings)
    since = moment(args.since) if args.since else None
    path = args.file.expanduser().absolute()
    if args.preflight:
        print(_looked(path, settings, args, since))
        return 0
    replay_id = args.worker or progress.new_replay_id()
    shift_to = progress.utc_now() if args.shift_to_now else args.shift_to
    order = Order(path, args.target, replay_id, tempo, args.limit, since, shift_to)
    if args.wait:
        return _wait(order, args, settings)
    launch.start(path, settings, launch.Wanted(args.target, tempo, args.limit, since, shift_to), replay_id)
    return _told(replay_id, progress.RUNNING, args, words.started(replay_id))


def _wait(order: Order, args: argparse.Namespace, settings: Settings) -> int:
    receipt = work(order, settings)
    print(json.dumps(asdict(receipt)) if args.json else words.written(receipt))
    if receipt.status == progress.STOPPED:
        return _STOPPED
    return 0 if receipt.status == progress.DONE and not (receipt.failed or receipt.unknown) else 1


def _steer(args: argparse.Namespace, tempo: Tempo, settings: Settings) -> int:
    table = store.of_stack(settings.stack)
    if args.list:
        states = [launch.seen(state, settings) for state in table.open_and_recent()]
        print(json.dumps([asdict(state) for state in states]) if args.json else words.listed(states))
        return 0
    if args.resume:
        return _resume(args, settings, table)
    if args.change:
        if not (tempo.paced or args.max):
            raise BadInputError("Say what to change it to: --rate N, --speed X or --max.")
        table.wish(args.change, Wish(tempo=tempo))
        return _told(args.change, "changes", args, f"Replay {args.change} will go {tempo} in a moment.")
    if args.pause:
        table.wish(args.pause, Wish(PAUSE))
        return _told(args.pause, "pauses", args, f"Replay {args.pause} will pause in a moment.")
    table.wish(args.stop, Wish(STOP))
    return _told(args.stop, "stops", args, f"Replay {args.stop} will stop after what is in flight.")


def _resume(args: argparse.Namespace, settings: Settings, table: store.Store) -> int:
    """A paused one goes on in its own process, any other gets a new one."""
    replay_id = args.resume
    if launch.seen(table.known(replay_id), settings).status == progress.PAUSED:
        table.wish(replay_id, Wish(GO_ON))
        return _told(replay_id, "goes on", args, f"Replay {replay_id} will go on in a moment.")
    if args.wait:
        return _wait(resumed(launch.claim(replay_id, settings)), args, settings)
    launch.resume(replay_id, settings)
    return _told(replay_id, progress.RUNNING, args, words.started(replay_id))


def _told(replay_id: str, status: str, args: argparse.Namespace, text: str) -> int:
    print(json.dumps({"replay_id": replay_id, "status": status}) if args.json else text)
    return 0


def _looked(path: Path, settings: Settings, args: argparse.Namespace, since: str | None) -> str:
    with open_file(path) as orders:
        if not orders.family.stream:
            raise BadInputError(
                f"{path} holds {orders.family.events}, which go to no stream: there are no shards to look at."
            )
        stream = orders.family.stream_of(stack.outputs(settings.stack))
        found = preflight.look(orders, open_shards(client("kinesis"), stream), limit=args.limit, since=since)
    if not args.json:
        return words.before(found)
    sums = {name: getattr(found, name) for name in ("max_over_mean", "least_seconds")}
    return json.dumps(asdict(found) | {"hottest": found.hottest.shard} | sums)


def _positive(text: str) -> float:
    number = float(text)
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError("a number greater than 0")
    return number


def _limit(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("a number of rows, 1 or more")
    return number
