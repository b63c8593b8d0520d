"""Types by their three names: Glue's (Hive), Athena's (Trino) and DuckDB's, and how Athena writes their values."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from sqlglot import exp

# Hive's and Trino's precision where none is given; DuckDB's would be (18, 3).
_HIVE_DECIMAL, _TRINO_DECIMAL = (10, 0), (38, 0)


@lru_cache(maxsize=1_024)
def _parsed(text: str, dialect: str) -> exp.DataType:
    parsed: exp.DataType = exp.DataType.build(text, dialect=dialect)
    precision, scale = _HIVE_DECIMAL if dialect == "hive" else _TRINO_DECIMAL
    for decimal in parsed.find_all(exp.DataType):
        if decimal.is_type(exp.DType.DECIMAL) and not decimal.expressions:
            decimal.set("expressions", [exp.DataTypeParam(this=exp.Literal.number(n)) for n in (precision, scale)])
    return parsed


def of_glue(text: str) -> exp.DataType:
    """The type that a Glue column names, such as `array<struct<code:string>>`."""
    return _parsed(text.strip().lower(), "hive").copy()


def of_trino(text: str) -> exp.DataType:
    """The type that a view's column names, such as `timestamp(3)`."""
    return _parsed(text.strip().lower(), "trino").copy()


def to_duckdb(kind: exp.DataType) -> str:
    """The type in DuckDB's SQL. All timestamps are kept in microseconds there; lengths of texts are not kept."""
    plain = kind.copy()
    for part in plain.find_all(exp.DataType):
        if part.is_type(*exp.DataType.TEXT_TYPES, exp.DType.TIMESTAMP, exp.DType.TIMESTAMPTZ, exp.DType.TIMESTAMPNTZ):
            part.set("expressions", [])
    return plain.sql("duckdb")


# DuckDB's name -> (Athena's, precision, scale), as GetQueryResults and the column metadata of its results tell
# them. Names that Athena lacks are those of types that it would have used.
_RESULT_TYPES: dict[str, tuple[str, int, int]] = {
    "bigint": ("bigint", 19, 0),
    "blob": ("varbinary", 1_073_741_824, 0),
    "boolean": ("boolean", 0, 0),
    "date": ("date", 0, 0),
    "double": ("double", 17, 0),
    "float": ("float", 17, 0),
    "hugeint": ("bigint", 19, 0),
    "integer": ("integer", 10, 0),
    "interval": ("interval day to second", 0, 0),
    "list": ("array", 0, 0),
    "array": ("array", 0, 0),
    "map": ("map", 0, 0),
    "null": ("unknown", 0, 0),
    "smallint": ("smallint", 5, 0),
    "struct": ("row", 0, 0),
    "time": ("time", 3, 0),
    "timestamp": ("timestamp", 3, 0),
    "timestamp_ms": ("timestamp", 3, 0),
    "timestamp_ns": ("timestamp", 3, 0),
    "timestamp_s": ("timestamp", 3, 0),
    "timestamp with time zone": ("timestamp with time zone", 3, 0),
    "tinyint": ("tinyint", 3, 0),
    "ubigint": ("bigint", 19, 0),
    "uinteger": ("bigint", 19, 0),
    "usmallint": ("integer", 10, 0),
    "utinyint": ("smallint", 5, 0),
}
_TEXT = ("varchar", 2_147_483_647, 0)


def column_info(name: str, kind: Any) -> dict[str, Any]:
    """The ColumnInfo of a result column of DuckDB's type `kind`."""
    athena, precision, scale = _RESULT_TYPES.get(kind.id, _TEXT)
    if kind.id == "decimal":
        athena, (precision, scale) = "decimal", (int(value) for _, value in kind.children)
    return text_column_info(name, athena, precision, scale)


def text_column_info(name: str, athena: str = "varchar", precision: int = _TEXT[1], scale: int = 0) -> dict[str, Any]:
    """A ColumnInfo from Athena's own words."""
    return {
        "CatalogName": "hive",
        "SchemaName": "",
        "TableName": "",
        "Name": name,
        "Label": name,
        "Type": athena,
        "Precision": precision,
        "Scale": scale,
        "Nullable": "UNKNOWN",
        "CaseSensitive": athena == "varchar",
    }


def trino_name(kind: Any) -> str:
    """DuckDB's type `kind` as Trino names it, in full: what a view's definition holds."""
    held = kind.children[: _NESTED[kind.id]] if kind.id in _NESTED else []
    parts = [(name, trino_name(child)) for name, child in held]
    if parts:
        name = {"struct": "row", "map": "map"}.get(kind.id, "array")
        inner = ", ".join(f"{label} {part}" if name == "row" else part for label, part in parts)
        return f"{name}({inner})"
    if kind.id == "decimal":
        return "decimal({},{})".format(*(value for _, value in kind.children))
    if kind.id.startswith("timestamp"):
        return "timestamp(3) with time zone" if kind.id.endswith("zone") else "timestamp(3)"
    name = _RESULT_TYPES.get(kind.id, _TEXT)[0]
    return "real" if name == "float" else name


# How many of a nested type's children are types; a struct's are without end.
_NESTED: dict[str, int | None] = {"list": 1, "array": 1, "map": 2, "struct": None}


# Doubles as Java writes them, which Athena does: 1.0E7, not 10000000.0. The digits are DuckDB's, which are the
# shortest that mean the same number, as Java's are. ("Double.toString", Java SE API.)
MACROS = (
    r"create macro athena_digits(t) as ltrim(replace(regexp_extract(t, '^-?([0-9.]+)', 1), '.', ''), '0')",
    r"""create macro athena_exponent(t) as
        coalesce(try_cast(regexp_extract(t, 'e([+-]?[0-9]+)$', 1) as integer), 0)
        + length(regexp_extract(t, '^-?([0-9]+)', 1)) - 1
        - (length(replace(regexp_extract(t, '^-?([0-9.]+)', 1), '.', '')) - length(athena_digits(t)))""",
    r"""create macro athena_scientific(t) as
        (case when t[1] = '-' then '-' else '' end) || athena_digits(t)[1] || '.'
        || (case when rtrim(athena_digits(t)[2:], '0') = '' then '0' else rtrim(athena_digits(t)[2:], '0') end)
        || 'E' || athena_exponent(t)""",
    r"""create macro athena_double(x) as case
        when x is null then null
        when isnan(x) then 'NaN'
        when isinf(x) then (case when x > 0 then 'Infinity' else '-Infinity' end)
        when x = 0 or (abs(x) >= 0.001 and abs(x) < 1e7) then x::varchar
        else athena_scientific(x::varchar) end""",
    r"create macro athena_time(x) as strftime(x, '%Y-%m-%d %H:%M:%S.%g')",
    r"create macro athena_bytes(x) as lower(rtrim(regexp_replace(hex(x), '(..)', '\1 ', 'g')))",
    """create macro athena_interval(x) as datepart('day', x) || ' '
        || strftime(timestamp '1970-01-01' + (x - to_days(datepart('day', x)::integer)), '%H:%M:%S.%g')""",
)


def quoted(text: str) -> str:
    """`text` as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def name_of(name: str) -> str:
    """`name` as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def text_of(value: str, kind: Any, depth: int = 0) -> str:  # noqa: PLR0911 - one a kind of type
    """DuckDB's SQL for the text that Athena writes for `value`, which is SQL of DuckDB's type `kind`."""
    if kind.id in ("double", "float"):
        return f"athena_double({value})"
    if kind.id.startswith("timestamp"):
        zone = " || ' UTC'" if kind.id.endswith("zone") else ""
        return f"(athena_time({value}){zone})"
    if kind.id == "blob":
        return f"athena_bytes({value})"
    if kind.id == "time":
        return f"strftime(date '1970-01-01' + {value}, '%H:%M:%S.%g')"
    if kind.id == "interval":
        return f"athena_interval({value})"
    if kind.id in ("list", "array"):
        item = f"e{depth}"
        return f"('[' || array_to_string({_each(value, item, dict(kind.children)['child'], depth)}, ', ') || ']')"
    if kind.id == "struct":
        fields = " || ', ' || ".join(_labelled(value, name, child, depth) for name, child in kind.children)
        return f"(case when {value} is not null then '{{' || {fields} || '}}' end)"
    if kind.id == "map":
        key, content = (child for _, child in kind.children)
        item = f"e{depth}"
        held = _or_null(text_of(f"{item}.value", content, depth + 1))
        pair = f"{text_of(f'{item}.key', key, depth + 1)} || '=' || {held}"
        return f"('{{' || array_to_string(list_transform(map_entries({value}), lambda {item}: {pair}), ', ') || '}}')"
    return f"cast({value} as varchar)"


def _each(value: str, item: str, kind: Any, depth: int) -> str:
    return f"list_transform({value}, lambda {item}: {_or_null(text_of(item, kind, depth + 1))})"


def _labelled(row: str, name: str, kind: Any, depth: int) -> str:
    """One field of a row, as `name=value`; one that has no name is called field0, field1."""
    shown = f"field{name[1:]}" if name.startswith("_") and name[1:].isdigit() else name
    content = text_of(f"struct_extract({row}, {quoted(name)})", kind, depth)
    return f"{quoted(f'{shown}=')} || {_or_null(content)}"


def _or_null(text: str) -> str:
    return f"coalesce({text}, 'null')"
