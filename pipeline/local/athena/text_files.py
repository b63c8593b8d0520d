"""Tables over text: JSON lines, and CSV by either of Athena's SerDes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.local.athena import relations, types
from pipeline.local.athena.failures import USER_ERROR, QueryFailure
from pipeline.local.athena.lake import path_of
from pipeline.local.athena.types import name_of, quoted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.local.athena.catalog import LakeTable
    from pipeline.local.athena.lake import LakeFile

_CTRL_A = "\x01"


def relation(table: LakeTable, files: Sequence[LakeFile]) -> str:
    """The rows of a table over text files; compressed ones are told by their names."""
    if table.format not in ("json", "csv"):
        raise QueryFailure(f"NOT_SUPPORTED: the local cloud does not read {table.format} tables", USER_ERROR)
    if not files:
        return relations.no_rows(table)
    return f"({' union all '.join(_by_compression(table, files))})"


def _by_compression(table: LakeTable, files: Sequence[LakeFile]) -> list[str]:
    packed = [file for file in files if file.key.endswith(".gz")]
    plain = [file for file in files if not file.key.endswith(".gz")]
    read = _json if table.format == "json" else _csv
    return [read(table, group, kind) for group, kind in ((plain, "none"), (packed, "gzip")) if group]


def _paths(files: Sequence[LakeFile]) -> str:
    return "[" + ", ".join(quoted(path_of(file)) for file in files) + "]"


def _with_partitions(table: LakeTable, files: Sequence[LakeFile], columns: list[str], source: str) -> str:
    if not table.partition_keys:
        return f"select {', '.join(columns)} from {source}"  # noqa: S608 - quoted paths and names
    places = ", ".join(f"{quoted(path_of(file))}: {at}" for at, file in enumerate(files))
    columns = [*columns, *relations.partition_columns(table, files, "weir_file")]
    placed = f"(select *, map {{{places}}}[filename] as weir_file from {source})"  # noqa: S608 - quoted paths
    return f"select {', '.join(columns)} from {placed}"  # noqa: S608 - quoted names


def _json(table: LakeTable, files: Sequence[LakeFile], compression: str) -> str:
    """JSON objects, one a line; a key that the table does not name is passed over."""
    kinds = ", ".join(f"{quoted(c.name)}: {quoted(types.to_duckdb(c.type))}" for c in table.columns)
    source = (
        f"read_json({_paths(files)}, format = 'newline_delimited', columns = {{{kinds}}}, filename = true,"
        f" compression = {quoted(compression)}, ignore_errors = false)"
    )
    return _with_partitions(table, files, [name_of(column.name) for column in table.columns], source)


def _csv(table: LakeTable, files: Sequence[LakeFile], compression: str) -> str:
    """Lines of texts; a text that is not of its column's type is NULL.

    LazySimpleSerDe splits at Ctrl-A unless `field.delim` is set and knows no quotes; OpenCSVSerDe does.
    """
    settings = table.serde_parameters
    if "OpenCSVSerde" in table.serde:
        split, quote = settings.get("separatorChar", ","), settings.get("quoteChar", '"')
    elif "LazySimpleSerDe" in table.serde:
        split, quote = settings.get("field.delim", settings.get("serialization.format", _CTRL_A)), ""
        split = _CTRL_A if split == "1" else split
    else:
        split, quote = settings.get("field.delim", ","), '"'
    header = table.parameters.get("skip.header.line.count", "0")
    skip = int(header) if header.isdigit() else 0
    raw = ", ".join(f"'c{at}': 'VARCHAR'" for at in range(len(table.columns)))
    source = (
        f"read_csv({_paths(files)}, auto_detect = false, header = false, skip = {skip},"
        f" delim = {quoted(split)}, quote = {quoted(quote)}, escape = {quoted(quote)}, columns = {{{raw}}},"
        f" null_padding = true, strict_mode = false, filename = true, compression = {quoted(compression)})"
    )
    columns = [
        f"try_cast(c{at} as {types.to_duckdb(column.type)}) as {name_of(column.name)}"
        for at, column in enumerate(table.columns)
    ]
    return _with_partitions(table, files, columns, source)
