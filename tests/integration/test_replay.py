"""Replays as a person starts them, through the command line and the whole local cloud."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
import time
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.clients import client
from pipeline.contracts.order_line import CSV_FIELDS
from pipeline.replay import launch, progress, store
from pipeline.replay.shards import open_shards
from pipeline.settings import REPOSITORY
from queries.audit import sent
from tests.conftest import eventually, run_cli

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Cloud

HEADER = ",".join(CSV_FIELDS)


@pytest.fixture
def invoice_no() -> str:
    return f"T{uuid.uuid4().hex[:12]}"


def row(invoice_no: str, code: str = "85123A", quantity: str = "6") -> str:
    # Long before any sale of the sample, so that no figure of a period changes.
    return f"{invoice_no},{code},IT COSTS £5,{quantity},1/2/1999 8:26,2.55,,Testland"


def written(tmp_path: Path, *rows: str) -> Path:
    path = tmp_path / "orders.csv"
    path.write_bytes("".join(f"{line}\n" for line in (HEADER, *rows)).encode("latin-1"))
    return path


def items(cloud: Cloud, invoice_no: str) -> list[dict[str, Any]]:
    answer = client("dynamodb").query(
        TableName=cloud.outputs.invoices_table,
        KeyConditionExpression="invoice_no = :no",
        ExpressionAttributeValues={":no": {"S": invoice_no}},
        ConsistentRead=True,
    )
    found: list[dict[str, Any]] = answer["Items"]
    return found


def kept(cloud: Cloud, key: str) -> list[dict[str, Any]]:
    body = client("s3").get_object(Bucket=cloud.outputs.lake_bucket, Key=key)["Body"].read()
    return [json.loads(line) for line in gzip.decompress(body).splitlines()]


@pytest.mark.parametrize("target", ["kinesis", "api"])
def test_good_rows_arrive_once_bad_ones_are_in_quarantine(
    cloud: Cloud, tmp_path: Path, invoice_no: str, target: str
) -> None:
    bad = row(invoice_no, quantity="six")
    path = written(tmp_path, row(invoice_no), bad, row(invoice_no, "71053"))
    first = run_cli("replay", str(path), "--target", target, "--max", "--wait", "--json")
    assert (first["status"], first["rows"], first["accepted"], first["rejected"], first["failed"]) == (
        "done",
        3,
        2,
        1,
        0,
    )
    assert first["reasons"] == [{"reason": "Quantity: is not a whole number", "rows": 1}]
    assert first["encoding"] == "ISO-8859-1"
    (note,) = kept(cloud, first["quarantine"][0])
    assert (note["line"], note["event_id"], note["raw"]) == (3, f"{invoice_no}-2", bad)
    eventually(lambda: len(items(cloud, invoice_no)) == 2, "two lines of the invoice")
    again = run_cli("replay", str(path), "--target", target, "--wait", "--json")

    def replays() -> set[str]:
        return {item["replay_id"]["S"] for item in items(cloud, invoice_no)}

    eventually(lambda: replays() == {again["replay_id"]}, "the second replay's lines in place of the first's")
    assert [item["line"]["S"] for item in items(cloud, invoice_no)] == ["000001", "000003"]
    assert items(cloud, invoice_no)[0]["description"]["S"] == "IT COSTS £5"


def test_a_replay_in_the_background_is_there_for_everybody(cloud: Cloud, tmp_path: Path, invoice_no: str) -> None:
    path = written(tmp_path, *[row(invoice_no)] * 5)
    started = run_cli("replay", str(path), "--rate", "100", "--limit", "3", "--json")
    table = store.of_stack(cloud.settings.stack)

    def state() -> progress.Progress:
        found = table.get(started["replay_id"])
        assert found
        return found

    assert state().status in {progress.RUNNING, progress.DONE}
    eventually(lambda: state().status == progress.DONE, "the end of the replay")
    assert (state().accepted, state().rate, state().row_limit, state().share) == (3, 100, 3, 1.0)
    assert state() in table.recent()
    eventually(lambda: table.receipt(started["replay_id"]) is not None, "the receipt", 10)
    receipt = table.receipt(started["replay_id"])
    assert receipt
    assert (receipt["rows"], receipt["accepted"]) == (3, 3)


def test_sigterm_ends_a_replay_with_its_receipt(cloud: Cloud, tmp_path: Path, invoice_no: str) -> None:
    path = written(tmp_path, *[row(invoice_no)] * 1000)
    command = [sys.executable, "-m", "pipeline", "replay", str(path), "--rate", "20", "--wait", "--json"]
    worker = subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    table = store.of_stack(cloud.settings.stack)

    def runs() -> bool:
        return any(state.pid == worker.pid and state.rows_read > 20 for state in table.recent())

    eventually(runs, "the replay running")
    worker.send_signal(signal.SIGTERM)
    began = time.monotonic()
    out, err = worker.communicate(timeout=30)
    receipt = json.loads(out)
    assert time.monotonic() - began < 10
    assert worker.returncode == 130
    assert "stopping" in err
    assert receipt["status"] == "stopped"
    assert 20 < receipt["accepted"] == receipt["rows"] < 1000
    eventually(lambda: len(items(cloud, invoice_no)) == receipt["accepted"], "what it said it sent")


def test_a_preflight_foretells_the_shards_and_sends_nothing(cloud: Cloud) -> None:
    before = store.of_stack(cloud.settings.stack).recent(1000)
    found = run_cli("replay", str(cloud.sample), "--preflight", "--json")
    assert store.of_stack(cloud.settings.stack).recent(1000) == before
    assert (found["rows"], found["rejected"], len(found["shards"])) == (cloud.receipt["accepted"], 0, 4)
    assert 1 < found["max_over_mean"] < 2
    assert found["least_seconds"] == max(load["rows"] for load in found["shards"]) / 1000
    assert {load["shard"] for load in found["shards"]} >= {found["hottest"]}


def test_keys_go_where_the_preflight_says_also_after_a_split_and_a_merge(cloud: Cloud) -> None:
    kinesis, stream = client("kinesis"), f"t-{uuid.uuid4().hex[:8]}"
    kinesis.create_stream(StreamName=stream, ShardCount=3)
    try:
        eventually(lambda: _active(stream), "the stream")
        _compare(stream)
        first, second, third = open_shards(kinesis, stream).ranges
        kinesis.split_shard(
            StreamName=stream, ShardToSplit=third.shard, NewStartingHashKey=str((third.first + third.last) // 2)
        )
        eventually(lambda: _active(stream), "the split")
        _compare(stream)
        kinesis.merge_shards(StreamName=stream, ShardToMerge=first.shard, AdjacentShardToMerge=second.shard)
        eventually(lambda: _active(stream), "the merge")
        _compare(stream)
        assert len(open_shards(kinesis, stream).ranges) == 3
    finally:
        kinesis.delete_stream(StreamName=stream)


def _active(stream: str) -> bool:
    found = client("kinesis").describe_stream_summary(StreamName=stream)
    return bool(found["StreamDescriptionSummary"]["StreamStatus"] == "ACTIVE")


def _compare(stream: str) -> None:
    shards = open_shards(client("kinesis"), stream)
    keys = [f"{number}é" for number in range(200)]
    answer = client("kinesis").put_records(
        StreamName=stream, Records=[{"PartitionKey": key, "Data": b"x"} for key in keys]
    )
    assert [result["ShardId"] for result in answer["Records"]] == [shards.of(key) for key in keys]


def test_a_wrong_file_is_refused_and_leaves_no_trace(cloud: Cloud, tmp_path: Path) -> None:
    before = store.of_stack(cloud.settings.stack).recent(1000)
    path = tmp_path / "orders.csv"
    path.write_text(HEADER.replace("Quantity,", "") + "\nx\n")
    for wait in (["--wait"], []):
        command = [sys.executable, "-m", "pipeline", "replay", str(path), *wait]
        done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
        assert done.returncode == 1
        assert done.stderr == (
            f"weir: {path}, line 1: column Quantity is missing. "
            "Found: InvoiceNo, StockCode, Description, InvoiceDate, UnitPrice, CustomerID, Country.\n"
        )
    assert store.of_stack(cloud.settings.stack).recent(1000) == before


# What the Replay page does at the press of its button, in a process that then serves on.
_AS_THE_DASHBOARD = """
import sys, time
from pathlib import Path
from pipeline.replay import launch
from pipeline.replay.wishes import Tempo
from pipeline.settings import settle
launch.start(Path(sys.argv[1]), settle(), launch.Wanted("kinesis", Tempo(rate=800)), sys.argv[2])
time.sleep(600)
"""


def started_by_a_dashboard(cloud: Cloud, path: Path) -> tuple[subprocess.Popen[bytes], progress.Progress]:
    """The process, and the replay that it started once that is under way."""
    replay_id = progress.new_replay_id()
    dashboard = subprocess.Popen([sys.executable, "-c", _AS_THE_DASHBOARD, str(path), replay_id], cwd=REPOSITORY)
    table = store.of_stack(cloud.settings.stack)
    eventually(lambda: (found := table.get(replay_id)) is not None and found.accepted > 300, "it runs")
    return dashboard, table.known(replay_id)


def test_a_dashboard_killed_outright_ends_no_replay(cloud: Cloud, tmp_path: Path, invoice_no: str) -> None:
    dashboard, replay = started_by_a_dashboard(cloud, written(tmp_path, *[row(invoice_no)] * 1_200))
    dashboard.kill()
    dashboard.wait()
    table = store.of_stack(cloud.settings.stack)
    assert table.known(replay.replay_id).status == progress.RUNNING
    eventually(lambda: table.known(replay.replay_id).status == progress.DONE, "its end")
    ended = table.known(replay.replay_id)
    assert (ended.accepted, ended.life, ended.pid) == (1_200, 0, replay.pid)


def test_a_worker_killed_outright_with_its_dashboard_is_gone_on_with(
    cloud: Cloud, tmp_path: Path, invoice_no: str
) -> None:
    rows = 2_000
    path = written(tmp_path, *[row(invoice_no)] * (rows - 1), row(invoice_no, quantity="six"))
    dashboard, replay = started_by_a_dashboard(cloud, path)
    dashboard.kill()
    dashboard.wait()
    assert replay.pid
    os.kill(replay.pid, signal.SIGKILL)
    replay_id, table = replay.replay_id, store.of_stack(cloud.settings.stack)
    eventually(lambda: launch.seen(table.known(replay_id), cloud.settings).status == progress.LOST, "its death", 20)
    receipt = run_cli("replay", "--resume", replay_id, "--wait", "--json")
    assert (receipt["status"], receipt["resumed"], receipt["replay_id"]) == ("done", 1, replay_id)
    assert (receipt["rows"], receipt["accepted"], receipt["rejected"]) == (rows, rows - 1, 1)
    assert receipt["started_at"] < receipt["ended_at"]
    told_of = sent.read(client("s3"), cloud.outputs.lake_bucket, replay_id)
    assert len(told_of.rows) == rows
    assert told_of.rows["line"].is_unique
    eventually(lambda: len(items(cloud, invoice_no)) == rows - 1, "every row once in the invoices")
    # What the stream took twice is what was under way when the worker died: a batch a connection at most.
    assert _taken(cloud, invoice_no) <= rows - 1 + 4 * 500


def _taken(cloud: Cloud, key: str) -> int:
    """Records of a partition key that the stream holds."""
    kinesis, stream = client("kinesis"), cloud.outputs.orders_stream
    count = 0
    for shard in open_shards(kinesis, stream).ranges:
        at = kinesis.get_shard_iterator(StreamName=stream, ShardId=shard.shard, ShardIteratorType="TRIM_HORIZON")
        found = kinesis.get_records(ShardIterator=at["ShardIterator"])
        while found["Records"]:
            count += sum(record["PartitionKey"] == key for record in found["Records"])
            found = kinesis.get_records(ShardIterator=found["NextShardIterator"])
    return count
