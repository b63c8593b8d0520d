"""What an item weighs, and what of it an index or a projection shows: MiniStack's rules, worked out once a page."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

Item = dict[str, Any]


@lru_cache(maxsize=65_536)
def _number_size(text: str) -> int:
    from ministack.services import dynamodb

    size: int = dynamodb._number_size_bytes(text)
    return size


@cache
def _other_size() -> Callable[[Any], int]:
    from ministack.services import dynamodb

    size: Callable[[Any], int] = dynamodb._attribute_value_size
    return size


def _text_size(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())


@lru_cache(maxsize=4_096)
def _names_size(names: tuple[str, ...]) -> int:
    return sum(map(_text_size, names))


def item_size(item: Item) -> int:
    """An item's size in bytes: its attributes' names and values, as `_item_size_bytes` counts them."""
    total = _names_size(tuple(item))
    for value in item.values():
        text = value.get("S")
        if text is not None:
            total += len(text) if text.isascii() else len(text.encode())
        elif "N" in value:
            total += _number_size(value["N"])
        else:
            total += _other_size()(value)
    return total


def index_shape(definition: dict[str, Any], table: dict[str, Any]) -> Callable[[Item], Item] | None:
    """What an index projects of an item; None when it projects all of it."""
    projected = definition.get("Projection") or {}
    kind = projected.get("ProjectionType", "ALL")
    if kind == "ALL":
        return None
    kept = {table["pk_name"], table["sk_name"]} | {key["AttributeName"] for key in definition["KeySchema"]}
    if kind == "INCLUDE":
        kept |= set(projected.get("NonKeyAttributes") or ())
    return lambda item: {name: value for name, value in item.items() if name in kept}


def projection(dynamodb: Any, data: dict[str, Any]) -> Callable[[Item, dict[str, Any]], Item]:
    """What a request's projection shows of an item.

    Whole attributes are picked directly; paths into attributes, and the checks of the expression's wording, stay
    MiniStack's.
    """
    apply: Callable[[Item, dict[str, Any]], Item] = dynamodb._apply_projection
    expression = data.get("ProjectionExpression")
    if not isinstance(expression, str) or any(sign in expression for sign in ".["):
        return apply
    aliases = data.get("ExpressionAttributeNames") or {}
    names = [aliases.get(path, path) for path in (part.strip() for part in expression.split(",")) if path]
    checked = False

    def pick(item: Item, request: dict[str, Any]) -> Item:
        nonlocal checked
        if not checked:
            checked = True
            return apply(item, request)
        return {name: item[name] for name in names if name in item}

    return pick
