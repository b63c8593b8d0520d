"""What Lambda writes to an S3 OnFailure destination when it gives up a batch of a stream.

After the Lambda developer guide, "Retain discarded batch records for a Kinesis Data Streams event source in Lambda":
only S3 gets the records themselves, as `payload`, the whole event as a text.
"""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def key(mapping: Mapping[str, Any], shard: str, now: datetime) -> str:
    """The object's name; `now` in UTC."""
    return f"aws/lambda/{mapping['UUID']}/{shard}/{now:%Y/%m/%d/%Y-%m-%dT%H.%M.%S}-{uuid.uuid4()}"


def document(
    mapping: Mapping[str, Any],
    shard: str,
    events: Sequence[Mapping[str, Any]],
    *,
    condition: str,
    invocations: int,
    error: str | None,
    now: datetime,
) -> bytes:
    """The object's JSON; `events` are the records as the function gets them."""
    first, last = events[0]["kinesis"], events[-1]["kinesis"]
    answered = {"statusCode": 200, "executedVersion": "$LATEST"}
    written = {
        "requestContext": {
            "requestId": str(uuid.uuid4()),
            "functionArn": mapping["FunctionArn"],
            "condition": condition,
            "approximateInvokeCount": invocations,
        },
        "responseContext": answered if error is None else {**answered, "functionError": "Unhandled"},
        "version": "1.0",
        "timestamp": _moment(now),
        "KinesisBatchInfo": {
            "shardId": shard,
            "startSequenceNumber": first["sequenceNumber"],
            "endSequenceNumber": last["sequenceNumber"],
            "approximateArrivalOfFirstRecord": _arrival(first),
            "approximateArrivalOfLastRecord": _arrival(last),
            "batchSize": len(events),
            "streamArn": mapping["EventSourceArn"],
        },
        "payload": json.dumps({"Records": events}),
    }
    return json.dumps(written).encode()


def _arrival(record: Mapping[str, Any]) -> str:
    return _moment(datetime.fromtimestamp(record["approximateArrivalTimestamp"], UTC))


def _moment(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
