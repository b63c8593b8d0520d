"""The fault layer itself: each fault does what it says, on a real client, and nothing else."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError

from tests.faults.plan import Fault, Plan, Shares
from tests.faults.proxy import Proxy

if TYPE_CHECKING:
    from collections.abc import Iterator


class Taker(BaseHTTPRequestHandler):
    """A Kinesis and a DynamoDB that take everything, and remember it."""

    protocol_version = "HTTP/1.1"
    taken: list[dict[str, Any]]

    def do_POST(self) -> None:
        call = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.taken.append(call)
        records = [{"SequenceNumber": str(at), "ShardId": "s"} for at, _ in enumerate(call.get("Records", ()))]
        body = json.dumps({"FailedRecordCount": 0, "Records": records} if records else {}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Nothing."""


@pytest.fixture
def taker() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    taken: list[dict[str, Any]] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (Taker,), {"taken": taken}))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}", taken
    server.shutdown()
    server.server_close()


def client(service: str, url: str) -> Any:
    config = Config(retries={"mode": "standard", "total_max_attempts": 1}, read_timeout=5)
    return boto3.client(
        service, endpoint_url=url, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b",
        config=config,
    )  # fmt: skip


def put(url: str, count: int = 10) -> Any:
    records = [{"Data": str(at).encode(), "PartitionKey": str(at)} for at in range(count)]
    return client("kinesis", url).put_records(StreamName="s", Records=records)


def test_without_faults_calls_pass_unchanged(taker: tuple[str, list[dict[str, Any]]]) -> None:
    with Proxy(taker[0]) as proxy:
        assert [record["SequenceNumber"] for record in put(proxy.url)["Records"]] == [str(at) for at in range(10)]
    assert [record["PartitionKey"] for record in taker[1][0]["Records"]] == [str(at) for at in range(10)]


def test_a_throttled_call_is_not_made(taker: tuple[str, list[dict[str, Any]]]) -> None:
    with Proxy(taker[0], Shares(throttled=1)) as proxy, pytest.raises(ClientError, match="ProvisionedThroughput"):
        put(proxy.url)
    assert taker[1] == []
    assert proxy.plan.done == {"Kinesis.PutRecords": 1}


def test_a_reset_connection_is_one_before_the_call(taker: tuple[str, list[dict[str, Any]]]) -> None:
    with Proxy(taker[0], Shares(reset=1)) as proxy, pytest.raises(ConnectionClosedError):
        put(proxy.url)
    assert taker[1] == []


def test_a_lost_answer_is_one_after_the_call(taker: tuple[str, list[dict[str, Any]]]) -> None:
    with Proxy(taker[0], Shares(lost=1)) as proxy, pytest.raises(ConnectionClosedError):
        put(proxy.url)
    assert len(taker[1]) == 1


def test_refused_records_do_not_arrive_and_are_told_in_their_places(taker: tuple[str, list[dict[str, Any]]]) -> None:
    with Proxy(taker[0], Shares(refused=0.5), seed=3) as proxy:
        answer = put(proxy.url, 40)
    arrived = {record["PartitionKey"] for record in taker[1][0]["Records"]}
    told = {str(at) for at, record in enumerate(answer["Records"]) if "SequenceNumber" in record}
    assert arrived == told
    assert answer["FailedRecordCount"] == 40 - len(told) == proxy.plan.done["Kinesis.PutRecords"] > 0


def test_items_that_are_not_processed_come_back(taker: tuple[str, list[dict[str, Any]]]) -> None:
    items = [{"PutRequest": {"Item": {"k": {"S": str(at)}}}} for at in range(25)]
    with Proxy(taker[0], Shares(refused=0.5), seed=3) as proxy:
        answer = client("dynamodb", proxy.url).batch_write_item(RequestItems={"t": items})
    left = answer["UnprocessedItems"]["t"]
    assert len(left) + len(taker[1][0]["RequestItems"]["t"]) == 25
    assert left


def test_the_same_seed_draws_the_same_faults() -> None:
    shares = Shares(throttled=0.25, refused=0.05, lost=0.1, reset=0.1, slow=0.1)
    plans = [Plan(shares, seed) for seed in (1, 1, 2)]
    drawn = [[plan.call("S3.PUT") for _ in range(200)] for plan in plans]
    assert drawn[0] == drawn[1] != drawn[2]


def test_every_twenty_calls_of_an_operation_meet_the_share_exactly() -> None:
    plan = Plan(Shares(throttled=0.25, lost=0.1), 1)
    drawn: dict[str, list[Fault]] = {"Kinesis.PutRecords": [], "S3.PUT": []}
    for number in range(80):
        drawn["S3.PUT"].append(plan.call("S3.PUT"))
        if number % 4 == 0:  # few among many others
            drawn["Kinesis.PutRecords"].append(plan.call("Kinesis.PutRecords"))
    assert {name: (of.count(Fault.THROTTLED), of.count(Fault.LOST)) for name, of in drawn.items()} == {
        "Kinesis.PutRecords": (5, 2),
        "S3.PUT": (20, 8),
    }
    assert plan.done == {"Kinesis.PutRecords": 7, "S3.PUT": 28}
