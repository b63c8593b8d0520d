"""Test data: every record of it is what the processor takes, and what is refused goes again."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from pipeline.errors import ThrottledError
from pipeline.functions.view_processor import lines
from pipeline.replay import demo_records

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize("make", [demo_records.clicks, demo_records.wikipedia])
def test_all_of_it_are_page_views(make: Any) -> None:
    views = [lines.read(f"r{at}", int(NOW.timestamp() * 1000), data) for at, data in enumerate(make(NOW))]
    assert sum(len(found.good) for found in views) == demo_records.COUNT
    assert not [bad for found in views for bad in found.bad]


class Firehose:
    def __init__(self, refusals: int) -> None:
        self.calls: list[int] = []
        self.refusals = refusals

    def put_record_batch(self, *, DeliveryStreamName: str, Records: list[dict[str, bytes]]) -> dict[str, Any]:  # noqa: N803
        self.calls.append(len(Records))
        refuses = len(self.calls) <= self.refusals
        return {
            "RequestResponses": [
                {"ErrorCode": "X"} if refuses and at else {"RecordId": "r"} for at in range(len(Records))
            ]
        }


def test_what_is_refused_goes_again_within_bounds() -> None:
    firehose = Firehose(1)
    demo_records.send(firehose, "clicks", [b"a", b"b", b"c"])
    assert firehose.calls == [3, 2]
    with pytest.raises(ThrottledError, match="refused 1 records"):
        demo_records.send(Firehose(9), "clicks", [b"a", b"b", b"c", b"d"])
