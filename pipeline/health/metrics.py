"""CloudWatch's counts, minute by minute."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from pipeline.clients import aws_errors

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Statistic = Literal["Sum", "Maximum", "Minimum", "Average"]
_FINEST_S = 60
_MOST_POINTS = 120


@dataclass(frozen=True)
class Series:
    """One metric from `since` to `until`: `counts[i]` covers the `step_s` seconds that begin at `times[i]` (UTC)."""

    name: str
    since: datetime
    until: datetime
    step_s: int
    times: tuple[datetime, ...] = ()
    counts: tuple[float, ...] = ()

    @property
    def total(self) -> float:
        """The sum of them all."""
        return sum(self.counts)

    @property
    def newest(self) -> float | None:
        """The last one; None when there is none."""
        return self.counts[-1] if self.counts else None


def series(
    cloudwatch: Any,  # noqa: ANN401 - boto3 makes its clients at run time
    namespace: str,
    dimensions: Mapping[str, str],
    wanted: Sequence[tuple[str, Statistic]],
    *,
    since: datetime,
    until: datetime,
) -> dict[str, Series]:
    """Each wanted metric by name, in one call; a metric without data is an empty series. Raises CloudError."""
    step = _step(until - since)
    queries = [
        {
            "Id": f"m{number}",
            "Label": name,
            "MetricStat": {
                "Metric": {
                    "Namespace": namespace,
                    "MetricName": name,
                    "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()],
                },
                "Period": step,
                "Stat": statistic,
            },
        }
        for number, (name, statistic) in enumerate(wanted)
    ]
    found: dict[str, list[tuple[datetime, float]]] = {name: [] for name, _ in wanted}
    with aws_errors("CloudWatch"):
        pages = cloudwatch.get_paginator("get_metric_data").paginate(
            MetricDataQueries=queries, StartTime=since, EndTime=until, ScanBy="TimestampAscending"
        )
        for page in pages:
            for result in page["MetricDataResults"]:
                name = wanted[int(result["Id"][1:])][0]
                found[name] += zip((_utc(t) for t in result["Timestamps"]), result["Values"], strict=True)
    return {name: _series(Series(name, since, until, step), points) for name, points in found.items()}


def _step(span: timedelta) -> int:
    """The whole minutes that divide `span` into at most 120 points."""
    steps = span.total_seconds() / _MOST_POINTS
    return max(_FINEST_S, -(-int(steps) // _FINEST_S) * _FINEST_S)


def _series(empty: Series, points: list[tuple[datetime, float]]) -> Series:
    points.sort()
    return replace(empty, times=tuple(time for time, _ in points), counts=tuple(value for _, value in points))


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
