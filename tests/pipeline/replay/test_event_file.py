"""Files of clicks, Wikipedia's lines and sessions: told apart, each line an event or rejected with its reasons."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.contracts import page_view, session
from pipeline.errors import BadInputError, FileRefusedError
from pipeline.replay import sample_clicks, sample_sessions, sample_wikipedia
from pipeline.replay.event_file import EventFile
from pipeline.replay.families import ORDERS, PAGE_VIEWS, SESSIONS, WIKIPEDIA
from pipeline.replay.opening import open_file
from pipeline.replay.reader import OrderFile
from pipeline.replay.rows import Record, Rejected

if TYPE_CHECKING:
    from pathlib import Path

START, END = datetime(2025, 3, 3), datetime(2025, 3, 4)  # noqa: DTZ001 - a day
CLICK: dict[str, Any] = {
    "element_clicked": "a",
    "time_spent": 1,
    "source_menu": "m",
    "created_at": "2022-09-11 23:00:00",
}


def rows(path: Path, **options: str) -> list[Record | Rejected]:
    with open_file(path, **options) as file:
        return list(file.rows("r-1"))


def records(path: Path, **options: str) -> list[Record]:
    found = rows(path, **options)
    assert all(isinstance(row, Record) for row in found)
    return [row for row in found if isinstance(row, Record)]


def lines(path: Path, *values: object) -> Path:
    path.write_text("".join(f"{value if isinstance(value, str) else json.dumps(value)}\n" for value in values))
    return path


@pytest.mark.parametrize("name", ["clicks.jsonl", "clicks.jsonl.gz"])
def test_clicks(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    sample_clicks.write(path, rows=300, seed=1, start=START, end=END)
    found = records(path)
    views = [page_view.from_wire(row.data) for row in found]
    assert [row.line for row in found] == list(range(1, 301))
    assert [row.event_id for row in found] == [view["EventID"] for view in views]
    assert [row.at for row in found] == [view["OccurredAt"] for view in views]
    assert [row.key for row in found] == [view["SessionID"] for view in views]
    assert {view["ReplayID"] for view in views} == {"r-1"}
    assert [row.sent_at for row in found] == sorted(str(view["SentAt"]) for view in views)


def test_wikipedias_lines_take_further_columns(tmp_path: Path) -> None:
    path = tmp_path / "w.tsv"
    sample_wikipedia.write(path, rows=50, seed=1)
    found = records(path)
    for row, line in zip(found, path.read_text().splitlines(), strict=True):
        sent = row.data.decode().rstrip("\n").split("\t")
        assert sent == [*line.split("\t"), row.event_id, "r-1", row.sent_at]


def test_sessions(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    sample_sessions.write(path, rows=50, seed=1)
    found = records(path)
    assert [session.from_wire(row.data)["session_id"] for row in found] == [f"b1-{n}" for n in range(50)]
    assert [row.event_id for row in found] == [row.key for row in found]


def test_lines_without_an_id_are_known_by_file_and_place(tmp_path: Path) -> None:
    path = lines(tmp_path / "c.jsonl", CLICK, CLICK, "", {**CLICK, "EventID": "mine"})
    first, again = records(path), records(path)
    assert [row.event_id for row in first] == [row.event_id for row in again]
    assert len({row.event_id for row in first}) == 3
    assert [row.event_id.rpartition("-")[2] for row in first[:2]] == ["1", "2"]
    assert (first[2].event_id, first[2].line) == ("mine", 4)
    other = records(lines(tmp_path / "d.jsonl", CLICK))
    assert other[0].event_id != first[0].event_id


@pytest.mark.parametrize(
    ("first", "family"),
    [
        ('{"session_id": "a", "browse_history": []}', SESSIONS),
        ('{"element_clicked": "a"}', PAGE_VIEWS),
        ("{", PAGE_VIEWS),
        ("A\tB\tlink\t12", WIKIPEDIA),
        ("A\tB\tlink\t12\tw-1\tr-1\t2026-01-02 03:04:05", WIKIPEDIA),
    ],
)
def test_what_a_file_holds_shows_in_its_first_line(tmp_path: Path, first: str, family: object) -> None:
    with open_file(lines(tmp_path / "x", "", first)) as file:
        assert isinstance(file, EventFile)
        assert file.family is family


def test_anything_else_is_read_as_order_lines(tmp_path: Path) -> None:
    with pytest.raises(FileRefusedError, match="column InvoiceNo is missing"):
        open_file(lines(tmp_path / "x", "a,b,c", "1,2,3"))
    header = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"
    with open_file(lines(tmp_path / "y", header, "1,2,x,1,12/1/2010 8:26,1,,France")) as file:
        assert isinstance(file, OrderFile)
        assert file.family is ORDERS


def test_bad_lines_are_rejected_with_their_number_and_reasons(tmp_path: Path) -> None:
    bad = {**CLICK, "time_spent": -5, "element_clicked": None}
    found = rows(lines(tmp_path / "c.jsonl", CLICK, bad, "{", {**CLICK, "created_at": "1890-01-01 00:00:00"}))
    assert isinstance(found[0], Record)
    rejected = [row for row in found if isinstance(row, Rejected)]
    assert [row.line for row in rejected] == [2, 3, 4]
    assert [str(problem) for problem in rejected[0].problems] == ["Page: is missing", "time_spent: -5 is negative"]
    assert rejected[0].kinds == ("Page: is missing", "time_spent: is negative")
    assert rejected[1].kinds == ("is not JSON",)
    assert rejected[2].kinds == ("created_at: is not in the years 1970 to 2099",)
    assert json.loads(rejected[0].raw) == bad


def test_the_last_click_is_now_and_the_others_as_long_before(tmp_path: Path) -> None:
    clicks = [{**CLICK, "created_at": f"2022-09-11 23:00:0{second}"} for second in (5, 9, 1)]
    path = lines(tmp_path / "c.jsonl", *clicks, "{", {**CLICK, "created_at": None})
    found = [row for row in rows(path, shift_to="2025-06-01 12:00:00.500") if isinstance(row, Record)]
    assert [row.at for row in found] == [f"2025-06-01 {at}.500000" for at in ("11:59:56", "12:00:00", "11:59:52")]
    assert [page_view.from_wire(row.data)["OccurredAt"] for row in found] == [row.at for row in found]


def test_what_has_no_times_is_not_shifted(tmp_path: Path) -> None:
    with pytest.raises(FileRefusedError, match="no click whose time"):
        open_file(lines(tmp_path / "c.jsonl", "{"), shift_to="2025-06-01 12:00:00")
    with pytest.raises(BadInputError, match="only the times of clicks"):
        open_file(lines(tmp_path / "w.tsv", "A\tB\tlink\t12"), shift_to="2025-06-01 12:00:00")


def test_a_family_goes_where_it_can() -> None:
    assert (ORDERS.target(None), PAGE_VIEWS.target("firehose"), WIKIPEDIA.target(None)) == (
        "kinesis", "firehose", "firehose",
    )  # fmt: skip
    with pytest.raises(BadInputError, match="firehose takes no order lines: choose kinesis or api"):
        ORDERS.target("firehose")
