"""Comparisons that Trino refuses and DuckDB would quietly convert: a text with a number, a timestamp with a text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from pipeline.local.athena.failures import QueryFailure, at
from pipeline.local.athena.statements import offset_of

if TYPE_CHECKING:
    from collections.abc import Iterator

_SIGNS: dict[type[exp.Expr], str] = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
}
_FAMILIES = {
    "text": exp.DataType.TEXT_TYPES,
    "number": exp.DataType.NUMERIC_TYPES,
    "moment": exp.DataType.TEMPORAL_TYPES,
    "truth": {exp.DType.BOOLEAN},
}
# Whose type is known for sure; of functions sqlglot only supposes it.
_CERTAIN = (exp.Column, exp.Literal, exp.Cast, exp.Boolean)


def check_comparisons(tree: exp.Expr, text: str) -> None:
    """Raise TYPE_MISMATCH for the first comparison of two families of types. `tree` has its types annotated."""
    for sign, left, right in _comparisons(tree):
        families = _family(left), _family(right)
        if None not in families and families[0] != families[1]:
            shown = f"Cannot apply operator: {_shown(left)} {sign} {_shown(right)}"
            place = offset_of(left) if offset_of(left) is not None else offset_of(right)
            raise QueryFailure(f"TYPE_MISMATCH: {at(text, place)}{shown}")


def _comparisons(tree: exp.Expr) -> Iterator[tuple[str, exp.Expr, exp.Expr]]:
    for kind, sign in _SIGNS.items():
        for node in tree.find_all(kind):
            yield sign, node.this, node.expression
    for between in tree.find_all(exp.Between):
        yield ">=", between.this, between.args["low"]
        yield "<=", between.this, between.args["high"]
    for among in tree.find_all(exp.In):
        for value in among.expressions:
            yield "=", among.this, value


def _family(node: exp.Expr) -> str | None:
    while isinstance(node, (exp.Paren, exp.Neg)):
        node = node.this
    if not isinstance(node, _CERTAIN) or node.type is None:
        return None
    return next((name for name, kinds in _FAMILIES.items() if node.type.this in kinds), None)


def _shown(node: exp.Expr) -> str:
    """A type as Trino's messages write it."""
    while isinstance(node, (exp.Paren, exp.Neg)):
        node = node.this
    if isinstance(node, exp.Literal) and node.is_string:
        return f"varchar({len(node.name)})"
    kind = node.type
    if kind is None:
        return "unknown"
    name = kind.sql("trino").lower()
    return "timestamp(3)" if name == "timestamp" else name
