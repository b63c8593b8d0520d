"""The quick way of COPY: a whole body of JSON lines at once, when nothing in it needs a closer look.

It takes a body only when every value is plainly what its column wants, in the one form that our own records have;
anything else is for the row by row way of load_values.py, which alone decides what is refused and why. What both
take, both load alike.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.local.load_values import Column

_INTEGERS = {"int2": pa.int16(), "int4": pa.int32(), "int8": pa.int64()}
_TIMESTAMP = r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,6})?$"
# Decimals of so many digits come through a double unharmed.
_EXACT = 10**11


class Block(NamedTuple):
    """Rows as CSV for PostgreSQL, where an empty cell without quotes is NULL, and how many."""

    csv: bytes
    rows: int


class _CloserLookError(Exception):
    """Something in the body is for the row by row way."""


def read(body: bytes, names: Sequence[str], columns: Sequence[Column], *, round_decimals: bool) -> Block | None:
    """The rows of `body`, the value `names[i]` of each object for `columns[i]`; None when it needs a closer look."""
    if not body.strip():
        return Block(b"", 0)
    if len(set(names)) < len(names):
        return None
    schema = pa.schema([(name, _arrow_type(column)) for name, column in zip(names, columns, strict=True)])
    try:
        table = pyarrow.json.read_json(
            io.BytesIO(body),
            read_options=pyarrow.json.ReadOptions(block_size=max(len(body), 1 << 20)),
            parse_options=pyarrow.json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore"),
        )
        cells = [
            _cells(table[name], column, round_decimals=round_decimals)
            for name, column in zip(names, columns, strict=True)
        ]
    except (pa.ArrowException, _CloserLookError):
        return None
    sink = io.BytesIO()
    style = pyarrow.csv.WriteOptions(include_header=False, quoting_style="needed")
    pyarrow.csv.write_csv(pa.table(cells, names=[str(at) for at in range(len(cells))]), sink, style)
    return Block(sink.getvalue(), table.num_rows)


def _arrow_type(column: Column) -> pa.DataType:
    if column.type == "numeric":
        return pa.float64()
    return _INTEGERS.get(column.type, pa.string())


def _cells(values: pa.ChunkedArray, column: Column, *, round_decimals: bool) -> pa.ChunkedArray:
    """The column as it is to be written; raises _CloserLookError where one value is not plainly right."""
    if column.not_null and values.null_count:
        raise _CloserLookError
    if column.type == "varchar":
        _demand(not column.length or (pc.max(pc.binary_length(values)).as_py() or 0) <= column.length)
        _demand(not pc.any(pc.match_substring(values, "\0")).as_py())
    elif column.type == "timestamp":
        _demand(pc.all(pc.match_substring_regex(values, _TIMESTAMP)).as_py() is not False)
        pc.cast(values, pa.timestamp("us"))  # raises for a 31st of February
    elif column.type == "numeric":
        # Without ROUNDEC digits are cut off, one value at a time.
        limit = min(_EXACT, 10 ** (column.precision - column.scale))
        _demand(round_decimals and (pc.max(pc.abs(values)).as_py() or 0) < limit)
        # As Decimal's ROUND_HALF_UP, which is away from zero.
        rounded = pc.round(values, column.scale, round_mode="half_towards_infinity")
        values = pc.cast(rounded, pa.decimal128(38, column.scale))
    elif column.type not in _INTEGERS:
        raise _CloserLookError
    return values


def _demand(condition: object) -> None:
    if not condition:
        raise _CloserLookError
