"""How many rows of each invoice a file has had so far, for any number of invoices in flat memory."""

from __future__ import annotations

import sqlite3
from itertools import islice
from typing import Self

# Invoices counted in memory: about 50 MB. The real file has 25,900; 50 million rows have 2.4 million.
IN_MEMORY = 250_000


class LineCounters:
    """`next(invoice_no)` counts an invoice's rows from 1, over the whole file, adjacent or not.

    Beyond `in_memory` invoices the older half moves to a temporary SQLite database, which SQLite deletes when it is
    closed, whatever becomes of the process.
    """

    def __init__(self, in_memory: int = IN_MEMORY) -> None:
        self._in_memory = in_memory
        self._counts: dict[str, int] = {}
        self._disk: sqlite3.Connection | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def next(self, invoice_no: str) -> int:
        """The number of this invoice's next row."""
        count = self._counts.get(invoice_no)
        if count is None:
            count = self._moved(invoice_no) if self._disk else 0
            if len(self._counts) >= self._in_memory:
                self._move_half()
        count += 1
        self._counts[invoice_no] = count
        return count

    def close(self) -> None:
        """Drop the database."""
        if self._disk:
            self._disk.close()
            self._disk = None

    def _moved(self, invoice_no: str) -> int:
        assert self._disk  # noqa: S101 - for the type checker: next() has looked
        row = self._disk.execute("select count from counts where invoice_no = ?", (invoice_no,)).fetchone()
        return row[0] if row else 0

    def _move_half(self) -> None:
        if not self._disk:
            # The empty name is a private temporary file. One thread at a time uses this object, but not always one.
            self._disk = sqlite3.connect("", isolation_level=None, check_same_thread=False)
            self._disk.execute("pragma journal_mode = off")  # it is gone after a crash anyway
            self._disk.execute("create table counts (invoice_no text primary key, count integer) without rowid")
        half = max(1, self._in_memory // 2)
        self._disk.execute("begin")
        self._disk.executemany("insert or replace into counts values (?, ?)", islice(self._counts.items(), half))
        self._disk.execute("commit")
        # A new dictionary: one that only loses and gains grows to twice the size at some time.
        self._counts = dict(islice(self._counts.items(), half, None))
