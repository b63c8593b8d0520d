"""Which customers a figure is about: cells of the cohorts as addresses hold them, and what the queries bind."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from pipeline.errors import BadInputError
from queries import segments
from queries.loader import load
from queries.who import EVERYBODY, Cell, Who, parse_cell

if TYPE_CHECKING:
    from queries.loader import Query

AMONG = [query for query in load("warehouse").values() if query.name.endswith("_among")]


@pytest.mark.parametrize("text", ["2011-01+3", "2011-01 3"])  # a plus that is typed is a space in an address
def test_a_cell_comes_back_as_it_was_written(text: str) -> None:
    cell = parse_cell(text)
    assert cell == Cell(date(2011, 1, 1), 3)
    assert cell.address == "2011-01+3"


@pytest.mark.parametrize("text", ["", "2011-01", "2011-13+1", "2011-01+-1", "2011-01+1000", "1811-01+1", "' or 1=1 --"])
def test_anything_else_is_no_cell(text: str) -> None:
    with pytest.raises(BadInputError, match="is no cohort"):
        parse_cell(text)


def test_a_cells_month_may_be_years_later() -> None:
    assert Cell(date(2010, 12, 1), 0).month == date(2010, 12, 1)
    assert Cell(date(2010, 12, 1), 1).month == date(2011, 1, 1)
    assert Cell(date(2010, 12, 1), 25).month == date(2013, 1, 1)


def test_a_cells_month_ends_where_the_next_begins() -> None:
    cell = Cell(date(2010, 11, 1), 1)
    assert [f"{moment:%Y-%m-%d %H:%M}" for moment in cell.ordered] == ["2010-12-01 00:00", "2011-01-01 00:00"]


def test_everybody_is_within_all_bounds() -> None:
    bound = EVERYBODY.bound()
    assert EVERYBODY.everybody
    assert bound["of_cell"] == 0
    assert {bound[f"least_{name}"] for name in ("recency", "frequency", "mean")} == {0}
    assert {bound[f"greatest_{name}"] for name in ("recency", "frequency", "mean")} == {5}


def test_a_segments_bounds_are_its_own() -> None:
    for segment in segments.SEGMENTS:
        bound = Who(segment).bound()
        for name in ("recency", "frequency", "mean"):
            assert (bound[f"least_{name}"], bound[f"greatest_{name}"]) == getattr(segment, name)
        assert not Who(segment).everybody
    assert not Who(cell=Cell(date(2011, 1, 1), 1)).everybody


@pytest.mark.parametrize("query", AMONG, ids=lambda query: query.name)
def test_a_query_among_some_knows_whom_and_all_that_its_query_of_everybody_knows(query: Query) -> None:
    of_everybody = load("warehouse")[query.name.removesuffix("_among")]
    assert set(query.parameters) == {*of_everybody.parameters, *EVERYBODY.bound()}
