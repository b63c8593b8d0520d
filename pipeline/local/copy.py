"""Redshift's COPY from JSON lines in S3, on the local warehouse.

What it does with bad rows is as the Redshift developer guide says ("Data load operations",
"SYS_LOAD_ERROR_DETAIL"): a row that does not fit is left out and explained in
sys_load_error_detail; once there are MAXERROR of them the load fails, and nothing of it stays but the explanations.
Each line holds one object, or several: Firehose's records are lines.
"""

from __future__ import annotations

import gzip
import json
import logging
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import psycopg
from psycopg import sql

from pipeline.errors import CloudDownError, LocalCloudError, NotFoundError
from pipeline.local import load_blocks
from pipeline.local import objects as s3
from pipeline.local.copy_command import CopyCommand, CopyFailedError, Options, Path, paths
from pipeline.local.load_values import BAD_LINE, BAD_UTF8, Column, Number, Real, Value, ValueRefusedError, converter

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import LiteralString

    from pipeline.local.warehouse import Warehouse

_BLOCK_ROWS = 2_000

# What text format writes with a backslash. A NUL has no place in PostgreSQL's texts.
_ESCAPES = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})

_COLUMNS = """
    select attname, atttypid::regtype::text, atttypmod, attnotnull
    from pg_attribute where attrelid = %s::regclass and attnum > 0 and not attisdropped
"""
_SHORT_NAMES = {
    "smallint": "int2",
    "integer": "int4",
    "bigint": "int8",
    "boolean": "bool",
    "double precision": "float8",
    "character varying": "varchar",
    "timestamp without time zone": "timestamp",
}

__all__ = ["CopyCommand", "CopyFailedError", "CopyResult", "copy"]

logger = logging.getLogger("weir.local.warehouse")


@dataclass(frozen=True)
class CopyResult:
    """How many rows were loaded, and how many were left out."""

    loaded: int
    errors: int


class _LoadError(NamedTuple):
    """One row of sys_load_error_detail, but for what all rows of a load share."""

    file_name: str
    line_number: int
    refused: ValueRefusedError


def copy(warehouse: Warehouse, command: CopyCommand, objects: Iterable[tuple[str, str]]) -> CopyResult:
    """Load the objects (bucket, key) in one transaction. Call inside `Host.scope()`.

    Raises CopyFailedError when bad rows reach MAXERROR or the load cannot be done at all, CloudDownError when the
    warehouse does not answer. Nothing is loaded then.
    """
    options = Options.parse(command.options)
    try:
        connection = warehouse.connect()
    except (psycopg.Error, LocalCloudError) as error:
        raise CloudDownError(f"The warehouse does not answer: {error}") from error
    errors: list[_LoadError] = []
    try:
        with connection:
            loaded = _Load(command, options, connection, errors).run(objects)
            failed = len(errors) >= max(options.max_error, 1)
            if failed:
                connection.rollback()
        if errors:
            _explain(warehouse, command.table, errors)
    except (psycopg.Error, NotFoundError) as error:
        raise CopyFailedError(f"COPY {command.table} failed: {error}") from error
    if failed:
        message = f"Load into table '{command.table}' failed. Check 'sys_load_error_detail' for details."
        raise CopyFailedError(message)
    return CopyResult(loaded, len(errors))


class _Load:
    """One COPY under way."""

    def __init__(
        self, command: CopyCommand, options: Options, connection: psycopg.Connection, errors: list[_LoadError]
    ) -> None:
        self._command = command
        self._unzip = options.unzip
        self._round_decimals = options.round_decimals
        self._limit = max(options.max_error, 1)
        self._connection = connection
        self._errors = errors
        known = _columns(connection, command.table)
        try:
            self._columns = [known[name] for name in command.columns or known]
        except KeyError as error:
            raise CopyFailedError(f"COPY {command.table}: column {error} does not exist.") from None
        if not options.round_decimals and any(column.type == "numeric" for column in self._columns):
            logger.warning("COPY %s without ROUNDEC cuts digits off: 2.55 may become 2.5499.", command.table)
        self._paths = paths(options.jsonpaths, [column.name for column in self._columns])
        self._converters = [converter(each, round_decimals=options.round_decimals) for each in self._columns]
        self._decoder = json.JSONDecoder(parse_float=Real, parse_int=Number, parse_constant=Real)

    def run(self, objects: Iterable[tuple[str, str]]) -> int:
        """The number of rows written; stops where the errors reach MAXERROR."""
        loaded = 0
        for bucket, key in objects:
            body = _body(bucket, key, unzip=self._unzip)
            block = self._block(body)
            if block is not None:
                loaded += self._write([block.csv], block.rows, "format csv")
                continue
            rows = list(self._rows(f"s3://{bucket}/{key}", body))
            parts = ("".join(rows[at : at + _BLOCK_ROWS]).encode() for at in range(0, len(rows), _BLOCK_ROWS))
            loaded += self._write(parts, len(rows), "format text")
            if len(self._errors) >= self._limit:
                break
        return loaded

    def _block(self, body: bytes) -> load_blocks.Block | None:
        names = [str(path[0]) for path in self._paths if len(path) == 1 and isinstance(path[0], str)]
        if len(names) < len(self._paths):
            return None
        return load_blocks.read(body, names, self._columns, round_decimals=self._round_decimals)

    def _write(self, parts: Iterable[bytes], rows: int, style: LiteralString) -> int:
        target = sql.SQL("copy {} ({}) from stdin ({})").format(
            sql.Identifier(self._command.table),
            sql.SQL(", ").join(sql.Identifier(column.name) for column in self._columns),
            sql.SQL(style),
        )
        with self._connection.cursor() as cursor, cursor.copy(target) as sink:
            for part in parts:
                sink.write(part)
        return rows

    def _rows(self, file_name: str, body: bytes) -> Iterator[str]:
        for number, line in enumerate(body.split(b"\n"), start=1):
            try:
                text = _decoded(line)
                for record in self._records(text):
                    yield self._row(record, escaped="\\" in text)
            except ValueRefusedError as refused:
                self._errors.append(_LoadError(file_name, number, refused))
                if len(self._errors) >= self._limit:
                    return

    def _row(self, record: Value, *, escaped: bool) -> str:
        """A row of PostgreSQL's text format. Only a line with a backslash can hold what must be escaped."""
        fields = []
        for column, path, convert in zip(self._columns, self._paths, self._converters, strict=True):
            try:
                field = convert(_at(record, path))
                if field is not None and escaped:
                    field = _escaped(field)
            except ValueRefusedError as refused:
                refused.column = column
                raise
            fields.append("\\N" if field is None else field)
        return "\t".join(fields) + "\n"

    def _records(self, text: str) -> Iterator[Value]:
        position = len(text) - len(text.lstrip())
        while position < len(text):
            try:
                record, end = self._decoder.raw_decode(text, position)
            except (ValueError, RecursionError) as error:
                message = f"Invalid JSON: {error}"
                raise ValueRefusedError(BAD_LINE, message, getattr(error, "pos", 0)) from None
            if not isinstance(record, dict | list):
                raise ValueRefusedError(BAD_LINE, "Invalid JSON: an object or an array is wanted", position)
            yield record
            position = len(text) - len(text[end:].lstrip())


def _columns(connection: psycopg.Connection, table: str) -> dict[str, Column]:
    columns = {}
    for name, long_type, modifier, not_null in connection.execute(_COLUMNS, [table]):
        type_ = _SHORT_NAMES.get(str(long_type)) or str(long_type)
        size = modifier - 4  # PostgreSQL keeps lengths and precisions with 4 added
        length = max(size, 0) if type_ == "varchar" else 0
        precision, scale = (size >> 16, size & 0xFFFF) if type_ == "numeric" and size > 0 else (38, 0)
        columns[name] = Column(name, type_, length, precision, scale, not_null)
    return columns


def _at(record: Value, path: Path) -> Value:
    """What the path leads to, None where it leads nowhere."""
    found: object = record
    for step in path:
        if isinstance(step, int):
            found = found[step] if isinstance(found, list) and step < len(found) else None
        else:
            found = found.get(step) if isinstance(found, dict) else None
    return found  # type: ignore[return-value]


def _body(bucket: str, key: str, *, unzip: bool) -> bytes:
    body = s3.get(bucket, key)
    if not unzip:
        return body
    try:
        return gzip.decompress(body)
    except (OSError, EOFError, zlib.error) as error:
        raise CopyFailedError(f"COPY: s3://{bucket}/{key} is not gzip: {error}") from error


def _decoded(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError as error:
        wrong = f"{line[error.start]:x}"
        message = f"String contains invalid or unsupported UTF-8 codepoints. Bad UTF-8 hex sequence: {wrong}"
        raise ValueRefusedError(BAD_UTF8, message, error.start) from None


def _escaped(field: str) -> str:
    if "\0" in field:
        raise ValueRefusedError(BAD_UTF8, "String contains invalid or unsupported UTF-8 codepoints", field.index("\0"))
    return field.translate(_ESCAPES)


def _explain(warehouse: Warehouse, table: str, errors: list[_LoadError]) -> None:
    """Write sys_load_error_detail in a transaction of its own: it tells of loads that were rolled back."""
    with warehouse.connect() as connection, connection.cursor() as cursor:
        cursor.execute("select nextval('sys_query_id'), %s::regclass::oid::int", [table])
        shared = cursor.fetchone() or ()
        cursor.executemany(
            """
            insert into sys_load_error_detail (
                user_id, query_id, transaction_id, session_id, database_name, table_id, start_time, file_name,
                line_number, column_name, column_type, column_length, position, error_code, error_message
            )
            select usesysid::int, %s, pg_current_xact_id()::text::bigint, pg_backend_pid(), current_database(), %s,
                now() at time zone 'utc', %s, %s, %s, %s, %s, %s, %s, %s
            from pg_user where usename = current_user
            """,
            [(*shared, *_explained(error)) for error in errors],
        )


def _explained(error: _LoadError) -> tuple[str | int, ...]:
    column = error.refused.column
    names = (column.name[:127], column.type[:10], str(column.length or "")) if column else ("", "", "")
    refused = error.refused
    return (error.file_name[:256], error.line_number, *names, refused.position, refused.code, str(refused)[:512])
