"""What can be measured only by scripts that know Streamlit, which nothing under pipeline/ may: each runs by itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from pipeline.errors import LocalCloudError
from pipeline.settings import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pipeline.bench.served import Served

_IN_PANDAS = "tests.bench.all_rows_in_pandas"
_READERS = "tests.bench.readers"
_DEFAULT_FIGURES = "tests.bench.default_figures"


def in_pandas(state: Path, repeats: int) -> dict[str, Any]:
    """Seconds of `pandas`, `ours`, `ours_asked_anew` (no cache), and whether both came to the `same`."""
    found: dict[str, Any] = _run(state, _IN_PANDAS, str(repeats))
    return found


def readers(state: Path, server: Served, people: int, queries: Sequence[str]) -> dict[str, float]:
    """The server's CPU seconds an opening for readers `one` after the other and `people` `together`, with no browser.

    `queries` are those of addresses of the Sales page, each opened once; the last one is not counted.
    """
    found: dict[str, float] = _run(
        state, _READERS, server.url, str(server.process.pid), str(people), given=json.dumps(queries)
    )
    return found


def default_figures(
    state: Path, start: str, end: str, repeats: int, pages: Sequence[str]
) -> dict[str, dict[str, dict[str, list[float]]]]:
    """Seconds of every question that each of `pages` asks by itself: by period, page and query.

    The periods are `default`, which the page chooses, and `days`, from `start` to `end`.
    """
    found: dict[str, dict[str, dict[str, list[float]]]] = _run(
        state, _DEFAULT_FIGURES, start, end, str(repeats), *pages
    )
    return found


def _run(state: Path, module: str, *arguments: str, given: str = "") -> Any:  # noqa: ANN401 - JSON
    """What `module` prints on its last line. Raises LocalCloudError with the last of what it said when it fails."""
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=REPOSITORY,
        env=os.environ | {"WEIR_STATE": str(state)},
        input=given,
        capture_output=True,  # Streamlit warns of a script that no browser looks at
        text=True,
        check=False,
    )
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["it said nothing"]
        raise LocalCloudError(f"{module} ended with {done.returncode}: {said[-1]}")
    return json.loads(done.stdout.splitlines()[-1])
