"""PutRecords and PutRecord: each record decoded once, none that is there already looked at."""

from __future__ import annotations

import base64
import binascii
import hashlib
import time
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from pipeline.local.host import ACCOUNT
from pipeline.local.kinesis import metrics
from pipeline.local.kinesis.limits import THROTTLED, refusal
from pipeline.local.kinesis.records import Record
from pipeline.local.kinesis.reshard import forget_expired, open_shards

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pipeline.local.kinesis.limits import ShardLimits

# API reference, PutRecords.
_MAX_RECORDS = 500
_MAX_KEY = 256  # characters
_MAX_DATA = 1024 * 1024
_MAX_CALL = 5 * 1024 * 1024  # data and partition keys

Answer = tuple[int, dict[str, str], bytes]


class _RefusedError(Exception):
    """A call that is not taken, by the API's own code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class _Shard(NamedTuple):
    name: str
    first: int
    last: int
    records: list[Record]


def install(kinesis: Any, limits: ShardLimits | None = None) -> None:
    """Give `put_records`, `put_record` and what looks for old records the short way; shards keep to `limits`."""
    kinesis._expire_records = expire
    kinesis._put_records = partial(put_records, limits=limits)
    kinesis._put_record = partial(put_record, limits=limits)


def expire(stream: dict[str, Any]) -> None:
    """Let go of what is older than the stream's retention; a shard's records lie in the order of their arrival."""
    cutoff = time.time() - stream["RetentionPeriodHours"] * 3600
    for shard in stream["shards"].values():
        records = shard["records"]
        if not records or records[0]["ApproximateArrivalTimestamp"] >= cutoff:
            continue
        kept = next((i for i, r in enumerate(records) if r["ApproximateArrivalTimestamp"] >= cutoff), len(records))
        # A new list: who reads a shard in another thread keeps the one that it began with.
        shard["records"] = records[kept:]
    forget_expired(stream)


def put_records(data: Mapping[str, Any], limits: ShardLimits | None = None) -> Answer:
    """PutRecords: all records of a call, each to the shard of its key; what a shard refuses has an error of its own."""
    from ministack.services import kinesis

    answer: Answer
    try:
        encryption, results = _put(data, data.get("Records", []), limits)
    except _RefusedError as refused:
        answer = kinesis.error_response_json(refused.code, str(refused), 400)
    else:
        failed = sum("ErrorCode" in result for result in results)
        content = {"FailedRecordCount": failed, "Records": results, "EncryptionType": encryption}
        answer = kinesis.json_response(content)
    return answer


def put_record(data: Mapping[str, Any], limits: ShardLimits | None = None) -> Answer:
    """PutRecord, which is PutRecords with one record; refused by the shard, the call fails."""
    from ministack.services import kinesis

    answer: Answer
    try:
        encryption, (result,) = _put(data, [dict(data)], limits)
    except _RefusedError as refused:
        return cast("Answer", kinesis.error_response_json(refused.code, str(refused), 400))
    if "ErrorCode" in result:
        answer = kinesis.error_response_json(result["ErrorCode"], result["ErrorMessage"], 400)
    else:
        answer = kinesis.json_response({**result, "EncryptionType": encryption})
    return answer


def _put(
    data: Mapping[str, Any], records: list[dict[str, Any]], limits: ShardLimits | None
) -> tuple[str, list[dict[str, str]]]:
    """The stream's encryption, and each record's number and shard, or why its shard refuses it."""
    from ministack.services import firehose, kinesis

    name, stream = kinesis._resolve_stream(data)
    if not stream:
        raise _RefusedError("ResourceNotFoundException", f"Stream {name} not found")
    if stream["StreamStatus"] != "ACTIVE":
        raise _RefusedError("ResourceInUseException", f"Stream {name} is {stream['StreamStatus']}")
    decoded = _decoded(records)
    expire(stream)
    shards = _shards(stream)
    now = round(time.time(), 3)
    arn, stream_name = stream["StreamARN"], stream["StreamName"]
    results, taken = [], []
    for record, raw, number in zip(records, decoded, _sequence_numbers(len(records)), strict=True):
        shard, key = _route(record, shards), record["PartitionKey"]
        if limits and not limits.takes(arn, shard.name, len(raw) + len(key.encode())):
            results.append({"ErrorCode": THROTTLED, "ErrorMessage": refusal(stream_name, shard.name, ACCOUNT)})
            continue
        shard.records.append(Record(number, now, key, raw))
        results.append({"SequenceNumber": number, "ShardId": shard.name})
        taken.append((key, raw))
    size = sum(len(key.encode()) + len(raw) for key, raw in taken)
    metrics.put(stream_name, len(taken), size, len(records) - len(taken))
    if taken:
        # What a delivery stream could not take fails the call: it is sent again, and nothing is missing in a sink.
        firehose.ingest_from_kinesis_source(arn, taken)
    return stream.get("EncryptionType", "NONE"), results


def _decoded(records: list[dict[str, Any]]) -> list[bytes]:
    if not 1 <= len(records) <= _MAX_RECORDS:
        raise _RefusedError("ValidationException", _constraint("records", f"length between 1 and {_MAX_RECORDS}"))
    decoded = []
    size = 0
    for record in records:
        key = record.get("PartitionKey")
        if not isinstance(key, str) or not 1 <= len(key) <= _MAX_KEY:
            raise _RefusedError("ValidationException", _constraint("partitionKey", f"length between 1 and {_MAX_KEY}"))
        try:
            decoded.append(base64.b64decode(record["Data"], validate=True))
        except (KeyError, TypeError, binascii.Error) as error:
            raise _RefusedError("SerializationException", "Data is not base64") from error
        if len(decoded[-1]) > _MAX_DATA:
            raise _RefusedError("ValidationException", _constraint("data", f"length less than or equal to {_MAX_DATA}"))
        size += len(decoded[-1]) + len(key.encode())
    if size > _MAX_CALL:
        raise _RefusedError("InvalidArgumentException", f"Records total payload size exceeds {_MAX_CALL} bytes")
    return decoded


def _constraint(name: str, rule: str) -> str:
    return f"1 validation error detected: Value at '{name}' failed to satisfy constraint: Member must have {rule}"


def _shards(stream: Mapping[str, Any]) -> list[_Shard]:
    return [
        _Shard(name, int(shard["starting_hash_key"]), int(shard["ending_hash_key"]), shard["records"])
        for name, shard in open_shards(stream)
    ]


def _route(record: Mapping[str, Any], shards: list[_Shard]) -> _Shard:
    explicit = record.get("ExplicitHashKey")
    # MD5 is what Kinesis takes.
    place = int(explicit) if explicit else int.from_bytes(hashlib.md5(record["PartitionKey"].encode()).digest())  # noqa: S324
    return next((shard for shard in shards if shard.first <= place <= shard.last), shards[0])


def _sequence_numbers(count: int) -> Iterable[str]:
    """In MiniStack's own form, from its own counter: 30 digits that sort as texts."""
    from ministack.services import kinesis

    with kinesis._sequence_lock:
        first = kinesis._sequence_counter + 1
        kinesis._sequence_counter += count
        milliseconds = int(time.time() * 1000)
    return (f"{milliseconds:020d}{number:010d}" for number in range(first, first + count))
