"""GetShardIterator and GetRecords: a place in a shard is a sequence number, and a closed shard has an end.

MiniStack's place is a position in a list, which moves when old records are let go, and it looks at every record to find
one. From the API reference: at the end of a closed shard there is no next iterator, and its children are told; an
answer holds 10,000 records and 10 MiB at most.
"""

from __future__ import annotations

import bisect
import time
from typing import TYPE_CHECKING, Any, cast

from pipeline.local.kinesis import metrics, reshard

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.local.kinesis.put import Answer

_MOST_RECORDS, _MOST_BYTES = 10_000, 10 << 20
_AFTER = "after"


def install(kinesis: Any) -> None:
    """Put these operations in the place of MiniStack's."""

    def get_shard_iterator(data: dict[str, Any]) -> Answer:
        name, stream = kinesis._resolve_stream(data)
        if not stream:
            return _refused(kinesis, "ResourceNotFoundException", f"Stream {name} not found")
        shard = stream["shards"].get(data.get("ShardId"))
        if shard is None:
            message = f"Shard {data.get('ShardId')} in stream {name} does not exist"
            return _refused(kinesis, "ResourceNotFoundException", message)
        kinesis._expire_records(stream)
        try:
            after = _start(shard["records"], data)
        except (TypeError, ValueError) as error:
            return _refused(kinesis, "InvalidArgumentException", str(error))
        token = _token(kinesis, stream, str(data["ShardId"]), after)
        return cast("Answer", kinesis.json_response({"ShardIterator": token}))

    def get_records(data: dict[str, Any]) -> Answer:
        place = kinesis._shard_iterators.get(data.get("ShardIterator"))
        if not place or _AFTER not in place:
            return _refused(kinesis, "ExpiredIteratorException", "Iterator has expired or is invalid")
        stream = kinesis._streams.get(place["stream"])
        if not stream:
            return _refused(kinesis, "ResourceNotFoundException", "Stream not found")
        kinesis._expire_records(stream)
        shard = stream["shards"].get(place["shard_id"])
        if shard is None:
            return _refused(kinesis, "ResourceNotFoundException", f"Shard {place['shard_id']} does not exist")
        limit = min(int(data.get("Limit") or _MOST_RECORDS), _MOST_RECORDS)
        return cast("Answer", kinesis.json_response(_page(kinesis, stream, place, limit)))

    kinesis._get_shard_iterator = get_shard_iterator
    kinesis._get_records = get_records


def _page(kinesis: Any, stream: dict[str, Any], place: Mapping[str, Any], limit: int) -> dict[str, Any]:
    name, after = place["shard_id"], place[_AFTER]
    shard = stream["shards"][name]
    # Closed before its records are looked at: what is put in between is seen now or next time.
    closed = not reshard.is_open(shard)
    records = shard["records"]
    start = bisect.bisect_right(records, after, key=_number)
    page: list[dict[str, Any]] = []
    size = 0
    for record in records[start : start + limit]:
        data = record["Data"]
        size += len(data) * 3 // 4 - data[-2:].count("=")
        if page and size > _MOST_BYTES:
            break
        page.append(
            {
                "SequenceNumber": record["SequenceNumber"],
                "ApproximateArrivalTimestamp": record["ApproximateArrivalTimestamp"],
                "Data": data,
                "PartitionKey": record["PartitionKey"],
                "EncryptionType": stream.get("EncryptionType", "NONE"),
            }
        )
    if page:
        metrics.read(stream["StreamName"], len(page), max(0.0, time.time() - page[-1]["ApproximateArrivalTimestamp"]))
    following = start + len(page)
    behind = 0
    if following < len(records):
        behind = max(0, int((time.time() - records[following]["ApproximateArrivalTimestamp"]) * 1000))
    answer: dict[str, Any] = {"Records": page, "MillisBehindLatest": behind}
    if closed and following >= len(records):
        answer["ChildShards"] = reshard.children(stream, name)
    else:
        answer["NextShardIterator"] = _token(kinesis, stream, name, page[-1]["SequenceNumber"] if page else after)
    return answer


def _token(kinesis: Any, stream: Mapping[str, Any], shard: str, after: str) -> str:
    token = str(kinesis.new_uuid())
    kinesis._shard_iterators[token] = {
        "stream": stream["StreamName"],
        "stream_arn": stream["StreamARN"],
        "shard_id": shard,
        _AFTER: after,
        "created_at": time.time(),
    }
    return token


def _start(records: Sequence[Any], data: Mapping[str, Any]) -> str:
    """The sequence number after which to read; empty before all. Raises ValueError for what the API refuses."""
    kind = data.get("ShardIteratorType")
    number = str(data.get("StartingSequenceNumber") or "")
    if kind == "TRIM_HORIZON":
        return ""
    if kind == "LATEST":
        return _number(records[-1]) if records else ""
    if kind in ("AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER"):
        if not number.isdigit():
            message = f"StartingSequenceNumber {number!r} is no sequence number"
            raise ValueError(message)
        at = bisect.bisect_left(records, number, key=_number)
        return number if kind.startswith("AFTER") else _before(records, at)
    if kind == "AT_TIMESTAMP":
        moment = float(data["Timestamp"]) if data.get("Timestamp") is not None else None
        if moment is None:
            message = "Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP"
            raise ValueError(message)
        return _before(records, bisect.bisect_left(records, moment, key=_arrival))
    message = f"ShardIteratorType {kind!r} is none of Kinesis's"
    raise ValueError(message)


def _before(records: Sequence[Any], at: int) -> str:
    return _number(records[at - 1]) if at else ""


def _number(record: Any) -> str:
    return str(record["SequenceNumber"])


def _arrival(record: Any) -> float:
    return float(record["ApproximateArrivalTimestamp"])


def _refused(kinesis: Any, code: str, message: str) -> Answer:
    return cast("Answer", kinesis.error_response_json(code, message, 400))
