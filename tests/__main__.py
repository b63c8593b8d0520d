"""`make test`: every check, each with its time; stops at the first that fails.

What takes long runs in lanes side by side: the tests on the shared local cloud, all other tests, and the types. A
lane that waits for a delivery or a browser leaves its core to the others.
"""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryFile

from tests.chromium import require_chromium

_PYTHON = [sys.executable, "-m"]
_CHECKS = (
    ("ruff", [*_PYTHON, "ruff", "check", "."]),
    ("ruff format", [*_PYTHON, "ruff", "format", "--check", "."]),
    ("cfn-lint", [str(Path(sys.executable).with_name("cfn-lint")), "pipeline/template.yaml"]),
)
_PYTEST = [*_PYTHON, "pytest", "--quiet", "--durations=15", "-p", "no:cacheprovider"]
_LANES = (
    ("tests on the shared cloud", [*_PYTEST, "-m", "cloud"]),
    ("all other tests", [*_PYTEST, "-m", "not cloud"]),
    ("mypy", [*_PYTHON, "mypy"]),
)


def main() -> int:
    """Run all checks; returns the exit code of the first that fails."""
    begun = time.monotonic()
    require_chromium()
    for name, command in _CHECKS:
        started = time.monotonic()
        code = subprocess.run(command, check=False).returncode
        _told(name, started)
        if code:
            return code
    code = _side_by_side()
    if code:
        return code
    print(f"{'all ':.<40} {time.monotonic() - begun:6.1f} s", flush=True)
    return 0


def _side_by_side() -> int:
    """Run the lanes at the same time, the first one's output as it comes, the others' at the end; the worst code."""
    started = time.monotonic()
    with ExitStack() as open_files, ThreadPoolExecutor(len(_LANES)) as lanes:
        kept = [open_files.enter_context(TemporaryFile()) for _ in _LANES[1:]]
        running = {
            lanes.submit(subprocess.run, command, check=False, stdout=output, stderr=output): name
            for (name, command), output in zip(_LANES, [None, *kept], strict=True)
        }
        for lane in as_completed(running):
            _told(running[lane], started)
        for output in kept:
            output.seek(0)
            print(output.read().decode(errors="replace"), end="", flush=True)
        return max(abs(lane.result().returncode) for lane in running)


def _told(name: str, started: float) -> None:
    print(f"{name + ' ':.<40} {time.monotonic() - started:6.1f} s", flush=True)


if __name__ == "__main__":
    sys.exit(main())
