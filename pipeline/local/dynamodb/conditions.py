"""Where a query's sort condition begins and ends in a sorted partition."""

from __future__ import annotations

import operator
from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

Token = tuple[str, str]
_ORDER = {"LT": operator.lt, "LE": operator.le, "GT": operator.gt, "GE": operator.ge}
_MIRRORED = {"LT": "GT", "LE": "GE", "GT": "LT", "GE": "LE", "EQ": "EQ"}


@dataclass(frozen=True)
class Bounds:
    """Two questions about a sort value: whether it is at or after the first match, and whether it is past the last."""

    begun: Callable[[Any], bool]
    ended: Callable[[Any], bool]

    def within(self, run: list[Any]) -> tuple[int, int]:
        """The slice of `run`, whose entries begin with a tuple that begins with the sort value."""
        low = bisect_left(run, True, key=lambda entry: self.begun(entry[0][0]))  # noqa: FBT003 - the thing sought
        high = bisect_left(run, True, key=lambda entry: self.ended(entry[0][0]))  # noqa: FBT003
        return low, max(low, high)


def _always(_value: Any) -> bool:
    return True


def _never(_value: Any) -> bool:
    return False


def sort_bounds(
    dynamodb: Any,
    condition: str,
    values: dict[str, Any],
    names: dict[str, str],
    hash_name: str,
    range_name: str,
    range_type: str,
) -> Bounds | None:
    """The bounds that a KeyConditionExpression sets; None when it is not understood, or compares binaries."""
    clauses = [_bare(clause) for clause in dynamodb._key_condition_clauses(_bare(dynamodb._tokenize(condition)[:-1]))]
    others = [clause for clause in clauses if hash_name not in _named(clause, names)]
    if len(clauses) - len(others) != 1 or len(others) > 1:
        return None
    if not others:
        return Bounds(_always, _never)
    clause = others[0]
    if range_name not in _named(clause, names) or range_type not in ("S", "N"):
        return None
    found = [values.get(text) for kind, text in clause if kind == "VALUE_REF"]
    if any(not isinstance(value, dict) or set(value) != {range_type} for value in found):
        return None
    return _bounds_of(clause, [dynamodb._sort_key_value(value, range_type) for value in found], range_type)


def _bounds_of(clause: list[Token], found: list[Any], range_type: str) -> Bounds | None:
    kinds = [kind for kind, _ in clause]
    words = [text.lower() for kind, text in clause if kind == "IDENT"]
    if "begins_with" in words and len(found) == 1 and range_type == "S":
        prefix = found[0]
        return Bounds(lambda v: v >= prefix, lambda v: v > prefix and not v.startswith(prefix))
    if "between" in words and len(found) == 2:  # noqa: PLR2004 - a lower and an upper bound
        low, high = found
        return Bounds(lambda v: v >= low, lambda v: v > high)
    if len(clause) != 3 or len(found) != 1 or kinds[1] not in _MIRRORED:  # noqa: PLR2004 - name, sign, value
        return None
    sign = _MIRRORED[kinds[1]] if kinds[0] == "VALUE_REF" else kinds[1]
    bound = found[0]
    if sign == "EQ":
        return Bounds(lambda v: v >= bound, lambda v: v > bound)
    holds = _ORDER[sign]
    if sign in ("GT", "GE"):
        return Bounds(lambda v: holds(v, bound), _never)
    return Bounds(_always, lambda v: not holds(v, bound))


def _named(clause: list[Token], names: dict[str, str]) -> set[str]:
    """The attributes that a clause speaks of."""
    return {
        names.get(text, text) if kind == "NAME_REF" else text for kind, text in clause if kind in ("IDENT", "NAME_REF")
    }


def _bare(tokens: list[Token]) -> list[Token]:
    """`tokens` without parentheses around all of them."""
    while len(tokens) > 1 and tokens[0][0] == "LPAREN" and _closing(tokens) == len(tokens) - 1:
        tokens = tokens[1:-1]
    return tokens


def _closing(tokens: list[Token]) -> int:
    depth = 0
    for at, (kind, _) in enumerate(tokens):
        depth += (kind == "LPAREN") - (kind == "RPAREN")
        if depth == 0:
            return at
    return -1
