"""The objects that a table's rows lie in, and what Parquet's footers say of them."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from pipeline.local import objects
from pipeline.local.athena import catalog, projection
from pipeline.local.athena.types import quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pipeline.local.athena.catalog import LakeTable
    from pipeline.local.athena.engine import Engine

_KNOWN_FOOTERS = 20_000
_FOOTERS_AT_ONCE = 500


@dataclass(frozen=True)
class LakeFile:
    """One object, and its partition's value for each partition key. `tag` changes when its content does."""

    bucket: str
    key: str
    size: int
    tag: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Footer:
    """What a Parquet file holds: for each column (in lower case) its physical types and compressed bytes."""

    types: dict[str, frozenset[str]]
    sizes: dict[str, int]

    @property
    def shape(self) -> frozenset[tuple[str, frozenset[str]]]:
        """Files of one shape can be read as one."""
        return frozenset(self.types.items())


@dataclass
class FooterCache:
    """The footers that were read, so that a query opens only files that are new."""

    engine: Engine
    known: OrderedDict[tuple[str, str, str], Footer] = field(default_factory=OrderedDict)

    def of(self, files: Iterable[LakeFile]) -> dict[LakeFile, Footer]:
        """The footer of each file."""
        found, missing = {}, []
        for file in files:
            footer = self.known.get((file.bucket, file.key, file.tag))
            if footer is None:
                missing.append(file)
            else:
                found[file] = footer
        for begin in range(0, len(missing), _FOOTERS_AT_ONCE):
            found.update(self._read(missing[begin : begin + _FOOTERS_AT_ONCE]))
        for file in missing:
            self.known[file.bucket, file.key, file.tag] = found[file]
        while len(self.known) > _KNOWN_FOOTERS:
            self.known.popitem(last=False)
        return found

    def _read(self, files: list[LakeFile]) -> dict[LakeFile, Footer]:
        by_path = {path_of(file): file for file in files}
        footers = {file: Footer({}, {}) for file in files}
        # The names of nested columns are joined by commas; the first is the table's own column.
        column = "lower(split_part(path_in_schema, ', ', 1))"
        rows = self.engine.cursor().execute(
            f"select file_name, {column}, list(distinct type), sum(total_compressed_size)"  # noqa: S608 - quoted paths
            f" from parquet_metadata([{', '.join(map(quoted, by_path))}]) group by all"
        )
        for path, name, kinds, size in rows.fetchall():
            footer = footers[by_path[path]]
            footer.types[name] = frozenset(kinds)
            footer.sizes[name] = int(size)
        return footers


def path_of(file: LakeFile) -> str:
    """The file on disk."""
    from ministack.services import s3

    return _path(s3.DATA_DIR, file.bucket, file.key, file.tag)


@lru_cache(maxsize=_KNOWN_FOOTERS)
def _path(_root: str, bucket: str, key: str, _tag: str) -> str:
    # MiniStack looks at each folder on the way, and a query may name thousands of files.
    return str(objects.path(bucket, key))


def files_of(table: LakeTable) -> list[LakeFile]:
    """All files of a table, in the order of their keys."""
    if projection.is_projected(table):
        return sorted(_projected(table), key=lambda file: file.key)
    if not table.partition_keys:
        return sorted(_under(table.location, ()), key=lambda file: file.key)
    registered = catalog.partitions(table)
    return [file for values, place in registered for file in sorted(_under(place, values), key=lambda file: file.key)]


def _projected(table: LakeTable) -> Iterator[LakeFile]:
    column_rules = projection.rules(table)
    bucket, pattern = projection.key_pattern(table, column_rules)
    verdicts: dict[tuple[str, ...], bool] = {}
    for key, size, tag in _objects(bucket):
        found = pattern.match(key)
        if found is None or _is_hidden(key[found.end() :]):
            continue
        groups = found.groupdict()
        values = tuple(groups[name] for name in column_rules)
        if values not in verdicts:
            verdicts[values] = all(rule.holds(groups[name]) for name, rule in column_rules.items())
        if verdicts[values]:
            yield LakeFile(bucket, key, size, tag, values)


def _under(location: str, values: tuple[str, ...]) -> Iterator[LakeFile]:
    bucket, _, prefix = location.removeprefix("s3://").removeprefix("s3a://").partition("/")
    if prefix and not prefix.endswith("/"):
        prefix += "/"
    for key, size, tag in _objects(bucket):
        if key.startswith(prefix) and not _is_hidden(key[len(prefix) :]):
            yield LakeFile(bucket, key, size, tag, values)


def _objects(bucket: str) -> Iterator[tuple[str, int, str]]:
    """Key, size and tag of each object that holds something."""
    from ministack.services import s3

    found = s3._buckets.get(bucket)
    for key, record in tuple(found["objects"].items()) if found else ():
        if record["size"]:
            yield key, record["size"], f"{record['etag']}{record['last_modified']}"


def _is_hidden(relative: str) -> bool:
    """Names that begin with `_` or `.` are not data (Athena user guide, "Specify a table location in Amazon S3")."""
    return any(part.startswith(("_", ".")) for part in relative.split("/"))
