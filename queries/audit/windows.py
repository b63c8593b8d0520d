"""How long what was acknowledged may take to a sink: until then it is late, and not missing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from pipeline.clients import aws_errors
from pipeline.health import lags

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.stack import Outputs

# For the way to the buffer and from it on; as much again as the buffer's hint where that is longer.
_GRACE_S = 15
_HOUR_S = 3600
_RATE = re.compile(r"rate\(\s*(\d+)\s+(minute|hour|day)s?\s*\)")
_UNITS = {"minute": 60, "hour": _HOUR_S, "day": 24 * _HOUR_S}


@dataclass(frozen=True)
class Windows:
    """By sink. The warehouse's is until a row has landed, `merge` until what has landed is merged."""

    lake: timedelta
    invoices: timedelta
    warehouse: timedelta
    merge: timedelta


def of_stack(client: Callable[[str], Any], outputs: Outputs) -> Windows:
    """As the delivery streams and the merge's schedule are set, and as far as the consumers are behind, now.

    Raises CloudError.
    """
    with aws_errors(f"Schedule {outputs.merge_schedule}"):
        expression = client("scheduler").get_schedule(Name=outputs.merge_schedule)["ScheduleExpression"]
    return Windows(
        timedelta(seconds=_of_delivery(client, outputs.lake_delivery)),
        timedelta(seconds=_GRACE_S + lags.of_function(client("cloudwatch"), outputs.invoice_writer).most_s),
        timedelta(seconds=_of_delivery(client, outputs.warehouse_delivery)),
        timedelta(seconds=period(expression) + _GRACE_S),
    )


def period(expression: str) -> int:
    """Seconds between two runs of a schedule; an hour for cron(), which may have no period."""
    found = _RATE.fullmatch(expression.strip())
    return int(found[1]) * _UNITS[found[2]] if found else _HOUR_S


def _with_grace(interval_s: int) -> int:
    return interval_s + max(_GRACE_S, interval_s)


def _of_delivery(client: Callable[[str], Any], name: str) -> float:
    with aws_errors(f"Delivery stream {name}"):
        described = client("firehose").describe_delivery_stream(DeliveryStreamName=name)
    target = described["DeliveryStreamDescription"]["Destinations"][0]
    redshift = target.get("RedshiftDestinationDescription")
    s3 = redshift["S3DestinationDescription"] if redshift else target["ExtendedS3DestinationDescription"]
    lag = lags.of_delivery(client("cloudwatch"), name)
    hint = _with_grace(int(s3["BufferingHints"]["IntervalInSeconds"]))
    window = max(hint, lag.freshness.most_s + _GRACE_S) + lag.behind.most_s
    if redshift and lag.copy_fails:
        window += int(redshift.get("RetryOptions", {}).get("DurationInSeconds", 0))
    return window
