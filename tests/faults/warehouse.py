"""The warehouse is down for a whole replay, and then back: what Firehose staged meanwhile is copied then."""

from __future__ import annotations

import json
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from pipeline import stack
from pipeline.clients import client
from pipeline.errors import CloudDownError
from pipeline.warehouse.connect import open_connection
from tests.conftest import eventually
from tests.faults import files, verdict, worker

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pipeline.settings import Settings
    from pipeline.stack import Outputs

FAULT = "warehouse down, then back"


@contextmanager
def down(outputs: Outputs) -> Iterator[None]:
    """Within the block the warehouse ends its connections and takes no new one."""
    secret = json.loads(client("secretsmanager").get_secret_value(SecretId=outputs.warehouse_secret)["SecretString"])
    name = sql.Identifier(outputs.warehouse_database)
    with psycopg.connect(
        host=outputs.warehouse_host, port=int(outputs.warehouse_port), dbname="postgres", user=secret["username"],
        password=secret["password"], autocommit=True, sslmode="disable",
    ) as connection:  # fmt: skip
        connection.execute(sql.SQL("alter database {} allow_connections false").format(name))
        try:
            connection.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s and usename = current_user",
                [outputs.warehouse_database],
            )
            yield
        finally:
            connection.execute(sql.SQL("alter database {} allow_connections true").format(name))


def send(settings: Settings, folder: Path, prefix: str, seeds: int, rows: int) -> list[verdict.Sent]:
    """A replay for each seed while the warehouse is down, until Firehose has failed to copy what it staged."""
    outputs = stack.outputs(settings.stack)
    sent = []
    with down(outputs):
        for seed in range(seeds):
            assert _is_down(outputs)
            staged = _staged(outputs)
            written = files.write(folder / f"{prefix}{seed}.csv", f"{prefix}S{seed}N", rows=rows, seed=seed)
            command = ("replay", str(written.path), "--max", "--wait", "--json")
            receipt = worker.receipt(worker.start(settings.state, *command))
            eventually(partial(_more_staged, outputs, staged), "what the warehouse will be given, staged")
            sent.append(verdict.Sent(written, receipt["replay_id"], receipt["retried"], met=1))
    assert not _is_down(outputs)
    return sent


def _more_staged(outputs: Outputs, before: int) -> bool:
    return _staged(outputs) > before


def _staged(outputs: Outputs) -> int:
    pages = client("s3").get_paginator("list_objects_v2").paginate(Bucket=outputs.lake_bucket, Prefix="raw/orders/")
    return sum(len(page.get("Contents", [])) for page in pages)


def _is_down(outputs: Outputs) -> bool:
    try:
        open_connection(outputs).close()
    except CloudDownError:
        return True
    return False
