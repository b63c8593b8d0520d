"""Which rows of a file a replay takes: from a date on, so many at most."""

from __future__ import annotations

from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING

from pipeline.errors import BadInputError, FileRefusedError
from pipeline.replay.rows import Record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.replay.opening import File
    from pipeline.replay.rows import Rejected


def moment(text: str) -> str:
    """A date or a time as people type it, as the contracts write times: `YYYY-MM-DD HH:MM:SS`.

    Raises BadInputError.
    """
    try:
        return datetime.fromisoformat(text.strip()).replace(tzinfo=None).isoformat(" ", "seconds")
    except ValueError as error:
        raise BadInputError(f"{text!r} is no date: write it as 2011-06-01 or 2011-06-01 08:30.") from error


def select(
    orders: File, replay_id: str | None, since: str | None = None, limit: int | None = None
) -> Iterator[Record | Rejected]:
    """The rows from the first one of `since` (as `moment` gives it) or later, `limit` of them at most.

    What lies before is passed over, bad rows too, and counts only for the LineNo of what follows. Raises
    FileRefusedError when the file has no row so late, or cannot be read.
    """
    rows = orders.rows(replay_id)
    return islice(_from(orders, rows, since) if since else rows, limit)


def _from(orders: File, rows: Iterator[Record | Rejected], since: str) -> Iterator[Record | Rejected]:
    for row in rows:
        if isinstance(row, Record) and row.at >= since:
            yield row
            yield from rows
            return
    raise FileRefusedError(f"{orders.source.path} has no row of {since} or later: nothing was sent.")
