"""The worker of a replay: one process, from its first row, or from where another one was killed, to its receipt."""

from __future__ import annotations

import gc
import os
import sys
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline import stack
from pipeline.cli.interrupts import stop_on_signals
from pipeline.cli.replay_words import Shown
from pipeline.clients import aws_errors, client
from pipeline.errors import BusyError, FileRefusedError, WeirError
from pipeline.local.pids import remember
from pipeline.replay import launch, progress, resume, store
from pipeline.replay import run as runs
from pipeline.replay.account import Account
from pipeline.replay.families import FIREHOSE, KINESIS
from pipeline.replay.firehose_sender import FirehoseSender
from pipeline.replay.journal import Journal
from pipeline.replay.opening import open_file
from pipeline.replay.put_records import hasten
from pipeline.replay.senders import ApiSender, KinesisSender
from pipeline.replay.shards import open_shards
from pipeline.replay.wishes import MAX, Control, Tempo

if TYPE_CHECKING:
    from pipeline.replay.families import Family
    from pipeline.replay.opening import File
    from pipeline.replay.progress import Progress, Receipt
    from pipeline.replay.senders import Sender
    from pipeline.settings import Settings


@dataclass(frozen=True)
class Order:
    """What a worker is to do; `claimed` is the state of the replay that it goes on with."""

    path: Path
    target: str | None
    replay_id: str
    tempo: Tempo = MAX
    limit: int | None = None
    since: str | None = None
    shift_to: str | None = None
    claimed: Progress | None = None


def resumed(state: Progress) -> Order:
    """To go on with a replay that was claimed."""
    return Order(
        Path(state.file),
        state.target,
        state.replay_id,
        state.tempo,
        state.row_limit,
        state.since,
        state.shift_to,
        claimed=state,
    )


def work(order: Order, settings: Settings) -> Receipt:
    """Replay to the end, or until somebody stops it. The table tells how it ended, also when this raises."""
    table = store.of_stack(settings.stack)
    try:
        return _work(order, settings, table)
    except WeirError as error:
        # Nobody may be looking but at the table, which says that somebody is at it.
        if order.claimed and not isinstance(error, BusyError):
            ended = progress.utc_now()
            table.save(replace(order.claimed, status=progress.FAILED, error=str(error), ended_at=ended))
        raise


def _work(order: Order, settings: Settings, table: store.Store) -> Receipt:
    outputs = stack.outputs(settings.stack)
    shown = Shown()
    control = Control(order.tempo)
    account = Account(table, control)

    def tell(state: Progress) -> None:
        shown(state)
        account.tell(state)

    with ExitStack() as held:
        orders = open_file(order.path, shift_to=order.shift_to)
        held.callback(orders.close)
        target = orders.family.target(order.target)
        if settings.local:
            remember(settings.state, f"replay-{order.replay_id}", os.getpid())
        journal = Journal(launch.journal(settings, order.replay_id))
        held.callback(journal.close)
        before = _before(order, orders, outputs, journal)
        shards = open_shards(client("kinesis"), orders.family.stream_of(outputs)) if target == KINESIS else None
        job = runs.Job(
            order.replay_id,
            order.tempo,
            order.limit,
            order.since,
            shards=shards,
            journal=journal,
            before=before,
            shift_to=order.shift_to,
        )
        sender = _sender(orders.family, target, outputs, order.replay_id)
        held.enter_context(stop_on_signals(control.stop))
        # What is loaded by now stays: the garbage collector need not look through it again and again, which would take
        # a fifth of a replay's time.
        gc.freeze()
        kept_in = (client("s3"), outputs.lake_bucket)
        receipt = runs.replay(orders, sender, job, kept_in, on_progress=tell, control=control)
    shown.close()
    try:
        account.end(receipt)
    except BusyError:
        raise
    except WeirError as error:
        again = f"`python -m pipeline replay --resume {order.replay_id}` brings it about."
        print(f"weir: the receipt could not be kept: {error} {again}", file=sys.stderr)
    return receipt


def _before(order: Order, orders: File, outputs: stack.Outputs, journal: Journal) -> resume.Before:
    """What earlier workers did with this file. Raises FileRefusedError when it is another one now."""
    state = order.claimed
    if state is None:
        return resume.Before()
    if state.sha256 and state.sha256 != orders.source.fingerprint():
        raise FileRefusedError(
            f"{order.path} is not the file that replay {order.replay_id} began with (its sha256 was "
            f"{state.sha256[:12]}..., it is {orders.source.fingerprint()[:12]}...): put that one back, or replay the "
            "new one from its beginning."
        )
    return resume.gather(
        client("s3"), outputs.lake_bucket, order.replay_id, journal, retried=state.retried, refused=state.refused,
        seconds=state.seconds, started_at=state.started_at, life=state.life,
        quarantine=orders.family.quarantine,
    )  # fmt: skip


def _sender(family: Family, target: str, outputs: stack.Outputs, replay_id: str) -> Sender:
    if target == KINESIS:
        return KinesisSender(hasten(client("kinesis", attempts=1)), family.stream_of(outputs))
    if target == FIREHOSE:
        return FirehoseSender(client("firehose", attempts=1), family.delivery_of(outputs))
    api_key = None
    if outputs.api_key_id:
        with aws_errors(f"API key {outputs.api_key_id}"):
            found = client("apigateway").get_api_key(apiKey=outputs.api_key_id, includeValue=True)
        api_key = str(found["value"])
    return ApiSender(outputs.api_url, replay_id, path=family.path, api_key=api_key)
