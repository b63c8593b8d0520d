"""The local cloud from outside: start its process, wait until it serves, stop it, end what an earlier one left."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import psutil

from pipeline.errors import LocalCloudError
from pipeline.local.kinesis.limits import SETTING
from pipeline.local.pids import forget, recorded, remember
from pipeline.local.server import RECORD, UNSAVED
from pipeline.settings import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_STORES = ("aws", "s3", "warehouse")
_START_LIMIT_S = 60
_STOP_LIMIT_S = 120
_REPLAY_STOP_LIMIT_S = 15
_LEAST_FREE_BYTES = 1 << 30


class LocalCloud:
    """One local cloud with its state in `state`. At most one runs per folder.

    With `shard_limits`, or the setting of that name in the environment, streams refuse what is beyond AWS's limits.
    """

    def __init__(self, state: Path, *, shard_limits: bool = False) -> None:
        self.state = state
        self._environment = os.environ | ({SETTING: "1"} if shard_limits else {})
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> list[str]:
        """Start the process and wait until it serves; returns what was lost since the last run, in words.

        Raises LocalCloudError when it cannot start, with the end of its log.
        """
        self.state.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(self.state).free
        if free < _LEAST_FREE_BYTES:
            message = (
                f"The disk of {self.state} has {free >> 20:,} MiB free, and the local cloud needs 1,024 MiB: "
                "make room, or put its state elsewhere with WEIR_STATE."
            )
            raise LocalCloudError(message)
        end_survivors(self.state)
        lost = self._forget_unsaved()
        log = self.state / "cloud.log"
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "pipeline.local.server", str(self.state), str(self._port())],
                cwd=REPOSITORY,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is the parent's to handle
            )
        remember(self.state, "local cloud", self._process.pid)
        try:
            self._wait(log)
        except BaseException:
            self.stop()
            raise
        return lost

    def stop(self) -> None:
        """Ask the process to save and end; kill it when it does not."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(_STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            end_tree([self._process.pid])
        self._process = None
        forget(self.state)

    @property
    def running(self) -> bool:
        """Whether the process that this object started is alive."""
        return self._process is not None and self._process.poll() is None

    def _port(self) -> int:
        """The port of the last run when it is free, so that addresses survive a restart; else any free one."""
        path = self.state / "port"
        with suppress(OSError, ValueError):
            wanted = int(path.read_text())
            if _is_free(wanted):
                return wanted
        port = free_port()
        path.write_text(str(port))
        return port

    def _forget_unsaved(self) -> list[str]:
        """After a kill the stores disagree: drop them all. After a clean stop keep them all."""
        unsaved = self.state / UNSAVED
        if not unsaved.exists():
            return []
        for store in _STORES:
            shutil.rmtree(self.state / store, ignore_errors=True)
        unsaved.unlink()
        return ["streams and what they held", "the lake", "the invoices", "the warehouse", "the record of past replays"]

    def _wait(self, log: Path) -> None:
        deadline = time.monotonic() + _START_LIMIT_S
        process = self._process
        assert process is not None  # noqa: S101 - start() made it
        while not (self.state / RECORD).exists():
            if process.poll() is not None:
                message = f"The local cloud ended as it started: {_last_words(log)} (its log: {log})"
                raise LocalCloudError(message)
            if time.monotonic() > deadline:
                message = f"The local cloud was not ready within {_START_LIMIT_S} s: see its log {log}."
                raise LocalCloudError(message)
            time.sleep(0.05)


def _last_words(log: Path) -> str:
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return lines[-1].strip() if lines else "it said nothing"


def free_port() -> int:
    """A port of the loopback that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def end_survivors(state: Path) -> None:
    """End the children that a killed run left behind, and theirs."""
    end_tree(child.pid for child in recorded(state) if child.process)
    forget(state)
    (state / RECORD).unlink(missing_ok=True)


def end_replays(state: Path) -> None:
    """Let replay workers finish what is in flight and write their receipts; kill one that takes too long."""
    workers = [child.process for child in recorded(state) if child.name.startswith("replay-")]
    running = [worker for worker in workers if worker]
    for worker in running:
        with suppress(psutil.NoSuchProcess):
            worker.terminate()
    _, slow = psutil.wait_procs(running, timeout=_REPLAY_STOP_LIMIT_S)
    end_tree(worker.pid for worker in slow)


def end_tree(pids: Iterable[int]) -> None:
    """Kill processes and all their descendants."""
    doomed: list[psutil.Process] = []
    for pid in pids:
        with suppress(psutil.NoSuchProcess):
            process = psutil.Process(pid)
            doomed += [*process.children(recursive=True), process]
    for process in doomed:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(doomed, timeout=10)
