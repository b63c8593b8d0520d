"""Where the same words mean another thing in DuckDB: the tree is changed so that it means what Trino means."""

from __future__ import annotations

from sqlglot import exp
from sqlglot.optimizer.scope import traverse_scope

from pipeline.local.athena import functions
from pipeline.local.athena.numbers import Known, Number, Numbers

# What EXTRACT takes of a date, by Trino's name and by DuckDB's: Trino's days of the week are ISO's, Sunday is 7.
_FIELDS = {
    "DOW": "ISODOW",
    "DAY_OF_WEEK": "ISODOW",
    "DAY_OF_MONTH": "DAY",
    "DAY_OF_YEAR": "DOY",
    "YOW": "ISOYEAR",
    "YEAR_OF_WEEK": "ISOYEAR",
}


def rewrite(tree: exp.Query) -> exp.Query:
    """A tree with types and qualified columns, for DuckDB."""
    known: Known = {}
    found: list[tuple[exp.Expr, Number]] = []
    for scope in traverse_scope(tree):
        numbers = Numbers(scope, known)
        if isinstance(scope.expression, exp.Query):
            columns = {select.alias_or_name: numbers.of(select) for select in scope.expression.selects}
            known[id(scope.expression)] = columns
        nodes = list(scope.find_all(exp.Div, exp.Avg, exp.Round))
        found.extend((node, number) for node in nodes if (number := numbers.of(node)) is not None)
    # The innermost first, so that what holds it takes the changed one with it.
    for node, number in sorted(found, key=lambda entry: -entry[0].depth):
        node.replace(_arithmetic(node, number))
    functions.rewrite(tree)
    for field in tree.find_all(exp.Extract):
        field.set("this", exp.var(_FIELDS.get(field.name.upper(), field.name)))
    for unnest in list(tree.find_all(exp.Unnest)):
        _spread(unnest)
    for cast in tree.find_all(exp.Cast):
        _plain_type(cast.args["to"])
    return tree


def _arithmetic(node: exp.Expr, result: Number) -> exp.Expr:
    """A node that gives `result` in DuckDB too."""
    node = node.copy()
    if isinstance(node, exp.Div) and result.whole:
        return exp.IntDiv(this=node.this, expression=node.expression)
    if isinstance(node, exp.Div):
        return _cast(exp.Div(this=node.this, expression=_not_zero(node.expression)), result)
    if isinstance(node, (exp.Avg, exp.Round)) and not result.whole:
        return _cast(node, result)
    return node


def _cast(node: exp.Expr, number: Number) -> exp.Expr:
    return exp.Cast(this=node, to=number.to_sql())


def _not_zero(node: exp.Expr) -> exp.Expr:
    """Trino breaks off where a decimal is divided by zero; DuckDB would go on with infinity."""
    if isinstance(node, exp.Literal) and float(node.name):
        return node
    check = exp.Case(ifs=[exp.If(this=exp.EQ(this=node.copy(), expression=exp.Literal.number(0)), true=_ERROR.copy())])
    check.set("default", node)
    return check


_ERROR = exp.Anonymous(this="error", expressions=[exp.Literal.string("Division by zero")])


def _plain_type(kind: exp.DataType) -> None:
    """One kind of timestamp; a decimal without digits is Trino's, not DuckDB's (18, 3)."""
    for part in kind.find_all(exp.DataType):
        if part.is_type(exp.DType.TIMESTAMP, exp.DType.TIMESTAMPNTZ, exp.DType.TIMESTAMPTZ, exp.DType.TIME):
            part.set("expressions", [])
        elif part.is_type(exp.DType.DECIMAL) and not part.expressions:
            part.set("expressions", [exp.DataTypeParam(this=exp.Literal.number(n)) for n in (38, 0)])


def _spread(unnest: exp.Unnest) -> None:
    """UNNEST in FROM, where Trino makes more columns of it than DuckDB.

    An array of rows gives a column for each of their fields, a map one for its keys and one for its values, and
    several arrays are unfolded side by side.
    """
    alias = unnest.args.get("alias")
    if alias is None or not isinstance(unnest.parent, (exp.From, exp.Join)):
        return
    inner, picked = exp.select(), list[exp.Expr]()
    for number, source in enumerate(unnest.expressions):
        item = f"item{number}"
        array, fields = _items(source)
        inner = inner.select(exp.alias_(exp.Explode(this=array), item, quoted=True))
        held = exp.column(item, "rows", quoted=True)
        if fields is None:
            picked.append(held)
        else:
            picked.extend(exp.Dot(this=held.copy(), expression=exp.to_identifier(f, quoted=True)) for f in fields)
    offset = unnest.args.get("offset")
    if len(picked) == 1 and not offset:
        return
    if offset:
        position = exp.Anonymous(
            this="generate_subscripts", expressions=[_items(unnest.expressions[0])[0], exp.Literal.number(1)]
        )
        inner = inner.select(exp.alias_(position, "position", quoted=True))
        picked.append(exp.column("position", "rows", quoted=True))
    names = [column.name for column in alias.columns]
    if isinstance(offset, exp.Expr) and len(names) < len(picked):
        names.append(offset.name)
    named = [exp.alias_(part, name, quoted=True) for part, name in zip(picked, names, strict=False)]
    query = exp.select(*named).from_(inner.subquery("rows"))
    unnest.replace(exp.Lateral(this=query.subquery(), alias=exp.TableAlias(this=alias.this)))


def _items(source: exp.Expr) -> tuple[exp.Expr, list[str] | None]:
    """What DuckDB unfolds for `source`, and the fields of what comes out when it is a row."""
    kind = source.type
    if isinstance(source, exp.Map) or (kind is not None and kind.is_type(exp.DType.MAP)):
        return exp.Anonymous(this="map_entries", expressions=[source.copy()]), ["key", "value"]
    item = kind.expressions[0] if kind is not None and kind.expressions else None
    is_row = isinstance(item, exp.DataType) and item.is_type(exp.DType.STRUCT)
    return source.copy(), [field.name for field in item.expressions] if is_row and item is not None else None
