"""Which browser the tests drive, and how it comes here."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# No calls home: a closed network would refuse them one by one.
ARGUMENTS = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
)


def executable() -> str | None:
    """The browser on this machine: `WEIR_CHROMIUM`, or Chromium or Chrome on the path; None for Playwright's own."""
    named = os.environ.get("WEIR_CHROMIUM")
    return named or next((path for path in map(shutil.which, _NAMES) if path), None)


def arguments() -> list[str]:
    """The flags to start it with; root has no sandbox."""
    return [*ARGUMENTS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]


def require_chromium() -> None:
    """Install a browser when there is none: Debian's as root, else Playwright's own download."""
    if executable():
        return
    if os.geteuid() == 0 and shutil.which("apt-get"):
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "update", "--quiet=2"], check=False, env=environment)
        install = [
            "apt-get",
            "install",
            "--quiet=2",
            "--yes",
            "--no-install-recommends",
            "chromium",
            "fonts-dejavu-core",
        ]
        subprocess.run(install, check=False, env=environment, stdout=subprocess.DEVNULL)
    if executable() is None:
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=True)
