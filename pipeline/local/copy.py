"""Redshift's COPY from JSON lines in S3, on the local warehouse.

What it takes and what it does with bad rows is as the Redshift developer guide says ("COPY from JSON format",
"Data load operations", "SYS_LOAD_ERROR_DETAIL"): a row that does not fit is left out and explained in
sys_load_error_detail; once there are MAXERROR of them the load fails, and nothing of it stays but the explanations.
Each line holds one object, or several: Firehose's records are lines.
"""

from __future__ import annotations

import gzip
import json
import logging
import re
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import psycopg
from psycopg import sql

from pipeline.errors import CloudDownError, NotFoundError, QueryFailedError
from pipeline.local import load_blocks
from pipeline.local import objects as s3
from pipeline.local.load_values import BAD_LINE, BAD_UTF8, Column, Converter, Real, Value, ValueRefusedError, converter

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import LiteralString

    from pipeline.local.warehouse import Warehouse

MOST_ERRORS = 100_000  # "the limit is 100000"
_BLOCK_ROWS = 2_000

_OPTION = re.compile(r"\s*(?:'((?:[^']|'')*)'|([A-Za-z]+)|([0-9]+))")
_PATH = re.compile(r"\$(?:\['[^']+'\]|\[[0-9]+\]|\.[^.'\[\]]+)+")
_STEP = re.compile(r"\['([^']+)'\]|\[([0-9]+)\]|\.([^.'\[\]]+)")
_TIME_FORMATS = {"auto", "YYYY-MM-DD HH:MI:SS"}
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

logger = logging.getLogger("weir.local.warehouse")

Path = tuple[str | int, ...]


class CopyFailedError(QueryFailedError):
    """A COPY that loaded nothing."""


@dataclass(frozen=True)
class CopyCommand:
    """`COPY table (columns) FROM ... options`, the parts as a Firehose's CopyCommand has them."""

    table: str
    columns: tuple[str, ...] = ()
    options: str = ""


class _Options(NamedTuple):
    """`jsonpaths` is an s3:// address, or 'auto': names are the columns' own."""

    jsonpaths: str
    unzip: bool
    max_error: int
    round_decimals: bool

    @classmethod
    def parse(cls, options: str) -> _Options:
        """Raises CopyFailedError for an option that the local COPY does not know."""
        tokens = [token for token in _tokens(options) if str(token).upper() not in {"AS", "FORMAT"}]
        jsonpaths, unzip, max_error, round_decimals = "", False, 0, False
        while tokens:
            name = str(tokens.pop(0)).upper()
            value = tokens.pop(0) if tokens and name in {"JSON", "MAXERROR", "TIMEFORMAT"} else None
            if name == "JSON" and isinstance(value, str):
                jsonpaths = value
            elif name == "GZIP":
                unzip = True
            elif name == "ROUNDEC":
                round_decimals = True
            elif name == "MAXERROR" and isinstance(value, int) and value <= MOST_ERRORS:
                max_error = value
            elif name != "TIMEFORMAT" or value not in _TIME_FORMATS:
                shown = name if value is None else f"{name} {value}"
                raise CopyFailedError(f"COPY: the local COPY does not know {shown} in {options!r}.")
        if not jsonpaths:
            raise CopyFailedError(f"COPY: the local COPY loads JSON only, and {options!r} does not ask for it.")
        return cls(jsonpaths, unzip, max_error, round_decimals)


@dataclass(frozen=True)
class CopyResult:
    """How many rows were loaded, and how many were left out."""

    loaded: int
    errors: int


class _LoadError(NamedTuple):
    """One row of sys_load_error_detail, but for what all rows of a load share."""

    file_name: str
    line_number: int
    column: Column | None
    refused: ValueRefusedError


def copy(warehouse: Warehouse, command: CopyCommand, objects: Iterable[tuple[str, str]]) -> CopyResult:
    """Load the objects (bucket, key) in one transaction. Call inside `Host.scope()`.

    Raises CopyFailedError when bad rows reach MAXERROR or the load cannot be done at all, CloudDownError when the
    warehouse does not answer. Nothing is loaded then.
    """
    options = _Options.parse(command.options)
    try:
        connection = warehouse.connect()
    except psycopg.Error as error:
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
        self, command: CopyCommand, options: _Options, connection: psycopg.Connection, errors: list[_LoadError]
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
        self._paths = _paths(options.jsonpaths, self._columns)
        self._converters = [converter(each, round_decimals=options.round_decimals) for each in self._columns]
        self._decoder = json.JSONDecoder(parse_float=Real, parse_int=str, parse_constant=Real)

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
            column: Column | None = None
            try:
                text = _decoded(line)
                for record in self._records(text):
                    fields = []
                    for column, path, convert in zip(self._columns, self._paths, self._converters, strict=True):
                        fields.append(convert(_at(record, path)))
                    yield _text_row(fields, escaped="\\" in text)
                    column = None
            except ValueRefusedError as refused:
                self._errors.append(_LoadError(file_name, number, column, refused))
                if len(self._errors) >= self._limit:
                    return

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


def _tokens(options: str) -> Iterator[str | int]:
    position = 0
    while options[position:].strip():
        token = _OPTION.match(options, position)
        if token is None:
            raise CopyFailedError(f"COPY: syntax error at or near {options[position:].strip()[:20]!r}.")
        quoted, word, number = token.groups()
        yield int(number) if number else word if word else quoted.replace("''", "'")
        position = token.end()


def _columns(connection: psycopg.Connection, table: str) -> dict[str, Column]:
    columns = {}
    for name, long_type, modifier, not_null in connection.execute(_COLUMNS, [table]):
        type_ = _SHORT_NAMES.get(long_type, long_type)
        size = modifier - 4  # PostgreSQL keeps lengths and precisions with 4 added
        length = max(size, 0) if type_ == "varchar" else 0
        precision, scale = (size >> 16, size & 0xFFFF) if type_ == "numeric" and size > 0 else (38, 0)
        columns[name] = Column(name, type_, length, precision, scale, not_null)
    return columns


def _paths(jsonpaths: str, columns: list[Column]) -> list[Path]:
    if jsonpaths != "auto":
        bucket, _, key = jsonpaths.removeprefix("s3://").partition("/")
        try:
            named = json.loads(s3.get(bucket, key))
        except ValueError as error:
            raise CopyFailedError(f"COPY: {jsonpaths} is not JSON: {error}") from error
        # "If the name is any string other than jsonpaths, COPY uses the 'auto' argument."
        if isinstance(named, dict) and "jsonpaths" in named:
            expressions = [str(each) for each in named["jsonpaths"]]
            if len(expressions) != len(columns):
                counts = f"{len(expressions)} paths for {len(columns)} columns"
                raise CopyFailedError(f"COPY: {jsonpaths} has {counts}.")
            return [_path(each) for each in expressions]
    return [(column.name,) for column in columns]


def _path(expression: str) -> Path:
    if not _PATH.fullmatch(expression):
        raise CopyFailedError(f"COPY: {expression!r} is no JSONPath that Redshift supports.")
    return tuple(int(index) if index else quoted or dotted for quoted, index, dotted in _STEP.findall(expression))


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
        message = f"String contains invalid or unsupported UTF-8 codepoints. Bad UTF-8 hex sequence: {line[error.start]:x}"
        raise ValueRefusedError(BAD_UTF8, message, error.start) from None


def _text_row(fields: list[str | None], *, escaped: bool) -> str:
    """A row of PostgreSQL's text format. Only a line with a backslash can hold what must be escaped."""
    if escaped:
        if any("\0" in field for field in fields if field):
            raise ValueRefusedError(BAD_UTF8, "String contains invalid or unsupported UTF-8 codepoints")
        fields = [field and field.translate(_ESCAPES) for field in fields]
    return "\t".join(["\\N" if field is None else field for field in fields]) + "\n"


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
            [
                (
                    *shared,
                    error.file_name[:256],
                    error.line_number,
                    error.column.name[:127] if error.column else "",
                    error.column.type[:10] if error.column else "",
                    str(error.column.length) if error.column and error.column.length else "",
                    error.refused.position,
                    error.refused.code,
                    str(error.refused)[:512],
                )
                for error in errors
            ],
        )
