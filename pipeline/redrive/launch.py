"""Start a redrive as a process of its own, which outlives whoever asked for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.replay import progress, store
from pipeline.replay.families import FIREHOSE, KINESIS, OF_NAME
from pipeline.replay.launch import in_background

if TYPE_CHECKING:
    from pipeline.replay.progress import Progress
    from pipeline.settings import Settings


def start(replay: Progress, settings: Settings) -> str:
    """Start the worker that redrives `replay`, and return the redrive's id; it is in the replays table from now on.

    What the worker prints goes to `<state>/replays/<redrive's id>.log`. Raises errors of pipeline.errors when the table
    is not there; then nothing was started.
    """
    redrive_id, family = progress.new_replay_id(), OF_NAME[replay.family]
    store.of_stack(settings.stack).save(
        progress.Progress(
            replay_id=redrive_id,
            file=replay.file,
            target=KINESIS if family.stream else FIREHOSE,
            started_at=progress.utc_now(),
            kind=progress.REDRIVE,
            of=replay.replay_id,
            family=family.name,
        )
    )
    command = ["redrive", replay.replay_id, "--send", "--json", "--redrive-id", redrive_id]
    in_background(command, settings.state / "replays" / f"{redrive_id}.log", settings)
    return redrive_id
