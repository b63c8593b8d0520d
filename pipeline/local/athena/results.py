"""A query's result as Athena leaves it in S3, and as GetQueryResults reads it back from there.

The file is all there is: nothing of a result is kept in memory (Athena user guide, "Work with query results": one
`.csv` for a SELECT, every value in double quotes, NULL as nothing; one `.txt` for other statements).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pipeline.errors import LocalCloudError
from pipeline.local import objects
from pipeline.local.athena import types
from pipeline.local.athena.failures import RESULT_NOT_WRITTEN, SYSTEM, QueryFailure
from pipeline.local.athena.types import name_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from duckdb import DuckDBPyConnection

_CSV, _TXT = "application/octet-stream", "text/plain"
_VALUE = re.compile(rb'"((?:[^"]|"")*)"|')
_LINES_AT_ONCE = 50_000


def select(cursor: DuckDBPyConnection, sql: str, names: Sequence[str]) -> tuple[list[dict[str, Any]], bytes]:
    """Run a query; returns the ColumnInfo of its columns and its rows as Athena's CSV, headed by their names."""
    kinds = cursor.sql(sql).types
    columns = [f"c{at}" for at in range(len(kinds))]
    texts = ", ".join(
        f"""coalesce('"' || replace({types.text_of(name_of(c), k)}, '"', '""') || '"', '')"""
        for c, k in zip(columns, kinds, strict=True)
    )
    named = f"({sql}) r({', '.join(map(name_of, columns))})"
    cursor.execute(f"select concat_ws(',', {texts}) from {named}")  # noqa: S608 - the query is what is to be run
    lines = [",".join('"' + name.replace('"', '""') + '"' for name in names)]
    while rows := cursor.fetchmany(_LINES_AT_ONCE):
        lines.extend(line for (line,) in rows)
    info = [types.column_info(name, kind) for name, kind in zip(names, kinds, strict=True)]
    return info, ("\n".join(lines) + "\n").encode()


def write(location: str, body: bytes, columns: Sequence[dict[str, Any]]) -> None:
    """Put a result and its metadata where Athena does; raises QueryFailure when S3 does not take them."""
    bucket, _, key = location.removeprefix("s3://").partition("/")
    # Athena's own metadata file is binary and meant for itself; clients only expect that it is there.
    described = "".join(f"{column['Name']}\t{column['Type']}\n" for column in columns).encode()
    try:
        objects.put(bucket, f"{key}.metadata", described, _CSV)
        objects.put(bucket, key, body, _TXT if key.endswith(".txt") else _CSV)
    except LocalCloudError as error:
        message = f"GENERIC_INTERNAL_ERROR: Unable to write results to {location}: {error}"
        raise QueryFailure(message, RESULT_NOT_WRITTEN, SYSTEM) from error


def page(location: str, token: str | None, most: int) -> tuple[list[dict[str, Any]], str | None]:
    """Up to `most` rows of a result from `token` on, and the token of the next page.

    A token is an offset into the file. Raises FileNotFoundError when the result is gone, ValueError for a token
    that is not ours.
    """
    bucket, _, key = location.removeprefix("s3://").partition("/")
    rows: list[dict[str, Any]] = []
    is_csv = key.endswith(".csv")
    with objects.path(bucket, key).open("rb") as file:
        begin = int(token or 0)
        if begin < 0:
            raise ValueError(token)
        file.seek(begin)
        while len(rows) < most and (record := file.readline()):
            # A quoted value may hold line breaks.
            while is_csv and record.count(b'"') % 2 and (more := file.readline()):
                record += more
            rows.append({"Data": _data(record[:-1]) if is_csv else [{"VarCharValue": record[:-1].decode()}]})
        end = file.tell()
        return rows, str(end) if file.read(1) else None


def _data(record: bytes) -> list[dict[str, str]]:
    """One line of a CSV as Datum entries; NULL is an empty Datum."""
    data, at = [], 0
    while True:
        found = _VALUE.match(record, at)
        text = found.group(1) if found is not None else None
        data.append({} if text is None else {"VarCharValue": text.decode().replace('""', '"')})
        at = (found.end() if found is not None else at) + 1
        if at > len(record):
            return data
