"""Which shard takes a partition key: MD5 of the key as a number of 128 bits, within a shard's range of hash keys.

https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecord.html
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from typing import TYPE_CHECKING, Any, NamedTuple

from pipeline.clients import aws_errors
from pipeline.errors import CloudError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

RECORDS_PER_S = 1_000  # that a shard takes
BYTES_PER_S = 1 << 20  # likewise, partition keys included
_CACHED = 1 << 14  # keys remembered: a key's rows are mostly neighbours


class Range(NamedTuple):
    """An open shard and the hash keys that are its own, both ends included."""

    shard: str
    first: int
    last: int


class Shards:
    """The open shards of a stream; `of(key)` is the name of the one that takes a partition key."""

    def __init__(self, ranges: Iterable[Range]) -> None:
        self.ranges = tuple(sorted(ranges, key=lambda one: one.first))
        self._firsts = [one.first for one in self.ranges]
        self._known: dict[str, str] = {}

    def of(self, key: str) -> str:
        """Raises CloudError when no open shard takes the key: the stream is being resharded."""
        shard = self.find(key)
        if not shard:
            raise CloudError("The stream's open shards do not cover every key: it is being resharded. Try again soon.")
        return shard

    def find(self, key: str) -> str:
        """The same; empty when no open shard takes the key."""
        shard = self._known.get(key)
        if shard is None:
            if len(self._known) >= _CACHED:
                self._known.clear()
            shard = self._known[key] = self._at(hash_key(key))
        return shard

    def _at(self, place: int) -> str:
        at = bisect_right(self._firsts, place) - 1
        return self.ranges[at].shard if at >= 0 and place <= self.ranges[at].last else ""


def hash_key(key: str) -> int:
    """Where a partition key lies, 0 to 2**128 - 1."""
    return int.from_bytes(hashlib.md5(key.encode(), usedforsecurity=False).digest())


def open_shards(kinesis: Any, stream: str) -> Shards:  # noqa: ANN401 - boto3 makes its clients at run time
    """The shards that take records now; those closed by a split or a merge are left out. Raises CloudError."""
    with aws_errors(f"Stream {stream}"):
        pages = kinesis.get_paginator("list_shards").paginate(StreamName=stream)
        return of_listed(shard for page in pages for shard in page["Shards"])


def of_listed(listed: Iterable[Mapping[str, Any]]) -> Shards:
    """The same from ListShards' own descriptions."""
    return Shards(
        Range(
            shard["ShardId"], int(shard["HashKeyRange"]["StartingHashKey"]), int(shard["HashKeyRange"]["EndingHashKey"])
        )
        for shard in listed
        if "EndingSequenceNumber" not in shard["SequenceNumberRange"]
    )
