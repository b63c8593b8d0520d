"""The dashboard as people meet it: a server of its own on a free port, and the processor time that it takes."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psutil

from pipeline.errors import LocalCloudError
from pipeline.settings import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_LIMIT_S = 60


@dataclass(frozen=True)
class Served:
    """A running dashboard: its address and its process."""

    url: str
    process: psutil.Process

    def cpu_s(self) -> float:
        """The seconds for which it has had a processor so far."""
        times = self.process.cpu_times()
        return float(times.user + times.system)


@contextmanager
def dashboard(state: Path, log: Path, script: str = "dashboard.py") -> Iterator[Served]:
    """The dashboard over the local cloud that is recorded in `state`; what it says goes to `log`."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "serve.py", "--port", str(port), script],
            cwd=REPOSITORY,
            env=os.environ | {"WEIR_STATE": str(state)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        url = f"http://127.0.0.1:{port}"
        _await(process, url, log)
        yield Served(url, psutil.Process(process.pid))
    finally:
        process.terminate()
        process.wait(20)


def _await(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + _LIMIT_S
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError), urllib.request.urlopen(f"{url}/_stcore/health", timeout=1):  # noqa: S310 - the loopback
            return
        time.sleep(0.05)
    raise LocalCloudError(f"The dashboard did not start: see its log {log}.")
