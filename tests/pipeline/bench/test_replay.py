"""The parts of `bench replay`, against the server that acknowledges at once."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from pipeline.bench import acknowledge
from pipeline.bench import replay as bench
from pipeline.replay import samples

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "orders.csv"
    samples.write(path, rows=1200, seed=1, start=date(2025, 1, 1), end=date(2025, 12, 31))
    return path


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "bench")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with acknowledge.served() as url:
        yield url


def test_every_row_is_sent_and_acknowledged_by_each_way(path: Path, endpoint: str) -> None:
    client, rows = bench.kinesis(endpoint), bench.records(path)
    assert bench.ours("bench", path, endpoint).rows == 1200
    assert bench.ceiling(client, "bench", bench.batches(rows)).rows == 1200
    assert bench.row_by_row(f"{endpoint}/orders", {}, rows[:20]).rows == 20
    assert bench.parsing(path).rows == 1200
    assert [len(batch) for batch in bench.batches(rows)] == [500, 500, 200]


def test_a_producer_that_breaks_off_is_told_with_its_last_words(path: Path, endpoint: str, tmp_path: Path) -> None:
    import sys
    from pathlib import Path

    rows = tmp_path / "rows.jsonl"
    bench.write_rows(bench.records(path, 10), rows)
    told = bench.peer(Path(sys.executable), "async-kinesis", endpoint, rows)
    assert isinstance(told, str)
    assert "kinesis" in told


def test_producers_that_do_not_install_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = tmp_path / "requirements-bench.txt"
    wanted.write_text("./no-such-package-at-all\n")
    monkeypatch.setattr(bench, "_REQUIREMENTS", wanted)
    told = bench.peers(tmp_path / "venv")
    assert isinstance(told, str)
    assert "no-such-package-at-all" in told
