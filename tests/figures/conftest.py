from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.conftest import REAL_FILE
from tests.figures.recomputed import Lines
from tests.loaded_warehouse import asked_by_driver, real_warehouse, sample_file, sample_warehouse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from queries.warehouse import Warehouse

__all__ = ["real_warehouse", "sample_file", "sample_warehouse"]


@pytest.fixture(scope="session")
def sample_engine(request: pytest.FixtureRequest) -> Iterator[Warehouse]:
    engine = asked_by_driver(request.getfixturevalue("sample_warehouse"))
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def real(request: pytest.FixtureRequest) -> Iterator[Warehouse]:
    """The real file's figures, where it is at hand."""
    engine = asked_by_driver(request.getfixturevalue("real_warehouse"))
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def sample_lines(request: pytest.FixtureRequest) -> Lines:
    return Lines(request.getfixturevalue("sample_file")[0])


@pytest.fixture(scope="session")
def real_lines() -> Lines:
    return Lines(REAL_FILE)


@pytest.fixture(scope="session", params=["sample", "real"])
def held(request: pytest.FixtureRequest) -> tuple[Warehouse, Lines]:
    """What the warehouse says, and the file itself: of a generated file always, of the real one where it is at hand."""
    engine = request.getfixturevalue("sample_engine" if request.param == "sample" else "real")
    return engine, request.getfixturevalue(f"{request.param}_lines")
