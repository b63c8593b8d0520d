"""How the orders stream does: its status, shards, consumers, and the records that came in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from pipeline.clients import aws_errors
from pipeline.health import metrics
from pipeline.health.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_WINDOW = timedelta(hours=1)
_HASHES = 2**128
_SPANS = (timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1), timedelta(days=1))
# Reading shares each shard's 2 MB/s and five calls a second with the consumers: a look is few calls for one record.
_MOST_READS = 2
_NAMESPACE = "AWS/Kinesis"
_THROTTLED = "WriteProvisionedThroughputExceeded"
_LATE_MS = 60_000
_DELIVERY = "delivery stream"


@dataclass(frozen=True)
class Shard:
    """One open shard: the share of all partition keys that it takes (0 to 1), and how fresh its newest record is.

    `within` is the shortest of a minute, ten, an hour and a day in which a record came; None when none did.
    """

    shard_id: str
    share: float
    within: timedelta | None


@dataclass(frozen=True)
class Consumer:
    """Who reads the stream: a function or a delivery stream, and its own word for its state."""

    name: str
    kind: str
    state: str


@dataclass(frozen=True)
class Stream:
    """What one stream is and does.

    `incoming` counts records per minute over the last hour, as `counted_by` saw them: the stream itself, or a delivery
    stream that reads it where nobody counts for the stream.
    """

    name: str
    status: str
    mode: str
    retention_h: int
    encryption: str
    shards: tuple[Shard, ...]
    consumers: tuple[Consumer, ...]
    incoming: metrics.Series
    counted_by: str
    verdict: Verdict


def look(client: Callable[[str], Any], name: str, deliveries: Sequence[str]) -> Stream:
    """How stream `name` does now; `deliveries` are the delivery streams that may read it. Raises CloudError."""
    kinesis = client("kinesis")
    with aws_errors(f"Stream {name}"):
        summary = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
        listed = [
            shard for page in kinesis.get_paginator("list_shards").paginate(StreamName=name) for shard in page["Shards"]
        ]
    now = datetime.now(UTC)
    counted = metrics.series(
        client("cloudwatch"),
        _NAMESPACE,
        {"StreamName": name},
        [("IncomingRecords", "Sum"), (_THROTTLED, "Sum"), ("GetRecords.IteratorAgeMilliseconds", "Maximum")],
        since=now - _WINDOW,
        until=now,
    )
    opened = [shard for shard in listed if "EndingSequenceNumber" not in shard["SequenceNumberRange"]]
    status = str(summary["StreamStatus"])
    consumers = _consumers(client, str(summary["StreamARN"]), deliveries)
    return Stream(
        name,
        status,
        str(summary.get("StreamModeDetails", {}).get("StreamMode", "PROVISIONED")).lower().replace("_", "-"),
        int(summary["RetentionPeriodHours"]),
        "KMS" if summary.get("EncryptionType") == "KMS" else "none",
        tuple(_shard(kinesis, name, shard, now) for shard in opened),
        consumers,
        *_incoming(client, name, counted["IncomingRecords"], consumers),
        _verdict(status, consumers, counted),
    )


def _incoming(
    client: Callable[[str], Any], name: str, counted: metrics.Series, consumers: Sequence[Consumer]
) -> tuple[metrics.Series, str]:
    for consumer in () if counted.counts else consumers:
        if consumer.kind == _DELIVERY:
            read = metrics.series(
                client("cloudwatch"),
                "AWS/Firehose",
                {"DeliveryStreamName": consumer.name},
                [("DataReadFromKinesisStream.Records", "Sum"), ("IncomingRecords", "Sum")],
                since=counted.since,
                until=counted.until,
            )
            return next((series for series in read.values() if series.counts), counted), consumer.name
    return counted, name


def _shard(kinesis: Any, stream: str, shard: dict[str, Any], now: datetime) -> Shard:  # noqa: ANN401 - boto3
    keys = shard["HashKeyRange"]
    share = (int(keys["EndingHashKey"]) - int(keys["StartingHashKey"]) + 1) / _HASHES
    identity = str(shard["ShardId"])
    with aws_errors(f"Shard {identity} of stream {stream}"):
        within = next((span for span in _SPANS if _has_record_since(kinesis, stream, identity, now - span)), None)
    return Shard(identity, share, within)


def _has_record_since(kinesis: Any, stream: str, shard: str, since: datetime) -> bool:  # noqa: ANN401 - boto3
    iterator = kinesis.get_shard_iterator(
        StreamName=stream, ShardId=shard, ShardIteratorType="AT_TIMESTAMP", Timestamp=since
    )["ShardIterator"]
    for _ in range(_MOST_READS):
        answer = kinesis.get_records(ShardIterator=iterator, Limit=1)
        if answer["Records"]:
            return True
        iterator = answer.get("NextShardIterator")
        # An answer may be empty although records follow; MillisBehindLatest says so.
        if not iterator or not answer.get("MillisBehindLatest"):
            return False
    return False


def _consumers(client: Callable[[str], Any], arn: str, deliveries: Sequence[str]) -> tuple[Consumer, ...]:
    found = []
    with aws_errors("Lambda's event source mappings"):
        pages = client("lambda").get_paginator("list_event_source_mappings").paginate(EventSourceArn=arn)
        for page in pages:
            for mapping in page["EventSourceMappings"]:
                function = str(mapping["FunctionArn"]).split(":function:")[-1]
                found.append(Consumer(function, "function", str(mapping.get("State", "unknown")).lower()))
    for name in deliveries:
        with aws_errors(f"Delivery stream {name}"):
            described = client("firehose").describe_delivery_stream(DeliveryStreamName=name)
        description = described["DeliveryStreamDescription"]
        source = description.get("Source", {}).get("KinesisStreamSourceDescription", {})
        if source.get("KinesisStreamARN") == arn:
            found.append(Consumer(name, _DELIVERY, str(description["DeliveryStreamStatus"]).lower()))
    return tuple(found)


def _verdict(status: str, consumers: Sequence[Consumer], counted: dict[str, metrics.Series]) -> Verdict:
    if status not in {"ACTIVE", "UPDATING"}:
        return Verdict("failing", f"The stream is {status.lower()}; it takes no records.")
    asleep = [consumer.name for consumer in consumers if consumer.state not in {"enabled", "active"}]
    if asleep:
        return Verdict("degraded", f"Not reading: {', '.join(asleep)}. Records wait until their retention ends.")
    if not consumers:
        return Verdict("degraded", "Nobody reads this stream.")
    if counted[_THROTTLED].total:
        return Verdict(
            "degraded",
            f"{counted[_THROTTLED].total:,.0f} records were refused in the last hour: more shards are needed.",
        )
    age = counted["GetRecords.IteratorAgeMilliseconds"].newest
    if age is not None and age > _LATE_MS:
        return Verdict("degraded", f"The slowest reader is {age / 1000:,.0f} s behind.")
    return Verdict("healthy", "Active, and every consumer reads.")
