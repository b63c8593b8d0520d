"""API reference: `PutRecord`, `PutRecordBatch`; developer guide: "Send data from Kinesis Data Streams"."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

import pytest

SOURCE = "arn:aws:kinesis:us-east-1:000000000000:stream/orders"


def encoded(data: bytes) -> dict[str, str]:
    return {"Data": b64encode(data).decode()}


@pytest.fixture
def put(api: Any, firehose: Any) -> Any:
    """PutRecordBatch on a direct stream."""
    api._streams["orders"] = firehose.stream(firehose.s3())

    def call(*records: bytes) -> tuple[int, dict[str, Any]]:
        status, _, body = api._HANDLERS["PutRecordBatch"](
            {"DeliveryStreamName": "orders", "Records": [encoded(record) for record in records]}
        )
        return status, json.loads(body)

    return call


def test_every_record_is_acknowledged_with_an_id_of_its_own_and_delivered(put: Any, firehose: Any) -> None:
    status, answer = put(b"a", b"b", b"c")
    firehose.registry.stop()
    assert (status, answer["FailedPutCount"]) == (200, 0)
    assert len({response["RecordId"] for response in answer["RequestResponses"]}) == 3
    assert firehose.cloud.one("") == b"abc"


def test_put_record(api: Any, firehose: Any) -> None:
    api._streams["orders"] = firehose.stream(firehose.s3())
    status, _, body = api._HANDLERS["PutRecord"]({"DeliveryStreamName": "orders", "Record": encoded(b"a")})
    firehose.registry.stop()
    assert status == 200
    assert json.loads(body)["RecordId"]
    assert firehose.cloud.one("") == b"a"


def test_the_acknowledged_id_is_the_one_that_a_function_gets(api: Any, firehose: Any) -> None:
    api._streams["orders"] = firehose.stream(firehose.s3(ProcessingConfiguration=firehose.processing()))
    _, _, body = api._HANDLERS["PutRecord"]({"DeliveryStreamName": "orders", "Record": encoded(b"a")})
    firehose.registry.stop()
    assert firehose.cloud.invocations[0]["records"][0]["recordId"] == json.loads(body)["RecordId"]


@pytest.mark.parametrize(
    ("records", "code"),
    [
        ([], "ValidationException"),
        ([b"x"] * 501, "ValidationException"),
        ([b"x" * (1000 * 1024 + 1)], "ValidationException"),
        ([b"x" * 1000 * 1024] * 4 + [b"x" * 100 * 1024], "InvalidArgumentException"),
    ],
    ids=["none", "501 records", "over 1,000 KiB", "over 4 MiB"],
)
def test_limits(put: Any, firehose: Any, records: list[bytes], code: str) -> None:
    status, answer = put(*records)
    firehose.registry.stop()
    assert (status, answer["__type"].rpartition("#")[2]) == (400, code)
    assert firehose.cloud.objects == {}


def test_the_largest_call_is_taken(put: Any) -> None:
    assert put(*[b"x" * 1000 * 1024] * 4)[0] == 200
    assert put(*[b"x"] * 500)[0] == 200


@pytest.mark.parametrize("action", ["PutRecord", "PutRecordBatch"])
def test_direct_puts_to_a_kinesis_sourced_stream_are_refused(api: Any, firehose: Any, action: str) -> None:
    api._streams["orders"] = firehose.stream(firehose.s3(), source=SOURCE)
    status, _, body = api._HANDLERS[action](
        {"DeliveryStreamName": "orders", "Record": encoded(b"a"), "Records": [encoded(b"a")]}
    )
    firehose.registry.stop()
    assert status == 400
    assert "InvalidArgumentException" in json.loads(body)["__type"]
    assert firehose.cloud.objects == {}


@pytest.mark.parametrize("action", ["PutRecord", "PutRecordBatch"])
def test_a_stream_that_is_not_there(api: Any, action: str) -> None:
    status, _, body = api._HANDLERS[action]({"DeliveryStreamName": "other", "Record": encoded(b"a")})
    assert status == 400
    assert "ResourceNotFoundException" in json.loads(body)["__type"]


def test_a_producer_is_told_to_slow_down_when_too_much_waits(
    put: Any, firehose: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.local.firehose.api._BUFFER_BYTES", 10)
    firehose.cloud.buckets = set()
    assert put(b"x" * 11)[0] == 200
    status, answer = put(b"y")
    assert status == 503
    assert "ServiceUnavailableException" in answer["__type"]


def test_what_is_put_to_kinesis_reaches_every_stream_that_reads_it(api: Any, firehose: Any) -> None:
    for name, prefix in (("lake", "lake/"), ("warehouse", "warehouse/")):
        stream = firehose.stream(firehose.s3(Prefix=prefix), source=SOURCE)
        api._streams[name] = {**stream, "name": name, "arn": stream["arn"].replace("orders", name)}
    other = firehose.stream(firehose.s3(Prefix="other/"), source=SOURCE + "-other")
    api._streams["other"] = {**other, "name": "other", "arn": other["arn"].replace("orders", "other")}
    api.ingest_from_kinesis_source(SOURCE, [("536365", b"a\n"), ("536365", b"b\n")])
    firehose.registry.stop()
    assert firehose.cloud.one("lake/") == b"a\nb\n"
    assert firehose.cloud.one("warehouse/") == b"a\nb\n"
    assert firehose.cloud.under("other/") == []


def test_records_are_not_kept_in_the_streams_description(put: Any, api: Any) -> None:
    put(b"a")
    assert not api._streams["orders"]["destinations"][0].get("records")
