"""What AWS's services answer about a stack that works, and about one in which nothing has happened yet."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import TypeSerializer

from tests.pages.fakes import FakeService

if TYPE_CHECKING:
    from collections.abc import Mapping

_typed = TypeSerializer().serialize
_STREAM = "arn:aws:kinesis:us-east-1:000000000000:stream/weir-orders"
_HALF = 2**127


def _items(*rows: dict[str, Any]) -> list[dict[str, Any]]:
    return [{name: _typed(value) for name, value in row.items()} for row in rows]


def _lines(number: str, customer: int | None) -> list[dict[str, Any]]:
    from decimal import Decimal

    return _items(
        *(
            {
                "invoice_no": number,
                "line": f"{at:06}",
                "event_id": f"{number}-{at}",
                "line_no": at,
                "stock_code": "85123A",
                "description": "WHITE *HANGING* HEART",
                "quantity": 6,
                "invoice_date": "2010-12-01 08:26:00",
                "unit_price": Decimal("2.55"),
                "country": "United Kingdom",
            }
            | ({} if customer is None else {"customer_id": customer})
            for at in range(1, 8)
        )
    )


def replays(now: datetime) -> list[dict[str, Any]]:
    common = {"file": "/data/sample.csv.gz", "target": "kinesis", "bytes_total": 1000, "who": "me@here", "pid": 1}
    stamp = now.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
    return _items(
        common
        | {
            "replay_id": "r-2",
            "status": "running",
            "started_at": stamp,
            "updated_at": stamp,
            "bytes_read": 250,
            "accepted": 5000,
            "rejected": 2,
            "failed": 0,
            "retried": 7,
            "rows_read": 5002,
            "rows_per_s": 4321,
        },
        common
        | {
            "replay_id": "r-1",
            "status": "done",
            "started_at": "2026-01-01 00:00:00.000",
            "updated_at": "2026-01-01 00:00:09.000",
            "bytes_read": 1000,
            "accepted": 19990,
            "rejected": 10,
            "failed": 0,
            "retried": 0,
            "rows_read": 20000,
            "rows_per_s": 2222,
        },
    )


def live_items(slot: str, now: datetime) -> list[dict[str, Any]]:
    """Counters of the minute that has begun: 12 pages, one of them hostile, and two sources, of 3 sessions."""
    kind, _, moment = slot.partition(" ")
    names = {
        "page": ["<b>*bold*</b>", *(f"product/{at}" for at in range(11))],
        "source": ["search", "http://elsewhere.example"],
    }
    if kind == "minute":
        found = (
            _items({"slot": slot, "counter": f"{now:%H:%M}#s", "views": 99}) if moment == f"{now:%Y-%m-%d %H}" else []
        )
    elif moment != f"{now:%Y-%m-%d %H:%M}":
        found = []
    elif kind == "session":
        found = [{"sessions": {"BS": [b"a", b"b", b"c"]}}]
    else:
        found = _items(
            *({"slot": slot, "counter": f"s#{name}", "views": 40 - at} for at, name in enumerate(names[kind]))
        )
    return found


def services(*, busy: bool) -> dict[str, FakeService]:
    """By the service's name; `busy` is a stack through which a sample went."""
    now = datetime.now(UTC)

    def query(request: Mapping[str, Any]) -> dict[str, Any]:
        if ":slot" in request["ExpressionAttributeValues"]:
            return {"Items": live_items(request["ExpressionAttributeValues"][":slot"]["S"], now) if busy else []}
        key = request["ExpressionAttributeValues"][":key"]
        known = {"536365": 17850, "536366": 17850, "C536379": None}
        if "N" in key:
            return {"Items": [*_lines("536365", 17850), *_lines("536366", 17850)] if busy else []}
        return {"Items": _lines(key["S"], known[key["S"]]) if busy and key["S"] in known else []}

    def metric_data(request: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "MetricDataResults": [
                {
                    "Id": asked["Id"],
                    "Timestamps": [now - timedelta(minutes=2), now - timedelta(minutes=1)] if busy else [],
                    "Values": [1.0 if "Success" in asked["Label"] else 0.0 if "Exceeded" in asked["Label"] else 30.0]
                    * 2
                    if busy
                    else [],
                }
                for asked in request["MetricDataQueries"]
            ]
        }

    def folders(request: Mapping[str, Any]) -> dict[str, Any]:
        prefix = request["Prefix"]
        if not busy or prefix.startswith(("errors", "quarantine", "dead-letter", "aws/", "resolved")):
            return {}
        if "Delimiter" in request:
            depth = prefix.rstrip("/").count("/") - (1 if prefix.startswith("raw") else 0)
            return {"CommonPrefixes": [{"Prefix": f"{prefix}{['2026', '01', '02', '03'][depth]}/"}]}
        of = "warehouse" if prefix.startswith("raw") else "lake"
        key = f"{prefix}weir-{of}-delivery-1-part.parquet"
        return {"Contents": [{"Key": key, "Size": 56_000, "LastModified": now}]}

    def described(request: Mapping[str, Any]) -> dict[str, Any]:
        name = request["DeliveryStreamName"]
        redshift = "warehouse" in name
        s3 = {
            "BucketARN": "arn:aws:s3:::weir-lake",
            "Prefix": ("raw/orders/" if redshift else "orders/") + "!{timestamp:yyyy/MM/dd/HH}/",
            "ErrorOutputPrefix": "errors/orders/!{firehose:error-output-type}/!{timestamp:yyyy/MM/dd/HH}/",
            "BufferingHints": {"SizeInMBs": 64, "IntervalInSeconds": 5},
            "CloudWatchLoggingOptions": {"Enabled": True, "LogGroupName": f"/weir/{name}", "LogStreamName": "delivery"},
        }
        return {
            "DeliveryStreamDescription": {
                "DeliveryStreamName": name,
                "DeliveryStreamStatus": "ACTIVE",
                "Source": {"KinesisStreamSourceDescription": {"KinesisStreamARN": _STREAM}},
                "Destinations": [
                    {
                        "RedshiftDestinationDescription": {
                            "S3DestinationDescription": s3,
                            "CopyCommand": {"DataTableName": "orders_landing"},
                        }
                    }
                    if redshift
                    else {"ExtendedS3DestinationDescription": s3}
                ],
            }
        }

    shards = [
        {
            "ShardId": f"shardId-00000000000{at}",
            "HashKeyRange": {"StartingHashKey": str(at * _HALF), "EndingHashKey": str((at + 1) * _HALF - 1)},
            "SequenceNumberRange": {"StartingSequenceNumber": "1"},
        }
        for at in range(2)
    ]
    records = [{"ApproximateArrivalTimestamp": now, "PartitionKey": "536365", "Data": b"{}", "SequenceNumber": "1"}]
    return {
        "kinesis": FakeService(
            {
                "describe_stream_summary": {
                    "StreamDescriptionSummary": {
                        "StreamName": "weir-orders",
                        "StreamARN": _STREAM,
                        "StreamStatus": "ACTIVE",
                        "RetentionPeriodHours": 24,
                        "EncryptionType": "NONE",
                    }
                },
                "list_shards": {"Shards": shards},
                "get_shard_iterator": {"ShardIterator": "x"},
                "get_records": {"Records": records if busy else []},
            }
        ),
        "cloudwatch": FakeService({"get_metric_data": metric_data}),
        "lambda": FakeService(
            {
                "list_event_source_mappings": {
                    "EventSourceMappings": [
                        {"FunctionArn": "arn:aws:lambda:us-east-1:0:function:weir-invoice-writer", "State": "Enabled"}
                    ]
                }
            }
        ),
        "firehose": FakeService({"describe_delivery_stream": described}),
        "s3": FakeService({"list_objects_v2": folders}),
        "logs": FakeService({"filter_log_events": {"events": []}}),
        "dynamodb": FakeService({"query": query, "scan": {"Items": replays(now) if busy else []}}),
    }
