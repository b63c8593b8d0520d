"""What a pre-flight says of a file."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from pipeline.contracts.order_line import CSV_FIELDS
from pipeline.replay import preflight, samples
from pipeline.replay.preflight import Load, Preflight
from pipeline.replay.reader import OrderFile
from pipeline.replay.rows import Record
from pipeline.replay.shards import Range, Shards
from tests.conftest import REAL_FILE

if TYPE_CHECKING:
    from pathlib import Path

QUARTER = 2**126
FOUR = [Range(f"shardId-{at:012d}", at * QUARTER, (at + 1) * QUARTER - 1) for at in range(4)]


def look(path: Path, limit: int | None = None) -> Preflight:
    with OrderFile(path) as orders:
        return preflight.look(orders, Shards(FOUR), limit=limit)


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from datetime import date

    path = tmp_path_factory.mktemp("sample") / "sample.csv"
    samples.write(path, rows=5000, seed=3, start=date(2025, 1, 1), end=date(2025, 12, 31))
    return path


def test_each_row_is_counted_on_its_shard_with_the_bytes_that_are_sent(sample: Path) -> None:
    found = look(sample)
    rows: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    with OrderFile(sample) as orders:
        for row in orders.rows("r-20260102-030405-abcd"):
            assert isinstance(row, Record)
            rows[Shards(FOUR).of(row.key)] += 1
            sizes[Shards(FOUR).of(row.key)] += len(row.data) + len(row.key)
    assert {load.shard: load.rows for load in found.shards} == dict(rows)
    assert {load.shard: load.bytes for load in found.shards} == dict(sizes)
    assert (found.rows, found.rejected, found.bytes, found.whole) == (5000, 0, sizes.total(), True)
    assert sum(load.share for load in found.shards) == pytest.approx(1)
    assert found.max_over_mean == max(rows.values()) / 1250
    assert found.hottest.rows == max(rows.values())
    assert found.least_seconds == max(rows.values()) / 1000


def test_bytes_bind_where_rows_are_large() -> None:
    assert Load("s", 100, 5 << 20, 1.0).seconds == 5
    assert Load("s", 100, 5, 1.0).seconds == 0.1


def test_one_key_is_one_hot_shard_and_rejected_rows_are_no_load(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    row = "536365,85123A,HEART,6,1/12/2010 8:26,2.55,,Testland"
    path.write_text("\n".join([",".join(CSV_FIELDS), *[row] * 40, row.replace(",6,", ",six,")]) + "\n")
    found = look(path)
    assert (found.rows, found.rejected, found.max_over_mean) == (40, 1, 4)
    assert sorted(load.share for load in found.shards) == [0, 0, 0, 1]
    first = look(path, limit=10)
    assert (first.rows, first.whole) == (10, False)
    assert look(path, limit=41).whole


@pytest.mark.skipif(not REAL_FILE.exists(), reason="the real file is not on this machine")
def test_the_real_file_spreads_over_four_shards() -> None:
    """Max shard load / mean at most 1.15, so four shards take the file in little over a quarter of the time."""
    found = look(REAL_FILE)
    assert found.rows + found.rejected == 541_909
    assert found.max_over_mean <= 1.15
