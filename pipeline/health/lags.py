"""How far the streams' consumers are behind, by their own metrics of the last minutes.

A consumer that lags behind a fast replay has not missed anything: what was acknowledged within its lag is late.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from pipeline.health import metrics

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.health.metrics import Series, Statistic

# CloudWatch tells of a minute once it is over, and a little later still.
_LOOKED_BACK = timedelta(minutes=4)
_MILLISECONDS = 1000


@dataclass(frozen=True)
class DeliveryLag:
    """Of a delivery stream, in seconds: how far it reads behind the stream, and the age of its oldest record.

    Everything older than `freshness_s` is delivered to S3. `copy_fails`: of the last minute with a COPY none worked.
    """

    behind_s: float
    freshness_s: float
    copy_fails: bool


def of_function(cloudwatch: Any, name: str) -> float:  # noqa: ANN401 - boto3 makes its clients at run time
    """Seconds: the greatest age of a record that function `name` was given lately; 0 when it was given none."""
    told = _latest(cloudwatch, "AWS/Lambda", {"FunctionName": name}, ("IteratorAge", "Maximum"))
    return _most(told["IteratorAge"]) / _MILLISECONDS


def of_delivery(cloudwatch: Any, name: str) -> DeliveryLag:  # noqa: ANN401 - boto3 makes its clients at run time
    """What delivery stream `name` told lately; no lag when it told nothing."""
    told = _latest(
        cloudwatch, "AWS/Firehose", {"DeliveryStreamName": name}, ("KinesisMillisBehindLatest", "Maximum"),
        ("DeliveryToS3.DataFreshness", "Maximum"), ("DeliveryToRedshift.Success", "Maximum"),
    )  # fmt: skip
    return DeliveryLag(
        _most(told["KinesisMillisBehindLatest"]) / _MILLISECONDS,
        _most(told["DeliveryToS3.DataFreshness"]),
        told["DeliveryToRedshift.Success"].newest == 0,
    )


def _latest(
    cloudwatch: Any,  # noqa: ANN401 - boto3 makes its clients at run time
    namespace: str,
    dimensions: Mapping[str, str],
    *wanted: tuple[str, Statistic],
) -> dict[str, Series]:
    now = datetime.now(UTC)
    return metrics.series(cloudwatch, namespace, dimensions, wanted, since=now - _LOOKED_BACK, until=now)


def _most(series: Series) -> float:
    return max(series.counts, default=0.0)
