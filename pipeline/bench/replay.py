"""Rows a second of our producer, CSV parsing included, against what else could send the same rows."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import boto3
import requests
from botocore.config import Config

from pipeline.errors import WeirError
from pipeline.replay import preflight, run
from pipeline.replay.journal import Journal
from pipeline.replay.put_records import hasten
from pipeline.replay.reader import OrderFile
from pipeline.replay.rows import Record
from pipeline.replay.senders import KinesisSender
from pipeline.replay.shards import open_shards
from pipeline.settings import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

CONNECTIONS = 4
PEERS = ("aiokpl", "async-kinesis")
_BATCH = 500
_PEER_LIMIT_S = 180
_REQUIREMENTS = REPOSITORY / "requirements-bench.txt"


class Rate(NamedTuple):
    """Rows acknowledged, and the seconds that it took."""

    rows: int
    seconds: float

    @property
    def rows_per_s(self) -> float:
        """Rows a second."""
        return self.rows / self.seconds


class _NoBucket:
    """Takes what a replay keeps: every row of the bench is valid and is taken, so that is next to nothing."""

    def put_object(self, **_: object) -> None:
        """PutObject."""


def kinesis(endpoint: str | None = None) -> Any:  # noqa: ANN401 - boto3 makes its clients at run time
    """A client of this endpoint, or of the cloud that is settled, with the replayer's own settings."""
    config = Config(
        retries={"mode": "standard", "total_max_attempts": 1}, max_pool_connections=16, read_timeout=60,
        parameter_validation=False,
    )  # fmt: skip
    given = {"endpoint_url": endpoint} if endpoint else {}
    return boto3.session.Session().client("kinesis", config=config, **given)


def ours(stream: str, path: Path, endpoint: str | None = None) -> Rate:
    """A whole replay of the file, checkpoints included. Raises WeirError when a row was not acknowledged."""
    client = hasten(kinesis(endpoint))
    shards = open_shards(client, stream)
    gc.freeze()  # as the replayer's own process does
    began = time.perf_counter()
    with OrderFile(path) as orders, closing(Journal(path.with_name("checkpoints"))) as journal:
        job = run.Job(connections=CONNECTIONS, shards=shards, journal=journal)
        receipt = run.replay(orders, KinesisSender(client, stream), job, (_NoBucket(), "bench"))
    if receipt.accepted != receipt.rows:
        raise WeirError(f"{receipt.rows - receipt.accepted} rows of the bench were not acknowledged: {receipt.error}")
    return Rate(receipt.accepted, time.perf_counter() - began)


def ceiling(client: Any, stream: str, batches: Sequence[list[Mapping[str, object]]]) -> Rate:  # noqa: ANN401
    """Batches encoded beforehand in a tight loop, with as many connections; what is refused is not sent again."""

    def put(batch: list[Mapping[str, object]]) -> int:
        return len(batch) - int(client.put_records(StreamName=stream, Records=batch)["FailedRecordCount"])

    began = time.perf_counter()
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        taken = sum(pool.map(put, batches))
    return Rate(taken, time.perf_counter() - began)


def row_by_row(url: str, headers: Mapping[str, str], rows: Sequence[Record]) -> Rate:
    """One POST a row, one after the other, over a connection that is kept. Raises WeirError when one is not taken."""
    with requests.Session() as session:
        began = time.perf_counter()
        for row in rows:
            answer = session.post(
                url, data=row.data, headers={"Content-Type": "application/json", **headers}, timeout=60
            )
            if not answer.ok:
                raise WeirError(f"{url} answers {answer.status_code} to a row of the bench: {answer.text[:200]}")
        return Rate(len(rows), time.perf_counter() - began)


def parsing(path: Path) -> Rate:
    """The file read into records, and none of them sent."""
    began = time.perf_counter()
    with OrderFile(path) as orders:
        rows = sum(1 for _ in orders.rows("bench"))
    return Rate(rows, time.perf_counter() - began)


def records(path: Path, count: int | None = None) -> list[Record]:
    """The file's first rows as records."""
    with OrderFile(path) as orders:
        return [row for row in islice(orders.rows("bench"), count) if isinstance(row, Record)]


def batches(rows: Sequence[Record]) -> list[list[Mapping[str, object]]]:
    """As PutRecords takes them, 500 at a time."""
    entries: list[Mapping[str, object]] = [{"Data": row.data, "PartitionKey": row.key} for row in rows]
    return [entries[at : at + _BATCH] for at in range(0, len(entries), _BATCH)]


def of_limits(client: Any, stream: str, path: Path) -> tuple[Rate, float]:  # noqa: ANN401
    """A replay into a stream with shard limits, and the share that it had of what they allow, 0 to 1.

    At best a shard takes a second's worth at once and the rest at 1,000 rows/s; the hottest one decides.
    """
    with OrderFile(path) as orders:
        least = preflight.look(orders, open_shards(client, stream)).least_seconds
    rate = ours(stream, path)
    return rate, (least - 1) / rate.seconds


def peers(folder: Path) -> Path | str:
    """The interpreter of an environment in `folder` that has the other producers; why not, when it has not."""
    python = folder / "bin" / "python"
    wanted = folder / _REQUIREMENTS.name
    if wanted.exists() and wanted.read_text() == _REQUIREMENTS.read_text():
        return python
    for command in (
        [sys.executable, "-m", "venv", str(folder)],
        [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", str(_REQUIREMENTS)],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            return (done.stderr.strip() or done.stdout.strip() or "it said nothing").splitlines()[-1]
    wanted.write_text(_REQUIREMENTS.read_text())
    return python


def peer(python: Path, name: str, endpoint: str, file: Path) -> Rate | str:
    """One of the other producers over the rows of `file`; why not, when it broke off or lost some."""
    command = [str(python), str(Path(__file__).with_name("peer.py")), name, endpoint, "bench", str(file)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_PEER_LIMIT_S)
    except subprocess.TimeoutExpired:
        return f"did not end within {_PEER_LIMIT_S} s"
    if done.returncode:
        return done.stderr.strip().splitlines()[-1]
    told = json.loads(done.stdout)
    return Rate(told["taken"], told["seconds"])


def write_rows(rows: Sequence[Record], file: Path) -> None:
    """The rows as `peer` reads them."""
    with file.open("w", encoding="utf-8") as out:
        out.writelines(json.dumps([row.key, row.data.decode()]) + "\n" for row in rows)
