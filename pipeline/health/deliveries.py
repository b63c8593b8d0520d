"""How the delivery streams do: what came in, what was delivered and when, and what went wrong."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from pipeline.clients import aws_errors
from pipeline.errors import NotFoundError
from pipeline.health import metrics
from pipeline.health.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pipeline.stack import Outputs

_WINDOW = timedelta(hours=24)
_NAMESPACE = "AWS/Firehose"
_RECENT = timedelta(hours=1)
_MOST_ERRORS = 20
# A record waits for its buffer, then for the delivery itself.
_LATE_FACTOR = 3
_LEAST_INTERVAL_S = 20


@dataclass(frozen=True)
class Delivered:
    """An object that was delivered: where, how many bytes, when (UTC)."""

    key: str
    size: int
    at: datetime


@dataclass(frozen=True)
class Problem:
    """Something that went wrong: when (UTC), what was said, and where it is told."""

    at: datetime
    text: str
    where: str


@dataclass(frozen=True)
class Delivery:
    """One delivery stream over the last 24 hours.

    `arrived` and `delivered` count records, `freshness_s` is the age of the oldest record that is not delivered yet,
    None where CloudWatch does not tell. `interval_s` is how long a buffer waits at most.
    """

    name: str
    status: str
    source: str
    destination: str
    interval_s: int
    size_mb: int
    arrived: metrics.Series
    delivered: metrics.Series
    freshness_s: float | None
    newest: Delivered | None
    problems: tuple[Problem, ...]
    verdict: Verdict


def names(outputs: Outputs) -> tuple[str, ...]:
    """Every delivery stream of the stack: of orders, of page views, of browse sessions."""
    return (
        outputs.lake_delivery,
        outputs.warehouse_delivery,
        outputs.page_views_delivery,
        outputs.clicks_delivery,
        outputs.wikipedia_delivery,
        outputs.sessions_usa_delivery,
        outputs.sessions_international_delivery,
    )


def look(client: Callable[[str], Any], name: str) -> Delivery:
    """How delivery stream `name` does now. Raises CloudError."""
    with aws_errors(f"Delivery stream {name}"):
        described = client("firehose").describe_delivery_stream(DeliveryStreamName=name)["DeliveryStreamDescription"]
    now = datetime.now(UTC)
    target = described["Destinations"][0]
    redshift = target.get("RedshiftDestinationDescription")
    s3 = redshift["S3DestinationDescription"] if redshift else target["ExtendedS3DestinationDescription"]
    where = "Redshift" if redshift else "S3"
    counted = metrics.series(
        client("cloudwatch"),
        _NAMESPACE,
        {"DeliveryStreamName": name},
        [
            # What a Kinesis source hands over, and what producers put: a stream has one or the other.
            ("DataReadFromKinesisStream.Records", "Sum"),
            ("IncomingRecords", "Sum"),
            (f"DeliveryTo{where}.Records", "Sum"),
            (f"DeliveryTo{where}.Success", "Minimum"),
            ("DeliveryToS3.DataFreshness", "Maximum"),
        ],
        since=now - _WINDOW,
        until=now,
    )
    arrived = counted["DataReadFromKinesisStream.Records"]
    status = str(described["DeliveryStreamStatus"])
    problems = (*_failed_objects(client("s3"), s3, now), *_log_lines(client("logs"), redshift or s3, now))
    hints = s3["BufferingHints"]
    delivery = Delivery(
        name,
        status,
        _source(described),
        _destination(redshift, s3),
        int(hints["IntervalInSeconds"]),
        int(hints["SizeInMBs"]),
        arrived if arrived.counts else counted["IncomingRecords"],
        counted[f"DeliveryTo{where}.Records"],
        counted["DeliveryToS3.DataFreshness"].newest,
        _newest_object(client("s3"), s3, name),
        tuple(sorted(problems, key=lambda problem: problem.at, reverse=True)[:_MOST_ERRORS]),
        Verdict("idle", ""),
    )
    return _judged(delivery, counted[f"DeliveryTo{where}.Success"].newest)


def _source(described: dict[str, Any]) -> str:
    stream = described.get("Source", {}).get("KinesisStreamSourceDescription", {}).get("KinesisStreamARN")
    return "direct puts" if stream is None else f"stream {str(stream).rsplit('/', 1)[-1]}"


def _destination(redshift: dict[str, Any] | None, s3: dict[str, Any]) -> str:
    if redshift:
        return f"Redshift table {redshift['CopyCommand']['DataTableName']}"
    return f"s3://{_bucket(s3)}/{_base(s3.get('Prefix', ''))}"


def _bucket(s3: dict[str, Any]) -> str:
    return str(s3["BucketARN"]).rsplit(":", 1)[-1]


def _base(prefix: str) -> str:
    """A prefix up to its first expression: orders/ of orders/!{timestamp:yyyy/MM/dd/HH}/."""
    return prefix.split("!{", 1)[0]


def _newest_object(s3: Any, target: dict[str, Any], name: str) -> Delivered | None:  # noqa: ANN401 - boto3
    """The newest of the delivery stream's own: several may write under one prefix, each object begins with a name."""
    bucket = _bucket(target)
    hour = _newest_folder(s3, bucket, _base(target.get("Prefix", "")), 4)
    delivered = list(_objects(s3, bucket, hour)) if hour else []
    own = [found for found in delivered if found.key.rsplit("/", 1)[-1].startswith(f"{name}-")]
    return max(own, key=lambda found: found.at, default=None)


def _failed_objects(s3: Any, target: dict[str, Any], now: datetime) -> Iterator[Problem]:  # noqa: ANN401 - boto3
    bucket = _bucket(target)
    base = _base(target.get("ErrorOutputPrefix", ""))
    if not base:
        return
    for kind in _folders(s3, bucket, base):
        day = _newest_folder(s3, bucket, kind, 3)
        for found in _objects(s3, bucket, day) if day else ():
            if found.at >= now - _WINDOW:
                reason = kind.removeprefix(base).strip("/")
                yield Problem(found.at, f"Records not delivered: {reason}.", f"s3://{bucket}/{found.key}")


def _newest_folder(s3: Any, bucket: str, prefix: str, levels: int) -> str | None:  # noqa: ANN401 - boto3
    """The last folder by name, `levels` (year, month, day, hour) below `prefix`; None when there is none."""
    for _ in range(levels):
        numbered = [
            folder for folder in _folders(s3, bucket, prefix) if folder.rstrip("/").rsplit("/", 1)[-1].isdigit()
        ]
        if not numbered:
            return None
        prefix = max(numbered)
    return prefix


def _folders(s3: Any, bucket: str, prefix: str) -> list[str]:  # noqa: ANN401 - boto3
    with aws_errors(f"s3://{bucket}/{prefix}"):
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix, Delimiter="/")
        return [str(found["Prefix"]) for page in pages for found in page.get("CommonPrefixes", [])]


def _objects(s3: Any, bucket: str, prefix: str) -> Iterator[Delivered]:  # noqa: ANN401 - boto3
    with aws_errors(f"s3://{bucket}/{prefix}"):
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for found in page.get("Contents", []):
                yield Delivered(str(found["Key"]), int(found["Size"]), found["LastModified"].astimezone(UTC))


def _log_lines(logs: Any, target: dict[str, Any], now: datetime) -> Iterator[Problem]:  # noqa: ANN401 - boto3
    options = target.get("CloudWatchLoggingOptions", {})
    group = options.get("LogGroupName")
    if not options.get("Enabled") or not group:
        return
    try:
        with aws_errors(f"Log group {group}"):
            answer = logs.filter_log_events(
                logGroupName=group,
                logStreamNames=[options["LogStreamName"]],
                startTime=_milliseconds(now - _WINDOW),
                limit=_MOST_ERRORS,
            )
    except NotFoundError:
        # A group without events may not be there yet: then nothing was logged.
        return
    for event in answer["events"]:
        at = datetime.fromtimestamp(event["timestamp"] / 1000, UTC)
        yield Problem(at, str(event["message"]).strip(), f"log {group}")


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _judged(delivery: Delivery, success: float | None) -> Delivery:
    """The same delivery with its verdict."""
    return replace(delivery, verdict=_verdict(delivery, success, datetime.now(UTC)))


def _verdict(delivery: Delivery, success: float | None, now: datetime) -> Verdict:
    if delivery.status != "ACTIVE":
        return Verdict("failing", f"The delivery stream is {delivery.status.lower()}.")
    if success is not None and success < 1:
        return Verdict("failing", "The last deliveries did not all succeed; see the problems below.")
    recent = [problem for problem in delivery.problems if now - problem.at <= _RECENT]
    if recent:
        return Verdict("degraded", f"{len(recent)} problems in the last hour; the newest is below.")
    late_s = _LATE_FACTOR * max(delivery.interval_s, _LEAST_INTERVAL_S)
    if delivery.freshness_s is not None and delivery.freshness_s > late_s:
        return Verdict(
            "degraded",
            f"The oldest record waits {delivery.freshness_s:,.0f} s; a buffer waits {delivery.interval_s} s.",
        )
    if not delivery.arrived.total:
        never = delivery.newest is None
        return Verdict("idle", "Nothing has come in yet." if never else "Nothing came in within the last 24 hours.")
    return Verdict("healthy", "What came in was delivered.")
