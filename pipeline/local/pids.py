"""Which processes a run has started, on disk, so that the next start can end what a killed run left behind."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from pathlib import Path

_FOLDER = "pids"


@dataclass(frozen=True)
class Child:
    """What a process is called, its id, and when it started (seconds since 1970): ids are given out again."""

    name: str
    pid: int
    started: float

    @property
    def process(self) -> psutil.Process | None:
        """The process, should it still run."""
        try:
            process = psutil.Process(self.pid)
            return process if abs(process.create_time() - self.started) < 1 else None
        except psutil.NoSuchProcess:
            return None


def remember(state: Path, name: str, pid: int) -> None:
    """Record the process `pid` under `name`, in a file of its own: several processes record theirs."""
    folder = state / _FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    child = Child(name, pid, psutil.Process(pid).create_time())
    scratch = folder / f"{name}.new"
    scratch.write_text(json.dumps(asdict(child)))
    scratch.replace(folder / f"{name}.json")


def recorded(state: Path) -> list[Child]:
    """What was recorded; a file that a full disk cut short is passed over."""
    children = []
    for path in sorted((state / _FOLDER).glob("*.json")):
        try:
            children.append(Child(**json.loads(path.read_text())))
        except (ValueError, TypeError):
            continue
    return children


def forget(state: Path) -> None:
    """Drop the records, after their processes have ended."""
    shutil.rmtree(state / _FOLDER, ignore_errors=True)
