"""The replay worker as people start it, a process of its own, whose calls go through a proxy, a few records each."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pipeline.replay import launch, progress, store
from pipeline.settings import REPOSITORY, running_cloud

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.replay.progress import Progress
    from pipeline.settings import Settings

_LIMIT_S = 240
_LOOK_S = 0.2


def endpoint(cloud: Path) -> str:
    """Where the cloud of the state folder `cloud` answers."""
    return str(running_cloud(cloud)["endpoint"])


def state(folder: Path, cloud: Path, endpoint: str) -> Path:
    """A state folder whose cloud is the one of `cloud`, reached at `endpoint`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "cloud.json").write_text(json.dumps(running_cloud(cloud) | {"endpoint": endpoint}))
    return folder


def start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """`python -m pipeline ...` with the state of `folder`, in small batches."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.faults.small", *arguments],
        cwd=REPOSITORY, env=os.environ | {"WEIR_STATE": str(folder)}, text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def receipt(process: subprocess.Popen[str]) -> dict[str, Any]:
    """What a replay printed with --json."""
    told, said = process.communicate(timeout=_LIMIT_S)
    assert told.startswith("{"), f"exit {process.returncode}: {said}"
    found: dict[str, Any] = json.loads(told)
    return found


def through(settings: Settings, folder: Path, file: Path, replay_id: str) -> dict[str, Any]:
    """A replay until it is done, as a person brings it about; what its receipt says.

    It is started again while it says that it cannot begin, and resumed where it broke off.
    """
    arguments = fresh(file, replay_id)
    deadline = time.monotonic() + _LIMIT_S
    while True:
        told, said = start(folder, *arguments).communicate(timeout=_LIMIT_S)
        found: dict[str, Any] = json.loads(told) if told.startswith("{") else {}
        if found.get("status") == progress.DONE:
            return found
        assert found or said.startswith("weir: "), said
        known = left(settings, folder, replay_id)
        if known and known.status == progress.DONE:
            return kept(settings, replay_id)
        assert time.monotonic() < deadline, f"{replay_id} is not done: {found or said}"
        arguments = again(replay_id) if known else fresh(file, replay_id)


def fresh(file: Path, replay_id: str) -> tuple[str, ...]:
    """What starts a replay of that id."""
    return ("replay", str(file), "--max", "--wait", "--json", "--worker", replay_id)


def again(replay_id: str) -> tuple[str, ...]:
    """What resumes it."""
    return ("replay", "--resume", replay_id, "--wait", "--json")


def left(settings: Settings, folder: Path, replay_id: str) -> Progress | None:
    """The replay as the table has it once no worker is at it any more; None when the table does not know it.

    A resumption is refused before that: a killed worker counts as one until it has been silent for some seconds.
    """
    mine = replace(settings, state=folder)
    deadline = time.monotonic() + _LIMIT_S
    while True:
        found = store.of_stack(settings.stack).get(replay_id)
        seen = launch.seen(found, mine) if found else None
        if seen is None or seen.status not in progress.ALIVE:
            return seen
        assert time.monotonic() < deadline, f"{replay_id} is {seen.status}"
        time.sleep(_LOOK_S)


def kept(settings: Settings, replay_id: str) -> dict[str, Any]:
    """The receipt that the table keeps."""
    found = store.of_stack(settings.stack).receipt(replay_id)
    assert found is not None, replay_id
    return found
