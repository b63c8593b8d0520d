"""`trickle`: a gentle live stream of clicks to the local cloud, until Ctrl-C; `up` runs it beside the dashboard."""

from __future__ import annotations

import argparse
import math
import os

from pipeline import stack
from pipeline.clients import client
from pipeline.replay import trickle
from pipeline.settings import settle


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """How many."""
    parser.add_argument(
        "--rate", type=_rate, default=trickle.VIEWS_PER_S, metavar="N", help="views a second on average (default: 3)"
    )


def run(args: argparse.Namespace) -> int:
    """Send until it is ended; the switch of the Active page turns it off and on meanwhile."""
    settings = settle(aws=False)
    stream = stack.outputs(settings.stack).clicks_stream
    parent = os.getppid()
    trickle.run(
        lambda: trickle.Trickle(client("kinesis"), stream, rate=args.rate),
        settings.state,
        alive=lambda: os.getppid() == parent,  # whoever started it was killed
    )
    return 0


def _rate(text: str) -> float:
    number = float(text)
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError("views a second, more than 0")
    return number
