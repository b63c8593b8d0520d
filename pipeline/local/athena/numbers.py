"""Trino's rules for the types of numbers, where DuckDB's differ.

DuckDB divides decimals and averages them as doubles, and rounds them to fewer places; Trino keeps decimals
(Trino documentation, "Decimal functions and operators": the result's precision and scale).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlglot import exp
from sqlglot.optimizer.scope import Scope

if TYPE_CHECKING:
    from collections.abc import Callable

_MOST_DIGITS = 38
_INTEGER_DIGITS = {
    exp.DType.TINYINT: 3,
    exp.DType.SMALLINT: 5,
    exp.DType.INT: 10,
    exp.DType.BIGINT: 19,
}
_BIGGEST_INTEGER = 2**31 - 1


@dataclass(frozen=True)
class Number:
    """An integer or decimal of so many digits in all and after the point."""

    digits: int
    scale: int = 0
    whole: bool = False  # an integer, not a decimal without places

    @classmethod
    def decimal(cls, digits: int, scale: int) -> Number:
        """A decimal, of as many digits as there may be at most."""
        return cls(min(_MOST_DIGITS, digits), scale)

    def to_sql(self) -> exp.DataType:
        """The decimal type."""
        kind: exp.DataType = exp.DataType.build(f"decimal({self.digits},{self.scale})")
        return kind


BIGINT = Number(19, whole=True)
Known = dict[int, dict[str, "Number | None"]]  # for each scope, the numbers among its columns


class Numbers:
    """The numbers of one scope's expressions; `known` holds those of the scopes inside it."""

    def __init__(self, scope: Scope, known: Known) -> None:
        self.scope, self.known = scope, known
        self.rules: dict[type[exp.Expr], Callable[[exp.Expr], Number | None]] = {
            exp.Abs: self._of_inner,
            exp.Add: self._of_sum,
            exp.Alias: self._of_inner,
            exp.Avg: lambda node: _unless_whole(self.of(node.this)),
            exp.Case: self._of_case,
            exp.Cast: lambda node: of_type(node.args["to"]),
            exp.Coalesce: lambda node: self._widest([node.this, *node.expressions]),
            exp.Column: self._of_column,
            exp.Count: lambda _node: BIGINT,
            exp.Distinct: lambda node: self.of(node.expressions[0]) if len(node.expressions) == 1 else None,
            exp.Div: self._of_quotient,
            exp.Filter: self._of_inner,
            exp.If: lambda node: self._widest([node.args["true"], node.args.get("false")]),
            exp.Literal: _of_literal,
            exp.Max: self._of_inner,
            exp.Min: self._of_inner,
            exp.Mul: self._of_product,
            exp.Neg: self._of_inner,
            exp.Paren: self._of_inner,
            exp.Round: self._of_rounded,
            exp.Sub: self._of_sum,
            exp.Sum: self._of_total,
            exp.TryCast: lambda node: of_type(node.args["to"]),
            exp.Window: self._of_inner,
        }

    def of(self, node: exp.Expr | None) -> Number | None:
        """The number that an expression is; None for other types and for what is not known."""
        rule = self.rules.get(type(node)) if node is not None else None
        return rule(node) if rule is not None and node is not None else None

    def _of_inner(self, node: exp.Expr) -> Number | None:
        return self.of(node.this)

    def _of_column(self, node: exp.Expr) -> Number | None:
        source = self.scope.sources.get(node.text("table"))
        if isinstance(source, Scope):
            return self.known.get(id(source.expression), {}).get(node.name)
        return of_type(node.type)

    def _both(self, node: exp.Expr) -> tuple[Number, Number] | None:
        left, right = self.of(node.this), self.of(node.expression)
        return (left, right) if left is not None and right is not None else None

    def _of_sum(self, node: exp.Expr) -> Number | None:
        both = self._both(node)
        if both is None:
            return None
        left, right = both
        if left.whole and right.whole:
            return max(left, right, key=lambda number: number.digits)
        scale = max(left.scale, right.scale)
        return Number.decimal(max(left.digits - left.scale, right.digits - right.scale) + scale + 1, scale)

    def _of_product(self, node: exp.Expr) -> Number | None:
        both = self._both(node)
        if both is None:
            return None
        left, right = both
        if left.whole and right.whole:
            return max(left, right, key=lambda number: number.digits)
        return Number.decimal(left.digits + right.digits, left.scale + right.scale)

    def _of_quotient(self, node: exp.Expr) -> Number | None:
        both = self._both(node)
        if both is None:
            return None
        left, right = both
        if left.whole and right.whole:
            return max(left, right, key=lambda number: number.digits)
        digits = left.digits + right.scale + max(right.scale - left.scale, 0)
        return Number.decimal(digits, max(left.scale, right.scale))

    def _of_total(self, node: exp.Expr) -> Number | None:
        inner = self.of(node.this)
        if inner is None:
            return None
        return BIGINT if inner.whole else Number(_MOST_DIGITS, inner.scale)

    def _of_rounded(self, node: exp.Expr) -> Number | None:
        inner = self.of(node.this)
        if inner is None or inner.whole:
            return inner
        if node.args.get("decimals") is None:
            return Number.decimal(inner.digits - inner.scale + min(1, inner.scale), 0)
        return Number.decimal(inner.digits + 1, inner.scale)

    def _of_case(self, node: exp.Expr) -> Number | None:
        branches = [branch.args["true"] for branch in node.args["ifs"]]
        return self._widest([*branches, node.args.get("default")])

    def _widest(self, nodes: list[exp.Expr | None]) -> Number | None:
        """The type that holds all of them; NULL fits into any."""
        found = [self.of(node) for node in nodes if node is not None and not isinstance(node, exp.Null)]
        numbers = [number for number in found if number is not None]
        if not numbers or len(numbers) < len(found):
            return None
        if all(number.whole for number in numbers):
            return max(numbers, key=lambda number: number.digits)
        scale = max(number.scale for number in numbers)
        return Number.decimal(max(number.digits - number.scale for number in numbers) + scale, scale)


def of_type(kind: exp.DataType | None) -> Number | None:
    """The number that a type is."""
    if kind is None:
        return None
    if kind.this in _INTEGER_DIGITS:
        return Number(_INTEGER_DIGITS[kind.this], whole=True)
    sizes = [int(size.name) for size in kind.expressions] if kind.this == exp.DType.DECIMAL else []
    if not sizes:
        return None
    return Number(sizes[0], sizes[1] if len(sizes) > 1 else 0)


def _of_literal(node: exp.Expr) -> Number | None:
    text = node.name
    if node.is_string or not text.replace(".", "", 1).isdigit():
        return None
    if "." not in text:
        return Number(10 if int(text) <= _BIGGEST_INTEGER else 19, whole=True)
    before, _, after = text.partition(".")
    return Number(max(1, len(before.lstrip("0")) + len(after)), len(after))


def _unless_whole(number: Number | None) -> Number | None:
    """Integers have a double as their average, decimals a decimal."""
    return None if number is None or number.whole else number
