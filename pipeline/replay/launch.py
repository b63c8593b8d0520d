"""Start a replay as a process of its own, which outlives whoever asked for it."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from pipeline.replay import progress, store
from pipeline.replay.reader import OrderFile
from pipeline.settings import REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.settings import Settings


def start(path: Path, settings: Settings, *, target: str, rate: float | None, limit: int | None) -> str:
    """Start the worker and return the replay's id; its state is in the replays table from now on.

    Raises FileRefusedError for a wrong file, other errors of pipeline.errors when the table is not there; then nothing
    was started. What the worker prints goes to `<state>/replays/<replay_id>.log`.
    """
    OrderFile(path).close()
    replay_id = progress.new_replay_id()
    store.of_stack(settings.stack).save(
        progress.Progress(
            replay_id=replay_id,
            file=str(path),
            target=target,
            started_at=progress.utc_now(),
            bytes_total=path.stat().st_size,
            rate=rate,
            row_limit=limit,
        )
    )
    command = [sys.executable, "-m", "pipeline", "replay", str(path), "--wait", "--json"]
    command += ["--replay-id", replay_id, "--target", target]
    command += ["--rate", str(rate)] if rate else ["--max"]
    command += ["--limit", str(limit)] if limit else []
    command += [] if settings.local else ["--aws"]
    log = settings.state / "replays" / f"{replay_id}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        subprocess.Popen(
            command,
            cwd=REPOSITORY,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return replay_id
