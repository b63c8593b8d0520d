"""Chromium, spoken to by its DevTools protocol, and only about what is needed.

A browser under a test driver is slower than a reader's: Playwright has each request, frame and console line reported to
it, which made a page with one chart take half as long again on two cores.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from pipeline.errors import LocalCloudError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from websockets.sync.client import ClientConnection

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_ARGUMENTS = (
    "--headless",
    "--disable-background-networking",
    "--disable-background-timer-throttling",  # ten windows are looked at at once
    "--disable-backgrounding-occluded-windows",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-renderer-backgrounding",
    "--disable-sync",
    "--no-first-run",
    "--remote-debugging-port=0",
)
_START_S = 30
_LIMIT_S = 60
_LOOK_S = 0.3
_AT_REST_S = 0.035  # in one look; processor time is told in steps of 0.01 s
_QUIET_LOOKS = 2


class Browser:
    """One running Chromium."""

    def __init__(self, connection: ClientConnection, process: psutil.Process) -> None:
        self._connection = connection
        self._process = process
        self._numbers = itertools.count(1)

    def call(self, method: str, session: str | None = None, **parameters: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
        """What `method` of the protocol answers, of the browser or of the page behind `session`.

        Raises LocalCloudError when it refuses, or says nothing for a minute.
        """
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": parameters} | ({"sessionId": session} if session else {})
        deadline = time.monotonic() + _LIMIT_S
        try:
            self._connection.send(json.dumps(message))
            answer: dict[str, Any] = {}
            while answer.get("id") != number:  # events come in between
                answer = json.loads(self._connection.recv(timeout=deadline - time.monotonic()))
        except (TimeoutError, WebSocketException) as error:
            raise LocalCloudError(
                f"Chromium is gone, or did not answer {method} within {_LIMIT_S} s: {error}."
            ) from error
        if "error" in answer:
            raise LocalCloudError(f"Chromium refused {method}: {answer['error']['message']}.")
        found: dict[str, Any] = answer["result"]
        return found

    def rest(self) -> None:
        """Wait until all its processes together hardly take a processor any more.

        A new window of Chromium 156 loads the suggestions of its address bar, a page of their own that takes half a
        second of processor time. A reader's window has long done so when an address is entered. Raises LocalCloudError
        when there is no rest within a minute.
        """
        deadline = time.monotonic() + _LIMIT_S
        before, quiet = self._cpu_s(), 0
        while time.monotonic() < deadline:
            time.sleep(_LOOK_S)
            now = self._cpu_s()
            quiet = quiet + 1 if sum(taken - before.get(pid, 0) for pid, taken in now.items()) < _AT_REST_S else 0
            if quiet == _QUIET_LOOKS:
                return
            before = now
        raise LocalCloudError(f"Chromium is still at work after {_LIMIT_S} s: `top` tells which of its processes is.")

    def _cpu_s(self) -> dict[int, float]:
        """What each process of it has taken so far."""
        found = {}
        for process in (self._process, *self._process.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):  # ended since
                times = process.cpu_times()
                found[process.pid] = times.user + times.system
        return found


def executable() -> str | None:
    """The browser on this machine: `WEIR_CHROMIUM`, or Chromium or Chrome on the path; None without one."""
    return os.environ.get("WEIR_CHROMIUM") or next((path for path in map(shutil.which, _NAMES) if path), None)


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser of this machine, running. Raises LocalCloudError when there is none, or it does not start."""
    named = executable()
    if named is None:
        raise LocalCloudError("There is no Chromium on the path: install one, or name it in WEIR_CHROMIUM.")
    root = ["--no-sandbox"] if os.geteuid() == 0 else []  # root has no sandbox
    with tempfile.TemporaryDirectory(prefix="weir-chromium-", ignore_cleanup_errors=True) as folder:
        command = [named, *_ARGUMENTS, *root, f"--user-data-dir={folder}", "about:blank"]
        try:
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        except OSError as error:
            raise LocalCloudError(f"{named} cannot be run: {error.strerror}.") from error
        try:
            address = _address(process, Path(folder) / "DevToolsActivePort")
            # No proxy, and no pings: it may have no time for them for long.
            with connect(address, max_size=None, proxy=None, ping_interval=None) as connection:
                yield Browser(connection, psutil.Process(process.pid))
        finally:
            process.kill()  # nothing in it is worth keeping
            process.wait()


def _address(process: subprocess.Popen[bytes], told: Path) -> str:
    """Where it listens, which it writes into a file: a port, and a path below it."""
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline and process.poll() is None:
        lines = told.read_text().splitlines() if told.exists() else []
        if len(lines) > 1:
            return f"ws://127.0.0.1:{lines[0]}{lines[1]}"
        time.sleep(0.05)
    raise LocalCloudError(f"Chromium ended, or did not start within {_START_S} s: run it by hand to see why.")
