"""The lake's client: PyAthena, with the rule that every reading of a table is bounded by arrival hours."""

from __future__ import annotations

import logging
import re
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import boto3
import pandas as pd
import pyathena
from botocore.exceptions import BotoCoreError, ClientError
from pyathena.error import Error as PyAthenaError

from pipeline.clients import aws_errors, config
from pipeline.errors import (
    NotDeployedError,
    QueryCancelledError,
    QueryError,
    QueryFailedError,
    QueryRefusedError,
    QueryTimeoutError,
)
from queries import tickets
from queries.figure import Evidence, Figure
from queries.literals import literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from queries.loader import Query

ENGINE = "Athena"
# Athena's own pace is set by its scheduler; locally the poll would be most of the wait.
POLL_S = {"local": 0.1, "aws": 0.5}
_LIMIT_S = 30.0
# Athena answers each call at once, whatever its query takes: whether that took too long is asked between two calls.
_ATTEMPTS, _SILENT_S = 2, 5.0

_TABLES = re.compile(
    r"\b(?:from|join)\s+(?:orders|page_views|sessions_usa|sessions_international)(?:_once)?\b", re.IGNORECASE
)
_BOUNDS = re.compile(
    r"\bdatehour\s*>=\s*:(?P<first>\w+)\s+and\s+datehour\s*<=\s*:(?P<last>\w+)|"
    r"\bdatehour\s+between\s+:(?P<low>\w+)\s+and\s+:(?P<high>\w+)",
    re.IGNORECASE,
)
_HOUR = re.compile(r"\d{4}/\d\d/\d\d/\d\d")
_TOO_MUCH = re.compile(r"bytes scanned limit", re.IGNORECASE)
_MISSING = re.compile(r"TABLE_NOT_FOUND|SCHEMA_NOT_FOUND|does not exist", re.IGNORECASE)

_NARROWER = "Choose fewer arrival hours where the page offers them; a comparison with the warehouse reads all."

# Whoever asked tells of a failure, once; the driver would log it with its trace besides.
logging.getLogger("pyathena").setLevel(logging.CRITICAL)


class Lake:
    """Asks Athena; safe to share between threads. `limit_s` is the time that one query may take."""

    def __init__(self, connection: Any, *, limit_s: float = _LIMIT_S) -> None:  # noqa: ANN401 - see connect()
        """`connection` is a PyAthena connection, such as `connect` makes."""
        self._connection = connection
        self._limit_s = limit_s

    def ask(self, query: Query, **parameters: object) -> Figure:
        """Run `query`; rows as a DataFrame, with the bytes that Athena read in the evidence.

        Raises QueryRefusedError before it starts without `datehour` bounds, QueryTimeoutError and
        QueryCancelledError (the query is stopped), NotDeployedError (no such table), QueryFailedError, and
        CloudError as every AWS call.
        """
        query.check(parameters)
        require_bounds(query, parameters)
        sql, order = query.positional()
        values = [literal(parameters[name]) for name in order]
        started = time.monotonic()
        ticket = tickets.current()

        def in_time(_execution: object) -> None:
            ticket.check()
            if time.monotonic() - started > self._limit_s:
                raise TimeoutError

        cursor = self._connection.cursor(on_poll=in_time)
        try:
            cursor.execute(sql, values or None, paramstyle="qmark")
            rows = cursor.fetchall()
        except QueryCancelledError:
            with suppress(PyAthenaError):
                cursor.cancel()
            raise
        except TimeoutError:
            with suppress(PyAthenaError):
                cursor.cancel()
            raise QueryTimeoutError(
                f"Athena took longer than {self._limit_s:.0f} s; the query was stopped. {_NARROWER}"
            ) from None
        except PyAthenaError as error:
            raise _ours(error) from error
        frame = pd.DataFrame(rows, columns=[column[0] for column in cursor.description])
        return Figure(
            frame,
            Evidence(
                query.name,
                ENGINE,
                query.sql,  # Athena has a mark in the place of each name
                dict(parameters),
                round(time.monotonic() - started, 3),
                scanned_bytes=cursor.data_scanned_in_bytes,
            ),
        )


def connect(workgroup: str, database: str, cloud: str, *, silent_s: float = _SILENT_S) -> Any:  # noqa: ANN401 - PyAthena chooses by cursor class
    """A connection to the stack's workgroup and database, for `local` or `aws`; threads may share it.

    A call is given up when Athena is silent for `silent_s` seconds, twice.
    """
    with aws_errors("Athena"):
        return pyathena.connect(
            session=boto3.session.Session(),
            work_group=workgroup,
            schema_name=database,
            poll_interval=POLL_S[cloud],
            config=config(attempts=_ATTEMPTS, silent_s=silent_s),
        )


def require_bounds(query: Query, parameters: Mapping[str, object]) -> None:
    """Raise QueryRefusedError unless each table that `query` reads is bounded by hours, and these make sense."""
    bounds = [match.groupdict() for match in _BOUNDS.finditer(query.sql)]
    if len(bounds) < len(_TABLES.findall(query.sql)) or not bounds:
        raise QueryRefusedError(
            f"Query {query.name} reads the lake without bounds on datehour: refused before it started, for it would "
            "read every file there is. Filter `datehour >= :first and datehour <= :last` beside each table."
        )
    for found in bounds:
        first = str(parameters[found["first"] or found["low"]])
        last = str(parameters[found["last"] or found["high"]])
        if not (_HOUR.fullmatch(first) and _HOUR.fullmatch(last) and first <= last):
            raise QueryRefusedError(
                f"The lake was asked for arrival hours from {first!r} to {last!r}: refused. "
                "Give hours as yyyy/MM/dd/HH, the earlier one first."
            )


def _ours(error: PyAthenaError) -> QueryError | NotDeployedError:
    """Our error for PyAthena's; raises at once where AWS itself was the cause."""
    if isinstance(error.__cause__, ClientError | BotoCoreError):
        with aws_errors("Athena"):
            raise error.__cause__
    if _MISSING.search(str(error)):
        return NotDeployedError(f"Athena does not know the table ({error}): run `python -m pipeline deploy`.")
    if _TOO_MUCH.search(str(error)):
        return QueryFailedError(
            f"Athena stopped the query ({error}): more than the workgroup lets one query read. {_NARROWER} "
            "Or deploy the stack with a greater ScannedBytesLimit."
        )
    return QueryFailedError(f"Athena could not run the query: {error}")
