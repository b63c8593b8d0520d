"""Seeking: what lies before a date is passed over and still counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pipeline.errors import BadInputError, FileRefusedError
from pipeline.replay import preflight
from pipeline.replay.reader import OrderFile
from pipeline.replay.selection import moment, select
from pipeline.replay.shards import Range, Shards
from tests.pipeline.replay.fakes import FakeBucket, FakeKinesis
from tests.pipeline.replay.test_reader import HEADER, written
from tests.pipeline.replay.test_run import entries, run

if TYPE_CHECKING:
    from pathlib import Path

ROWS = [
    f"536365,A{day},x,{'six' if day in (2, 5) else 1},12/{day}/2010 8:26,2.55,17850,United Kingdom"
    for day in range(1, 8)
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return written(tmp_path, HEADER, *ROWS)


def ids(path: Path, since: str, limit: int | None = None) -> list[str | None]:
    with OrderFile(path) as orders:
        return [row.event_id for row in select(orders, None, moment(since), limit)]


def test_rows_passed_over_still_count(path: Path) -> None:
    assert ids(path, "2010-12-04") == ["536365-4", "536365-5", "536365-6", "536365-7"]
    assert ids(path, "2010-12-04 08:27") == ["536365-6", "536365-7"]
    assert ids(path, "2010-12-04T08:26:00", limit=2) == ["536365-4", "536365-5"]
    assert len(ids(path, "1999-01-01")) == 7


def test_a_file_that_ends_before_is_refused(path: Path) -> None:
    with pytest.raises(FileRefusedError, match=r"no row of 2011-01-01 00:00:00 or later"):
        ids(path, "2011-01-01")


@pytest.mark.parametrize("wrong", ["", "yesterday", "12/1/2010", "2010-13-01"])
def test_what_is_no_date(wrong: str) -> None:
    with pytest.raises(BadInputError, match="is no date"):
        moment(wrong)


def test_what_was_passed_over_is_neither_sent_nor_expected(path: Path) -> None:
    bucket, kinesis = FakeBucket(), FakeKinesis()
    receipt = run(path, kinesis, bucket, since=moment("2010-12-04"))
    assert (receipt.rows, receipt.accepted, receipt.rejected, receipt.since) == (4, 3, 1, "2010-12-04 00:00:00")
    assert [entry["event_id"] for entry in entries(bucket)] == ["536365-4", "536365-5", "536365-6", "536365-7"]
    assert sorted(kinesis.event_ids) == ["536365-4", "536365-6", "536365-7"]
    late = run(path, FakeKinesis(), since="2012-01-01 00:00:00")
    assert (late.status, late.rows) == ("failed", 0)
    assert "nothing was sent" in str(late.error)


def test_a_preflight_seeks_too(path: Path) -> None:
    with OrderFile(path) as orders:
        found = preflight.look(orders, Shards([Range("one", 0, 2**128 - 1)]), since=moment("2010-12-06"))
    assert (found.rows, found.rejected) == (2, 0)
