"""JSON records to one Parquet object, typed by a Glue table.

A whole batch is parsed at once where that is sure to give what the deserializer would give record by record; if
anything in it is out of the ordinary, the batch is read one record at a time, and what cannot be read is set aside.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pa_json
import pyarrow.parquet as pq

from pipeline.local.firehose.buffers import Batch
from pipeline.local.firehose.failures import Failure
from pipeline.local.firehose.openx import ConversionError, Deserializer, Options
from pipeline.local.firehose.schema import Scalar, UnsupportedTypeError, parse

if TYPE_CHECKING:
    from array import array
    from collections.abc import Sequence

    from pipeline.local.firehose.destination import Conversion
    from pipeline.local.firehose.schema import Type

# Large enough for a record of the greatest size (1,000 KiB).
_BLOCK_BYTES = 4 << 20
# The one form of timestamp that is surely the same to Arrow and to the deserializer.
_TIMESTAMP = r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,6})?$"
_READ_AT_ONCE = {"string", "boolean", "int", "integer", "bigint", "double", "timestamp"}
_BRACE, _END_BRACE, _NEWLINE = b"{}\n"


@dataclass(frozen=True, slots=True)
class Converted:
    """A Parquet object (None without rows), how many records are in it, and those that failed."""

    parquet: bytes | None
    records: int
    failures: list[Failure]


def convert(batch: Batch, columns: Sequence[tuple[str, str]] | None, conversion: Conversion) -> Converted:
    """The batch as Parquet; `columns` are the Glue table's names and types, None when there is no such table."""
    if not columns:
        table = f"{conversion.database}.{conversion.table}"
        return _all_failed(
            batch,
            "EntityNotFound",
            "The specified table/database could not be found. Please ensure that the table/database exists and that "
            f"the values provided in the schema configuration are correct, especially with regards to casing: {table}",
        )
    try:
        types = [(name, parse(kind)) for name, kind in columns]
    except UnsupportedTypeError as error:
        return _all_failed(batch, "InvalidSchema", f"The schema is invalid. {error}")
    tables, failures = _rows(batch, types, conversion)
    if not tables:
        return Converted(None, batch.count - len(failures), failures)
    return Converted(_parquet(pa.concat_tables(tables), conversion), batch.count - len(failures), failures)


def _all_failed(batch: Batch, code: str, message: str) -> Converted:
    return Converted(None, 0, [Failure(record, f"DataFormatConversion.{code}", message) for record in batch])


def _rows(
    batch: Batch, types: Sequence[tuple[str, Type]], conversion: Conversion
) -> tuple[list[pa.Table], list[Failure]]:
    at_once = _can_read_at_once(types, conversion)
    table = _read_at_once(batch, types, conversion) if at_once else None
    if table is not None:
        return [table], []
    if at_once and len(batch.chunks) > 1:
        # What is out of the ordinary is most often in few places.
        middle = len(batch.chunks) // 2
        parts = [_rows(Batch(part), types, conversion) for part in (batch.chunks[:middle], batch.chunks[middle:])]
        return [table for tables, _ in parts for table in tables], [bad for _, found in parts for bad in found]
    return _one_by_one(batch, types, conversion)


def _one_by_one(
    batch: Batch, types: Sequence[tuple[str, Type]], conversion: Conversion
) -> tuple[list[pa.Table], list[Failure]]:
    options = Options(conversion.case_insensitive, conversion.dots_to_underscores, conversion.keys)
    deserializer = Deserializer(types, options)
    rows, failures = [], []
    for record in batch:
        try:
            rows += deserializer.rows(record.data)
        except ConversionError as error:
            failures.append(Failure(record, error.code, str(error)))
    if not rows:
        return [], failures
    cells = zip(*rows, strict=True)
    arrays = [pa.array(cell, kind.arrow) for cell, (_, kind) in zip(cells, types, strict=True)]
    return [pa.table(arrays, names=[name for name, _ in types])], failures


def _can_read_at_once(types: Sequence[tuple[str, Type]], conversion: Conversion) -> bool:
    keys = {conversion.keys.get(name, name) for name, _ in types}
    if conversion.case_insensitive or conversion.dots_to_underscores or len(keys) < len(types):
        return False
    return all(isinstance(kind, Scalar) and kind.name in _READ_AT_ONCE for _, kind in types)


def _read_at_once(batch: Batch, types: Sequence[tuple[str, Type]], conversion: Conversion) -> pa.Table | None:
    """The rows, or None when only reading record by record can tell what they are."""
    lines = _lines(batch)
    if lines is None:
        return None
    keys = [conversion.keys.get(name, name) for name, _ in types]
    asked = pa.schema([(key, _read_as(kind)) for key, (_, kind) in zip(keys, types, strict=True)])
    try:
        table = pa_json.read_json(
            pa.BufferReader(lines),
            # One thread: the others are needed by those who send.
            pa_json.ReadOptions(use_threads=False, block_size=_BLOCK_BYTES),
            pa_json.ParseOptions(explicit_schema=asked, unexpected_field_behavior="ignore"),
        )
        table.validate(full=True)  # finds text that is not UTF-8
        cells = [_checked(table[key], kind) for key, (_, kind) in zip(keys, types, strict=True)]
    except pa.ArrowInvalid:
        return None
    return pa.table(cells, names=[name for name, _ in types])


def _lines(batch: Batch) -> bytes | None:
    """The records as lines; None unless each is one line that starts with a brace and ends with one.

    That is what keeps one record's text from running into the next one's: no JSON document holds `}` and then `{`.
    """
    data, sizes = batch.data, batch.sizes
    if _are_framed(data, sizes, b"}\n"):
        return data
    if _are_framed(data, sizes, b"}"):
        return b"\n".join(record.data for record in batch)
    return None


def _are_framed(data: bytes, sizes: array[int], ending: bytes) -> bool:
    lengths = np.frombuffer(sizes, dtype=np.uintc).astype(np.int64)
    if not lengths.size or int(lengths.min()) <= len(ending):
        return False
    characters = np.frombuffer(data, dtype=np.uint8)
    ends = np.cumsum(lengths)
    if not bool((characters[ends - lengths] == _BRACE).all()):
        return False
    return all(
        bool((characters[ends - len(ending) + number] == character).all()) for number, character in enumerate(ending)
    )


def _read_as(kind: Type) -> pa.DataType:
    return pa.string() if kind == Scalar("timestamp") else kind.arrow


def _checked(cells: pa.ChunkedArray, kind: Type) -> pa.ChunkedArray:
    """The column in its own type; raises ArrowInvalid for what the deserializer may read otherwise."""
    if kind == Scalar("timestamp"):
        if pc.all(pc.match_substring_regex(cells, _TIMESTAMP)).as_py() is False:
            raise pa.ArrowInvalid("a timestamp of another form")
        return cells.cast(pa.timestamp("us"))
    if kind == Scalar("double") and pc.all(pc.is_finite(cells)).as_py() is False:
        raise pa.ArrowInvalid("a number that JSON does not have")
    return cells


def _parquet(table: pa.Table, conversion: Conversion) -> bytes:
    compression = {"UNCOMPRESSED": "none"}.get(conversion.compression, conversion.compression.lower())
    sink = pa.BufferOutputStream()
    pq.write_table(
        table,
        sink,
        compression=compression,
        use_dictionary=conversion.dictionary,
        data_page_size=conversion.page_bytes,
        data_page_version="2.0" if conversion.writer == "V2" else "1.0",
        store_schema=False,
    )
    return bytes(sink.getvalue())
