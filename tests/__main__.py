"""`make test`: every check, each with its time; stops at the first that fails.

The tests run in two lanes side by side: those on the shared local cloud, and all others. A lane that waits for a
delivery or a browser leaves its core to the other.
"""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from tempfile import TemporaryFile

from tests.chromium import require_chromium

_PYTHON = [sys.executable, "-m"]
_CHECKS = (
    ("ruff", [*_PYTHON, "ruff", "check", "."]),
    ("ruff format", [*_PYTHON, "ruff", "format", "--check", "."]),
    ("mypy", [*_PYTHON, "mypy"]),
    ("cfn-lint", [str(Path(sys.executable).with_name("cfn-lint")), "pipeline/template.yaml"]),
)
_PYTEST = [*_PYTHON, "pytest", "--quiet", "-p", "no:cacheprovider"]
_LANES = (
    ("tests on the shared cloud", [*_PYTEST, "-m", "cloud"]),
    ("all other tests", [*_PYTEST, "-m", "not cloud"]),
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
    """Run the lanes at the same time, the first one's output as it comes, the other's when it ends; the worst code."""
    started = time.monotonic()
    with TemporaryFile() as kept, ThreadPoolExecutor(len(_LANES)) as lanes:
        outputs = (None, kept)
        running = {
            lanes.submit(subprocess.run, command, check=False, stdout=output, stderr=output): name
            for (name, command), output in zip(_LANES, outputs, strict=True)
        }
        for lane in as_completed(running):
            _told(running[lane], started)
        kept.seek(0)
        print(kept.read().decode(errors="replace"), end="", flush=True)
        return max(abs(lane.result().returncode) for lane in running)


def _told(name: str, started: float) -> None:
    print(f"{name + ' ':.<40} {time.monotonic() - started:6.1f} s", flush=True)


if __name__ == "__main__":
    sys.exit(main())
