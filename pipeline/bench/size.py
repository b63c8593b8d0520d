"""The generator and the reader over a file of any size: rows a second, and memory that stays flat.

Each runs in a process of its own, so that neither's memory counts as the other's.
"""

from __future__ import annotations

import multiprocessing
import tempfile
import time
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import psutil

from pipeline.errors import WeirError
from pipeline.replay import samples
from pipeline.replay.reader import OrderFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from multiprocessing.connection import Connection

SHARES = (0.02, 0.2, 0.5, 1.0)  # of all rows, after which a part tells how it is
_LOOK_EACH = 50_000  # rows between two looks at the memory
_SPAN = {"start": date(2025, 1, 1), "end": date(2025, 12, 31)}
_MIB = 1 << 20


class Point(NamedTuple):
    """How a part was after so many rows.

    `seconds` passed since it began, in `cpu_seconds` of them it had a processor; `peak_mib` is the most memory (RSS)
    until then.
    """

    part: str
    rows: int
    seconds: float
    cpu_seconds: float
    peak_mib: float

    @property
    def rows_per_s(self) -> float:
        """The mean since the part began."""
        return self.rows / self.seconds

    @property
    def rows_per_cpu_s(self) -> float:
        """What the mean would be on an idle machine."""
        return self.rows / self.cpu_seconds


def measure(rows: int, folder: Path) -> Iterator[Point]:
    """Write a sample of `rows` rows to a temporary file in `folder` (gzip, about 14 bytes a row), then read it.

    Four points of each part. Raises OSError when the disk is full, WeirError when a part breaks off.
    """
    with tempfile.TemporaryDirectory(dir=folder, prefix="bench-") as place:
        path = Path(place) / "sample.csv.gz"
        yield from _apart(_generate, path, rows)
        yield from _apart(_read, path, rows)


def growth(points: list[Point], part: str) -> float:
    """MiB that `part` took after its second point, by which it holds all that it remembers, to its last."""
    peaks = [point.peak_mib for point in points if point.part == part]
    return peaks[-1] - peaks[1]


class _Meter:
    """Looks at this process now and then, and sends a point at each share of `rows`."""

    def __init__(self, part: str, rows: int, sender: Connection) -> None:
        self._part, self._sender = part, sender
        self._process, self._begun = psutil.Process(), time.monotonic()
        self._due = [max(1, int(rows * share)) for share in SHARES]
        self._next_look = self._peak = 0

    def __call__(self, rows: int) -> None:
        """`rows` are done."""
        if rows < self._next_look and rows < self._due[0]:
            return
        self._next_look = rows + _LOOK_EACH
        self._peak = max(self._peak, self._process.memory_info().rss)
        while self._due and rows >= self._due[0]:
            del self._due[0]
            seconds, cpu_seconds = time.monotonic() - self._begun, time.process_time()
            peak = round(self._peak / _MIB, 1)
            self._sender.send(Point(self._part, rows, round(seconds, 3), round(cpu_seconds, 3), peak))


def _generate(path: Path, rows: int, sender: Connection) -> None:
    samples.write(path, rows=rows, seed=1, **_SPAN, on_rows=_Meter("generator", rows, sender))


def _read(path: Path, rows: int, sender: Connection) -> None:
    meter = _Meter("reader", rows, sender)
    with OrderFile(path) as orders:
        for number, _ in enumerate(orders.rows("bench"), 1):
            meter(number)


def _apart(part: Callable[[Path, int, Connection], None], path: Path, rows: int) -> Iterator[Point]:
    """The points of `part`, run in a process of its own."""
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_told, args=(part, path, rows, sender))
    process.start()
    sender.close()
    try:
        with suppress(EOFError):
            while True:
                told = receiver.recv()
                if isinstance(told, OSError | WeirError):
                    raise told
                yield told
        process.join()
        if process.exitcode:
            raise WeirError(f"The process that measures broke off with exit code {process.exitcode}: see above.")
    finally:
        process.terminate()
        process.join()


def _told(part: Callable[[Path, int, Connection], None], path: Path, rows: int, sender: Connection) -> None:
    """Run `part`; who asked is told of a full disk. A Ctrl-C reaches that one too: no words about it here."""
    with suppress(KeyboardInterrupt):
        try:
            part(path, rows, sender)
        except (OSError, WeirError) as error:
            sender.send(error)
