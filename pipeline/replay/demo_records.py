"""Test data for a delivery stream that takes direct puts, as the AWS console's button sends it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from pipeline.clients import aws_errors
from pipeline.errors import ThrottledError

if TYPE_CHECKING:
    from collections.abc import Sequence

SOURCE = "test-data"  # by which what was sent is found
COUNT = 20
_ATTEMPTS = 3


def clicks(now: datetime) -> list[bytes]:
    """Clicks on a menu, the last one now (UTC), each a record."""
    pages = ("entree_1", "entree_4", "drink_1", "drink_3", "dessert_2")
    return [
        json.dumps(
            {
                "element_clicked": pages[number % len(pages)],
                "time_spent": 5 + 7 * number % 60,
                "source_menu": SOURCE,
                "created_at": f"{now - timedelta(seconds=COUNT - 1 - number):%Y-%m-%d %H:%M:%S}",
            }
        ).encode()
        + b"\n"
        for number in range(COUNT)
    ]


def wikipedia(_now: datetime) -> list[bytes]:
    """Lines of a clickstream, five a record."""
    lines = [f"{SOURCE}\tTest_page_{number}\tlink\t{10 + number}\n".encode() for number in range(COUNT)]
    return [b"".join(lines[at : at + 5]) for at in range(0, COUNT, 5)]


def send(firehose: Any, delivery: str, records: Sequence[bytes]) -> None:  # noqa: ANN401 - boto3
    """Put records; what is refused goes again. Raises CloudError, ThrottledError when some are refused to the end."""
    waiting = list(records)
    for _ in range(_ATTEMPTS):
        with aws_errors(f"Delivery stream {delivery}"):
            answer = firehose.put_record_batch(
                DeliveryStreamName=delivery, Records=[{"Data": record} for record in waiting]
            )
        outcomes = zip(waiting, answer["RequestResponses"], strict=True)
        waiting = [record for record, outcome in outcomes if outcome.get("ErrorCode")]
        if not waiting:
            return
    raise ThrottledError(f"Delivery stream {delivery} refused {len(waiting)} records: try again in a minute.")


def now() -> datetime:
    """The time, UTC."""
    return datetime.now(UTC)
