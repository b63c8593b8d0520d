"""The Kaggle layout, row by row: each row an event ready to send, or rejected with its line and its reasons.

The whole file is numbered: `LineNo` counts an invoice's rows from 1, and a rejected row keeps its number, so that the
same file always gives the same events, mended or not.
"""

from __future__ import annotations

import csv
from itertools import chain
from typing import TYPE_CHECKING, Self

from pipeline.contracts.clock import CLOCK, SentClock
from pipeline.contracts.order_line import CSV_FIELDS
from pipeline.errors import FileRefusedError
from pipeline.replay.counters import LineCounters
from pipeline.replay.families import ORDERS
from pipeline.replay.rows import Encoder, Record, Rejected
from pipeline.replay.source import Source

if TYPE_CHECKING:
    from _csv import Reader
    from collections.abc import Iterator
    from pathlib import Path


class OrderFile:
    """A file of order lines, opened and found fit: `rows` gives its rows, once.

    Raises FileRefusedError naming file, line and column, before any row is given.
    """

    family = ORDERS

    def __init__(self, path: Path, *, counters: LineCounters | None = None) -> None:
        self.source = Source(path)
        self._counters = counters or LineCounters()
        self._again: list[str] = []  # lines to be read again, the next one last
        try:
            self.source.check()
            self._lines = self.source.lines()
            self.columns, self._header_lines = self._header()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file and drop the counters."""
        self.source.close()
        self._counters.close()

    def rows(self, replay_id: str | None = None, *, clock: SentClock = CLOCK) -> Iterator[Record | Rejected]:
        """Each row, in the file's order. Raises FileRefusedError when the file can no longer be read."""
        encode = Encoder(self.columns, self._counters.next, replay_id, clock)
        width = len(self.columns)
        reader, before = self._reader(), self._header_lines
        while True:
            first = before + reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                torn = f"is not CSV: {error}"
            else:
                if len(cells) == width:
                    yield encode(cells, first) or encode.rejected(
                        cells, first, self._raw(first, before + reader.line_num)
                    )
                    continue
                if not cells:
                    continue  # an empty line is no row
                torn = f"has {len(cells)} cells, the header has {width}"
            # A stray quote swallows the lines that follow it: only the line that it is in is given up.
            lines = self.source.recent(first, before + reader.line_num)
            yield encode.torn(first, torn, lines[0] if lines else "")
            if len(lines) > 1:
                self._again += reversed(lines[1:])
                reader, before = self._reader(), first

    def _reader(self) -> Reader:
        return csv.reader(chain(self._repeated(), self._lines), strict=True)

    def _repeated(self) -> Iterator[str]:
        while self._again:
            yield self._again.pop()

    def _raw(self, first: int, last: int) -> str:
        return "".join(self.source.recent(first, last))

    def _header(self) -> tuple[list[str], int]:
        where = f"{self.source.path}, line 1"
        reader = self._reader()
        try:
            columns = [name.strip() for name in next(reader, [])]
        except csv.Error as error:
            raise FileRefusedError(f"{where}: the names of the columns cannot be read: {error}.") from error
        for name in CSV_FIELDS:
            places = [at for at, other in enumerate(columns, 1) if other == name]
            if not places:
                raise FileRefusedError(f"{where}: column {name} is missing. {_found(name, columns)}")
            if len(places) > 1:
                raise FileRefusedError(
                    f"{where}, column {places[1]}: {name} is already the name of column {places[0]}."
                )
        self._require_a_row(reader.line_num + 1)
        return columns, reader.line_num

    def _require_a_row(self, line: int) -> None:
        blank: list[str] = []
        for text in self._lines:
            if text.strip():
                self._again = [text, *blank]
                return
            blank.append(text)
        raise FileRefusedError(f"{self.source.path} has no rows: line {line}, column 1 should begin the first one.")


def _found(name: str, columns: list[str]) -> str:
    if len(columns) == 1 and columns[0].count(";") > 1:
        return "The cells are separated by semicolons: separate them by commas."
    alike = [
        f"column {at} is {other!r}: " for at, other in enumerate(columns, 1) if other.casefold() == name.casefold()
    ]
    found = ", ".join(columns)[:300] or "an empty line"
    return f"Found: {''.join(alike)}{''.join(char if char.isprintable() else '?' for char in found)}."
