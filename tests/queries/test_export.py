from __future__ import annotations

import csv
import io
from decimal import Decimal

import pandas as pd
import pyarrow.parquet as pq
import pytest

from queries import export

ROWS = pd.DataFrame(
    {
        "name": ["=1+1", "+44", "-x", "@a", "\tb", "plain", None, 'a,"b"\r\nc'],
        "amount": [Decimal("-1.5000"), Decimal(2), Decimal("0.0001"), *[Decimal(0)] * 5],
        "units": [-5, *range(7)],
        "at": pd.to_datetime(["2011-01-01 08:26:00"] * 8),
    }
)


def test_text_is_made_safe_and_numbers_are_untouched() -> None:
    found = list(csv.DictReader(io.StringIO(export.csv([ROWS]).decode(), newline="")))
    assert [row["name"] for row in found] == ["'=1+1", "'+44", "'-x", "'@a", "'\tb", "plain", "", 'a,"b"\r\nc']
    assert [row["amount"] for row in found[:3]] == ["-1.5000", "2", "0.0001"]
    assert found[0]["units"] == "-5"
    assert found[0]["at"] == "2011-01-01 08:26:00"


def test_a_column_that_would_be_a_formula_is_made_safe_too() -> None:
    assert export.csv([pd.DataFrame({"=x": [1]})]) == b"'=x\r\n1\r\n"


def test_parts_become_one_file_with_one_header() -> None:
    assert export.csv([ROWS, ROWS]).decode().count("name,amount") == 1
    table = pq.read_table(io.BytesIO(export.parquet([ROWS, ROWS.head(1)])))
    assert table.num_rows == 9
    assert table.column("name")[0].as_py() == "=1+1"  # no spreadsheet runs it there
    assert table.column("amount")[0].as_py() == Decimal("-1.5")
    assert table.column("units")[0].as_py() == -5


def test_counts_and_ids_are_whole_numbers_also_where_some_are_missing() -> None:
    rows = pd.DataFrame({"orders": [Decimal(21), None], "net_sales": [Decimal("2.5000"), None], "id": [17850, None]})
    rows = rows.astype({"id": "Int64"})
    assert export.csv([rows]) == b"orders,net_sales,id\r\n21,2.5000,17850\r\n,,\r\n"
    types = {field.name: str(field.type) for field in pq.read_table(io.BytesIO(export.parquet([rows]))).schema}
    assert types == {"orders": "int64", "net_sales": "decimal128(38, 4)", "id": "int64"}


def test_counts_are_whole_numbers_in_a_csv_too() -> None:
    rows = pd.DataFrame({"segment": ["a", "b"], "customers": pd.Series([1098, None], dtype=object)})
    assert export.csv([rows]) == b"segment,customers\r\na,1098\r\nb,\r\n"


def test_nothing_is_a_file_too() -> None:
    assert export.csv([]) == b""
    assert pq.read_table(io.BytesIO(export.parquet([]))).num_rows == 0


@pytest.mark.parametrize("parts", [[ROWS.assign(amount=None), ROWS], [ROWS, ROWS.assign(name=None)]])
def test_a_part_without_values_fits_the_others(parts: list[pd.DataFrame]) -> None:
    assert pq.read_table(io.BytesIO(export.parquet(parts))).num_rows == 16
