"""The walk of tests/aws on a local cloud of its own, with a second stack beside the first."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from pipeline.local.cloud import LocalCloud
from pipeline.settings import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    """The state of a running local cloud, with nothing in it."""
    cloud = LocalCloud(tmp_path)
    cloud.start()
    yield tmp_path
    cloud.stop()


def run(state: Path, stack: str, *arguments: str) -> str:
    environment = os.environ | {"WEIR_STATE": str(state), "WEIR_STACK": stack}
    command = [sys.executable, "-m", *arguments]
    done = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"
    return done.stdout


def test_a_second_stack_comes_and_goes_and_the_first_stays(state: Path) -> None:
    assert "deployed" in run(state, "weir", "pipeline", "deploy")
    walked = run(state, "weir2", "tests.walk")
    assert [line.split()[0] for line in walked.splitlines()] == [
        *("deploy", "replay", "invoices", "warehouse", "lake", "api", "destroy"),
    ]
    assert "nothing to change" in run(state, "weir", "pipeline", "deploy")
    assert "nothing is left by its tag" in run(state, "weir", "pipeline", "destroy", "--yes")
