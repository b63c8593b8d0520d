"""How far the streams' consumers are behind, by their own metrics of the last minutes.

A consumer that lags behind a fast replay has not missed anything: what was acknowledged within its lag is late.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from pipeline.health import metrics

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.health.metrics import Series, Statistic

# CloudWatch tells of a minute once it is over, and a little later still.
_LOOKED_BACK = timedelta(minutes=4)
_MILLISECONDS = 1000
_KEEPS_UP_S = 15.0  # a consumer that is behind by no more is not falling behind


class Lag(NamedTuple):
    """A lag in seconds as it was told, the greatest lately, and how long ago the newest minute that told one began."""

    told_s: float = 0.0
    since_s: float = 0.0

    @property
    def most_s(self) -> float:
        """What it may be by now: a consumer that has fallen behind may fall behind a second further each second."""
        return self.told_s if self.told_s <= _KEEPS_UP_S else self.told_s + self.since_s


@dataclass(frozen=True)
class DeliveryLag:
    """Of a delivery stream: how far it reads behind the stream, and the age of its oldest record.

    Everything older than `freshness` is delivered to S3. `copy_fails`: of the last minute with a COPY none worked.
    """

    behind: Lag
    freshness: Lag
    copy_fails: bool


def of_function(cloudwatch: Any, name: str) -> Lag:  # noqa: ANN401 - boto3 makes its clients at run time
    """The age of the records that function `name` was given; none when it was given none lately."""
    told = _latest(cloudwatch, "AWS/Lambda", {"FunctionName": name}, ("IteratorAge", "Maximum"))
    return _lag(told["IteratorAge"], _MILLISECONDS)


def of_delivery(cloudwatch: Any, name: str) -> DeliveryLag:  # noqa: ANN401 - boto3 makes its clients at run time
    """What delivery stream `name` told lately; no lag when it told nothing."""
    told = _latest(
        cloudwatch, "AWS/Firehose", {"DeliveryStreamName": name}, ("KinesisMillisBehindLatest", "Maximum"),
        ("DeliveryToS3.DataFreshness", "Maximum"), ("DeliveryToRedshift.Success", "Maximum"),
    )  # fmt: skip
    return DeliveryLag(
        _lag(told["KinesisMillisBehindLatest"], _MILLISECONDS),
        _lag(told["DeliveryToS3.DataFreshness"]),
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


def _lag(series: Series, of_a_second: int = 1) -> Lag:
    if not series.counts:
        return Lag()
    return Lag(max(series.counts) / of_a_second, (series.until - series.times[-1]).total_seconds())
