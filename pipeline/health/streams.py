"""How a stream does: its status, shards and consumers, and the records that came in, went out, and were refused."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from pipeline.clients import aws_errors
from pipeline.health import lags, metrics
from pipeline.health.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

_WINDOW = timedelta(hours=1)
_HASHES = 2**128
_SPANS = (timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1), timedelta(days=1))
# Reading shares each shard's 2 MB/s and five calls a second with the consumers: a look is few calls for one record.
_MOST_READS = 2
_NAMESPACE = "AWS/Kinesis"
_IN, _OUT = "IncomingRecords", "GetRecords.Records"
_REFUSED, _SLOWED = "WriteProvisionedThroughputExceeded", "ReadProvisionedThroughputExceeded"
_LATE_S = 60


@dataclass(frozen=True)
class Shard:
    """One open shard, and the share of all partition keys that it takes (0 to 1)."""

    shard_id: str
    share: float


@dataclass(frozen=True)
class Consumer:
    """Who reads the stream: a function or a delivery stream, its own word for its state, and how far it is behind.

    `behind_s` is the age of what it read last, in seconds, the greatest of the last minutes; 0 when it read nothing.
    """

    name: str
    kind: str
    state: str
    behind_s: float


@dataclass(frozen=True)
class Stream:
    """What one stream is and does; the records of the last hour, by minute.

    `incoming` came in. `outgoing` went out to any reader: with three readers, three times as many. `refused` were not
    taken because a shard had too much to take, and `slowed` counts readings that were put off for the same reason.
    """

    name: str
    status: str
    retention_h: int
    shards: tuple[Shard, ...]
    consumers: tuple[Consumer, ...]
    incoming: metrics.Series
    outgoing: metrics.Series
    refused: metrics.Series
    slowed: metrics.Series
    verdict: Verdict

    @property
    def behind_s(self) -> float:
        """How far the slowest consumer is behind, in seconds."""
        return max((consumer.behind_s for consumer in self.consumers), default=0.0)


Readers = Mapping[str, Sequence[tuple[str, str]]]


def readers(client: Callable[[str], Any], deliveries: Sequence[str]) -> Readers:
    """By a stream's ARN the delivery streams that read it, each with its own word for its state. Raises CloudError."""
    found: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    for name in deliveries:
        with aws_errors(f"Delivery stream {name}"):
            answer = client("firehose").describe_delivery_stream(DeliveryStreamName=name)
        described = answer["DeliveryStreamDescription"]
        if source := described.get("Source", {}).get("KinesisStreamSourceDescription"):
            found[source["KinesisStreamARN"]].append((name, str(described["DeliveryStreamStatus"]).lower()))
    return dict(found)


def look(client: Callable[[str], Any], name: str, deliveries: Readers) -> Stream:
    """How stream `name` does now; `deliveries` are what `readers` found. Raises CloudError."""
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
        [(_IN, "Sum"), (_OUT, "Sum"), (_REFUSED, "Sum"), (_SLOWED, "Sum")],
        since=now - _WINDOW,
        until=now,
    )
    opened = [shard for shard in listed if "EndingSequenceNumber" not in shard["SequenceNumberRange"]]
    status, arn = str(summary["StreamStatus"]), str(summary["StreamARN"])
    consumers = (*_functions(client, arn), *_deliveries(client, deliveries.get(arn, ())))
    return Stream(
        name,
        status,
        int(summary["RetentionPeriodHours"]),
        tuple(map(_shard, opened)),
        consumers,
        counted[_IN],
        counted[_OUT],
        counted[_REFUSED],
        counted[_SLOWED],
        _verdict(status, consumers, counted[_REFUSED].total),
    )


def freshness(client: Callable[[str], Any], stream: Stream) -> tuple[timedelta | None, ...]:
    """How fresh each open shard's newest record is: the shortest of a minute, ten, an hour and a day in which one came.

    None where none did. Raises CloudError.
    """
    now = datetime.now(UTC)
    return tuple(_within(client("kinesis"), stream.name, shard.shard_id, now) for shard in stream.shards)


def _shard(shard: Mapping[str, Any]) -> Shard:
    keys = shard["HashKeyRange"]
    share = (int(keys["EndingHashKey"]) - int(keys["StartingHashKey"]) + 1) / _HASHES
    return Shard(str(shard["ShardId"]), share)


def _within(kinesis: Any, stream: str, shard: str, now: datetime) -> timedelta | None:  # noqa: ANN401 - boto3
    with aws_errors(f"Shard {shard} of stream {stream}"):
        return next((span for span in _SPANS if _has_record_since(kinesis, stream, shard, now - span)), None)


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


def _functions(client: Callable[[str], Any], arn: str) -> list[Consumer]:
    with aws_errors("Lambda's event source mappings"):
        pages = client("lambda").get_paginator("list_event_source_mappings").paginate(EventSourceArn=arn)
        mappings = [mapping for page in pages for mapping in page["EventSourceMappings"]]
    found = []
    for mapping in mappings:
        name = str(mapping["FunctionArn"]).split(":function:")[-1]
        behind_s = lags.of_function(client("cloudwatch"), name).told_s
        found.append(Consumer(name, "function", str(mapping.get("State", "unknown")).lower(), behind_s))
    return found


def _deliveries(client: Callable[[str], Any], found: Sequence[tuple[str, str]]) -> list[Consumer]:
    return [
        Consumer(name, "delivery stream", state, lags.of_delivery(client("cloudwatch"), name).behind.told_s)
        for name, state in found
    ]


def _verdict(status: str, consumers: Sequence[Consumer], refused: float) -> Verdict:
    if status not in {"ACTIVE", "UPDATING"}:
        return Verdict("failing", f"The stream is {status.lower()}; it takes no records.")
    asleep = [consumer.name for consumer in consumers if consumer.state not in {"enabled", "active"}]
    if asleep:
        return Verdict("degraded", f"Not reading: {', '.join(asleep)}. Records wait until their retention ends.")
    if not consumers:
        return Verdict("degraded", "Nobody reads this stream.")
    if refused:
        return Verdict("degraded", f"{refused:,.0f} records were refused in the last hour: more shards are needed.")
    slowest = max(consumers, key=lambda consumer: consumer.behind_s)
    if slowest.behind_s > _LATE_S:
        return Verdict("degraded", f"{slowest.name} is {slowest.behind_s:,.0f} s behind.")
    return Verdict("healthy", "Active, and every consumer reads.")
