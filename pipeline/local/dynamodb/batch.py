"""BatchWriteItem for the plain case: puts of texts, numbers, booleans and nulls into tables nobody listens to.

MiniStack checks each item twice and works out its capacity units whether asked or not. A plain batch is checked
here once; anything else, and anything that is not in order, goes to MiniStack as it came, so that every refusal is
its own. Equal values of an attribute are kept once (a year of orders repeats its countries, codes and days).
"""

from __future__ import annotations

import gc
import sys
from functools import lru_cache
from typing import Any

# Limits of BatchWriteItem and of items (Amazon DynamoDB API reference, BatchWriteItem; developer guide, quotas).
_MAX_REQUESTS = 25
_MAX_ITEM_BYTES = 400 * 1024
_MAX_HASH_BYTES = 2048
_MAX_SORT_BYTES = 1024
_MOST_BYTES_A_CHARACTER = 4
_KEPT_VALUES = 100_000
_FREEZE_AFTER = 20_000

Item = dict[str, Any]
Attribute = tuple[str, dict[str, Any], int]  # its name, its value, the characters of both
Put = tuple[dict[str, Any], str, str, Item]


@lru_cache(maxsize=65_536)
def _canonical(text: str) -> str | None:
    from ministack.services import dynamodb

    number: str | None = dynamodb._ddb_canonicalize_number(text)
    return number


def _plain_content(kind: str, content: Any) -> str | bool | None:
    """A text, a number in canonical form or a boolean; None for any other content, right or wrong."""
    if not isinstance(content, str):
        return content if isinstance(content, bool) and (kind == "BOOL" or (kind == "NULL" and content)) else None
    if kind == "N":
        return _canonical(content)
    return content if kind == "S" else None


class _Writer:
    """Plain batches into one MiniStack's tables."""

    def __init__(self, dynamodb: Any) -> None:
        self.ddb = dynamodb
        self.write_any = dynamodb._batch_write_item
        self.kept: dict[tuple[str, str, str], Attribute] = {}
        self.since_freeze = 0

    def write(self, data: dict[str, Any]) -> Any:
        """Answer a BatchWriteItem."""
        puts = self._plain_puts(data)
        if puts is None:
            return self.write_any(data)
        for put in puts:
            self.ddb._set_item(*put)
        self.since_freeze += len(puts)
        if self.since_freeze >= _FREEZE_AFTER:
            # Items are no garbage: looking through half a million of them stops the whole process for 0.4 s.
            self.since_freeze = 0
            gc.freeze()
        return self.ddb.json_response({"UnprocessedItems": {}})

    def _plain_puts(self, data: dict[str, Any]) -> list[Put] | None:
        """What a plain batch puts where; None when it is not plain, or not in order."""
        asked = data.get("RequestItems")
        if not isinstance(asked, dict) or set(data) - {"RequestItems", "ReturnConsumedCapacity"}:
            return None
        if data.get("ReturnConsumedCapacity", "NONE") != "NONE":
            return None
        puts: list[Put] = []
        for name, requests in asked.items():
            table = self.ddb._tables.get(name)
            if table is None or not isinstance(requests, list) or not requests or self._is_watched(name, table):
                return None
            if len(puts) + len(requests) > _MAX_REQUESTS:
                return None
            keys = _Keys(self.ddb, table)
            for request in requests:
                put = self._plain_put(table, keys, request)
                if put is None:
                    return None
                puts.append(put)
        return puts or None

    def _is_watched(self, name: str, table: dict[str, Any]) -> bool:
        """Whether someone is told of each write: a stream, a replica, a vector index."""
        stream = table.get("StreamSpecification") or {}
        return bool(
            stream.get("StreamEnabled")
            or self.ddb._kinesis_destinations.get(name)
            or table.get("_global_regions")
            or table.get("VectorIndexes")
        )

    def _plain_put(self, table: dict[str, Any], keys: _Keys, request: Any) -> Put | None:
        if not isinstance(request, dict) or set(request) != {"PutRequest"}:
            return None
        given = request["PutRequest"].get("Item") if isinstance(request["PutRequest"], dict) else None
        item = self._plain_item(given) if isinstance(given, dict) else None
        key = None if item is None else keys.of(item)
        return None if item is None or key is None else (table, *key, item)

    def _plain_item(self, given: Item) -> Item | None:
        """The item as it is kept: numbers in their canonical form, equal values shared."""
        item: Item = {}
        characters = 0
        kept = self.kept
        for name, value in given.items():
            if not isinstance(value, dict) or len(value) != 1:
                return None
            (content,) = value.items()
            attribute = kept.get((name, *content)) if isinstance(content[1], str) else None
            if attribute is None:
                attribute = self._attribute(name, *content)
                if attribute is None:
                    return None
            item[attribute[0]] = attribute[1]
            characters += attribute[2]
        return item if characters * _MOST_BYTES_A_CHARACTER <= _MAX_ITEM_BYTES else None

    def _attribute(self, name: str, kind: str, content: Any) -> Attribute | None:
        """A plain attribute that is new to us; one whose value is a text or number is kept for all who have it.

        It is never shared under two names, for an item may be changed in place.
        """
        plain = _plain_content(kind, content)
        if plain is None:
            return None
        if not isinstance(plain, str):
            return name, {kind: plain}, len(name) + 1
        if len(self.kept) >= _KEPT_VALUES:
            self.kept.clear()
        attribute = (sys.intern(name), {kind: plain}, len(name) + len(plain))
        # The canonical form is looked up too, so that a number written in two ways is kept once.
        attribute = self.kept.setdefault((name, kind, plain), attribute)
        return self.kept.setdefault((name, kind, content), attribute)


class _Keys:
    """The keys of one table and of its indexes, and the keys that a batch has already named."""

    def __init__(self, dynamodb: Any, table: dict[str, Any]) -> None:
        types = {entry["AttributeName"]: entry["AttributeType"] for entry in table["AttributeDefinitions"]}
        self.hash = (table["pk_name"], types[table["pk_name"]], _MAX_HASH_BYTES)
        self.sort = (table["sk_name"], types[table["sk_name"]], _MAX_SORT_BYTES) if table["sk_name"] else None
        indexed = {name for _, hashes, ranges in dynamodb._index_key_schemas(table) for name in (*hashes, *ranges)}
        self.indexed = [(name, types[name]) for name in indexed]
        self.named: set[tuple[str, str]] = set()

    def of(self, item: Item) -> tuple[str, str] | None:
        """The item's keys, if all is in order with them and they are new to the batch."""
        partition = _key(item, *self.hash)
        sort = "__no_sort__" if self.sort is None else _key(item, *self.sort)
        if partition is None or sort is None or (partition, sort) in self.named:
            return None
        for name, kind in self.indexed:
            if name in item and not item[name].get(kind):
                return None
        self.named.add((partition, sort))
        return partition, sort


def _key(item: Item, name: str, kind: str, most: int) -> str | None:
    value: str | None = item.get(name, {}).get(kind)
    return value if value and len(value) * _MOST_BYTES_A_CHARACTER <= most else None


def install(dynamodb: Any) -> None:
    """Write plain batches the short way."""
    dynamodb._batch_write_item = _Writer(dynamodb).write
