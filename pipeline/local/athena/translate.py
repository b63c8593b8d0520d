"""From Athena's SQL to a tree in which every table, column and type is known."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlglot
from sqlglot import exp
from sqlglot.errors import OptimizeError, ParseError, SqlglotError, TokenError
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, traverse_scope

from pipeline.local.athena import catalog, functions, pruning, types
from pipeline.local.athena.catalog import CATALOG, LakeTable, View
from pipeline.local.athena.failures import USER_ERROR, QueryFailure, at
from pipeline.local.athena.rewrites import rewrite
from pipeline.local.athena.statements import offset_of
from pipeline.local.athena.typecheck import check_comparisons

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_DEEPEST_VIEW = 16

Schema = dict[str, dict[str, exp.DataType]]


@dataclass
class Query:
    """A query ready for the engine but for its files.

    `scans` are the tables that it reads, by the names in `tree`; for each, `conditions` are those on its partition
    keys, and `columns` the names of the columns that it reads (None: all).
    """

    tree: exp.Query
    scans: dict[str, LakeTable]
    conditions: dict[str, list[exp.Expr]]
    columns: dict[str, set[str] | None]

    @property
    def names(self) -> list[str]:
        """The names of its result's columns."""
        return [re.sub(r"\A_col_(\d+)\Z", r"_col\1", name) for name in self.tree.named_selects]


def translate(tree: exp.Query, text: str, database: str, parameters: Sequence[str] = ()) -> Query:
    """Resolve a query of `database`; raises QueryFailure in Athena's words. `tree` is changed."""
    functions.check_names(tree, text)
    _fill_in(tree, parameters)
    scans: dict[str, LakeTable] = {}
    tree = _resolved(tree, text, database.lower(), scans, ())
    schema: Schema = {name: {c.name: c.type for c in table.all_columns} for name, table in scans.items()}
    _name_columns(tree)
    try:
        tree = qualify(
            tree,
            schema=dict(schema),
            dialect="trino",
            expand_alias_refs=False,
            validate_qualify_columns=False,
            identify=True,
        )
        _check_columns(tree, text, schema)
        tree = annotate_types(tree, schema=dict(schema), dialect="trino")
    except OptimizeError as error:
        raise _of_optimizer(tree, text, error) from error
    except SqlglotError as error:
        raise QueryFailure(f"SYNTAX_ERROR: {str(error).splitlines()[0]}") from error
    check_comparisons(tree, text)
    keys = {name: {key.name for key in table.partition_keys} for name, table in scans.items()}
    conditions, columns = pruning.conditions(tree, keys), pruning.columns_read(tree, scans)
    return Query(rewrite(tree), scans, conditions, columns)


# --- Parameters


def _fill_in(tree: exp.Query, parameters: Sequence[str]) -> None:
    """Put the parameters, which are SQL literals, in the places of the question marks, in their order.

    Source: Athena user guide, "Use execution parameters" and "Use parameterized queries".
    """
    marks = _in_order_of_text(tree)
    if len(marks) != len(parameters):
        raise QueryFailure(
            f"INVALID_PARAMETER_USAGE: line 1:1: Incorrect number of parameters: expected {len(marks)} "
            f"but found {len(parameters)}",
            USER_ERROR,
        )
    for mark, parameter in zip(marks, parameters, strict=True):
        mark.replace(_literal(parameter))


def _in_order_of_text(tree: exp.Query) -> list[exp.Placeholder]:
    """The question marks. The tree has a query's LIMIT before its WITH, the text has it last."""
    marks = [node for node in tree.find_all(exp.Placeholder) if not node.this]
    for number, mark in enumerate(marks):
        mark.set("this", f"mark_{number}_")
    text = tree.sql(dialect="trino")
    return sorted(marks, key=lambda mark: text.index(f":{mark.this}"))


def _literal(parameter: str) -> exp.Expr:
    try:
        found = sqlglot.parse_one(parameter, dialect="trino")
    except (ParseError, TokenError) as error:
        raise QueryFailure(f"INVALID_PARAMETER_USAGE: {parameter} is not a literal", USER_ERROR) from error
    core = found
    while isinstance(core, (exp.Neg, exp.Paren, exp.Cast)):
        core = core.this
    if not isinstance(core, (exp.Literal, exp.Boolean, exp.Null, exp.Interval)):
        raise QueryFailure(f"INVALID_PARAMETER_USAGE: {parameter} is not a literal", USER_ERROR)
    return found


# --- Tables and views


def _resolved(
    tree: exp.Query, text: str, database: str, scans: dict[str, LakeTable], views: tuple[View, ...]
) -> exp.Query:
    """The tree with each table named after its scan, and each view replaced by its query."""
    for table in list(_tables(tree)):
        found = _find(table, text, database)
        alias = table.alias or table.name
        if isinstance(found, LakeTable):
            name = f"scan_{len(scans)}"
            scans[name] = found
            for part in ("db", "catalog"):
                table.set(part, None)
            table.set("this", exp.to_identifier(name))
            table.set("alias", table.args.get("alias") or exp.TableAlias(this=exp.to_identifier(alias)))
        else:
            if found in views or len(views) >= _DEEPEST_VIEW:
                raise QueryFailure(f"INVALID_VIEW: {at(text, offset_of(table))}View is recursive: {found.name}")
            inner = _resolved(_view_tree(found), found.sql, found.schema, scans, (*views, found))
            named = table.args.get("alias") or exp.TableAlias(this=exp.to_identifier(alias))
            table.replace(exp.Subquery(this=inner, alias=named, joins=table.args.get("joins")))
    return tree


def _tables(tree: exp.Query) -> Iterator[exp.Table]:
    """The tables that a query names, without the names that its WITH clauses make."""
    seen: set[int] = set()
    for scope in traverse_scope(tree):
        for source in scope.sources.values():
            if isinstance(source, exp.Table) and id(source) not in seen:
                seen.add(id(source))
                yield source


def _find(table: exp.Table, text: str, database: str) -> LakeTable | View:
    where = at(text, offset_of(table))
    if not isinstance(table.this, exp.Identifier):
        function = (
            table.this.name if isinstance(table.this, exp.Anonymous) else table.this.sql("trino").partition("(")[0]
        )
        raise QueryFailure(f"FUNCTION_NOT_FOUND: {where}Table function '{function.lower()}' not registered")
    named_catalog, schema, name = table.catalog.lower(), (table.db or database).lower(), table.name.lower()
    if named_catalog not in ("", CATALOG, "hive"):
        raise QueryFailure(f"CATALOG_NOT_FOUND: {where}Catalog '{named_catalog}' does not exist")
    found = catalog.lookup(schema, name)
    if found is None and not catalog.has_database(schema):
        raise QueryFailure(f"SCHEMA_NOT_FOUND: {where}Schema '{schema}' does not exist")
    if found is None:
        raise QueryFailure(f"TABLE_NOT_FOUND: {where}Table '{CATALOG}.{schema}.{name}' does not exist")
    return found


def _view_tree(view: View) -> exp.Query:
    """A view's query, its columns under the names and in the types that the view declares."""
    try:
        inner = sqlglot.parse_one(view.sql, dialect="trino")
    except (ParseError, TokenError) as error:
        raise QueryFailure(f"INVALID_VIEW: View '{view.database}.{view.name}' cannot be read: {error}") from error
    if not isinstance(inner, exp.Query):
        raise QueryFailure(f"INVALID_VIEW: View '{view.database}.{view.name}' is no query")
    functions.check_names(inner, view.sql)
    _name_columns(inner)
    names = [name.lower() for name in inner.named_selects]
    if "*" not in names and names != [name for name, _ in view.columns]:
        raise QueryFailure(
            f"INVALID_VIEW: View '{CATALOG}.{view.database}.{view.name}' is stale or in invalid state: its query gives "
            f"({', '.join(names)}), the view declares ({', '.join(name for name, _ in view.columns)})"
        )
    picked = [
        exp.alias_(exp.cast(exp.column(name, quoted=True), types.of_trino(kind)), name, quoted=True)
        for name, kind in view.columns
    ]
    return exp.select(*picked).from_(inner.subquery("view"))


# --- Columns


def _name_columns(tree: exp.Query) -> None:
    """Name what has no name as Athena does: `_col0`, `_col1`, by position."""
    for select in tree.find_all(exp.Select):
        for position, projection in enumerate(select.expressions):
            if not isinstance(projection, (exp.Alias, exp.Aliases, exp.Column, exp.Dot, exp.Star)):
                projection.replace(exp.alias_(projection.copy(), f"_col{position}"))


def _check_columns(tree: exp.Query, text: str, schema: Schema) -> None:
    """Refuse columns that no table has: sqlglot would leave them to the engine, in the engine's words.

    That includes names of the select list in WHERE, GROUP BY and HAVING, which Trino does not know there.
    """
    for scope in traverse_scope(tree):
        known = set(scope.sources) | {name for outer in _outer(scope) for name in outer.sources}
        for column in scope.columns:
            if column.table and column.table not in known:
                _refuse(column, f"{column.table}.{column.name}", text)
            if not column.table and not _may_name_a_result(column):
                having = [s for s in scope.sources.values() if column.name in _columns_of(s, schema)]
                if len(having) > 1:
                    where = at(text, offset_of(column))
                    raise QueryFailure(f"AMBIGUOUS_NAME: {where}Column '{column.name}' is ambiguous")
                _refuse(column, column.name, text)
    for clause in tree.find_all(exp.Having, exp.Where):
        for column in clause.find_all(exp.Column):
            if not column.table:
                _refuse(column, column.name, text)


def _outer(scope: Scope) -> Iterator[Scope]:
    while scope.parent is not None:
        scope = scope.parent
        yield scope


def _columns_of(source: exp.Expr | Scope, schema: Schema) -> set[str]:
    if isinstance(source, Scope):
        return set(source.expression.named_selects) if isinstance(source.expression, exp.Query) else set()
    return set(schema.get(source.name, ()))


def _may_name_a_result(column: exp.Column) -> bool:
    """ORDER BY may use the names of the select list."""
    return column.find_ancestor(exp.Order, exp.Select) is not None and isinstance(
        column.find_ancestor(exp.Order, exp.Select), exp.Order
    )


def _refuse(column: exp.Column, name: str, text: str) -> None:
    raise QueryFailure(f"COLUMN_NOT_FOUND: {at(text, offset_of(column))}Column '{name}' cannot be resolved")


def _of_optimizer(tree: exp.Query, text: str, error: OptimizeError) -> QueryFailure:
    message = str(error).splitlines()[0]
    name = message.rpartition("Unknown column: ")[2].strip() if "Unknown column" in message else ""
    if not name:
        return QueryFailure(f"SYNTAX_ERROR: {message}")
    column = next((c for c in tree.find_all(exp.Column) if c.name == name), None)
    shown = f"{column.table}.{name}" if column is not None and column.table else name
    where = "" if column is None else at(text, offset_of(column))
    return QueryFailure(f"COLUMN_NOT_FOUND: {where}Column '{shown}' cannot be resolved")
