"""A table's rows as SQL of DuckDB's: its files, read in place, with the columns and types that Glue tells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.errors import ErrorLevel, UnsupportedError
from sqlglot.generators.duckdb import DuckDBGenerator

from pipeline.local.athena import functions, lake, projection, text_files, types
from pipeline.local.athena.failures import DATA_ERROR, USER_ERROR, QueryFailure
from pipeline.local.athena.lake import Footer, FooterCache, LakeFile, path_of
from pipeline.local.athena.types import name_of, quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pipeline.local.athena.catalog import Column, LakeTable
    from pipeline.local.athena.engine import Engine
    from pipeline.local.athena.translate import Query

# Parquet's physical types that may hold a column's values; another one is HIVE_BAD_DATA in Athena.
_PHYSICAL: dict[exp.DType, frozenset[str]] = {
    exp.DType.BIGINT: frozenset({"INT32", "INT64"}),
    exp.DType.BOOLEAN: frozenset({"BOOLEAN"}),
    exp.DType.DATE: frozenset({"INT32"}),
    exp.DType.DOUBLE: frozenset({"DOUBLE", "FLOAT"}),
    exp.DType.FLOAT: frozenset({"FLOAT"}),
    exp.DType.INT: frozenset({"INT32", "INT64"}),
    exp.DType.SMALLINT: frozenset({"INT32", "INT64"}),
    exp.DType.TEXT: frozenset({"BYTE_ARRAY", "FIXED_LEN_BYTE_ARRAY"}),
    exp.DType.TIMESTAMP: frozenset({"INT64", "INT96"}),
    exp.DType.TINYINT: frozenset({"INT32", "INT64"}),
}


@dataclass(frozen=True)
class Runnable:
    """A query as DuckDB takes it, and the bytes that it reads."""

    sql: str
    scanned_bytes: int


def runnable(query: Query, engine: Engine, footers: FooterCache) -> Runnable:
    """Find the files that a query needs and put them in."""
    sources, scanned = {}, 0
    for name, table in query.scans.items():
        files = _pruned(table, lake.files_of(table), query.conditions[name], engine)
        if table.format == "parquet":
            known = footers.of(files)
            sources[name] = _parquet(table, files, known)
            scanned += sum(_bytes(known[file], query.columns[name]) for file in files)
        else:
            sources[name] = text_files.relation(table, files)
            scanned += sum(file.size for file in files)
    return Runnable(to_duckdb(query.tree, sources), scanned)


def to_duckdb(tree: exp.Expr, sources: dict[str, str] | None = None) -> str:
    """A tree as DuckDB's SQL, with the tables' sources in the places of their names."""
    try:
        text: str = _Generator(sources or {}).generate(tree)
    except UnsupportedError as error:
        message = f"NOT_SUPPORTED: the local cloud cannot run this: {str(error).splitlines()[0]}"
        raise QueryFailure(message, USER_ERROR) from error
    return text


class _Generator(DuckDBGenerator):
    """DuckDB's SQL with sources for tables."""

    def __init__(self, sources: dict[str, str]) -> None:
        super().__init__(dialect=DuckDB(), unsupported_level=ErrorLevel.IMMEDIATE)
        self.sources = sources

    def table_parts(self, expression: exp.Table) -> str:
        source = self.sources.get(expression.name) if not expression.db else None
        parts: str = super().table_parts(expression) if source is None else source
        return parts


def _pruned(table: LakeTable, files: list[LakeFile], conditions: list[exp.Expr], engine: Engine) -> list[LakeFile]:
    """The files of the partitions that meet the conditions."""
    keys = table.partition_keys
    if not keys:
        return files
    if projection.is_projected(table):
        _check_injected(table, conditions)
    if not conditions or not files:
        return files
    values = list(dict.fromkeys(file.values for file in files))
    rows = ", ".join(f"({', '.join([str(number), *map(quoted, value)])})" for number, value in enumerate(values))
    raw = ", ".join(['"number"', *(name_of(key.name) for key in keys)])
    typed = ", ".join(f"cast({name_of(k.name)} as {types.to_duckdb(k.type)}) as {name_of(k.name)}" for k in keys)
    tests = " and ".join(to_duckdb(_in_duckdbs_words(condition)) for condition in conditions)
    partitions = f'(select "number", {typed} from (values {rows}) v({raw}))'  # noqa: S608 - quoted values and names
    kept = engine.cursor().execute(f'select "number" from {partitions} where {tests}')  # noqa: S608 - SQL of ours
    wanted = {values[number] for (number,) in kept.fetchall()}
    return [file for file in files if file.values in wanted]


def _in_duckdbs_words(condition: exp.Expr) -> exp.Expr:
    whole = exp.Paren(this=condition.copy())
    functions.rewrite(whole)
    return whole


def _check_injected(table: LakeTable, conditions: Iterable[exp.Expr]) -> None:
    """An injected column's values must be in the query (Athena user guide, "Injected type")."""
    fixed = {
        node.this.name
        for condition in conditions
        for node in (condition.find_all(exp.EQ, exp.In))
        if isinstance(node.this, exp.Column)
    }
    for name, rule in projection.rules(table).items():
        if isinstance(rule, projection.InjectedRule) and name not in fixed:
            raise QueryFailure(
                f"CONSTRAINT_VIOLATION: For the injected projected partition column {name}, the WHERE clause must "
                "contain only static equality conditions, and at least one such condition must be present.",
                USER_ERROR,
            )


def _bytes(footer: Footer, columns: set[str] | None) -> int:
    return sum(size for name, size in footer.sizes.items() if columns is None or name in columns)


def _parquet(table: LakeTable, files: Sequence[LakeFile], footers: dict[LakeFile, Footer]) -> str:
    if not files:
        return no_rows(table)
    groups: dict[object, list[LakeFile]] = {}
    for file in files:
        groups.setdefault(footers[file].shape, []).append(file)
    return "(" + " union all ".join(_one_shape(table, group, footers[group[0]]) for group in groups.values()) + ")"


def _one_shape(table: LakeTable, files: list[LakeFile], footer: Footer) -> str:
    columns = [_column(column, footer, files[0]) for column in table.columns]
    paths = ", ".join(quoted(path_of(file)) for file in files)
    columns.extend(partition_columns(table, files, "cast(file_index as bigint)"))
    as_text = not any(_holds_bytes(column) for column in table.columns)
    source = f"read_parquet([{paths}], binary_as_string = {str(as_text).lower()})"
    return f"select {', '.join(columns)} from {source}"  # noqa: S608 - quoted paths and names


def _holds_bytes(column: Column) -> bool:
    return any(part.is_type(exp.DType.BINARY, exp.DType.VARBINARY) for part in column.type.find_all(exp.DataType))


def _column(column: Column, footer: Footer, example: LakeFile) -> str:
    """One column in the type that Glue tells; NULL where the file has no such column."""
    kind, name = column.type, name_of(column.name)
    if column.name not in footer.types:
        return f"cast(null as {types.to_duckdb(kind)}) as {name}"
    held = footer.types[column.name]
    allowed = _PHYSICAL.get(exp.DType.TEXT if kind.is_type(*exp.DataType.TEXT_TYPES) else kind.this)
    if allowed is not None and not held <= allowed:
        raise QueryFailure(
            f"HIVE_BAD_DATA: Field {column.name}'s type {'/'.join(sorted(held))} in parquet file "
            f"s3://{example.bucket}/{example.key} is incompatible with type {kind.sql('trino').lower()} defined in "
            "table schema",
            DATA_ERROR,
        )
    value = name
    if kind.is_type(exp.DType.TIMESTAMP):
        # Athena reads timestamps to the millisecond, and rounds to it.
        value = f"date_trunc('millisecond', {name} + interval 500 microsecond)"
    return f"cast({value} as {types.to_duckdb(kind)}) as {name}"


def partition_columns(table: LakeTable, files: Sequence[LakeFile], file_index: str) -> list[str]:
    """The partition keys, from the place of a row's file in the list of files."""
    columns = []
    for position, key in enumerate(table.partition_keys):
        values = ", ".join(quoted(file.values[position]) for file in files)
        columns.append(f"cast(([{values}])[{file_index} + 1] as {types.to_duckdb(key.type)}) as {name_of(key.name)}")
    return columns


def no_rows(table: LakeTable) -> str:
    """The table's columns, and nothing in them."""
    columns = ", ".join(f"cast(null as {types.to_duckdb(c.type)}) as {name_of(c.name)}" for c in table.all_columns)
    return f"(select {columns} where false)"
