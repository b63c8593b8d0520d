"""Whether merges go on: as long as they do, what has landed is late and not missing, however long one takes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from redshift_connector import error as driver

from pipeline.warehouse.connect import sqlstate
from queries.loader import load

_SQL = load("warehouse")
_LOOK_MS = 250  # a free table is locked at once
_CANCELLED = "57014"  # SQLSTATE of a statement that took longer than it may; PostgreSQL: appendix A


@dataclass(frozen=True)
class Merges:
    """Whether one is under way, and when the last one ended (UTC); None when there was none yet."""

    running: bool = False
    ended_at: datetime | None = None

    def go_on(self, now: datetime, within: timedelta) -> bool:
        """Whether what has landed is still waiting for its turn: a merge is due `within` that from the last one on."""
        return self.running or (self.ended_at is not None and now < self.ended_at + within)


def look(connection: Any) -> Merges:  # noqa: ANN401 - the driver ships no types
    """Ask the warehouse, by an autocommitting connection; what a merge takes meanwhile is not waited for.

    Raises the driver's errors.
    """
    with connection.cursor() as cursor:
        running = _is_locked(cursor)
        cursor.execute(_SQL["audit_last_merge"].positional()[0])
        ended = [at for (at,) in cursor.fetchall()]
    return Merges(running, ended[0].replace(tzinfo=UTC) if ended else None)


def _is_locked(cursor: Any) -> bool:  # noqa: ANN401 - likewise
    """Whether a merge holds its lock. Ours is let go of at once."""
    cursor.execute("begin")
    try:
        cursor.execute(f"set statement_timeout to {_LOOK_MS}")
        cursor.execute(_SQL["audit_merge_lock"].positional()[0])
    except driver.ProgrammingError as error:
        if sqlstate(error) != _CANCELLED:
            raise
        return True
    finally:
        cursor.execute("rollback")
        cursor.execute("set statement_timeout to 0")
    return False
