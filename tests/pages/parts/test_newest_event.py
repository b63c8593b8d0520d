from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import pytest

from pages.parts.newest_event import line

if TYPE_CHECKING:
    from queries.period import By

NOW = datetime.fromisoformat("2011-12-09 12:55:00+00:00")


@pytest.mark.parametrize(
    ("at", "by", "told"),
    [
        ("2011-12-09 12:50", None, "invoiced 9 Dec 2011, 12:50 UTC, 5 minutes ago"),
        ("2011-12-09 12:00", "hour", "invoiced on 9 Dec 2011 from 12:00 to 12:59 UTC, within this hour"),
        ("2011-12-09 09:00", "hour", "invoiced on 9 Dec 2011 from 09:00 to 09:59 UTC, at least 2 hours ago"),
        ("2011-12-09 00:00", "day", "invoiced on 9 Dec 2011, within this day"),
        ("2011-12-09 15:00", "hour", "invoiced on 9 Dec 2011 from 15:00 to 15:59 UTC, in 2 hours"),
        ("2011-12-06 00:00", "day", "invoiced on 6 Dec 2011, at least 2 days ago"),
        ("2011-11-01 00:00", "month", "invoiced in November 2011, at least 8 days ago"),
    ],
)
def test_no_more_is_told_than_is_known(at: str, by: By | None, told: str) -> None:
    assert line(datetime.fromisoformat(at), by, now=NOW) == f"- Newest event behind it: {told}"


def test_the_latest_that_it_can_be_is_told_as_that() -> None:
    told = line(datetime.fromisoformat("2011-12-09 12:50"), closer=True, now=NOW)
    assert told.startswith("- No event behind it is newer than this one: invoiced 9 Dec 2011")


def test_no_event_at_all() -> None:
    assert line(None, "hour") == "- Newest event behind it: there is none"
