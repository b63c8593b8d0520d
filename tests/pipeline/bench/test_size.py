"""The bench of the generator and the reader, at a size for tests; what it is for is done at 50 million rows."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from pipeline.bench import size
from pipeline.cli import main
from pipeline.errors import FileRefusedError

if TYPE_CHECKING:
    from pathlib import Path


def test_each_part_tells_its_points_and_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WEIR_STATE", str(tmp_path))
    assert main(["bench", "size", "--rows", "3000", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [point["part"] for point in told["points"]] == ["generator"] * 4 + ["reader"] * 4
    assert [point["rows"] for point in told["points"][4:]] == [60, 600, 1500, 3000]
    assert told["points"][3]["rows"] == 3000
    assert all(point["rows_per_s"] > 0 and point["peak_mib"] > 5 for point in told["points"])
    assert set(told["growth_mib"]) == {"generator", "reader"}
    assert not list(tmp_path.iterdir())


def test_it_tells_as_it_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WEIR_STATE", str(tmp_path))
    assert main(["bench", "size", "--rows", "1000"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 9
    assert lines[3].startswith("generator        1,000 rows")
    assert " to 1,000 rows: generator +" in lines[-1]


def test_too_few_rows_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "size", "--rows", "10"]) == 1
    assert "--rows is 10" in capsys.readouterr().err


def test_what_breaks_in_a_part_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileRefusedError, match="does not exist"):
        list(size._apart(size._read, tmp_path / "missing.csv", 10))
