"""Rows as files to take away. Text that a spreadsheet would run is made safe; numbers stay as they are."""

from __future__ import annotations

import io
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from collections.abc import Iterable

# OWASP ASVS 1.2.10: what a spreadsheet takes for a formula when a cell begins with it.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
CSV = "text/csv"
PARQUET = "application/vnd.apache.parquet"


def csv(parts: Iterable[pd.DataFrame]) -> bytes:
    """UTF-8 with a header, exact numbers; a text cell that would be a formula begins with an apostrophe."""
    written = io.StringIO()
    for place, part in enumerate(parts):
        _safe(part).to_csv(written, index=False, header=place == 0, lineterminator="\r\n")
    return written.getvalue().encode()


def parquet(parts: Iterable[pd.DataFrame]) -> bytes:
    """The same rows with their types: decimals stay decimals, counts are whole numbers, text stays as it is."""
    tables = [pa.Table.from_pandas(_typed(part), preserve_index=False) for part in parts]
    sink = io.BytesIO()
    pq.write_table(pa.concat_tables(tables, promote_options="permissive") if tables else pa.table({}), sink)
    return sink.getvalue()


def _safe(frame: pd.DataFrame) -> pd.DataFrame:
    # As objects: a map would make floats of whole numbers where one is missing.
    safe = {
        str(name): pd.Series([_safe_cell(value) for value in frame[name]], index=frame.index, dtype=object)
        for name in frame.columns
        if not _numeric(frame[name])
    }
    return frame.assign(**safe).rename(columns=_safe_cell)


def _safe_cell(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _numeric(column: pd.Series[Any]) -> bool:
    return pd.api.types.is_numeric_dtype(column) or pd.api.types.is_datetime64_any_dtype(column)


def _typed(frame: pd.DataFrame) -> pd.DataFrame:
    """Decimals of one width, so that parts of one table go together; those without a fraction are counts."""
    types = {name: _decimals(frame[name]) for name in frame.columns if frame[name].dtype == object}
    return frame.astype({name: pd.ArrowDtype(found) for name, found in types.items() if found is not None})


def _decimals(column: pd.Series[Any]) -> pa.DataType | None:
    """The type of a column of numerics; None for any other. What a query calls a numeric with decimals has them all."""
    exponents = {int(value.as_tuple().exponent) for value in column if isinstance(value, Decimal)}
    if not exponents:
        return None
    return pa.int64() if exponents == {0} else pa.decimal128(38, 4)
