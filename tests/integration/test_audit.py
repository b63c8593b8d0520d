"""Audits on the whole local cloud: what is taken out of a sink is named, and nothing else."""

from __future__ import annotations

import io
import time
import uuid
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest

from pipeline.clients import client
from pipeline.contracts.order_line import CSV_FIELDS
from pipeline.warehouse.connect import connect
from tests.conftest import eventually, run_cli

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Cloud

SINKS = ("lake", "invoices", "warehouse")


@pytest.fixture
def invoice_no() -> str:
    return f"T{uuid.uuid4().hex[:12]}"


def written(tmp_path: Path, invoice_no: str, *quantities: str) -> Path:
    # Long before any sale of the sample, so that no figure of a period changes.
    rows = [f"{invoice_no},85123A,LAMP,{quantity},1/2/1999 8:26,2.55,,Testland" for quantity in quantities]
    path = tmp_path / "orders.csv"
    path.write_text("\n".join([",".join(CSV_FIELDS), *rows]) + "\n")
    return path


def replayed(path: Path) -> str:
    return str(run_cli("replay", str(path), "--max", "--wait", "--json")["replay_id"])


def audited(replay_id: str) -> dict[str, Any]:
    return run_cli("audit", replay_id, "--json")


def complete(replay_id: str) -> dict[str, Any]:
    """The audit, once everything has arrived."""
    found: dict[str, Any] = {}

    def arrived() -> bool:
        found.update(audited(replay_id))
        return bool(found["verdict"] == "complete")

    eventually(arrived, "a complete audit")
    return found


def settled(replay_id: str) -> dict[str, Any]:
    """The audit, once nothing is late any more."""
    found: dict[str, Any] = {}

    def over() -> bool:
        found.update(audited(replay_id))
        return not any(sink["late"] for sink in found["sinks"].values())

    eventually(over, "an audit without late rows", 90)
    return found


def absent(audit: dict[str, Any], sink: str) -> list[str]:
    return [found["event_id"] for found in audit["sinks"][sink]["absent"]]


def renamed(cloud: Cloud, event_id: str, other: str) -> None:
    """Give a line of the warehouse another event's name: the rollups keep what it says."""
    with connect(cloud.outputs) as connection, connection.cursor() as cursor:
        cursor.paramstyle = "named"
        parameters = {"id": event_id, "other": other}
        cursor.execute("update order_lines set event_id = :other where event_id = :id", parameters)
        assert cursor.rowcount == 1


def test_the_sample_audits_complete(cloud: Cloud) -> None:
    began = time.monotonic()
    audit = complete(cloud.receipt["replay_id"])
    rows = cloud.receipt["rows"]
    assert (audit["rows"], audit["accepted"], audit["rejected"], audit["failed"], audit["unknown"]) == (
        rows,
        cloud.receipt["accepted"],
        cloud.receipt["rejected"],
        0,
        0,
    )
    for sink in SINKS:
        found = audit["sinks"][sink]
        assert (found["expected"], found["present"]) == (audit["accepted"], audit["accepted"])
        assert (found["missing"], found["late"], found["absent"]) == (0, 0, [])
    assert time.monotonic() - began < 30


def test_what_is_taken_out_of_each_sink_is_named(cloud: Cloud, tmp_path: Path, invoice_no: str) -> None:
    path = written(tmp_path, invoice_no, "1", "2", "six", "4", "5")
    first = replayed(path)
    audit = complete(first)
    assert (audit["rows"], audit["accepted"], audit["rejected"]) == (5, 4, 1)
    assert {audit["sinks"][sink]["expected"] for sink in SINKS} == {4}

    second = replayed(path)
    assert complete(second)["sinks"]["invoices"]["present"] == 4
    eventually(lambda: audited(second)["sinks"]["lake"]["repeats"] == 4, "both copies in the lake")
    assert complete(first)["verdict"] == "complete"

    key = {"invoice_no": {"S": invoice_no}, "line": {"S": "000002"}}
    client("dynamodb").delete_item(TableName=cloud.outputs.invoices_table, Key=key)
    renamed(cloud, f"{invoice_no}-4", f"{invoice_no}-4 away")
    s3, bucket = client("s3"), cloud.outputs.lake_bucket
    taken: dict[str, bytes] = {}
    try:
        audit = settled(second)
        assert audit["verdict"] == "missing"
        assert absent(audit, "invoices") == [f"{invoice_no}-2"]
        assert absent(audit, "warehouse") == [f"{invoice_no}-4"]
        assert audit["sinks"]["warehouse"]["absent"][0]["line"] == 5
        assert absent(audit, "lake") == []

        # Every object of the lake that holds one of the events goes for a while.
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="orders/"):
            for found in page.get("Contents", []):
                body = s3.get_object(Bucket=bucket, Key=found["Key"])["Body"].read()
                invoices = pq.read_table(io.BytesIO(body), columns=["invoice_no"])["invoice_no"].to_pylist()
                if invoice_no in invoices:
                    taken[found["Key"]] = body
                    s3.delete_object(Bucket=bucket, Key=found["Key"])
        assert taken
        assert absent(audited(second), "lake") == [f"{invoice_no}-{number}" for number in (1, 2, 4, 5)]
    finally:
        for name, body in taken.items():
            s3.put_object(Bucket=bucket, Key=name, Body=body)
        renamed(cloud, f"{invoice_no}-4 away", f"{invoice_no}-4")  # other tests compare the engines' figures
    restored = audited(second)
    assert (absent(restored, "lake"), absent(restored, "warehouse")) == ([], [])


def test_what_was_sent_a_moment_ago_is_late_and_then_there(cloud: Cloud, tmp_path: Path, invoice_no: str) -> None:
    replay_id = replayed(written(tmp_path, invoice_no, "1", "2"))
    audit = audited(replay_id)
    assert audit["verdict"] in {"late", "complete"}
    lake = audit["sinks"]["lake"]
    assert lake["present"] + lake["late"] == lake["expected"] == 2
    assert all("still on its way" in found["cause"] for found in lake["absent"])
    complete(replay_id)
