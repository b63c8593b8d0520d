"""How long what was acknowledged may take to a sink: until then it is late, and not missing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from pipeline.clients import aws_errors

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
    """As the delivery streams and the merge's schedule are set now. Raises CloudError."""
    lake = _interval(client, outputs.lake_delivery)
    warehouse = _interval(client, outputs.warehouse_delivery)
    with aws_errors(f"Schedule {outputs.merge_schedule}"):
        expression = client("scheduler").get_schedule(Name=outputs.merge_schedule)["ScheduleExpression"]
    return Windows(
        timedelta(seconds=_with_grace(lake)),
        timedelta(seconds=_GRACE_S),
        timedelta(seconds=_with_grace(warehouse)),
        timedelta(seconds=period(expression) + _GRACE_S),
    )


def period(expression: str) -> int:
    """Seconds between two runs of a schedule; an hour for cron(), which may have no period."""
    found = _RATE.fullmatch(expression.strip())
    return int(found[1]) * _UNITS[found[2]] if found else _HOUR_S


def _with_grace(interval_s: int) -> int:
    return interval_s + max(_GRACE_S, interval_s)


def _interval(client: Callable[[str], Any], delivery: str) -> int:
    with aws_errors(f"Delivery stream {delivery}"):
        described = client("firehose").describe_delivery_stream(DeliveryStreamName=delivery)
    target = described["DeliveryStreamDescription"]["Destinations"][0]
    redshift = target.get("RedshiftDestinationDescription")
    s3 = redshift["S3DestinationDescription"] if redshift else target["ExtendedS3DestinationDescription"]
    return int(s3["BufferingHints"]["IntervalInSeconds"])
