"""The one local cloud that a test run shares, with generated sample data sent through the pipeline."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest

from pipeline import stack
from pipeline.settings import REPOSITORY, Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pipeline.replay.sample_ledger import Ledger
    from pipeline.stack import Outputs

# How long an example takes is the machine's affair, and other tests run beside.
hypothesis.settings.register_profile("weir", deadline=None)
hypothesis.settings.load_profile("weir")

SAMPLE_ROWS = 20_000
SHARDS = 4  # which take 4,000 rows/s
REAL_FILE = REPOSITORY.parent / "shared" / "data" / "online_retail.csv.gz"


@dataclass(frozen=True)
class Cloud:
    """A running local cloud: where it is, what it holds, and what the sample's own ledger says of it."""

    settings: Settings
    endpoint: str
    outputs: Outputs
    sample: Path
    ledger: Ledger
    receipt: dict[str, Any]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what runs on the shared cloud, so that `-m cloud` and `-m "not cloud"` part the tests in two."""
    for item in items:
        # The tests of the local cloud's own parts have a small one in memory, by the same name.
        in_memory = item.path.is_relative_to(REPOSITORY / "tests" / "pipeline")
        if "cloud" in getattr(item, "fixturenames", ()) and not in_memory:
            item.add_marker(pytest.mark.cloud)


@pytest.fixture
def silent_cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A cloud that takes connections and answers none."""
    from pipeline.clients import client

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "nothing")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{silent.getsockname()[1]}")
        client.cache_clear()
        yield
    client.cache_clear()


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """Started once a run, for all that ask, with AWS's shard limits; the sample has reached all three sinks."""
    from pipeline.cli.deploy import deploy
    from pipeline.local.cloud import LocalCloud
    from pipeline.replay import samples
    from pipeline.settings import running_cloud, settle_local

    state = tmp_path_factory.mktemp("cloud")
    patch = pytest.MonkeyPatch()
    patch.setenv("WEIR_STATE", str(state))
    local = LocalCloud(state, shard_limits=True)
    local.start()
    try:
        settings = settle_local(str(running_cloud(state)["endpoint"]))
        deploy(settings, {"OrdersShards": str(SHARDS)})
        sample = state / "sample.csv.gz"
        end = datetime.now(UTC).date()
        ledger = samples.write(sample, rows=SAMPLE_ROWS, seed=1, start=end - timedelta(days=365), end=end)
        receipt = run_cli("replay", str(sample), "--max", "--wait", "--json")
        outputs = stack.outputs(settings.stack)
        running = Cloud(settings, str(running_cloud(state)["endpoint"]), outputs, sample, ledger, receipt)
        await_sinks(running)
        yield running
    finally:
        local.stop()
        patch.undo()


def run_cli(*arguments: str) -> dict[str, Any]:
    """What `python -m pipeline ... --json` printed."""
    command = [sys.executable, "-m", "pipeline", *arguments]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def eventually(condition: Callable[[], bool], what: str, seconds: float = 60) -> None:
    """Wait until `condition` holds; fail with `what` when it does not within `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.2)


def warehouse_value(outputs: Outputs, sql: str, **parameters: object) -> Any:
    """The one value that a query of the warehouse returns."""
    from pipeline.warehouse.connect import connect

    with connect(outputs) as connection, connection.cursor() as cursor:
        cursor.paramstyle = "named"
        cursor.execute(sql, parameters)
        return cursor.fetchone()[0]


def await_sinks(cloud: Cloud) -> None:
    """Wait until the sample has reached the warehouse and the invoices; the lake is no slower than the first."""
    from pipeline.clients import client

    rows = cloud.receipt["accepted"]
    sql = "select count(*) from order_lines"
    eventually(lambda: warehouse_value(cloud.outputs, sql) >= rows, f"{rows} order lines in the warehouse")

    def items() -> int:
        pages = (
            client("dynamodb").get_paginator("scan").paginate(TableName=cloud.outputs.invoices_table, Select="COUNT")
        )
        return sum(page["Count"] for page in pages)

    eventually(lambda: items() >= rows, f"{rows} items in the invoices table")
