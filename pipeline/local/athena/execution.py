"""Running statements: what happens between StartQueryExecution and the last state of its execution."""

from __future__ import annotations

import contextvars
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING, Any

from pipeline.local.athena import metadata, relations, results, statements
from pipeline.local.athena.failures import (
    INTERNAL_ERROR,
    SYSTEM,
    CancelledError,
    QueryFailure,
    RefusedAtStartError,
    ScanLimitError,
    of_engine,
)
from pipeline.local.athena.lake import FooterCache
from pipeline.local.athena.statements import Kind, Statement
from pipeline.local.athena.translate import translate
from pipeline.local.athena.types import trino_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from duckdb import DuckDBPyConnection

    from pipeline.local.athena.engine import Engine

logger = logging.getLogger("weir.athena")

_AT_ONCE = 4
_BETWEEN_INTERRUPTIONS = 0.02
_LIVE = ("QUEUED", "RUNNING")


@dataclass
class Running:
    """A statement on its way: the way to break it off."""

    statement: Statement
    parameters: tuple[str, ...]
    bytes_limit: int | None
    record: dict[str, Any] = field(default_factory=dict)
    stopped: Event = field(default_factory=Event)
    cursor: DuckDBPyConnection | None = None


@dataclass
class Outcome:
    """What a statement gave."""

    columns: list[dict[str, Any]]
    body: bytes
    scanned_bytes: int = 0
    planning_ms: int = 0


class Runner:
    """Runs statements, a few at a time; the others wait as QUEUED."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.footers = FooterCache(engine)
        self.running: dict[str, Running] = {}
        self._states = Lock()
        self._pool = ThreadPoolExecutor(_AT_ONCE, "athena")

    def submit(self, record: dict[str, Any], running: Running, ddl: Callable[[], None] | None) -> None:
        """Run a statement in the background, for the account and region of the calling request.

        `ddl` runs one of the statements that are MiniStack's.
        """
        running.record = record
        record["_columns"] = None  # not a key that comes later: clients read the record while the statement runs
        self.running[record["QueryExecutionId"]] = running
        self._pool.submit(contextvars.copy_context().run, self._run, record, running, ddl)

    def warm_up(self) -> None:
        """Load, in the background, what the first query would have to wait for."""

        def run_one() -> None:
            query = translate(statements.read("select 1").tree.copy(), "select 1", "default")
            results.select(self.engine.cursor(), relations.runnable(query, self.engine, self.footers).sql, query.names)

        self._pool.submit(run_one)

    def close(self) -> None:
        """Break off what runs and what waits, and see it end."""
        left = list(self.running.values())
        for running in left:
            self._interrupt(running.record["QueryExecutionId"])
        self._pool.shutdown(cancel_futures=True)
        for running in left:
            self._end(running.record, "CANCELLED", "Query cancelled: the local cloud stopped")

    def stop(self, record: dict[str, Any]) -> None:
        """Cancel an execution that has not ended."""
        if self._end(record, "CANCELLED", "Query cancelled by user"):
            self._interrupt(record["QueryExecutionId"])

    def _interrupt(self, query_id: str) -> None:
        """Break off a query, now or, if it is between two steps, in the next one."""
        running = self.running.get(query_id)
        if running is None:
            return
        running.stopped.set()

        def until_it_ends() -> None:
            import duckdb

            # DuckDB forgets an interruption that comes when it runs nothing, so one is not enough.
            while self.running.get(query_id) is running:
                cursor = running.cursor
                with suppress(duckdb.ConnectionException):  # it was closed just now
                    if cursor is not None:
                        cursor.interrupt()
                time.sleep(_BETWEEN_INTERRUPTIONS)

        Thread(target=until_it_ends, name=f"athena-stop-{query_id}", daemon=True).start()

    def _run(self, record: dict[str, Any], running: Running, ddl: Callable[[], None] | None) -> None:
        begun = time.time()
        try:
            with self._states:
                if record["Status"]["State"] != "QUEUED":
                    return
                record["Status"]["State"] = "RUNNING"
            outcome = self._outcome(record, running, ddl)
            _tell_times(record, begun, outcome)
            # First the file, then the state: who sees SUCCEEDED may read it.
            results.write(record["ResultConfiguration"]["OutputLocation"], outcome.body, outcome.columns)
            record["_columns"] = outcome.columns
            self._end(record, "SUCCEEDED", None)
        except CancelledError:
            self._end(record, "CANCELLED", "Query cancelled by user")
        except ScanLimitError as error:
            self._end(record, "CANCELLED", str(error))
        except QueryFailure as failure:
            self._end(record, "FAILED", failure.reason, failure)
        except Exception as error:  # what goes wrong here is ours, and the client must not wait forever for it
            logger.exception("The query %s failed inside the local cloud", record["QueryExecutionId"])
            ours = QueryFailure(f"GENERIC_INTERNAL_ERROR: {_first_line(error)}", INTERNAL_ERROR, SYSTEM)
            self._end(record, "FAILED", ours.reason, ours)
        finally:
            self.running.pop(record["QueryExecutionId"], None)

    def _end(self, record: dict[str, Any], state: str, reason: str | None, failure: QueryFailure | None = None) -> bool:
        """Give an execution its last state; False when it has one."""
        with self._states:
            status = record["Status"]
            if status["State"] not in _LIVE:
                return False
            status["CompletionDateTime"] = round(time.time(), 3)
            if reason is not None:
                status["StateChangeReason"] = reason
            if failure is not None:
                status["AthenaError"] = failure.to_api()
            status["State"] = state
            return True

    def _outcome(self, record: dict[str, Any], running: Running, ddl: Callable[[], None] | None) -> Outcome:
        import duckdb

        database = record["QueryExecutionContext"]["Database"]
        try:
            if ddl is not None:
                ddl()
                return Outcome([], b"")
            if running.statement.kind is Kind.QUERY:
                return self._query(running, database)
            answer = metadata.answer(running.statement, database, self._columns_of)
            return Outcome(answer.columns, "".join(f"{line}\n" for line in answer.lines).encode())
        except duckdb.InterruptException as error:
            raise CancelledError from error
        except (duckdb.FatalException, duckdb.InternalException) as error:
            self.engine.close()  # a database is of no use after that
            raise QueryFailure(f"GENERIC_INTERNAL_ERROR: {_first_line(error)}", INTERNAL_ERROR, SYSTEM) from error
        except duckdb.Error as error:
            raise of_engine(str(error)) from error

    def _query(self, running: Running, database: str) -> Outcome:
        begun = time.monotonic()
        statement = running.statement
        query = translate(statement.tree.copy(), statement.text, database, running.parameters)
        runnable = relations.runnable(query, self.engine, self.footers)
        if running.bytes_limit is not None and runnable.scanned_bytes > running.bytes_limit:
            raise ScanLimitError
        planned = time.monotonic()
        cursor = self.engine.cursor()
        running.cursor = cursor
        try:
            if running.stopped.is_set():
                raise CancelledError
            columns, body = results.select(cursor, runnable.sql, query.names)
        finally:
            running.cursor = None
            cursor.close()
        return Outcome(columns, body, runnable.scanned_bytes, round((planned - begun) * 1000))

    def _columns_of(self, text: str, database: str) -> list[tuple[str, str]]:
        """A query's columns, as a view's definition names them."""
        try:
            statement = statements.read(text)
        except RefusedAtStartError as error:
            raise QueryFailure(f"SYNTAX_ERROR: {error}") from error
        if statement.kind is not Kind.QUERY:
            raise QueryFailure("SYNTAX_ERROR: a view must be a query")
        query = translate(statement.tree.copy(), text, database)
        cursor = self.engine.cursor()
        kinds = cursor.sql(relations.runnable(query, self.engine, self.footers).sql).types
        return [(name, trino_name(kind)) for name, kind in zip(query.names, kinds, strict=True)]


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)


def _tell_times(record: dict[str, Any], begun: float, outcome: Outcome) -> None:
    now = time.time()
    engine_ms, total_ms = round((now - begun) * 1000), round((now - record["Status"]["SubmissionDateTime"]) * 1000)
    record["Statistics"] = {
        "EngineExecutionTimeInMillis": engine_ms,
        "DataScannedInBytes": outcome.scanned_bytes,
        "TotalExecutionTimeInMillis": max(total_ms, engine_ms),
        "QueryQueueTimeInMillis": max(total_ms - engine_ms, 0),
        "QueryPlanningTimeInMillis": outcome.planning_ms,
        "ServiceProcessingTimeInMillis": 0,
        "ResultReuseInformation": {"ReusedPreviousResult": False},
    }
