from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from pipeline.errors import NotFoundError
from pipeline.health import deliveries
from tests.pages.fakes import FakeService
from tests.pages.services import services

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.health.deliveries import Delivery

LAKE = "weir-lake-delivery"
WAREHOUSE = "weir-warehouse-delivery"
NOW = datetime.now(UTC)


def look(found: dict[str, FakeService], name: str = LAKE) -> Delivery:
    return deliveries.look(found.__getitem__, name)


def with_answers(service: str, **answers: Any) -> dict[str, FakeService]:
    found = services(busy=True)
    found[service] = FakeService({**found[service]._answers, **answers})
    return found


def bucket(objects: Mapping[str, datetime]) -> FakeService:
    """S3's listing, with and without a delimiter, of these keys."""

    def listing(request: Mapping[str, Any]) -> dict[str, Any]:
        prefix = request["Prefix"]
        below = {key: at for key, at in objects.items() if key.startswith(prefix)}
        if "Delimiter" in request:
            folders = {prefix + key[len(prefix) :].split("/")[0] + "/" for key in below if "/" in key[len(prefix) :]}
            return {"CommonPrefixes": [{"Prefix": folder} for folder in sorted(folders)]} if folders else {}
        return (
            {"Contents": [{"Key": key, "Size": 10, "LastModified": at} for key, at in below.items()]} if below else {}
        )

    return FakeService({"list_objects_v2": listing})


def counted(**values: float) -> FakeService:
    """CloudWatch with one point for each of these metrics, dots written as underscores."""

    def metric_data(request: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "MetricDataResults": [
                {
                    "Id": asked["Id"],
                    "Timestamps": [NOW] if name in values else [],
                    "Values": [values[name]] if name in values else [],
                }
                for asked in request["MetricDataQueries"]
                for name in [asked["Label"].replace(".", "_")]
            ]
        }

    return FakeService({"get_metric_data": metric_data})


@pytest.mark.parametrize(
    ("name", "destination"), [(LAKE, "s3://weir-lake/orders/"), (WAREHOUSE, "Redshift table orders_landing")]
)
def test_a_delivery_that_works(name: str, destination: str) -> None:
    delivery = look(services(busy=True), name)
    assert delivery.source == "stream weir-orders"
    assert delivery.destination == destination
    assert delivery.arrived.total == 60
    assert delivery.delivered.total == 60
    assert delivery.newest is not None
    assert delivery.verdict.state == "healthy"
    assert delivery.problems == ()


def test_nothing_yet_is_idle() -> None:
    delivery = look(services(busy=False))
    assert delivery.newest is None
    assert delivery.verdict.state == "idle"


def test_the_newest_object_is_found_by_its_hour_whatever_lies_beside() -> None:
    found = services(busy=True) | {
        "s3": bucket(
            {
                f"orders/2025/12/31/23/{LAKE}-1-a": NOW - timedelta(days=9),
                f"orders/2026/01/02/03/{LAKE}-1-b": NOW - timedelta(minutes=9),
                f"orders/2026/01/02/03/{LAKE}-1-c": NOW - timedelta(minutes=5),
                f"orders/2026/01/01/22/{LAKE}-1-d": NOW - timedelta(days=1),
                "orders/2026/01/02/03/weir-other-delivery-1-x": NOW,
                "orders/manifests/2027/01/01/00/m": NOW,
            }
        )
    }
    newest = look(found).newest
    assert newest is not None
    assert newest.key == f"orders/2026/01/02/03/{LAKE}-1-c"


def test_failed_objects_and_log_lines_are_told_newest_first() -> None:
    lines = {
        "events": [
            {"timestamp": int((NOW - timedelta(minutes=30)).timestamp() * 1000), "message": '{"errorCode": "X"}\n'}
        ]
    }
    found = with_answers("logs", filter_log_events=lines) | {
        "s3": bucket(
            {
                "errors/orders/format-conversion-failed/2026/01/02/03/x": NOW - timedelta(minutes=5),
                "errors/orders/processing-failed/2025/01/02/03/old": NOW - timedelta(days=300),
            }
        )
    }
    delivery = look(found)
    assert [problem.text for problem in delivery.problems] == [
        "Records not delivered: format-conversion-failed.",
        '{"errorCode": "X"}',
    ]
    assert delivery.problems[0].where == "s3://weir-lake/errors/orders/format-conversion-failed/2026/01/02/03/x"
    assert delivery.verdict.state == "degraded"
    assert "2 problems" in delivery.verdict.why


def test_a_log_group_that_is_not_there_has_no_lines() -> None:
    missing = ClientError({"Error": {"Code": "ResourceNotFoundException", "Message": "no"}}, "FilterLogEvents")
    assert look(with_answers("logs", filter_log_events=missing)).problems == ()


@pytest.mark.parametrize(
    ("values", "state"),
    [
        ({"IncomingRecords": 5, "DeliveryToS3_Records": 5, "DeliveryToS3_Success": 1}, "healthy"),
        ({"DataReadFromKinesisStream_Records": 5, "DeliveryToS3_Success": 1}, "healthy"),
        ({"IncomingRecords": 5, "DeliveryToS3_Success": 0}, "failing"),
        ({"IncomingRecords": 5, "DeliveryToS3_DataFreshness": 900}, "degraded"),
        ({}, "idle"),
    ],
)
def test_verdicts(values: dict[str, float], state: str) -> None:
    assert look(services(busy=True) | {"cloudwatch": counted(**values)}).verdict.state == state


def test_a_missing_delivery_stream_is_named() -> None:
    missing = ClientError({"Error": {"Code": "ResourceNotFoundException", "Message": "no"}}, "DescribeDeliveryStream")
    with pytest.raises(NotFoundError, match="Delivery stream weir-lake-delivery"):
        look(with_answers("firehose", describe_delivery_stream=missing))
