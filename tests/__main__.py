"""`make test`: every check in turn, each with its time; stops at the first that fails."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from tests.chromium import require_chromium

_PYTHON = [sys.executable, "-m"]
_CHECKS = (
    ("ruff", [*_PYTHON, "ruff", "check", "."]),
    ("ruff format", [*_PYTHON, "ruff", "format", "--check", "."]),
    ("mypy", [*_PYTHON, "mypy"]),
    ("cfn-lint", [str(Path(sys.executable).with_name("cfn-lint")), "pipeline/template.yaml"]),
    ("tests", [*_PYTHON, "pytest", "--quiet"]),
)


def main() -> int:
    """Run all checks; returns the exit code of the first that fails."""
    begun = time.monotonic()
    require_chromium()
    for name, command in _CHECKS:
        started = time.monotonic()
        code = subprocess.run(command, check=False).returncode
        print(f"{name + ' ':.<40} {time.monotonic() - started:6.1f} s", flush=True)
        if code:
            return code
    print(f"{'all ':.<40} {time.monotonic() - begun:6.1f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
