"""The warehouse's client: redshift-connector with a small pool of connections that Streamlit's threads share."""

from __future__ import annotations

import math
import queue
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, NoReturn

import pandas as pd
from redshift_connector import error as driver

from pipeline.errors import (
    AccessRefusedError,
    CloudDownError,
    NotDeployedError,
    QueryCancelledError,
    QueryFailedError,
    QueryTimeoutError,
    ThrottledError,
    WeirError,
)
from pipeline.warehouse.connect import sqlstate
from queries import tickets
from queries.figure import Evidence, Figure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from queries.loader import Query

ENGINE = "Redshift"
_CONNECTIONS = 8  # as many as are asked at a time
_LIMIT_S = 20.0
# How much later than the engine's own limit we stop listening to an engine that does not answer at all.
_SILENCE_S = 5.0
_LOOK_S = 0.2  # how often a query that waits for a connection looks whether anybody wants it still
_NEAR = 0.05  # limits that differ by a smaller part are the same
# Both engines know these; a session may stop what its own user runs.
_SESSION = "select pg_backend_pid() as session"
_STOP = "select pg_cancel_backend(:session)"
# By which the engine's system views tell of the session's last query afterwards. What the leader node answers by itself
# may have no number of its own, and this tells the one before. Redshift developer guide, "LAST_USER_QUERY_ID".
_QUERY_ID = "select last_user_query_id()"
_NO_QUERY = -1
_START_AGAIN = "Is it running? `make demo` starts the local one."

# SQLSTATE, or its class of two letters -> error and advice. PostgreSQL: appendix A; Redshift uses the same.
_STATES: dict[str, tuple[type[WeirError], str]] = {
    "57014": (QueryTimeoutError, "Try again when the warehouse is less busy, or ask for a shorter period."),
    "42P01": (NotDeployedError, "Run `python -m pipeline deploy`, which makes the tables."),
    "3F000": (NotDeployedError, "Run `python -m pipeline deploy`, which makes the tables."),
    "3D000": (NotDeployedError, "Run `python -m pipeline deploy`, which makes the database."),
    "42501": (AccessRefusedError, "The user of the stack's secret may not read this."),
    "28": (AccessRefusedError, "The user or password of the stack's secret is refused."),
    "53": (ThrottledError, "It has no room for another query: try again in a moment."),
    "08": (CloudDownError, _START_AGAIN),
    "57": (CloudDownError, _START_AGAIN),
}


class Warehouse:
    """Asks the warehouse; safe to share between threads.

    `open_connection` makes one autocommitting DB-API connection. `limit_s` is the time that one query may take, waiting
    for a connection included.
    """

    def __init__(
        self, open_connection: Callable[[], Any], *, connections: int = _CONNECTIONS, limit_s: float = _LIMIT_S
    ) -> None:
        self._open = open_connection
        self._limit_s = limit_s
        # Each slot is an idle connection, or None: room to open one.
        self._slots: queue.LifoQueue[Any | None] = queue.LifoQueue()
        for _ in range(connections):
            self._slots.put(None)

    def ask(self, query: Query, **parameters: object) -> Figure:
        """Run `query`; rows as a DataFrame, `numeric` as Decimal.

        Raises CloudDownError, AccessRefusedError, NotDeployedError (a table is missing), ThrottledError,
        QueryTimeoutError, QueryFailedError; QueryCancelledError when its ticket is called off (see tickets.py).
        """
        query.check(parameters)
        started = time.monotonic()
        ticket = tickets.current()
        with self._slot(ticket) as slot, ticket.stopped_by(slot.stop):
            reused = slot.connection is not None
            try:
                frame, took_s, query_id = slot.run(query.sql, parameters, ticket, started)
            except CloudDownError:
                # An idle connection that the other side closed says nothing about the warehouse now.
                if not reused:
                    raise
                frame, took_s, query_id = slot.run(query.sql, parameters, ticket, started)
        evidence = Evidence(query.name, ENGINE, query.sql, dict(parameters), round(took_s, 3), query_id=query_id)
        return Figure(frame, evidence)

    @contextmanager
    def _slot(self, ticket: tickets.Ticket) -> Iterator[_Slot]:
        connection = self._free(ticket)
        slot = _Slot(self._open, self._limit_s, connection)
        try:
            yield slot
        finally:
            if ticket.off:
                slot.drop()  # the order to stop may still be under way to this session: nobody else gets it
            self._slots.put(slot.connection)

    def _free(self, ticket: tickets.Ticket) -> Any | None:  # noqa: ANN401 - the driver has no types
        """A place in the pool; whoever waits for one may be called off."""
        until = time.monotonic() + self._limit_s
        while time.monotonic() < until:
            with suppress(queue.Empty):
                return self._slots.get(timeout=min(_LOOK_S, self._limit_s))
            ticket.check()
        raise QueryTimeoutError(
            f"Every connection to the warehouse was busy for {self._limit_s:.0f} s. Try again in a moment."
        )

    def close(self) -> None:
        """Close what is idle; for the end of a process or a test."""
        with suppress(queue.Empty):
            while True:
                connection = self._slots.get_nowait()
                if connection is not None:
                    with suppress(driver.Error, OSError):
                        connection.close()


class _Slot:
    """One place in the pool, held by one thread."""

    def __init__(self, open_connection: Callable[[], Any], limit_s: float, connection: Any | None) -> None:  # noqa: ANN401 - the driver has no types
        self._open = open_connection
        self._limit_s = limit_s
        self.connection = connection

    def stop(self) -> None:
        """End what the engine runs for this connection. Called while another thread waits in `run`."""
        connection = self.connection
        if connection is None:
            return
        # Neither a connection of the pool, which may be all taken, nor this one, which is waiting.
        with suppress(driver.Error, OSError, WeirError):
            other = self._open()
            try:
                with other.cursor() as cursor:
                    cursor.paramstyle = "named"
                    cursor.execute(_STOP, {"session": connection.weir_session})
            finally:
                other.close()

    def run(
        self, sql: str, parameters: dict[str, object], ticket: tickets.Ticket, started: float
    ) -> tuple[pd.DataFrame, float, int | None]:
        """The rows, how long the reader waited for them (s), and the engine's number for the query.

        `started` is when the reader began to wait, by a monotonic clock.
        """
        try:
            if self.connection is None:
                self.connection = self._ready(self._open())
                ticket.check()
            with self.connection.cursor() as cursor:
                self._limit(self.connection, cursor, self._limit_s - (time.monotonic() - started))
                cursor.paramstyle = "named"
                # What a query reads may be counted by transaction: its number is asked for within the same.
                cursor.execute("begin")
                cursor.execute(sql, parameters)
                frame = _frame(cursor)
                took_s = time.monotonic() - started
                query_id = self._query_id(self.connection, cursor)
                cursor.execute("commit")
                return frame, took_s, query_id
        except driver.Error as error:
            state = sqlstate(error)
            if ticket.off:
                raise QueryCancelledError(tickets.CANCELLED) from error
            # What is wrong with the text is found before anything runs. After all else nothing more is asked over this
            # connection: the wire may have broken, and what has been read would count as the next query's.
            if state[:2] != "42" or not _rolled_back(self.connection):
                self.drop()
            self._refuse(error, state, time.monotonic() - started)
        except (OSError, AttributeError) as error:
            # The driver lets a broken socket through as it is, or trips over the one that it has just closed.
            self.drop()
            self._refuse(error, "", time.monotonic() - started)
        except BaseException:
            self.drop()  # in a transaction that nobody ends, and that others would wait for
            raise

    def _ready(self, connection: Any) -> Any:  # noqa: ANN401 - the driver has no types
        connection.weir_limit_s = None
        connection.weir_query_id = _NO_QUERY
        with connection.cursor() as cursor:
            cursor.execute(_SESSION)
            # By which another connection can stop what this one runs.
            connection.weir_session = int(cursor.fetchone()[0])
        # The driver keeps the limit it connected with for every later read, which would end a long query early.
        connection._usock.settimeout(self._limit_s + _SILENCE_S)  # noqa: SLF001 - there is no public way
        return connection

    @staticmethod
    def _limit(connection: Any, cursor: Any, left_s: float) -> None:  # noqa: ANN401 - the driver has no types
        """Let the engine break off what takes longer than is left; a round trip only where that has changed much."""
        limit_s = connection.weir_limit_s
        if limit_s is None or abs(left_s - limit_s) > _NEAR * left_s:
            cursor.execute(f"set statement_timeout to {max(1, math.ceil(left_s * 1000))}")
            connection.weir_limit_s = left_s

    @staticmethod
    def _query_id(connection: Any, cursor: Any) -> int | None:  # noqa: ANN401 - the driver has no types
        """The number of the query that just ended; None where it has none, or is not told: the rows are there."""
        before = connection.weir_query_id
        try:
            cursor.execute(_QUERY_ID)
        except driver.DatabaseError:
            return None
        connection.weir_query_id = int(cursor.fetchone()[0])
        return None if connection.weir_query_id == before else connection.weir_query_id

    def drop(self) -> None:
        """Close the connection, which nobody uses again."""
        connection, self.connection = self.connection, None
        if connection is not None:
            with suppress(driver.Error, OSError, AttributeError):
                connection.close()

    def _refuse(self, error: Exception, state: str, took_s: float) -> NoReturn:
        if not state:
            if took_s >= self._limit_s:
                raise QueryTimeoutError(
                    f"The warehouse was silent for {took_s:.0f} s. Try again later, or ask for a shorter period."
                ) from error
            raise CloudDownError(f"The warehouse cannot be reached ({_text(error)}). {_START_AGAIN}") from error
        kind, advice = _STATES.get(state) or _STATES.get(state[:2]) or (QueryFailedError, "")
        if kind is QueryTimeoutError:
            raise QueryTimeoutError(
                f"The warehouse broke the query off after {took_s:.0f} s (the limit is {self._limit_s:.0f} s). {advice}"
            ) from error
        raise kind(f"The warehouse refused the query ({state}: {_text(error)}). {advice}".strip()) from error


def _rolled_back(connection: Any) -> bool:  # noqa: ANN401 - the driver has no types
    """Whether the connection could leave the transaction that failed."""
    with suppress(driver.Error, OSError, AttributeError), connection.cursor() as cursor:
        cursor.execute("rollback")
        return True
    return False


def _text(error: Exception) -> str:
    answer = error.args[0] if error.args else error
    return str(answer.get("M", answer)) if isinstance(answer, dict) else str(error)


def _frame(cursor: Any) -> pd.DataFrame:  # noqa: ANN401 - the driver has no types
    columns = [str(column[0]) for column in cursor.description]
    return pd.DataFrame([tuple(row) for row in cursor.fetchall()], columns=columns)
