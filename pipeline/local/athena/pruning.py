"""Which partitions and columns of its tables a query needs.

Conditions reach a table from the WHERE of its own SELECT and of those around it, as long as nothing in between
(outer joins, limits, groups, windows) could make rows of it matter that the condition leaves out. What is not
understood prunes nothing: a condition that is overlooked costs a scan, one that is wrongly used would cost rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.pushdown_projections import pushdown_projections
from sqlglot.optimizer.scope import Scope, build_scope

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

Conditions = list[exp.Expr]


def conditions(tree: exp.Expr, partition_keys: Mapping[str, set[str]]) -> dict[str, Conditions]:
    """For each scan (by its name in the tree), the conditions on its partition keys that all of its rows must meet.

    `partition_keys` are the names of each scan's partition keys. A condition speaks of them as bare columns.
    """
    found: dict[str, Conditions] = {name: [] for name in partition_keys}
    root = build_scope(tree)
    if root is None:
        return found
    uses: dict[int, int] = {}
    for scope in root.traverse():
        for source in scope.sources.values():
            if isinstance(source, Scope):
                uses[id(source.expression)] = uses.get(id(source.expression), 0) + 1
    for scope in root.traverse():
        _descend(scope, list(_own_conditions(scope)), found, partition_keys, uses)
    return found


def _own_conditions(scope: Scope) -> Iterator[exp.Expr]:
    """The parts, joined by AND, of a SELECT's WHERE and of its inner joins' ON."""
    if not isinstance(scope.expression, exp.Select):
        return
    where = scope.expression.args.get("where")
    parts = [where.this] if where is not None else []
    joins = scope.expression.args.get("joins") or []
    if all(not join.side for join in joins):
        parts.extend(join.args["on"] for join in joins if join.args.get("on") is not None)
    for part in parts:
        yield from (piece.unnest() for piece in (part.flatten() if isinstance(part, exp.And) else (part,)))


def _descend(
    scope: Scope,
    parts: Conditions,
    found: dict[str, Conditions],
    partition_keys: Mapping[str, set[str]],
    uses: Mapping[int, int],
) -> None:
    for part in parts:
        columns = list(part.find_all(exp.Column))
        tables = {column.table for column in columns}
        # Trino's arithmetic is put right later, for the whole query; a partition must not be lost by DuckDB's.
        if len(tables) != 1 or part.find(exp.Query, exp.Div, exp.Mod, exp.Rand):
            continue
        alias = tables.pop()
        source = scope.sources.get(alias)
        if source is None or not _is_on_the_safe_side(scope, alias):
            continue
        if isinstance(source, exp.Table):
            if {column.name for column in columns} <= partition_keys.get(source.name, set()):
                found[source.name].append(_bare(part))
        elif uses.get(id(source.expression)) == 1:
            inner = _as_seen_inside(part, source)
            if inner is not None:
                _descend(source, [inner], found, partition_keys, uses)


def _is_on_the_safe_side(scope: Scope, alias: str) -> bool:
    """Whether every row of a source that fails the condition is left out of the SELECT.

    Not so where an outer join may put NULLs in the place of the source's rows.
    """
    joins = scope.expression.args.get("joins") or []
    if any(join.side == "FULL" for join in joins):
        return False
    begin = scope.expression.args.get("from_") or scope.expression.args.get("from")
    first = begin is not None and begin.this.alias_or_name == alias
    own = next((join for join in joins if join.alias_or_name == alias), None)
    if own is not None and own.side == "LEFT":
        return False
    later = joins if first else joins[joins.index(own) + 1 :] if own is not None else joins
    return (first or own is not None) and all(join.side != "RIGHT" for join in later)


def _as_seen_inside(part: exp.Expr, source: Scope) -> exp.Expr | None:
    """A condition on a subquery's columns as one on the columns of its sources; None when it must stay outside."""
    select = source.expression
    if not isinstance(select, exp.Select) or any(select.args.get(name) for name in ("limit", "offset", "distinct")):
        return None
    named = {projection.alias_or_name: projection.unalias() for projection in select.selects}
    inner = part.copy()
    for column in list(inner.find_all(exp.Column)):
        origin = core = named.get(column.name)
        while isinstance(core, (exp.Cast, exp.Paren)):
            core = core.this
        if origin is None or not isinstance(core, exp.Column) or not _is_the_same_in_its_group(core, select):
            return None
        if column is inner:
            return origin.copy()
        column.replace(origin.copy())
    return inner


def _is_the_same_in_its_group(column: exp.Column, select: exp.Select) -> bool:
    """Whether leaving rows out by this column leaves out whole groups and whole windows."""
    group = select.args.get("group")
    aggregates = any(not node.find_ancestor(exp.Window, exp.Select, exp.Query) for node in _aggregates(select))
    if (group is not None or aggregates) and (group is None or column not in group.expressions):
        return False
    if group is not None and any(group.args.get(name) for name in ("cube", "rollup", "grouping_sets")):
        return False
    windows: Iterable[exp.Window] = select.find_all(exp.Window)
    return all(column in (window.args.get("partition_by") or ()) for window in windows)


def _aggregates(select: exp.Select) -> Iterator[exp.Expr]:
    for projection in select.selects:
        for node in projection.find_all(exp.AggFunc):
            if not isinstance(node.parent, exp.Window):
                yield node


def _bare(part: exp.Expr) -> exp.Expr:
    bare = part.copy()
    for column in bare.find_all(exp.Column):
        column.set("table", None)
    return bare


def columns_read(tree: exp.Expr, scans: Iterable[str]) -> dict[str, set[str] | None]:
    """The columns of each scan that the query reads; None for all of them when that cannot be told."""
    used: dict[str, set[str]] = {name: set() for name in scans}
    try:
        root = build_scope(pushdown_projections(tree.copy()))
    except SqlglotError:
        return dict.fromkeys(used)
    for scope in root.traverse() if root is not None else ():
        for column in scope.columns:
            source = _source_of(column, scope)
            if isinstance(source, exp.Table) and source.name in used:
                used[source.name].add(column.name)
    return dict(used)


def _source_of(column: exp.Column, scope: Scope | None) -> exp.Expr | Scope | None:
    """What a column belongs to; a correlated subquery's may belong to a query around it."""
    while scope is not None:
        if column.table in scope.sources:
            source: exp.Expr | Scope = scope.sources[column.table]
            return source
        scope = scope.parent
    return None
