"""The warehouse's queries as the lake is asked them, and what counts as a difference."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sqlglot
from sqlglot import exp

from queries.figure import Evidence
from queries.lake import require_bounds
from queries.loader import load
from queries.twins import Difference, differences, has_twin, over_files, tables

VALUES: dict[str, object] = {
    "since": datetime(2011, 1, 1),  # noqa: DTZ001 - the engines' timestamps are naive UTC
    "until": datetime(2011, 2, 1),  # noqa: DTZ001
    "least": Decimal("-12.5"),
}
HOURS = {"first": "2026/01/01/00", "last": "2026/01/02/23"}


def evidence(name: str) -> Evidence:
    return Evidence(name, "Redshift", "select 1", {}, 0.1, datetime.now(UTC))


FIGURES = [query for query in load("warehouse").values() if has_twin(evidence(query.name))]


def test_all_figures_have_one_but_what_the_lake_does_not_hold() -> None:
    without = set(load("warehouse")) - {query.name for query in FIGURES}
    own = {name for name in without if name.startswith(("audit_", "trace_", "load_", "copy_", "scanned_"))}
    assert without == own


@pytest.mark.parametrize("query", FIGURES, ids=lambda query: query.name)
def test_each_reads_the_lakes_files_alone_and_bounded(query: Any) -> None:
    asked = over_files(query, {name: VALUES.get(name, "x") for name in query.parameters})
    marked, order = asked.positional()
    assert sorted(set(order)) == sorted(asked.parameters)
    require_bounds(asked, HOURS)
    tree = sqlglot.parse_one(marked, dialect="trino")
    made = {cte.alias for cte in tree.find_all(exp.CTE)}
    assert {table.name for table in tree.find_all(exp.Table)} - made == {"orders"}


def test_what_is_no_text_says_what_it_is() -> None:
    query = load("warehouse")["invoices_found"]
    sql = over_files(query, {**dict.fromkeys(query.parameters, "x"), **VALUES}).sql
    assert "first_at >= cast(:since as timestamp)" in sql
    assert "worth >= cast(:least as decimal(38, 4))" in sql
    assert ":country = ''" in sql


def test_a_table_stands_behind_those_that_it_is_worked_out_from() -> None:
    sql = over_files(load("warehouse")["customers_cutoffs"], {}).sql
    places = [sql.index(f"{name} as (") for name in
              ("order_lines", "invoices_summary", "customers_orders", "customers_ranked", "rfm_cutoffs")]  # fmt: skip
    assert places == sorted(places)
    assert "cohorts" in tables()
    assert "cohorts" not in sql


def test_a_page_of_order_lines_is_cut_in_athenas_order() -> None:
    query = load("warehouse")["lines_of_scope"]
    sql = over_files(query, {**dict.fromkeys(query.parameters, "x"), **VALUES}).sql
    assert sql.endswith("offset :skipped limit :top")


def frame(**columns: list[Any]) -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series(values, dtype=object) for name, values in columns.items()})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Decimal("1.50"), Decimal("1.5000")),
        (2, Decimal(2)),
        (None, None),
        (None, np.nan),
        (date(2011, 1, 1), date(2011, 1, 1)),
        ("a", "a"),
    ],
)
def test_the_same_written_otherwise_is_the_same(one: Any, other: Any) -> None:
    assert differences(frame(country=["France"], value=[one]), frame(country=["France"], value=[other])) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Decimal("1.50"), Decimal("1.51")),
        (None, 0),
        (date(2011, 1, 1), date(2011, 1, 2)),
        ("a", "b"),
    ],
)
def test_a_difference_names_its_row_and_both_values(one: Any, other: Any) -> None:
    found = differences(frame(country=["France"], value=[one]), frame(country=["France"], value=[other]))
    assert found == [Difference(("France",), "value", one, other)]


def test_a_row_that_one_of_them_lacks_differs() -> None:
    ours, theirs = frame(country=["France"], value=[1]), frame(country=["EIRE"], value=[1])
    assert differences(ours, theirs) == [
        Difference(("France",), "value", 1, None),
        Difference(("EIRE",), "value", None, 1),
    ]


def test_rows_without_a_key_are_compared_in_their_order() -> None:
    ours, theirs = frame(name=["a", "b"], value=[5, 6]), frame(name=["a", "b"], value=[5, 7])
    assert differences(ours, theirs) == [Difference((1,), "value", 6, 7)]


def test_no_row_hides_another_that_is_like_it() -> None:
    """Cells of two cohorts in one month; customers of one country; rows that nothing tells apart."""
    for keys in (
        {"cohort": ["2011-01", "2011-02"], "month": ["2011-03"] * 2},
        {"customer_id": [1, 2], "country": ["France"] * 2},
        {"country": ["France"] * 2},
    ):
        ours, theirs = frame(**keys, value=[5, 6]), frame(**keys, value=[4, 6])
        assert [(found.ours, found.theirs) for found in differences(ours, theirs)] == [(5, 4)]


def test_order_lines_are_told_apart_by_their_event_alone() -> None:
    """A corrected line is one that differs, not two that the other engine lacks; half a key is no row of its own."""
    ours = frame(event_id=["1-1", "1-2"], invoice_no=["1", "1"], country=["France", "EIRE"], customer_id=[pd.NA, 7])
    theirs = frame(event_id=["1-2", "1-1"], invoice_no=["1", "1"], country=["EIRE", "Spain"], customer_id=[7, None])
    assert differences(ours, theirs) == [Difference(("1-1",), "country", "France", "Spain")]
