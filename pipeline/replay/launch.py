"""Start or resume a replay as a process of its own, which outlives whoever asked for it."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import FileRefusedError
from pipeline.replay import progress, store
from pipeline.replay.journal import is_held
from pipeline.replay.opening import open_file
from pipeline.replay.wishes import MAX, Tempo
from pipeline.settings import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.replay.progress import Progress
    from pipeline.settings import Settings

_SILENT_S = 5.0  # a worker is heard of each second; one that starts needs some


@dataclass(frozen=True)
class Wanted:
    """Where to (None: as usual for the file), how fast, how many rows at most, from when on, and until when.

    `since` is as selection.moment gives it; `shift_to` is the time that the last click is moved to.
    """

    target: str | None = None
    tempo: Tempo = MAX
    limit: int | None = None
    since: str | None = None
    shift_to: str | None = None


def start(path: Path, settings: Settings, wanted: Wanted, replay_id: str | None = None) -> str:
    """Start the worker and return the replay's id; its state is in the replays table from now on.

    Raises FileRefusedError for a wrong file, other errors of pipeline.errors when the table is not there; then nothing
    was started. What the worker prints goes to `<state>/replays/<replay_id>.log`.
    """
    with open_file(path, shift_to=wanted.shift_to) as file:
        family = file.family
    target = family.target(wanted.target)
    replay_id = replay_id or progress.new_replay_id()
    tempo = wanted.tempo
    store.of_stack(settings.stack).save(
        progress.Progress(
            replay_id=replay_id,
            file=str(path),
            target=target,
            started_at=progress.utc_now(),
            bytes_total=path.stat().st_size,
            rate=tempo.rate,
            speed=tempo.speed,
            max_gap=tempo.max_gap,
            row_limit=wanted.limit,
            since=wanted.since,
            family=family.name,
            shift_to=wanted.shift_to,
        )
    )
    given = [str(path), "--target", target]
    given += ["--rate", str(tempo.rate)] if tempo.rate else []
    given += ["--speed", str(tempo.speed), "--max-gap", str(tempo.max_gap)] if tempo.speed else []
    given += ["--limit", str(wanted.limit)] if wanted.limit else []
    given += ["--from", wanted.since] if wanted.since else []
    given += ["--shift-to", wanted.shift_to] if wanted.shift_to else []
    _spawn(given, replay_id, settings)
    return replay_id


def claim(replay_id: str, settings: Settings, table: store.Store | None = None) -> Progress:
    """Take a replay over whose worker ended or was killed; this process is to go on with it.

    Raises NotFoundError, BadInputError and BusyError as Store.claim, FileRefusedError when its file is not there.
    """
    table = table or store.of_stack(settings.stack)
    state = seen(table.known(replay_id), settings)
    if state.resumable:
        path = Path(state.file)
        open_file(path).close()
        if path.stat().st_size != state.bytes_total:
            raise FileRefusedError(
                f"{path} had {state.bytes_total:,} bytes when replay {replay_id} began, it has "
                f"{path.stat().st_size:,} now: put that file back, or replay the new one from its beginning."
            )
    return table.claim(state)


def resume(replay_id: str, settings: Settings, table: store.Store | None = None) -> None:
    """Start a worker that goes on with a replay. Raises as `claim` does."""
    claim(replay_id, settings, table)
    _spawn(["--claimed"], replay_id, settings)


def seen(state: Progress, settings: Settings) -> Progress:
    """A replay as it is seen from this machine, which knows at once when a worker of its own was killed."""
    silent = state.status in progress.ALIVE and state.silent_s > _SILENT_S
    if silent and state.host == progress.host() and not is_held(journal(settings, state.replay_id)):
        return replace(state, status=progress.LOST)
    return state


def journal(settings: Settings, replay_id: str) -> Path:
    """Where a replay's checkpoints lie on this machine."""
    return settings.state / "replays" / replay_id


def in_background(arguments: Sequence[str], log: Path, settings: Settings) -> None:
    """Start `python -m pipeline ...` as a process of its own, which outlives this one; what it says goes to `log`."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        subprocess.Popen(
            [sys.executable, "-m", "pipeline", *arguments, *([] if settings.local else ["--aws"])],
            cwd=REPOSITORY,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _spawn(given: Sequence[str], replay_id: str, settings: Settings) -> None:
    command = ["replay", "--wait", "--json", "--worker", replay_id, *given]
    in_background(command, journal(settings, replay_id).with_suffix(".log"), settings)
