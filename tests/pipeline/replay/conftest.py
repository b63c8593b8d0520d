"""What the tests of replays share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.conftest import REAL_FILE


@pytest.fixture
def real_file() -> Path:
    """The real data set: WEIR_REAL_FILE, or beside the repository; it is never part of the project."""
    path = Path(os.environ.get("WEIR_REAL_FILE") or REAL_FILE)
    if not path.exists():
        pytest.skip(f"the real data set is not at {path}; name it in WEIR_REAL_FILE")
    return path
