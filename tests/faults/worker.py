"""The replay worker as people start it, a process of its own, whose calls go through a proxy."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

from pipeline.settings import REPOSITORY, running_cloud

if TYPE_CHECKING:
    from pathlib import Path

_LIMIT_S = 240


def endpoint(cloud: Path) -> str:
    """Where the cloud of the state folder `cloud` answers."""
    return str(running_cloud(cloud)["endpoint"])


def state(folder: Path, cloud: Path, endpoint: str) -> Path:
    """A state folder whose cloud is the one of `cloud`, reached at `endpoint`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "cloud.json").write_text(json.dumps(running_cloud(cloud) | {"endpoint": endpoint}))
    return folder


def start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """`python -m pipeline ...` with the state of `folder`."""
    return subprocess.Popen(
        [sys.executable, "-m", "pipeline", *arguments],
        cwd=REPOSITORY, env=os.environ | {"WEIR_STATE": str(folder)}, text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def receipt(process: subprocess.Popen[str]) -> dict[str, Any]:
    """What a replay printed with --json."""
    told, said = process.communicate(timeout=_LIMIT_S)
    assert told.startswith("{"), f"exit {process.returncode}: {said}"
    found: dict[str, Any] = json.loads(told)
    return found


def through(folder: Path, file: Path, replay_id: str) -> dict[str, Any]:
    """A replay until it is done, as a person brings it about; what it printed at last.

    It is started again while it says that it cannot begin, and resumed where it broke off.
    """
    fresh = ("replay", str(file), "--max", "--wait", "--json", "--worker", replay_id)
    arguments: tuple[str, ...] = fresh
    deadline = time.monotonic() + _LIMIT_S
    while True:
        told, said = start(folder, *arguments).communicate(timeout=_LIMIT_S)
        found: dict[str, Any] = json.loads(told) if told.startswith("{") else {}
        if found.get("status") == "done":
            return found
        assert found or said.startswith("weir: "), said
        assert time.monotonic() < deadline, f"{replay_id} is not done: {found or said}"
        arguments = fresh if "There is no replay" in said else ("replay", "--resume", replay_id, "--wait", "--json")
        time.sleep(0.5)
