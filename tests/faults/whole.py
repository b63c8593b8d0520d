"""Every fault in turn on one local cloud: `make test` asks for a few seeds, `make soak` for many."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline import stack
from tests.faults import functions, kills, verdict, warehouse, wire, writer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pipeline.settings import Settings
    from tests.faults.verdict import Row, Sent


@dataclass(frozen=True)
class Size:
    """How much: seeds of each fault, kills of the worker, rows of a file, seconds that the sinks are given.

    `poisoned` are the rows of the file with a poison record in it.
    """

    seeds: int
    kills: int
    rows: int
    poisoned: int
    seconds: float


SHORT = Size(seeds=2, kills=10, rows=1_200, poisoned=1_200, seconds=90)
WHOLE = Size(seeds=20, kills=200, rows=1_200, poisoned=10_000, seconds=300)


def on_the_cloud(settings: Settings, folder: Path, size: Size, say: Callable[[str], None] = print) -> list[Row]:
    """Everything that needs the cloud: all is sent first, so that the sinks are waited for once."""
    prefix = f"F{uuid.uuid4().hex[:8].upper()}"
    stack.outputs(settings.stack)
    say("The warehouse is down ...")
    runs: dict[str, list[Sent]] = {
        warehouse.FAULT: warehouse.send(settings, folder, f"{prefix}D", size.seeds, size.rows)
    }
    with ThreadPoolExecutor(1) as beside:
        # The function's troubles take long for their retries, and little else.
        sizes = (size.rows, size.rows, size.poisoned)
        written = beside.submit(writer.send, settings, folder, f"{prefix}L", size.seeds, sizes)
        say(f"Faults on the wire, {size.seeds} seeds of each; kills of the function ...")
        wired = wire.send(settings, folder, f"{prefix}W", size.seeds, size.rows)
        say(f"{size.kills} kills of the worker ...")
        killed = kills.send(settings, folder, f"{prefix}K", size.kills, size.rows)
        runs |= written.result() | wired | {kills.FAULT: killed}
    say("Audits ...")
    return verdict.judge(settings, prefix, runs, seconds=size.seconds)


def in_memory(size: Size, say: Callable[[str], None] = print) -> list[Row]:
    """The invoice writer's faults, which need no cloud."""
    say(f"Crashes of the function, {size.seeds} seeds ...")
    return [scenario(size.seeds) for scenario in functions.SCENARIOS]
