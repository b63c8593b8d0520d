"""Splits, merges and scaling: parents close, children open, and no record is lost."""

from __future__ import annotations

import base64
import time
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.local.kinesis import reshard
from pipeline.replay.shards import hash_key

if TYPE_CHECKING:
    from tests.pipeline.local.streams import Stream

UNIFORM = {"ScalingType": "UNIFORM_SCALING"}
HALF = 2**127


def listed(stream: Stream, **filters: Any) -> dict[str, dict[str, Any]]:
    status, answer = stream.call("list_shards", **filters)
    assert status == 200
    return {shard["ShardId"]: shard for shard in answer["Shards"]}


def opened(stream: Stream) -> list[tuple[int, int]]:
    """The hash keys of the open shards, each a first and a last one."""
    ranges = [shard["HashKeyRange"] for shard in listed(stream, ShardFilter={"Type": "AT_LATEST"}).values()]
    return sorted((int(keys["StartingHashKey"]), int(keys["EndingHashKey"])) for keys in ranges)


def read(stream: Stream, shard: str, kind: str = "TRIM_HORIZON", **where: Any) -> tuple[list[bytes], dict[str, Any]]:
    """A shard's data to its end or to what is there now, and the last answer."""
    status, answer = stream.call("get_shard_iterator", ShardId=shard, ShardIteratorType=kind, **where)
    assert status == 200, answer
    found: list[bytes] = []
    iterator = answer["ShardIterator"]
    while True:
        status, answer = stream.call("get_records", ShardIterator=iterator, Limit=3)
        assert status == 200, answer
        found += [base64.b64decode(record["Data"]) for record in answer["Records"]]
        iterator = answer.get("NextShardIterator")
        if not iterator or not answer["Records"]:
            return found, answer


def whole(stream: Stream) -> list[bytes]:
    return sorted(data for name in listed(stream) for data in read(stream, name)[0])


def test_a_split_closes_the_parent_and_its_keys_go_to_two_children(stream: Stream) -> None:
    """Developer guide, "Split a shard", and "Routing, data persistence and shard state after a reshard"."""
    stream.put(*((f"key{number}", b"%d" % number) for number in range(40)))
    (name, before), *_ = listed(stream).items()
    first, last = (int(before["HashKeyRange"][key]) for key in ("StartingHashKey", "EndingHashKey"))
    middle = (first + last) // 2
    held, _ = read(stream, name)
    status, _ = stream.call("split_shard", ShardToSplit=name, NewStartingHashKey=str(middle))
    assert status == 200
    shards = listed(stream)
    parent = shards[name]
    children = [shard for shard in shards.values() if shard.get("ParentShardId") == name]
    assert [shard["HashKeyRange"] for shard in children] == [
        {"StartingHashKey": str(first), "EndingHashKey": str(middle - 1)},
        {"StartingHashKey": str(middle), "EndingHashKey": str(last)},
    ]
    assert all("AdjacentParentShardId" not in shard for shard in children)
    ended = parent["SequenceNumberRange"]["EndingSequenceNumber"]
    assert all(shard["SequenceNumberRange"]["StartingSequenceNumber"] > ended for shard in children)
    found, end = read(stream, name)
    assert found == held
    assert end.get("NextShardIterator") is None
    assert [child["ShardId"] for child in end["ChildShards"]] == [shard["ShardId"] for shard in children]
    assert all(child["ParentShards"] == [name] for child in end["ChildShards"])
    _status, answer = stream.put(*((f"key{number}", b"new") for number in range(40)))
    assert name not in {record["ShardId"] for record in answer["Records"]}
    assert stream.call("describe_stream_summary")[1]["StreamDescriptionSummary"]["OpenShardCount"] == 5


def test_a_merge_closes_both_and_one_child_takes_their_keys(stream: Stream) -> None:
    stream.put(*((f"key{number}", b"%d" % number) for number in range(40)))
    one, other, far, _ = listed(stream)
    assert stream.call("merge_shards", ShardToMerge=one, AdjacentShardToMerge=far)[0] == 400
    assert stream.call("merge_shards", ShardToMerge=one, AdjacentShardToMerge=other)[0] == 200
    (child,) = [shard for shard in listed(stream).values() if "ParentShardId" in shard]
    assert (child["ParentShardId"], child["AdjacentParentShardId"]) == (one, other)
    assert child["HashKeyRange"] == {"StartingHashKey": "0", "EndingHashKey": str(HALF - 1)}
    assert whole(stream) == sorted(b"%d" % number for number in range(40))
    again = stream.call("merge_shards", ShardToMerge=one, AdjacentShardToMerge=other)
    assert (again[0], again[1]["__type"]) == (400, "InvalidArgumentException")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(targets=st.lists(st.integers(1, 13), min_size=1, max_size=4))
def test_scaling_leaves_even_shards_and_every_record(stream: Stream, targets: list[int]) -> None:
    """UpdateShardCount, API reference: uniform scaling; from half to double of what there is."""
    stream.module.reset()
    stream.call("create_stream", ShardCount=4)
    sent = 0
    for target in targets:
        before = len(opened(stream))
        status, answer = stream.call("update_shard_count", TargetShardCount=target, **UNIFORM)
        if not before / 2 <= target <= before * 2:
            assert (status, answer["__type"]) == (400, "InvalidArgumentException")
            assert len(opened(stream)) == before
            continue
        assert (answer["CurrentShardCount"], answer["TargetShardCount"]) == (before, target)
        ranges = opened(stream)
        width = 2**128 // target
        assert [first for first, _last in ranges] == [width * place for place in range(target)]
        assert [last + 1 for _first, last in ranges] == [*(first for first, _last in ranges[1:]), 2**128]
        keys = [f"key{number}" for number in range(sent, sent + 20)]
        _status, put = stream.put(*((key, key.encode()) for key in keys))
        for key, record in zip(keys, put["Records"], strict=True):
            shard = stream.shards()[record["ShardId"]]
            assert int(shard["starting_hash_key"]) <= hash_key(key) <= int(shard["ending_hash_key"])
        sent += 20
    assert whole(stream) == sorted(f"key{number}".encode() for number in range(sent))


@pytest.mark.parametrize(
    ("operation", "request_", "code"),
    [
        ("split_shard", {"ShardToSplit": "shardId-000000000000", "NewStartingHashKey": "0"}, "InvalidArgument"),
        ("split_shard", {"ShardToSplit": "shardId-000000000000", "NewStartingHashKey": str(HALF)}, "InvalidArgument"),
        ("split_shard", {"ShardToSplit": "shardId-000000000009", "NewStartingHashKey": "9"}, "ResourceNotFound"),
        ("split_shard", {"ShardToSplit": "shardId-000000000000", "NewStartingHashKey": "x"}, "Validation"),
        ("update_shard_count", {"TargetShardCount": 9, **UNIFORM}, "InvalidArgument"),
        ("update_shard_count", {"TargetShardCount": 4, "ScalingType": "ODD"}, "Validation"),
        ("update_shard_count", {"StreamName": "none", "TargetShardCount": 4, **UNIFORM}, "ResourceNotFound"),
    ],
)
def test_what_cannot_be_is_refused(stream: Stream, operation: str, request_: dict[str, Any], code: str) -> None:
    status, answer = stream.call(operation, **request_)
    assert (status, answer["__type"]) == (400, f"{code}Exception")
    assert len(opened(stream)) == 4


def test_a_closed_shard_is_gone_when_its_records_time_is_over(stream: Stream, monkeypatch: pytest.MonkeyPatch) -> None:
    stream.put(("a", b"x"))
    name = next(iter(listed(stream)))
    stream.call("split_shard", ShardToSplit=name, NewStartingHashKey="99")
    stream.put(("a", b"x"))
    assert name in listed(stream)
    now = time.time()
    monkeypatch.setattr(reshard.time, "time", lambda: now + 25 * 3600)  # type: ignore[attr-defined]
    stream.put(("b", b"y"))
    assert name not in listed(stream)


def test_places_are_sequence_numbers_and_times(stream: Stream, monkeypatch: pytest.MonkeyPatch) -> None:
    """GetShardIterator, API reference."""
    numbers = []
    for text in (b"1", b"2", b"3"):
        now = time.time()
        monkeypatch.setattr("time.time", lambda now=now: now + 1)
        numbers.append(stream.put(("a", text))[1]["Records"][0])
    shard = numbers[0]["ShardId"]
    records = stream.shards()[shard]["records"]
    second = numbers[1]["SequenceNumber"]
    assert read(stream, shard, "AT_SEQUENCE_NUMBER", StartingSequenceNumber=second)[0] == [b"2", b"3"]
    assert read(stream, shard, "AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=second)[0] == [b"3"]
    assert read(stream, shard, "AT_TIMESTAMP", Timestamp=records[1]["ApproximateArrivalTimestamp"])[0] == [b"2", b"3"]
    assert read(stream, shard, "LATEST")[0] == []
    for wrong in ({"ShardIteratorType": "NEVER"}, {"ShardIteratorType": "AT_TIMESTAMP"}, {}):
        status, answer = stream.call("get_shard_iterator", ShardId=shard, **wrong)
        assert (status, answer["__type"]) == (400, "InvalidArgumentException")


def test_an_iterator_keeps_its_place_when_old_records_go(stream: Stream) -> None:
    numbers = [stream.put(("a", b"%d" % number))[1]["Records"][0] for number in range(4)]
    shard = numbers[0]["ShardId"]
    _status, answer = stream.call("get_shard_iterator", ShardId=shard, ShardIteratorType="TRIM_HORIZON")
    _status, answer = stream.call("get_records", ShardIterator=answer["ShardIterator"], Limit=2)
    held = stream.shards()[shard]
    held["records"] = held["records"][1:]
    _status, answer = stream.call("get_records", ShardIterator=answer["NextShardIterator"])
    assert [base64.b64decode(record["Data"]) for record in answer["Records"]] == [b"2", b"3"]


def test_an_answer_holds_ten_mebibytes(stream: Stream) -> None:
    for _ in range(12):
        stream.put(("a", b"x" * (1 << 20)))
    shard = next(name for name, shard in stream.shards().items() if shard["records"])
    _status, answer = stream.call("get_shard_iterator", ShardId=shard, ShardIteratorType="TRIM_HORIZON")
    _status, answer = stream.call("get_records", ShardIterator=answer["ShardIterator"])
    assert len(answer["Records"]) == 10
    assert answer["MillisBehindLatest"] >= 0


def test_a_stacks_update_scales_the_stream(stream: Stream) -> None:
    from ministack.services.cloudformation import provisioners

    update = provisioners._RESOURCE_HANDLERS["AWS::Kinesis::Stream"]["update"]
    stream.put(("a", b"x"))
    update("orders", {"ShardCount": 4}, {"Name": "orders", "ShardCount": "6"}, "weir")
    assert len(opened(stream)) == 6
    assert whole(stream) == [b"x"]
