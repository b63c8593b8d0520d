"""Statements about the catalog: SHOW, DESCRIBE, and views that come and go."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline.local.athena import catalog, statements
from pipeline.local.athena.catalog import LakeTable, View
from pipeline.local.athena.failures import DDL_FAILED, USER_ERROR, QueryFailure
from pipeline.local.athena.statements import Kind, Statement
from pipeline.local.athena.types import text_column_info

if TYPE_CHECKING:
    from collections.abc import Callable

_NAME = r'(?:[\w]+|`[^`]+`|"[^"]+")'
_PATH = rf"{_NAME}(?:\s*\.\s*{_NAME})*"
_CREATE_VIEW = re.compile(rf"CREATE\s+(OR\s+REPLACE\s+)?VIEW\s+({_PATH})\s+AS\s+(.*)\Z", re.IGNORECASE | re.DOTALL)
_DROP_VIEW = re.compile(rf"DROP\s+VIEW\s+(IF\s+EXISTS\s+)?({_PATH})\Z", re.IGNORECASE)
_SHOW_TABLES = re.compile(
    rf"SHOW\s+(TABLES|VIEWS)(?:\s+(?:IN|FROM)\s+({_NAME}))?(?:\s+(?:LIKE\s+)?'([^']*)')?\Z", re.IGNORECASE
)
_SHOW_DATABASES = re.compile(r"SHOW\s+(?:DATABASES|SCHEMAS)(?:\s+LIKE\s+'([^']*)')?\Z", re.IGNORECASE)
_SHOW_COLUMNS = re.compile(rf"SHOW\s+COLUMNS\s+(?:IN|FROM)\s+({_PATH})(?:\s+(?:IN|FROM)\s+({_NAME}))?\Z", re.IGNORECASE)
_SHOW_PARTITIONS = re.compile(rf"SHOW\s+PARTITIONS\s+({_PATH})\Z", re.IGNORECASE)
_SHOW_CREATE_VIEW = re.compile(rf"SHOW\s+CREATE\s+VIEW\s+({_PATH})\Z", re.IGNORECASE)
_DESCRIBE = re.compile(rf"(?:DESCRIBE|DESC)\s+(?:EXTENDED\s+|FORMATTED\s+)?({_PATH})\Z", re.IGNORECASE)
_WIDTH = 20  # Hive pads the columns of DESCRIBE to it


@dataclass(frozen=True)
class Answer:
    """Lines of text, and the columns that GetQueryResults names for them."""

    columns: list[dict[str, Any]]
    lines: list[str]


def answer(statement: Statement, database: str, types_of: Callable[[str, str], list[tuple[str, str]]]) -> Answer:
    """Run a statement about the catalog. `types_of` gives a query's columns as (name, Trino's type)."""
    text = statements.without_comments(statement.text).strip()
    if statement.kind is Kind.CREATE_VIEW:
        return _create_view(statement.text, database, types_of)
    if statement.kind is Kind.DROP_VIEW:
        return _drop_view(text, database)
    found = _DESCRIBE.match(text)
    if found:
        return _describe(*_path(found.group(1), database))
    for pattern, show in _SHOWS:
        found = pattern.match(text)
        if found:
            return show(found, database)
    raise QueryFailure(f"NOT_SUPPORTED: the local cloud does not run {' '.join(statement.words[:3])}", USER_ERROR)


def _path(text: str, database: str) -> tuple[str, str]:
    parts = [part.strip().strip('`"').lower() for part in re.findall(_NAME, text)]
    return (parts[-2] if len(parts) > 1 else database.lower()), parts[-1]


def _found(database: str, name: str) -> LakeTable | View:
    found = catalog.lookup(database, name)
    if found is None:
        raise QueryFailure(f"FAILED: SemanticException [Error 10001]: Table not found {database}.{name}", DDL_FAILED)
    return found


def _create_view(text: str, database: str, types_of: Callable[[str, str], list[tuple[str, str]]]) -> Answer:
    found = _CREATE_VIEW.match(text.strip())
    if found is None:
        raise QueryFailure("SYNTAX_ERROR: a view is made by CREATE [OR REPLACE] VIEW name AS query")
    replace, path, query = found.groups()
    schema, name = _path(path, database)
    if not catalog.has_database(schema):
        raise QueryFailure(f"SCHEMA_NOT_FOUND: Schema '{schema}' does not exist")
    existing = catalog.lookup(schema, name)
    if existing is not None and (not replace or isinstance(existing, LakeTable)):
        kind = "View" if isinstance(existing, View) else "Table"
        raise QueryFailure(f"ALREADY_EXISTS: {kind} already exists: '{catalog.CATALOG}.{schema}.{name}'", USER_ERROR)
    columns = types_of(query, database)
    unnamed = next((position for position, (column, _) in enumerate(columns) if column == f"_col{position}"), None)
    if unnamed is not None:
        raise QueryFailure(f"MISSING_COLUMN_NAME: Column name not specified at position {unnamed + 1}")
    catalog.save_view(View(schema, name, query.strip(), database.lower(), tuple(columns)))
    return Answer([], [])


def _drop_view(text: str, database: str) -> Answer:
    found = _DROP_VIEW.match(text)
    if found is None:
        raise QueryFailure("SYNTAX_ERROR: a view is dropped by DROP VIEW [IF EXISTS] name")
    schema, name = _path(found.group(2), database)
    existing = catalog.lookup(schema, name)
    if isinstance(existing, View):
        catalog.drop(schema, name)
    elif not found.group(1):
        raise QueryFailure(f"VIEW_NOT_FOUND: View '{catalog.CATALOG}.{schema}.{name}' does not exist")
    return Answer([], [])


def _describe(database: str, name: str) -> Answer:
    found = _found(database, name)
    columns = [text_column_info(title, "string") for title in ("col_name", "data_type", "comment")]
    if isinstance(found, View):
        return Answer(columns, [_row(*column, "") for column in found.columns])
    lines = [_row(column.name, column.glue_type, column.comment) for column in found.all_columns]
    if found.partition_keys:
        lines += ["", "# Partition Information", _row("# col_name", "data_type", "comment"), ""]
        lines += [_row(key.name, key.glue_type, key.comment) for key in found.partition_keys]
    return Answer(columns, lines)


def _row(*cells: str) -> str:
    return "\t".join(cell.ljust(_WIDTH) for cell in cells)


def _like(names: list[str], pattern: str | None) -> list[str]:
    """Hive's pattern: `*` for any letters, `|` between choices."""
    if not pattern:
        return names
    expression = re.compile("|".join(re.escape(p).replace(r"\*", ".*").replace("%", ".*") for p in pattern.split("|")))
    return [name for name in names if expression.fullmatch(name)]


def _show_tables(found: re.Match[str], database: str) -> Answer:
    kind, named, pattern = found.groups()
    schema = _path(named, database)[1] if named else database.lower()
    if not catalog.has_database(schema):
        message = f"FAILED: SemanticException [Error 10072]: Database does not exist: {schema}"
        raise QueryFailure(message, DDL_FAILED)
    names = catalog.names_in(schema)
    if kind.upper() == "VIEWS":
        names = [name for name in names if isinstance(catalog.lookup(schema, name), View)]
    return Answer([text_column_info("tab_name", "string")], _like(names, pattern))


def _show_databases(found: re.Match[str], _database: str) -> Answer:
    return Answer([text_column_info("database_name", "string")], _like(catalog.databases(), found.group(1)))


def _show_columns(found: re.Match[str], database: str) -> Answer:
    path, named = found.groups()
    schema, name = _path(path, _path(named, database)[1] if named else database)
    table = _found(schema, name)
    names = [c.name for c in table.all_columns] if isinstance(table, LakeTable) else [n for n, _ in table.columns]
    return Answer([text_column_info("field", "string")], [column.ljust(_WIDTH) for column in names])


def _show_partitions(found: re.Match[str], database: str) -> Answer:
    table = _found(*_path(found.group(1), database))
    if not isinstance(table, LakeTable) or not table.partition_keys:
        raise QueryFailure(f"FAILED: Execution Error: Table {table.name} is not a partitioned table", DDL_FAILED)
    keys = [key.name for key in table.partition_keys]
    lines = [
        "/".join(f"{key}={value}" for key, value in zip(keys, values, strict=True))
        for values, _ in catalog.partitions(table)
    ]
    return Answer([text_column_info("partition", "string")], lines)


def _show_create_view(found: re.Match[str], database: str) -> Answer:
    schema, name = _path(found.group(1), database)
    view = _found(schema, name)
    if not isinstance(view, View):
        raise QueryFailure(f"NOT_SUPPORTED: Relation '{catalog.CATALOG}.{schema}.{name}' is a table, not a view")
    lines = [f"CREATE VIEW {schema}.{name} AS", *view.sql.splitlines()]
    return Answer([text_column_info("Create View", "string")], lines)


_SHOWS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], str], Answer]], ...] = (
    (_SHOW_TABLES, _show_tables),
    (_SHOW_DATABASES, _show_databases),
    (_SHOW_COLUMNS, _show_columns),
    (_SHOW_PARTITIONS, _show_partitions),
    (_SHOW_CREATE_VIEW, _show_create_view),
)
