"""`redrive`: send again exactly what a sink misses of a replay; a dry run unless told to send."""

from __future__ import annotations

import argparse
import json
from contextlib import suppress
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from pipeline.cli.interrupts import stop_on_signals
from pipeline.clients import client
from pipeline.errors import WeirError
from pipeline.quarantine import mend
from pipeline.quarantine.listing import Kept
from pipeline.redrive import again
from pipeline.replay import progress, store
from pipeline.replay.families import OF_NAME
from pipeline.settings import settle
from queries import redrive, sources
from queries.audit.run import Sinks

if TYPE_CHECKING:
    from pipeline.replay.progress import Receipt
    from queries.redrive import DryRun

_SHOWN = 20
_STOPPED = 130


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which replay, which sinks, and whether to send."""
    parser.add_argument("replay_id", metavar="REPLAY_ID", help="the replay that a sink misses something of")
    parser.add_argument(
        "--sink", action="append", choices=redrive.SINKS, help="only what this sink misses (default: any; repeatable)"
    )
    parser.add_argument("--send", action="store_true", help="send; without it nothing is sent, only told")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--aws", action="store_true", help="the real AWS (also WEIR_CLOUD=aws)")
    parser.add_argument("--redrive-id", default=None, help=argparse.SUPPRESS)


def run(args: argparse.Namespace) -> int:
    """Redrive; 0 when everything that is missing was found and, with --send, acknowledged; 130 when stopped, else 1."""
    if not args.redrive_id:
        return _run(args)
    try:
        return _run(args)
    except WeirError as error:
        # Whoever started this worker looks at the table.
        _failed(args, error)
        raise


def _run(args: argparse.Namespace) -> int:
    settings = settle(aws=args.aws or None)
    asked = sources.of(settings)
    sinks = Sinks.of(asked)
    only = tuple(dict.fromkeys(args.sink or redrive.SINKS))
    if not args.send:
        found = redrive.dry_run(sinks, args.replay_id, only)
        print(json.dumps(found.as_json() | {"sent": False}) if args.json else _before(found))
        return int(bool(found.nowhere))
    missing = redrive.missing(sinks, args.replay_id, only)
    if not missing.wanted and not args.redrive_id:
        nothing = redrive.DryRun(missing)
        print(json.dumps(nothing.as_json() | {"sent": False}) if args.json else _before(nothing))
        return 0
    looking = redrive.search(sinks, missing)
    job = again.Job(
        args.redrive_id or progress.new_replay_id(),
        progress.REDRIVE,
        args.replay_id,
        missing.replay.file,
        len(missing.wanted),
        OF_NAME[missing.replay.family],
    )
    places: dict[str, int] = {}
    accepted: set[str] = set()
    with stop_on_signals() as stop:
        receipt = again.send(
            redrive.counted(looking, places),
            job,
            again.way_to(sinks.outputs, job.family),
            stop=stop,
            on_accepted=lambda record: accepted.add(record.event_id),
        )
    mend.settle_redriven(Kept(client("s3"), sinks.outputs), client("s3"), args.replay_id, receipt.replay_id, accepted)
    found = redrive.DryRun(missing, places, tuple(looking.wanted))
    print(
        json.dumps(found.as_json() | {"sent": True, "redrive": asdict(receipt)})
        if args.json
        else _after(found, receipt)
    )
    if receipt.status == progress.STOPPED:
        return _STOPPED
    return int(bool(found.nowhere) or receipt.accepted < len(missing.wanted))


def _failed(args: argparse.Namespace, error: WeirError) -> None:
    with suppress(WeirError):
        table = store.of_stack(settle(aws=args.aws or None).stack)
        state = table.get(args.redrive_id)
        if state and not state.ended_at:
            table.save(replace(state, status=progress.FAILED, error=str(error), ended_at=progress.utc_now()))


def _before(found: DryRun) -> str:
    return "\n".join([*_told(found), *(["Nothing was sent; --send sends them."] if found.event_ids else [])])


def _after(found: DryRun, receipt: Receipt) -> str:
    counts = f"{receipt.accepted:,} accepted, {receipt.failed:,} failed, {receipt.unknown:,} unknown"
    how = f"{receipt.status}{f' ({receipt.error})' if receipt.error else ''}"
    lines = [
        *_told(found),
        f"Redrive {receipt.replay_id}: {how}, {counts}, {receipt.seconds:.1f} s",
        f"`python -m pipeline audit {found.missing.replay.replay_id}` tells when it has arrived.",
    ]
    return "\n".join(lines)


def _told(found: DryRun) -> list[str]:
    missing = found.missing
    of_sinks = ", ".join(f"{name} {len(ids):,}" for name, ids in missing.sinks.items())
    if not missing.wanted:
        waiting = f" {missing.late:,} are late and may still come." if missing.late else ""
        return [f"Replay {missing.replay.replay_id}: nothing is missing ({of_sinks}).{waiting}"]
    lines = [f"Replay {missing.replay.replay_id}: {len(missing.wanted):,} events are missing ({of_sinks})"]
    if missing.late:
        lines.append(f"  {missing.late:,} are late, may still come, and are left alone")
    lines += [f"  {count:,} found in {place}" for place, count in found.places.items()]
    lost = set(found.nowhere)
    for event_id, wanted in list(missing.wanted.items())[:_SHOWN]:
        lacking = ", ".join(name for name, ids in missing.sinks.items() if event_id in ids)
        kept = "; it is kept nowhere: send the file again" if event_id in lost else ""
        lines.append(f"    line {wanted.line}: {event_id}: missing in {lacking}{kept}")
    if len(missing.wanted) > _SHOWN:
        lines.append("    ... --json names them all")
    if lost:
        lines.append(f"  {len(lost):,} are kept nowhere any more: send the file again")
    return lines
