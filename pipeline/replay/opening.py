"""Any file that a replay can send, opened as what it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.errors import BadInputError
from pipeline.replay.event_file import EventFile, family_of
from pipeline.replay.families import ORDERS, PAGE_VIEWS
from pipeline.replay.reader import OrderFile
from pipeline.replay.source import Source

if TYPE_CHECKING:
    from pathlib import Path

File = OrderFile | EventFile


def open_file(path: Path, *, shift_to: str | None = None) -> File:
    """The file by its first line: JSON objects, Wikipedia's TSV, else the CSV of order lines.

    `shift_to` is as in EventFile. Raises FileRefusedError naming file, line and column, before any row is given, and
    BadInputError for a shift of what has no times to shift.
    """
    source = Source(path)
    try:
        source.check()
        first = next((line for line in source.lines() if line.strip()), "")
    finally:
        source.close()
    family = family_of(first) or ORDERS
    if shift_to and family is not PAGE_VIEWS:
        raise BadInputError(f"{path} holds {family.events}, not clicks: only the times of clicks are shifted.")
    return OrderFile(path) if family is ORDERS else EventFile(path, family, shift_to=shift_to)
