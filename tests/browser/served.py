"""A Streamlit script, served as the dashboard is."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import requests

from pipeline.settings import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_START_LIMIT_S = 30


@contextmanager
def served(log: Path, *script: str, **environment: str) -> Iterator[str]:
    """The address of a server of its own on a free port, of the dashboard if no `script` is given; it writes `log`."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "serve.py", "--port", str(port), *script],
            cwd=REPOSITORY,
            env=os.environ | environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    url = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + _START_LIMIT_S
        while True:
            with suppress(requests.RequestException):
                requests.get(f"{url}/_stcore/health", timeout=1).raise_for_status()
                break
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait(60)
