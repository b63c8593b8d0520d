"""What a delivery stream holds between taking a record and delivering it.

Taking records must cost next to nothing, because it happens while a producer waits: a call's records become one
`Chunk`, a single block of bytes. A delivery takes a `Batch`, the chunks of one S3 object.
"""

from __future__ import annotations

import threading
import time
from array import array
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

MIB = 1 << 20
# A buffer that delivery does not keep up with is delivered in larger pieces, up to this one; as AWS's guide says
# ("raises the buffer size dynamically").
CATCH_UP_BYTES = 64 * MIB
# Hints may change while a buffer waits (UpdateDestination); it looks again this often.
_LOOK_AGAIN_S = 1.0


@dataclass(frozen=True, slots=True)
class Record:
    """One record: its bytes, when it arrived (seconds since 1970), and its id where the producer was told one."""

    data: bytes
    arrived: float
    id: str = ""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Records that arrived together: their bytes one after the other, the size of each, their ids or none."""

    arrived: float
    data: bytes
    sizes: array[int]
    ids: tuple[str, ...] = ()

    @classmethod
    def of(cls, records: Sequence[bytes], arrived: float, ids: Sequence[str] = ()) -> Chunk:
        """The chunk of `records`; `ids` is empty or as long as `records`."""
        return cls(arrived, b"".join(records), array("I", map(len, records)), tuple(ids))

    def __iter__(self) -> Iterator[Record]:
        start = 0
        for number, size in enumerate(self.sizes):
            yield Record(self.data[start : start + size], self.arrived, self.ids[number] if self.ids else "")
            start += size


@dataclass(frozen=True, slots=True)
class Batch:
    """The chunks of one delivery, oldest first."""

    chunks: tuple[Chunk, ...]

    @classmethod
    def of(cls, records: Iterable[Record]) -> Batch:
        """The batch of single records, such as those that a processor gave back."""
        chunks = []
        for arrived, group in groupby(records, key=lambda record: record.arrived):
            together = list(group)
            ids = [record.id for record in together] if together[0].id else []
            chunks.append(Chunk.of([record.data for record in together], arrived, ids))
        return cls(tuple(chunks))

    @property
    def count(self) -> int:
        """How many records."""
        return sum(len(chunk.sizes) for chunk in self.chunks)

    @property
    def size(self) -> int:
        """How many bytes."""
        return sum(len(chunk.data) for chunk in self.chunks)

    @property
    def arrived(self) -> float:
        """When its oldest record arrived, in seconds since 1970."""
        return min(chunk.arrived for chunk in self.chunks)

    @property
    def data(self) -> bytes:
        """The records one after the other, nothing between them, as Firehose concatenates them."""
        return self.chunks[0].data if len(self.chunks) == 1 else b"".join(chunk.data for chunk in self.chunks)

    @property
    def sizes(self) -> array[int]:
        """The size of each record."""
        sizes = array("I")
        for chunk in self.chunks:
            sizes.extend(chunk.sizes)
        return sizes

    def __iter__(self) -> Iterator[Record]:
        for chunk in self.chunks:
            yield from chunk


@dataclass(frozen=True, slots=True)
class Hints:
    """When a buffer is due: at `size` bytes, or `interval` seconds after its first record."""

    size: int
    interval: float


@dataclass(frozen=True, slots=True)
class Level:
    """How full a buffer is, and since when (seconds since 1970; None when it is empty)."""

    records: int
    size: int
    since: float | None


class Buffer:
    """The waiting chunks of one delivery stream. Many threads add, one thread waits."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._chunks: list[Chunk] = []
        self._count = 0
        self._size = 0
        self._closed = False
        self._sealed = False

    def add(self, chunk: Chunk) -> bool:
        """Take a chunk; False, and it is not taken, once the buffer was drained."""
        with self._changed:
            if self._sealed:
                return False
            self._chunks.append(chunk)
            self._count += len(chunk.sizes)
            self._size += len(chunk.data)
            self._changed.notify()
            return True

    @property
    def level(self) -> Level:
        """How full it is now."""
        with self._changed:
            since = self._chunks[0].arrived if self._chunks else None
            return Level(self._count, self._size, since)

    def wait(self, hints: Callable[[], Hints]) -> Batch | None:
        """Block until a batch is due and take it; None once the buffer is closed and empty."""
        with self._changed:
            while True:
                if not self._chunks:
                    if self._closed:
                        return None
                    self._changed.wait()
                    continue
                now = hints()
                left = self._chunks[0].arrived + now.interval - time.time()
                if self._closed or self._size >= now.size or left <= 0:
                    return self._take(max(now.size, CATCH_UP_BYTES))
                self._changed.wait(min(left, _LOOK_AGAIN_S))

    def close(self) -> None:
        """From now on whatever is there is due at once."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def drain(self) -> Batch:
        """Take everything; from now on nothing is taken in."""
        with self._changed:
            self._sealed = True
            batch = Batch(tuple(self._chunks))
            self._chunks, self._count, self._size = [], 0, 0
            return batch

    def _take(self, most: int) -> Batch:
        taken, size = 0, 0
        for chunk in self._chunks:
            if taken and size + len(chunk.data) > most:
                break
            taken += 1
            size += len(chunk.data)
        batch = Batch(tuple(self._chunks[:taken]))
        del self._chunks[:taken]
        self._count -= batch.count
        self._size -= size
        return batch
