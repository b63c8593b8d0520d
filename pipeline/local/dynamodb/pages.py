"""Pages of Scan and Query that cost what they return.

MiniStack's `_scan` and `_query` gather and sort every candidate, and only then cut out the page. Here the page is
found first, by bisection in the kept order, and MiniStack's own code then runs on a table that holds just that
page: its checks, filters, projections and messages are all in force. A request that is not plain (legacy
conditions, index scans, binary sort keys, keys of several attributes) goes to MiniStack as it came.

Limits: a page ends before the item that would take it past 1 MB, or at `Limit` (Amazon DynamoDB developer guide,
"Paginating table query results"). It consumes a read unit for each 4 KB, the sizes of its items taken together, and
half of that where old values may come (the same, "DynamoDB read and write operations"); MiniStack counts one 4 KB
whatever was read.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from itertools import islice
from operator import itemgetter
from types import FunctionType
from typing import TYPE_CHECKING, Any

from pipeline.local.dynamodb.conditions import sort_bounds
from pipeline.local.dynamodb.order import Items
from pipeline.local.dynamodb.shapes import index_shape, item_size, projection

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pipeline.local.dynamodb.conditions import Bounds

_PAGE_BYTES = 1_048_576
_UNIT_BYTES = 4_096
_LARGE_PARTITION = 1_000

Item = dict[str, Any]
Request = dict[str, Any]


@dataclass(frozen=True)
class Page:
    """What one page reads: `(partition key, sort key, item)` in order, how many bytes, and whether it stopped early."""

    rows: list[tuple[str, str, Item]]
    stopped: bool
    size: int


@dataclass(frozen=True)
class _Asked:
    """A plain query: one partition of a table or index, and a stretch of its sort values."""

    index: dict[str, Any] | None
    hash_name: str
    partition: str
    order: list[tuple[str, str]]
    bounds: Bounds


def cut(rows: Iterable[tuple[str, str, Item]], limit: int | None, shape: Any = None) -> Page:
    """The first page of `rows`; an index reads its entries in the `shape` that it projects."""
    page: list[tuple[str, str, Item]] = []
    total = 0
    for row in rows:
        size = item_size(row[2] if shape is None else shape(row[2]))
        if page and total + size > _PAGE_BYTES:
            return Page(page, stopped=True, size=total)
        page.append(row)
        total += size
        if total >= _PAGE_BYTES or (limit is not None and len(page) >= limit):
            return Page(page, stopped=True, size=total)
    return Page(page, stopped=False, size=total)


def _limit(data: Request) -> int | None:
    limit = data.get("Limit")
    return None if limit is None else int(limit)


class _Reader:
    """Pages of one MiniStack's tables."""

    def __init__(self, dynamodb: Any) -> None:
        self.ddb = dynamodb
        self.scan_all = dynamodb._scan
        self.query_all = dynamodb._query

    # --- Scan

    def scan(self, data: Request) -> Any:
        """Answer a Scan."""
        table = self._table(data)
        page = None if table is None else self._scan_page(table, data)
        if table is None or page is None:
            return self.scan_all(data)
        return self._answer(self.scan_all, table, page, data)

    def _scan_page(self, table: dict[str, Any], data: Request) -> Page | None:
        start: Item | None = data.get("ExclusiveStartKey")
        segment, segments = data.get("Segment"), data.get("TotalSegments")
        keys = {table["pk_name"], table["sk_name"]} - {None}
        if data.get("IndexName") or (start and not keys.issubset(start)) or (segment is None) != (segments is None):
            return None
        value = self.ddb._extract_key_val
        first = (
            (value(start[table["pk_name"]]), value(start[table["sk_name"]]) if table["sk_name"] else "")
            if start
            else None
        )
        part = None if segment is None or segments is None else (int(segment), int(segments))
        if part is not None and not 0 <= part[0] < part[1]:
            return None
        return cut(self._in_order(table, first, part), _limit(data))

    @staticmethod
    def _in_order(
        table: dict[str, Any], first: tuple[str, str] | None, part: tuple[int, int] | None
    ) -> Iterator[tuple[str, str, Item]]:
        """Every item after `first`, as MiniStack orders a scan: by the keys' texts."""
        items: Items = table["items"]
        partitions = items.partitions()
        begin = 0
        if first is not None:
            begin = (bisect_left if table["sk_name"] else bisect_right)(partitions, first[0])
        for partition in islice(partitions, begin, None):
            if part is not None and not _in_segment(partition, *part):
                continue
            held = items.get(partition, {})
            sorts = _sorted_texts(items, partition, held)
            after = bisect_right(sorts, first[1]) if first is not None and partition == first[0] else 0
            for sort in islice(sorts, after, None):
                item = held.get(sort)
                if item is not None:
                    yield partition, sort, item

    # --- Query

    def query(self, data: Request) -> Any:
        """Answer a Query."""
        table = self._table(data)
        page = None if table is None else self._query_page(table, data)
        if table is None or page is None:
            return self.query_all(data)
        return self._answer(self.query_all, table, page, data)

    def _query_page(self, table: dict[str, Any], data: Request) -> Page | None:
        asked = self._asked(table, data)
        if asked is None:
            return None
        items: Items = table["items"]
        run = self._run(table, asked)
        if run and not self._wording_is_accepted(data, items[run[0][1]][run[0][2]]):
            return None
        low, high = asked.bounds.within(run)
        start, forward = data.get("ExclusiveStartKey"), data.get("ScanIndexForward", True)
        if start:
            if not {asked.hash_name, *(name for name, _ in asked.order)}.issubset(start):
                return None
            cursor = self._place(start, asked)
            if forward:
                low = max(low, bisect_right(run, cursor, key=itemgetter(0)))
            else:
                high = min(high, bisect_left(run, cursor, key=itemgetter(0)))
        steps = range(low, high) if forward else range(high - 1, low - 1, -1)
        keys = (run[at][1:] for at in steps)
        found = ((pk, sk, items[pk][sk]) for pk, sk in keys if sk in items.get(pk, ()))
        return cut(found, _limit(data), index_shape(asked.index, table) if asked.index else None)

    def _asked(self, table: dict[str, Any], data: Request) -> _Asked | None:
        """What a plain query asks for; None when it is not plain."""
        ddb, index_name, condition = self.ddb, data.get("IndexName"), data.get("KeyConditionExpression")
        values, names = data.get("ExpressionAttributeValues") or {}, data.get("ExpressionAttributeNames") or {}
        index = ddb._index_def(table, index_name) if index_name else None
        if not isinstance(condition, str) or data.get("KeyConditions") or (index_name and index is None):
            return None
        hashes, ranges = ddb._index_key_lists(index) if index else ([table["pk_name"]], [table["sk_name"]])
        if len(hashes) != 1 or len(ranges) != 1 or ranges[0] is None:
            return None
        kind = ddb._get_attr_type(table, ranges[0])
        bounds = sort_bounds(ddb, condition, values, names, hashes[0], ranges[0], kind)
        partition = ddb._extract_pk_from_condition(condition, values, names, hashes[0])
        if bounds is None or partition is None:
            return None
        return _Asked(index, hashes[0], partition, ddb._index_order_keys(table, ranges[0]), bounds)

    def _run(self, table: dict[str, Any], asked: _Asked) -> list[tuple[tuple[Any, ...], str, str]]:
        """The whole partition that is asked for, in order: each item's place and its keys in the table."""
        items: Items = table["items"]
        if asked.index is None:
            keys: Iterable[tuple[str, str]] = ((asked.partition, sort) for sort in items.get(asked.partition, ()))
            name = None
        else:
            members, name = self.ddb._index_members(table), asked.index["IndexName"]
            items.belong_to(members)
            keys = members[name].get(asked.partition, ())
        return items.run(
            (name, asked.partition),
            lambda: sorted((self._place(items[pk][sk], asked), pk, sk) for pk, sk in keys if sk in items.get(pk, ())),
        )

    def _place(self, item: Item, asked: _Asked) -> tuple[Any, ...]:
        """Where an item, or a key, stands in its partition: MiniStack's order of index entries."""
        return tuple(self.ddb._index_order_value(item, name, kind) for name, kind in asked.order)

    def _wording_is_accepted(self, data: Request, item: Item) -> bool:
        """Whether MiniStack can apply the key condition to an item; it says why not when it reads the table itself."""
        values, names = data.get("ExpressionAttributeValues") or {}, data.get("ExpressionAttributeNames") or {}
        try:
            self.ddb._evaluate_condition(
                data["KeyConditionExpression"], item, values, names, slot="KeyConditionExpression"
            )
        except ValueError:
            return False
        return True

    # --- Both

    def _table(self, data: Request) -> dict[str, Any] | None:
        """The table that a request asks for, its order kept from now on, if the request is well formed so far."""
        name = self.ddb._normalize_table_name(data.get("TableName"))
        table: dict[str, Any] | None = self.ddb._tables.get(name) if isinstance(name, str) else None
        if table is not None and not isinstance(table["items"], Items):
            # CloudFormation makes its tables without the service's own code.
            table["items"] = Items(dict, table["items"])
        limit, start = data.get("Limit"), data.get("ExclusiveStartKey")
        plain = (
            table is not None
            and (limit is None or (isinstance(limit, int) and limit > 0))
            and (
                start is None
                or (isinstance(start, dict) and not self.ddb._values_error_response(start.values(), envelope=False))
            )
        )
        return table if plain else None

    def _answer(self, function: FunctionType, table: dict[str, Any], page: Page, data: Request) -> Any:
        """Run MiniStack's `function` on a table that holds only the page."""
        ddb, index = self.ddb, data.get("IndexName")
        held: dict[str, dict[str, Item]] = {}
        for partition, sort, item in page.rows:
            held.setdefault(partition, {})[sort] = item
        small = {**table, "items": held}
        whole_table = dict.fromkeys((pk, sk) for pk, sk, _ in page.rows)

        class Everything(dict[Any, Any]):
            """Any partition of the index holds the page's items: no other partition is asked for."""

            def get(self, _key: Any, _default: Any = None) -> Any:
                return whole_table

        def condition(expression: str, item: Item, values: Any, names: Any, slot: str = "ConditionExpression") -> Any:
            # The page was found by this very condition, and its wording was tried on one item.
            if slot == "KeyConditionExpression" and item is not data.get("ExclusiveStartKey"):
                return True
            return ddb._evaluate_condition(expression, item, values, names, slot=slot)

        def consumed(result: dict[str, Any], asked: Request, name: str, index_name: str | None = None) -> None:
            ddb._add_consumed_capacity(result, asked, name, index_name=index_name)
            _times(result.get("ConsumedCapacity", {}), max(1, -(-page.size // _UNIT_BYTES)))

        definition = ddb._index_def(table, index) if index else None
        entry = index_shape(definition, table) if definition else None
        scope = {
            **vars(ddb),
            "_tables": {ddb._normalize_table_name(data["TableName"]): small},
            "_index_members": lambda _table: {index: Everything()},
            "_paginate_evaluated_items": lambda items, *_rest: (items, page.stopped),
            "_evaluate_condition": condition,
            "_add_consumed_capacity": consumed,
            "_apply_projection": projection(ddb, data),
            "_apply_index_projection": lambda item, *_rest: item if entry is None else entry(item),
        }
        run = FunctionType(function.__code__, scope, function.__name__, function.__defaults__, function.__closure__)
        return run(data)


def _times(capacity: dict[str, Any], units: int) -> None:
    """Multiply each number of units that a ConsumedCapacity tells, those of its table and indexes too."""
    for name, value in capacity.items():
        if isinstance(value, dict):
            _times(value, units)
        elif name == "CapacityUnits":
            capacity[name] = value * units


def _in_segment(partition: str, segment: int, segments: int) -> bool:
    """Whether a parallel scan's segment holds a partition, by MiniStack's rule."""
    digest = hashlib.sha1(partition.encode(), usedforsecurity=False).digest()
    return int.from_bytes(digest[:4], "big") % segments == segment


def _sorted_texts(items: Items, partition: str, held: dict[str, Item]) -> list[str]:
    """A partition's sort keys by their text; those of a large partition are remembered."""
    if len(held) < _LARGE_PARTITION:
        return sorted(held)
    return items.run((None, partition, "text"), lambda: sorted(held))


def install(dynamodb: Any) -> None:
    """Read pages, not tables."""
    reader = _Reader(dynamodb)
    dynamodb._scan = reader.scan
    dynamodb._query = reader.query
