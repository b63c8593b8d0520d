from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.health import metrics

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)


class FakeCloudWatch:
    """Answers every asked metric in two pages, newest first within a page, as boto3 pages it."""

    def __init__(self, values: dict[str, list[tuple[int, float]]]) -> None:
        self.values = values
        self.asked: dict[str, Any] = {}

    def get_paginator(self, operation: str) -> FakeCloudWatch:
        assert operation == "get_metric_data"
        return self

    def paginate(self, **request: Any) -> Iterator[dict[str, Any]]:
        self.asked = request
        for half in (0, 1):
            yield {
                "MetricDataResults": [
                    {
                        "Id": query["Id"],
                        "Timestamps": [NOW.replace(tzinfo=None) + timedelta(minutes=at) for at, _ in points[half::2]],
                        "Values": [value for _, value in points[half::2]],
                    }
                    for query in request["MetricDataQueries"]
                    for points in [self.values.get(query["MetricStat"]["Metric"]["MetricName"], [])]
                ]
            }


def ask(cloudwatch: FakeCloudWatch, span: timedelta) -> dict[str, metrics.Series]:
    return metrics.series(
        cloudwatch,
        "AWS/Firehose",
        {"DeliveryStreamName": "lake"},
        [("IncomingRecords", "Sum"), ("DeliveryToS3.Success", "Average")],
        since=NOW - span,
        until=NOW,
    )


def test_points_of_all_pages_in_order_of_time() -> None:
    cloudwatch = FakeCloudWatch({"IncomingRecords": [(3, 30.0), (1, 10.0), (2, 20.0)]})
    found = ask(cloudwatch, timedelta(hours=1))
    assert found["IncomingRecords"].counts == (10.0, 20.0, 30.0)
    assert found["IncomingRecords"].times[0] == NOW + timedelta(minutes=1)
    assert found["IncomingRecords"].total == 60
    assert found["IncomingRecords"].newest == 30


def test_a_metric_without_data_is_an_empty_series() -> None:
    series = ask(FakeCloudWatch({}), timedelta(hours=1))["DeliveryToS3.Success"]
    assert series.counts == ()
    assert series.total == 0
    assert series.newest is None


@pytest.mark.parametrize(("hours", "step"), [(1, 60), (2, 60), (3, 120), (24, 720)])
def test_steps_are_whole_minutes_and_points_few(hours: int, step: int) -> None:
    cloudwatch = FakeCloudWatch({})
    assert ask(cloudwatch, timedelta(hours=hours))["IncomingRecords"].step_s == step
    assert {query["MetricStat"]["Period"] for query in cloudwatch.asked["MetricDataQueries"]} == {step}
