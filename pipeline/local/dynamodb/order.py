"""The order of a table's items, kept from one page to the next.

MiniStack keeps a table as `{partition key: {sort key: item}}` in order of arrival and sorts all of it for every
page. `Items` is that same mapping with the sorted keys beside it; MiniStack's three functions through which every
write goes (`_set_item`, `_remove_item`, `_items_replaced`) tell it what came and went. The last of them, like a
restore, makes a new mapping, whose order is then made anew.
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

# How many sorted partitions a table remembers; the largest real one, a customer's 7,983 lines, takes 1.5 MB.
_RUNS = 64


class Items(defaultdict[str, dict[str, Any]]):
    """A table's items, with what is known of their order.

    `partitions()` are the partition keys in order. `run(name, build)` is a sorted list that belongs to one
    partition of the table or of an index, built once and forgotten when an item of that partition changes.
    """

    __slots__ = ("_indexes", "_partitions", "_runs", "_touched")

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._partitions: list[str] | None = None
        self._touched: set[str] = set()
        self._indexes: object = None
        self._runs: OrderedDict[Hashable, list[Any]] = OrderedDict()

    def partitions(self) -> list[str]:
        """All partition keys, sorted. Only what changed since the last call is sorted in."""
        if self._partitions is None:
            self._touched = set()
            self._partitions = sorted(self)
        elif self._touched:
            touched, self._touched = self._touched, set()
            kept = [key for key in self._partitions if key not in touched]
            kept.extend(key for key in touched if key in self)
            kept.sort()
            self._partitions = kept
        return self._partitions

    def belong_to(self, indexes: object) -> None:
        """Forget every run unless `indexes` is the object of the last call: the table's indexes were changed."""
        if self._indexes is not indexes:
            self._runs.clear()
            self._indexes = indexes

    def run(self, name: Hashable, build: Callable[[], list[Any]]) -> list[Any]:
        """The sorted list called `name`, from `build` when it is not known."""
        run = self._runs.pop(name, None)
        if run is None:
            run = build()
        self._runs[name] = run
        while len(self._runs) > _RUNS:
            self._runs.popitem(last=False)
        return run

    def changed(self, partition: str, runs: list[Hashable]) -> None:
        """An item of `partition` came or went; forget its runs, and those of indexes that are named."""
        if self._partitions is not None:
            self._touched.add(partition)
        for name in (*runs, (None, partition), (None, partition, "text")):
            self._runs.pop(name, None)

    def forget(self, runs: list[Hashable]) -> None:
        """An item was replaced: its keys are the same, its place in these runs may not be."""
        for name in runs:
            self._runs.pop(name, None)

    @property
    def has_runs(self) -> bool:
        """Whether any sorted partition is remembered."""
        return bool(self._runs)


def install(dynamodb: Any) -> None:
    """Let every table keep its items in an `Items`, and let every write tell it."""
    set_item, remove_item = dynamodb._set_item, dynamodb._remove_item
    schemas, partition_of = dynamodb._index_key_schemas, dynamodb._index_partition

    def runs_of(table: dict[str, Any], *versions: dict[str, Any] | None) -> list[Hashable]:
        """The remembered lists that hold an item in any of its versions."""
        names: list[Hashable] = []
        for index, hashes, ranges in schemas(table):
            partitions = {partition_of(version, hashes, ranges) for version in versions if version is not None}
            names.extend((index, partition) for partition in partitions if partition is not None)
        return names

    def set_and_tell(table: dict[str, Any], partition: str, sort: str, item: dict[str, Any]) -> Any:
        old = set_item(table, partition, sort, item)
        items = table["items"]
        if isinstance(items, Items):
            runs = runs_of(table, old, item) if items.has_runs else []
            if old is None:
                items.changed(partition, runs)
            else:
                items.forget(runs)
        return old

    def remove_and_tell(table: dict[str, Any], partition: str, sort: str) -> Any:
        old = remove_item(table, partition, sort)
        items = table["items"]
        if isinstance(items, Items) and old is not None:
            items.changed(partition, runs_of(table, old))
        return old

    dynamodb.defaultdict = Items
    dynamodb._set_item = set_and_tell
    dynamodb._remove_item = remove_and_tell
