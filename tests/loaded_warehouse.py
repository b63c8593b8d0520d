"""A warehouse that holds a file of order lines, loaded past the pipeline: COPY into the landing table, then the merge.

Cheap beside a replay (the real file's 541,909 rows in about half a minute), and nobody else sends to it: its figures
are the file's, to the penny.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import redshift_connector

from pipeline.bench import load as loading
from pipeline.local.warehouse import Warehouse as LocalWarehouse
from pipeline.replay import samples
from pipeline.warehouse.apply import apply
from queries.warehouse import Warehouse
from tests.conftest import REAL_FILE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pipeline.replay.sample_ledger import Ledger

SAMPLE_ROWS = 20_000


def load(warehouse: LocalWarehouse, path: Path) -> int:
    """Land every row of the file that the contract takes, and merge; how many there were."""
    with warehouse.connect(autocommit=True) as connection:
        return loading.load(connection, path)


def driven(warehouse: LocalWarehouse) -> Any:
    """A connection by the driver that the pages have."""
    opened = redshift_connector.connect(
        host=warehouse.host,
        port=warehouse.port,
        database=warehouse.database,
        user=warehouse.username,
        password=warehouse.password,
        ssl=False,
    )
    opened.autocommit = True
    return opened


def asked_by_driver(warehouse: LocalWarehouse) -> Warehouse:
    """The engine that the pages ask, on this warehouse."""
    return Warehouse(lambda: driven(warehouse))


def started(folder: Path) -> LocalWarehouse:
    """An empty warehouse with its tables, to be stopped by whoever asked for it."""
    warehouse = LocalWarehouse(folder)
    warehouse.start()
    with warehouse.connect(autocommit=True) as connection:
        apply(connection, "postgres")
    return warehouse


def sample(path: Path, rows: int = SAMPLE_ROWS) -> Ledger:
    """Write a generated file over a year that is always the same; its own sums."""
    end = datetime(2026, 6, 30, tzinfo=UTC).date()
    return samples.write(path, rows=rows, seed=1, start=end - timedelta(days=365), end=end)


@pytest.fixture(scope="session")
def sample_file(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Ledger]:
    """A generated file and the sums that its generator took."""
    path = tmp_path_factory.mktemp("generated") / "sample.csv.gz"
    return path, sample(path)


@pytest.fixture(scope="session")
def sample_warehouse(
    tmp_path_factory: pytest.TempPathFactory, sample_file: tuple[Path, Ledger]
) -> Iterator[LocalWarehouse]:
    """The generated file in a warehouse of its own."""
    warehouse = started(tmp_path_factory.mktemp("sample"))
    try:
        assert load(warehouse, sample_file[0]) == SAMPLE_ROWS
        yield warehouse
    finally:
        warehouse.stop()


@pytest.fixture(scope="session")
def real_warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalWarehouse]:
    """The real file in a warehouse of its own, where the file is at hand."""
    if not REAL_FILE.exists():
        pytest.skip("the real file is not at hand")
    warehouse = started(tmp_path_factory.mktemp("real"))
    try:
        load(warehouse, REAL_FILE)
        yield warehouse
    finally:
        warehouse.stop()
