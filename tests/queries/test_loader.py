from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from queries import loader
from queries.loader import Query, SqlFileError, load, parse

if TYPE_CHECKING:
    from pathlib import Path

GOOD = """-- One row per hour from :first on.
-- :first string  the first hour
select datehour, count(*) as records -- not :this
from orders
where datehour >= :first and note <> ':that' and x = y::date and datehour <> :first
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "some_figure.sql"
    path.write_text(text)
    return path


def test_a_file_becomes_a_query_named_after_it(tmp_path: Path) -> None:
    query = parse(write(tmp_path, GOOD), "lake")
    assert query.name == "some_figure"
    assert query.grain == "One row per hour from :first on."
    assert query.parameters == ("first",)
    assert query.sql.startswith("select datehour")


def test_question_marks_stand_only_where_a_value_is_bound(tmp_path: Path) -> None:
    sql, order = parse(write(tmp_path, GOOD), "lake").positional()
    assert order == ["first", "first"]
    assert sql.count("?") == 2
    assert ":this" in sql
    assert "':that'" in sql
    assert "y::date" in sql


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ("select 1\n", 1, "grain"),
        ("-- Sales by hour.\nselect 1\n", 1, "grain"),
        ("", 1, "grain"),
        ("-- One row.\n", 2, "no SQL"),
        ("-- One row.\nselect 1\nfrom t\nwhere a = :b\n", 4, ":b is unknown"),
        ("-- One row.\n-- :a integer  what\n-- :b integer  what\nselect :a\n", 3, ":b is not used"),
        ("-- One row.\n-- :a integer  what\n-- :a integer  again\nselect :a\n", 3, ":a is told of twice"),
        ("-- One row.\n-- :a integer  what\nselect ':a' -- :a\n", 2, ":a is not used"),
    ],
)
def test_a_wrong_file_is_refused_by_name_and_line(tmp_path: Path, text: str, line: int, why: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(SqlFileError, match=re.escape(f"{path}:{line}: ") + ".*" + re.escape(why)):
        parse(path, "warehouse")


PART = """-- One row per hour: `hours`.
-- :first string  the first hour
hours as (select datehour from orders where datehour >= :first),
"""
WHOLE = """-- One row: how many hours.
-- :least integer  how many there must be
with
-- include: hours

final as (select count(*) as found from hours where datehour > :first)

select found from final where found > :least
"""


def part_of(folder: Path, text: str) -> Path:
    (folder / "parts").mkdir()
    (folder / "parts" / "hours.sql").write_text(text)
    return folder


def test_a_part_stands_where_it_is_included_and_brings_its_parameters(tmp_path: Path) -> None:
    query = parse(write(part_of(tmp_path, PART), WHOLE), "lake")
    assert query.grain == "One row: how many hours."
    assert query.parameters == ("first", "least")
    assert query.sql.startswith("with\nhours as (select datehour from orders where datehour >= :first),\n\nfinal as")
    assert query.positional()[1] == ["first", "first", "least"]


@pytest.mark.parametrize(
    ("part", "text", "where", "why"),
    [
        (PART, WHOLE.replace("include: hours", "include: days"), "some_figure.sql:4: ", "there is no part"),
        (
            PART,
            WHOLE.replace("-- :least", "-- :first string  again\n-- :least"),
            "some_figure.sql:2: ",
            ":first is told of in a part",
        ),
        (PART, WHOLE.replace(":least\n", ":most\n"), "some_figure.sql:8: ", ":most is unknown"),
        (PART.replace("One row", "Rows"), WHOLE, "hours.sql:1: ", "grain"),
        (PART.replace(":first),", "'x'),"), WHOLE, "hours.sql:2: ", ":first is not used"),
    ],
    ids=["missing", "told twice", "unknown", "no grain", "not used"],
)
def test_a_wrong_part_is_refused_by_name_and_line(tmp_path: Path, part: str, text: str, where: str, why: str) -> None:
    with pytest.raises(SqlFileError, match=re.escape(where) + ".*" + re.escape(why)):
        parse(write(part_of(tmp_path, part), text), "lake")


def test_every_part_is_included_somewhere() -> None:
    for engine in ("warehouse", "lake"):
        folder = loader.SQL / engine
        text = "\n".join(path.read_text() for path in folder.rglob("*.sql"))
        assert not [path.stem for path in folder.glob("parts/*.sql") if f"\n-- include: {path.stem}\n" not in text]


def test_loading_stops_at_the_first_wrong_file(tmp_path: Path) -> None:
    (tmp_path / "lake").mkdir()
    (tmp_path / "lake" / "a.sql").write_text(GOOD)
    (tmp_path / "lake" / "b.sql").write_text("select 1")
    with pytest.raises(SqlFileError, match=r"b\.sql:1"):
        load("lake", tmp_path)


@pytest.mark.parametrize("engine", ["warehouse", "lake"])
def test_all_files_of_ours_load(engine: str) -> None:
    names = {path.stem for path in (loader.SQL / engine).glob("*.sql")}
    assert names
    assert set(load(engine)) == names


def test_no_value_is_written_into_a_text() -> None:
    for engine in ("warehouse", "lake"):
        for query in load(engine).values():
            assert "%" not in query.sql
            assert "{" not in query.sql


def test_a_query_takes_its_parameters_and_no_others() -> None:
    query = Query("q", "lake", "One row.", "select :a", ("a",))
    query.check({"a": 1})
    for wrong in ({}, {"a": 1, "b": 2}, {"b": 2}):
        with pytest.raises(TypeError, match="q takes"):
            query.check(wrong)
