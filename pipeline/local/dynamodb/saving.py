"""Saving and restoring tables in seconds.

MiniStack copies every table, then writes it value by value in Python, and reads it back the same way: minutes for
a year of orders. Here a table's items are handed to it as one text: the distinct attributes once, and each item as
the numbers of its attributes. What items shared before a restart they share after it.
"""

from __future__ import annotations

import gc
import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


def to_text(items: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> str:
    """`{partition: {sort: item}}` as a text; only the items are written, for their keys are in them."""
    numbers: dict[tuple[str, int], int] = {}
    attributes: list[tuple[str, Any]] = []
    rows: list[list[int]] = []
    for partition in items.values():
        for item in partition.values():
            row = []
            for name, value in item.items():
                number = numbers.setdefault((name, id(value)), len(attributes))
                if number == len(attributes):
                    attributes.append((name, value))
                row.append(number)
            rows.append(row)
    return json.dumps({"attributes": attributes, "rows": rows}, ensure_ascii=False, separators=(",", ":"))


def from_text(text: str) -> Iterable[dict[str, Any]]:
    """The items of such a text, in its order."""
    saved = json.loads(text)
    attribute = [(name, value) for name, value in saved["attributes"]].__getitem__
    return (dict(map(attribute, row)) for row in saved["rows"])


@contextmanager
def _without_collection() -> Iterator[None]:
    """Millions of new objects, none of them garbage: looking for garbage among them would double the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def install(dynamodb: Any) -> None:
    """Give `get_state` and `load_persisted_state` the short form; MiniStack's own form is still read."""
    get_state, load = dynamodb.get_state, dynamodb.load_persisted_state
    key_text = dynamodb._extract_key_val

    def get_short_state() -> dict[str, Any]:
        tables = dynamodb._tables.all_items()
        held = {key: table["items"] for key, table in tables}
        try:
            for _, table in tables:
                table["items"] = {}
            state: dict[str, Any] = get_state()
        finally:
            for key, table in tables:
                table["items"] = held[key]
        with _without_collection():
            for key, table in state["tables"].all_items():
                table["items"] = to_text(held[key])
        return state

    def load_short_state(state: dict[str, Any]) -> None:
        for table in state["tables"].all_values() if "tables" in state else ():
            if isinstance(table["items"], str):
                with _without_collection():
                    items = dynamodb.defaultdict(dict)
                    for item in from_text(table["items"]):
                        sort = key_text(item[table["sk_name"]]) if table["sk_name"] else "__no_sort__"
                        items[key_text(item[table["pk_name"]])][sort] = item
                table["items"] = items
        load(state)

    dynamodb.get_state = get_short_state
    dynamodb.load_persisted_state = load_short_state
