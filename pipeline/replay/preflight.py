"""What a file will do to the stream, before anything is sent: each shard's share, and the least time it takes."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from pipeline.replay.rows import Record
from pipeline.replay.selection import select
from pipeline.replay.shards import BYTES_PER_S, RECORDS_PER_S

if TYPE_CHECKING:
    from pipeline.replay.opening import File
    from pipeline.replay.shards import Shards

# As long as any replay's id, so that records have the size that they will be sent with.
_SOME_ID = "r-20260102-030405-9f3a"


@dataclass(frozen=True)
class Load:
    """What one shard will take: rows, bytes (keys included), and its share of all rows, 0 to 1."""

    shard: str
    rows: int
    bytes: int
    share: float

    @property
    def seconds(self) -> float:
        """The least time in which a shard takes it: 1,000 records and 1 MiB a second."""
        return max(self.rows / RECORDS_PER_S, self.bytes / BYTES_PER_S)


@dataclass(frozen=True)
class Preflight:
    """A file against the stream's open shards, in the order of their hash keys.

    `rows` are those that will be sent, `rejected` those that break the contract; `whole` is False when a row limit
    left rows out.
    """

    file: str
    rows: int
    rejected: int
    bytes: int
    shards: tuple[Load, ...]
    whole: bool

    @property
    def hottest(self) -> Load:
        """The shard that will take longest."""
        return max(self.shards, key=lambda load: (load.seconds, load.rows))

    @property
    def max_over_mean(self) -> float:
        """The greatest shard's rows against the mean of all: 1 is even; all on one is the number of shards."""
        return max(load.rows for load in self.shards) * len(self.shards) / self.rows if self.rows else 1.0

    @property
    def least_seconds(self) -> float:
        """The time that shard limits allow at best: that of the hottest shard."""
        return self.hottest.seconds


def look(orders: File, shards: Shards, *, limit: int | None = None, since: str | None = None) -> Preflight:
    """Read the file, or its first `limit` rows from `since` on, and count what each shard will get.

    That takes about 6 microseconds a row.

    Raises FileRefusedError when the file cannot be read on, CloudError while the stream is being resharded.
    """
    rows = dict.fromkeys((one.shard for one in shards.ranges), 0)
    sizes = dict(rows)
    rejected = 0
    found = select(orders, _SOME_ID, since)
    for row in islice(found, limit):
        if isinstance(row, Record):
            shard = shards.of(row.key)
            rows[shard] += 1
            sizes[shard] += len(row.data) + len(row.key.encode())
        else:
            rejected += 1
    total = sum(rows.values())
    loads = tuple(Load(shard, count, sizes[shard], count / total if total else 0.0) for shard, count in rows.items())
    whole = limit is None or next(found, None) is None
    return Preflight(str(orders.source.path), total, rejected, sum(sizes.values()), loads, whole)
