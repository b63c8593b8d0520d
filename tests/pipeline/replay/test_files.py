from __future__ import annotations

from datetime import date
from io import BytesIO
from typing import TYPE_CHECKING

import pytest

from pipeline.errors import FileRefusedError
from pipeline.replay import files

if TYPE_CHECKING:
    from pathlib import Path


def test_the_sample_is_made_once(tmp_path: Path) -> None:
    first = files.sample(tmp_path / "state", rows=50, end=date(2026, 1, 31))
    made = first.stat().st_mtime_ns
    again = files.sample(tmp_path / "state", rows=99)
    assert again == first
    assert again.stat().st_mtime_ns == made


def test_an_upload_lies_under_its_content_and_its_name(tmp_path: Path) -> None:
    path = files.keep_upload(tmp_path, "May sales.csv", BytesIO(b"a,b\n1,2\n"))
    assert path.read_bytes() == b"a,b\n1,2\n"
    assert path.name == "May-sales.csv"
    assert files.keep_upload(tmp_path, "May sales.csv", BytesIO(b"a,b\n1,2\n")) == path
    assert files.keep_upload(tmp_path, "May sales.csv", BytesIO(b"other")) != path


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "..", "", "\x00", "a" * 400 + ".csv", ".hidden"])
def test_no_name_of_an_upload_leads_out_of_its_folder(tmp_path: Path, name: str) -> None:
    path = files.keep_upload(tmp_path, name, BytesIO(b"x"))
    assert path.resolve().is_relative_to((tmp_path / "uploads").resolve())
    assert path.read_bytes() == b"x"


def test_a_half_written_upload_is_never_read(tmp_path: Path) -> None:
    path = files.keep_upload(tmp_path, "a.csv", BytesIO(b"x"))
    assert [file.name for file in path.parent.iterdir()] == ["a.csv"]


def test_an_empty_path_is_refused() -> None:
    with pytest.raises(FileRefusedError, match="No path"):
        files.at("  ")
