"""The same figure from the other engine, and whether the two agree.

What the warehouse answers from its rollups, the lake answers from the order lines in its files: `sql/lake/tables/` has
a query of the lake for each of the warehouse's tables, and stands in front of the warehouse's own query. So a figure
has one definition, and what is compared is how its numbers came about: by COPY, merge and rollups, or from the files.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

import pandas as pd

from queries.loader import SQL, load, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from queries.figure import Engine, Evidence, Figure
    from queries.loader import Query

_READ = re.compile(r"\b(?:from|join)\s+([a-z_]\w*)")
_NO_TABLES = re.compile(r"--[^\n]*|extract\([^)]*\)")  # comments, and what is taken from a moment
_NAMED = re.compile(r"(?:\bwith|,)\s+([a-z_]\w*)\s+as\s+\(")
# Athena's grammar has the two the other way round from Redshift's.
_ONE_PAGE = re.compile(r"\blimit (:\w+) offset (:\w+)")
_KEYS = (
    "place", "period", "country", "weekday", "hour", "stock_code", "customer", "cohort", "month", "day", "invoice_no",
    "customer_id", "score", "kind", "band", "key",
)  # fmt: skip
# Where rows are order lines, this alone tells them apart: all else may have been corrected in one engine first.
_EVENT = "event_id"

_HOURS = ("first", "last")


@dataclass(frozen=True)
class Difference:
    """Where two engines differ: in which row (by its keys) and column, and what each says; None for no such row."""

    row: tuple[object, ...]
    column: str
    ours: Any
    theirs: Any


def has_twin(behind: Evidence) -> bool:
    """Whether the lake can be asked for the same: it holds order lines, and nothing of what COPY refused."""
    query = load("warehouse").get(behind.name)
    if query is None:
        return False
    read = _tables_read(query.sql)
    return bool(read) and read <= set(tables())


def of_lake(lake: Engine, report: Callable[..., Figure], first: str, last: str, *arguments: object) -> Figure:
    """What `report(warehouse, *arguments)` answers, asked of the lake's files that arrived from hour `first` to `last`.

    Hours are written yyyy/MM/dd/HH, both included.
    """
    return report(_Files(lake, first, last), *arguments)


class _Files:
    """The lake as an engine that the warehouse's queries may be asked of."""

    def __init__(self, lake: Engine, first: str, last: str) -> None:
        self._lake = lake
        self._hours = {"first": first, "last": last}

    def ask(self, query: Query, **parameters: object) -> Figure:
        """Run a query of the warehouse. Raises as the lake does."""
        return self._lake.ask(
            over_files(query, parameters), **{name: _text(value) for name, value in parameters.items()}, **self._hours
        )


def over_files(query: Query, parameters: Mapping[str, object]) -> Query:
    """A query of the warehouse with the tables that it reads worked out in front of it, in Athena's SQL.

    Athena takes literals for parameters, which have to be told what they are when they are no text.
    """
    sql = query.sql
    for name, value in parameters.items():
        if kind := _kind(value):
            sql = re.sub(rf"(?<!:):{name}\b", f"cast(:{name} as {kind})", sql)
    sql = _ONE_PAGE.sub(r"offset \2 limit \1", sql)
    steps = [f"{name} as (\n{tables()[name].sql}\n)" for name in _in_order(_tables_read(sql))]
    rest = sql.removeprefix("with")
    joined = ",\n\n".join(steps)
    text = f"with {joined},\n\n{rest.lstrip()}" if rest != sql else f"with {joined}\n\n{sql}"
    return replace(query, engine="lake", sql=text, parameters=(*_HOURS, *query.parameters))


@cache
def tables() -> Mapping[str, Query]:
    """By its name, how each table of the warehouse is worked out from the lake's files."""
    return {path.stem: parse(path, "lake") for path in sorted((SQL / "lake" / "tables").glob("*.sql"))}


def differences(ours: pd.DataFrame, theirs: pd.DataFrame) -> list[Difference]:
    """All cells in which two answers of one shape differ, to the last digit; empty when they agree.

    Rows are paired by what tells them apart, or by their order where that tells some of them not apart.
    """
    keys = [_EVENT] if _EVENT in ours.columns else [name for name in _KEYS if name in ours.columns]
    if any(frame.duplicated(keys).any() for frame in (ours, theirs) if keys):
        keys = []
    columns = [name for name in ours.columns if name not in keys and name in theirs.columns]
    mine, other = _rows(ours, keys, columns), _rows(theirs, keys, columns)
    nothing = dict.fromkeys(columns)
    return [
        Difference(row, name, mine.get(row, nothing)[name], other.get(row, nothing)[name])
        for row in dict.fromkeys([*mine, *other])
        for name in columns
        if not _same(mine.get(row, nothing)[name], other.get(row, nothing)[name])
    ]


def _tables_read(sql: str) -> set[str]:
    """What a query reads that it does not name itself."""
    sql = _NO_TABLES.sub("", sql)
    return set(_READ.findall(sql)) - set(_NAMED.findall(sql))


def _in_order(names: Iterable[str]) -> list[str]:
    """Tables, each behind those that it is worked out from."""
    found: dict[str, None] = {}
    for name in sorted(names):
        if name in tables():
            found |= dict.fromkeys(_in_order(_tables_read(tables()[name].sql)))
            found[name] = None
    return list(found)


def _kind(value: object) -> str | None:
    """What a parameter is in Athena's SQL; None for what a literal tells by itself."""
    if isinstance(value, date):  # a datetime is one, too
        return "timestamp"
    return "decimal(38, 4)" if isinstance(value, Decimal) else None


def _text(value: object) -> object:
    return str(value) if isinstance(value, date | Decimal) else value


def _rows(frame: pd.DataFrame, keys: list[str], columns: list[str]) -> dict[tuple[object, ...], dict[str, Any]]:
    return {
        tuple(record[key] for key in keys) or (at,): {name: record[name] for name in columns}
        for at, record in enumerate(frame.to_dict("records"))
    }


def _same(one: Any, other: Any) -> bool:  # noqa: ANN401 - a number, a text, a time or nothing
    if pd.isna(one) or pd.isna(other):
        return bool(pd.isna(one) and pd.isna(other))
    if isinstance(one, str | date) or isinstance(other, str | date):
        return bool(one == other)
    return Decimal(str(one)) == Decimal(str(other))
