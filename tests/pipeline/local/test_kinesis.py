"""Kinesis at full size: what calls cost, and that answers are the API's."""

from __future__ import annotations

import base64
import json
import time
from collections import defaultdict
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.local.kinesis import limits, metrics, put
from pipeline.local.kinesis.limits import ShardLimits
from pipeline.local.metrics import Sums

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.pipeline.local.streams import Stream


def test_records_go_to_the_shard_of_their_key_in_order(stream: Stream) -> None:
    """API reference, PutRecords: one result a record, in the request's order."""
    status, answer = stream.put(*((f"key{number}", b"%d" % number) for number in range(400)))
    assert status == 200
    assert answer["FailedRecordCount"] == 0
    assert answer["EncryptionType"] == "NONE"
    found: dict[str, tuple[str, str]] = {}
    for name, shard in stream.shards().items():
        numbers = [record["SequenceNumber"] for record in shard["records"]]
        assert numbers == sorted(numbers)
        assert len(numbers) > 50
        found |= {record["SequenceNumber"]: (name, record["Data"]) for record in shard["records"]}
    for place, result in enumerate(answer["Records"]):
        assert found[result["SequenceNumber"]] == (result["ShardId"], base64.b64encode(b"%d" % place).decode())
    assert stream.taken == [(f"key{number}", b"%d" % number) for number in range(400)]


def test_the_shard_is_that_of_ministacks_own_code(stream: Stream) -> None:
    for number in range(100):
        key = f"ключ{number}"
        _status, answer = stream.put((key, b"x"))
        expected = stream.module._route_to_shard(stream.module._partition_key_to_hash(key), {"shards": stream.shards()})
        assert answer["Records"][0]["ShardId"] == expected


def test_an_explicit_hash_key_overrides_the_key(stream: Stream) -> None:
    record = {"PartitionKey": "a", "Data": "eA==", "ExplicitHashKey": str(2**128 - 1)}
    _status, answer = stream.call("put_records", Records=[record])
    assert answer["Records"][0]["ShardId"] == "shardId-000000000003"


def test_one_record(stream: Stream) -> None:
    """API reference, PutRecord."""
    status, answer = stream.call("put_record", PartitionKey="a", Data="eA==")
    assert status == 200
    assert set(answer) == {"SequenceNumber", "ShardId", "EncryptionType"}
    assert stream.taken == [("a", b"x")]
    status, answer = stream.call("put_record", PartitionKey="", Data="eA==")
    assert (status, answer["__type"]) == (400, "ValidationException")


@pytest.mark.parametrize(
    ("records", "code"),
    [
        ([], "ValidationException"),
        ([{"PartitionKey": "a", "Data": "eA=="}] * 501, "ValidationException"),
        ([{"PartitionKey": "", "Data": "eA=="}], "ValidationException"),
        ([{"PartitionKey": "k" * 257, "Data": "eA=="}], "ValidationException"),
        ([{"PartitionKey": "a", "Data": "%%%"}], "SerializationException"),
        ([{"PartitionKey": "a"}], "SerializationException"),
        ([{"PartitionKey": "a", "Data": "A" * 1_400_000}], "ValidationException"),
        ([{"PartitionKey": "a", "Data": "A" * 1_300_000}] * 6, "InvalidArgumentException"),
    ],
    ids=["none", "501", "no key", "long key", "no base64", "no data", "1 MiB", "5 MiB"],
)
def test_what_the_api_refuses_is_refused_whole(stream: Stream, records: list[Any], code: str) -> None:
    status, answer = stream.call("put_records", Records=records)
    assert (status, answer["__type"]) == (400, code)
    assert stream.taken == []
    assert not any(shard["records"] for shard in stream.shards().values())


def test_a_stream_that_is_not_there(stream: Stream) -> None:
    status, answer = stream.call("put_records", StreamName="other", Records=[{"PartitionKey": "a", "Data": "eA=="}])
    assert (status, answer["__type"]) == (400, "ResourceNotFoundException")


def test_what_a_delivery_stream_cannot_take_fails_the_call(stream: Stream, monkeypatch: pytest.MonkeyPatch) -> None:
    """MiniStack logs it and goes on: the record would be missing in the lake for ever."""
    from ministack.services import firehose

    def full(_arn: str, _records: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(firehose, "ingest_from_kinesis_source", full)
    with pytest.raises(OSError, match="no space"):
        stream.put(("a", b"x"))


def test_records_expire_with_the_retention(stream: Stream) -> None:
    """Developer guide, "Changing the data retention period"."""
    stream.put(*(("a", b"%d" % number) for number in range(10)))
    (shard,) = (shard for shard in stream.shards().values() if shard["records"])
    for record in shard["records"][:4]:
        record._arrival -= 24 * 3600 + 1
    before = shard["records"]
    stream.call("describe_stream")
    assert [base64.b64decode(record["Data"]) for record in shard["records"]] == [b"%d" % n for n in range(4, 10)]
    assert len(before) == 10  # who reads the old list is not disturbed


@pytest.fixture
def limited(stream: Stream) -> tuple[Stream, list[float]]:
    """The same with limits, and the clock that they go by."""
    now = [0.0]
    put.install(stream.module, ShardLimits(lambda: now[0]))
    return stream, now


def test_a_shard_takes_1000_records_a_second_and_refuses_each_one_beyond(limited: tuple[Stream, list[float]]) -> None:
    """Developer guide, "Quotas and limits"; API reference, PutRecords: what is refused has an error of its own."""
    stream, now = limited
    for _ in range(2):
        assert stream.put(*[("a", b"x")] * 500)[1]["FailedRecordCount"] == 0
    status, answer = stream.put(("a", b"late"), *((f"key{number}", b"%d" % number) for number in range(200)))
    assert status == 200
    (hot,) = {shard for shard, held in stream.shards().items() if len(held["records"]) >= 1000}
    refused = [result for result in answer["Records"] if "ErrorCode" in result]
    assert answer["Records"][0] == {
        "ErrorCode": "ProvisionedThroughputExceededException",
        "ErrorMessage": f"Rate exceeded for shard {hot} in stream orders under account 000000000000.",
    }
    assert answer["FailedRecordCount"] == len(refused)
    assert 30 < len(refused) < 80  # a quarter of the keys
    held = sum(len(shard["records"]) for shard in stream.shards().values())
    assert held == len(stream.taken) == 1000 + 201 - len(refused)
    assert ("a", b"late") not in stream.taken
    now[0] += 0.25
    assert stream.put(*[("a", b"x")] * 500)[1]["FailedRecordCount"] == 250


def test_a_shard_takes_a_mebibyte_a_second_keys_included(limited: tuple[Stream, list[float]]) -> None:
    stream, now = limited
    half = ("a", b"x" * (512 * 1024 - 1))
    assert [stream.put(half)[1]["FailedRecordCount"] for _ in range(3)] == [0, 0, 1]
    now[0] += 0.5
    assert [stream.put(half)[1]["FailedRecordCount"] for _ in range(2)] == [0, 1]
    now[0] += 60
    assert stream.put(("a", b"x" * 1024 * 1024))[1]["FailedRecordCount"] == 0  # with its key more than a second's worth


def test_one_record_beyond_the_limit_fails_the_call(limited: tuple[Stream, list[float]]) -> None:
    """API reference, PutRecord."""
    stream, _now = limited
    for _ in range(2):
        stream.put(*[("a", b"x")] * 500)
    status, answer = stream.call("put_record", PartitionKey="a", Data="eA==")
    assert (status, answer["__type"]) == (400, "ProvisionedThroughputExceededException")
    assert answer["message"].startswith("Rate exceeded for shard shardId-")
    assert len(stream.taken) == 1000


def test_limits_are_there_when_the_setting_asks_for_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(limits.SETTING, raising=False)
    assert limits.of_environment() is None
    monkeypatch.setenv(limits.SETTING, "1")
    assert limits.of_environment() is not None


class _Untouchable:
    def __getitem__(self, name: str) -> Any:
        raise AssertionError("an old record was looked at")


def test_a_call_does_not_look_at_what_the_stream_holds(stream: Stream) -> None:
    stream.put(("a", b"first"))
    (shard,) = (shard for shard in stream.shards().values() if shard["records"])
    held = shard["records"]
    held += [_Untouchable() for _ in range(10)]
    status, _answer = stream.put(("a", b"x"))
    assert status == 200
    assert shard["records"] is held


@contextmanager
def took_less_than(seconds: float) -> Iterator[None]:
    before = time.perf_counter()
    yield
    assert time.perf_counter() - before < seconds


def test_a_stream_is_saved_and_restored_whole(stream: Stream, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ministack.core import persistence

    monkeypatch.setattr(persistence, "STATE_DIR", str(tmp_path / "aws"))
    stream.put(("tab\tand\nline \u2028", b"\x00\xff\n"))
    for start in range(0, 20_000, 500):
        stream.put(*((f"key{n}", b'{"n": "\xc3\xa4"}' * 20) for n in range(start, start + 500)))
    before = {name: list(shard["records"]) for name, shard in stream.shards().items()}
    with took_less_than(5):
        saved = json.dumps(stream.module.get_state(), default=persistence._json_default)
        assert {name: shard["records"] for name, shard in stream.shards().items()} == before
        stream.module.reset()
        stream.module.load_persisted_state(json.loads(saved, object_hook=persistence._json_object_hook))
    assert {name: shard["records"] for name, shard in stream.shards().items()} == before

    stream.call("create_stream", StreamName="empty", ShardCount=1)
    stream.call("delete_stream")
    stream.module.load_persisted_state(stream.module.get_state())
    assert [name for _scope, one in stream.module._streams.all_items() for name in one["shards"]] == [
        "shardId-000000000000"
    ]
    assert len(list((tmp_path / "aws" / "kinesis-records").iterdir())) == 1  # what is gone is gone on disk too
    stream.module.load_persisted_state(None)


def test_what_comes_in_is_refused_and_goes_out_is_told_to_cloudwatch(
    stream: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Developer guide, "Monitoring the Amazon Kinesis Data Streams service with Amazon CloudWatch"."""
    from ministack.services import cloudwatch

    told: dict[str, tuple[float, float]] = {}

    def store(namespace: str, name: str, dimensions: Any, _when: float, _unit: str, *rest: Any) -> None:
        assert (namespace, dimensions) == ("AWS/Kinesis", {"StreamName": "orders"})
        told[name] = (rest[-1]["SampleCount"], rest[-1]["Sum"])

    monkeypatch.setattr(cloudwatch, "_store_datum", store)
    monkeypatch.setattr(metrics, "_streams", defaultdict(Sums))
    put.install(stream.module, ShardLimits(clock=lambda: 0.0))
    for _ in range(3):
        stream.put(*(("one key", b"four") for _ in range(500)))
    shard = next(name for name, found in stream.shards().items() if found["records"])
    _status, place = stream.call("get_shard_iterator", ShardId=shard, ShardIteratorType="TRIM_HORIZON")
    stream.call("get_records", ShardIterator=place["ShardIterator"], Limit=100)
    metrics.publish()
    assert told["IncomingRecords"] == (3, 1000)
    assert told["IncomingBytes"] == (3, 1000 * len("one keyfour"))
    assert told["WriteProvisionedThroughputExceeded"] == (3, 500)
    assert told["GetRecords.Records"] == (1, 100)
    assert told["GetRecords.IteratorAgeMilliseconds"][1] < 60_000
    told.clear()
    metrics.publish()
    assert told == {}
