from __future__ import annotations

import time
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from pyathena.error import DatabaseError, OperationalError

from pipeline.errors import (
    AccessRefusedError,
    CloudDownError,
    NotDeployedError,
    QueryCancelledError,
    QueryFailedError,
    QueryRefusedError,
    QueryTimeoutError,
    WeirError,
)
from queries.lake import Lake, connect, require_bounds
from queries.loader import Query, load
from queries.tickets import Ticket, held

BOUNDED = "select count(*) from orders where datehour >= :first and datehour <= :last"
HOURS = {"first": "2026/01/02/00", "last": "2026/01/02/23"}


def query(sql: str, *parameters: str) -> Query:
    return Query("q", "lake", "One row.", sql, parameters or ("first", "last"))


class FakeCursor:
    data_scanned_in_bytes = 1_240_000
    description = (("datehour",), ("records",))

    def __init__(self, error: Exception | None, on_poll: Any, polls: int) -> None:
        self._error, self._on_poll, self._polls = error, on_poll, polls
        self.executed: tuple[str, Any] | None = None
        self.cancelled = False

    def execute(self, sql: str, parameters: Any, *, paramstyle: str) -> None:
        assert paramstyle == "qmark"
        self.executed = (sql, parameters)
        for _ in range(self._polls):
            time.sleep(0.02)
            self._on_poll(object())
        if self._error:
            raise self._error

    def fetchall(self) -> list[tuple[str, int]]:
        return [("2026/01/02/03", 5)]

    def cancel(self) -> None:
        self.cancelled = True


class FakeConnection:
    def __init__(self, error: Exception | None = None, polls: int = 1) -> None:
        self._error, self._polls = error, polls
        self.cursors: list[FakeCursor] = []

    def cursor(self, *, on_poll: Any) -> FakeCursor:
        self.cursors.append(FakeCursor(self._error, on_poll, self._polls))
        return self.cursors[-1]


def caused(outer: Exception, cause: Exception) -> Exception:
    outer.__cause__ = cause
    return outer


def test_values_travel_as_literals_beside_the_text() -> None:
    connection = FakeConnection()
    figure = Lake(connection).ask(query(BOUNDED), **HOURS)
    assert connection.cursors[0].executed == (
        "select count(*) from orders where datehour >= ? and datehour <= ?",
        ["'2026/01/02/00'", "'2026/01/02/23'"],
    )
    assert list(figure.frame.columns) == ["datehour", "records"]
    assert figure.evidence.scanned_bytes == 1_240_000
    assert figure.evidence.engine == "Athena"


@pytest.mark.parametrize(
    "sql",
    [
        "select count(*) from orders",
        "select count(*) from orders where datehour >= :first",
        "select count(*) from orders where datehour = :first or datehour = :last",
        "select 1 from orders where datehour >= :first and datehour <= :last union all select 1 from page_views",
        "select 1 from orders where datehour >= :first and datehour <= :last union all select 1 from page_views_once",
        "select 1 from orders as a join orders as b on a.x = b.x where a.datehour >= :first and datehour <= :last",
    ],
)
def test_a_reading_without_bounds_is_refused_before_it_starts(sql: str) -> None:
    connection = FakeConnection()
    with pytest.raises(QueryRefusedError, match="datehour"):
        Lake(connection).ask(query(sql), **HOURS)
    assert connection.cursors == []


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("2026/01/02/05", "2026/01/02/04"),
        ("2026-01-02-05", "2026/01/02/06"),
        ("", ""),
        ("2026/01/02", "2026/01/03"),
        ("0' or 1=1 --", "2026/01/02/04"),
    ],
)
def test_bounds_must_make_sense(first: str, last: str) -> None:
    with pytest.raises(QueryRefusedError, match="yyyy/MM/dd/HH"):
        require_bounds(query(BOUNDED), {"first": first, "last": last})


def test_both_ways_to_write_bounds_count() -> None:
    require_bounds(query("select 1 from orders where datehour between :first and :last"), HOURS)
    require_bounds(query(BOUNDED), HOURS)


def test_every_lake_query_of_ours_is_bounded_and_counts_an_event_once() -> None:
    for own in load("lake").values():
        require_bounds(own, HOURS)
        once = ("partition by event_id order by sent_at desc", "group by event_id", "select distinct event_id", "_once")
        assert any(clause in own.sql for clause in once)


def test_a_query_over_its_limit_is_stopped_in_the_engine() -> None:
    connection = FakeConnection(polls=10)
    with pytest.raises(QueryTimeoutError, match="fewer arrival hours"):
        Lake(connection, limit_s=0.03).ask(query(BOUNDED), **HOURS)
    assert connection.cursors[0].cancelled


def test_a_query_that_was_called_off_is_stopped_in_the_engine() -> None:
    connection, ticket = FakeConnection(polls=10), Ticket()
    ticket.call_off()
    with held(ticket), pytest.raises(QueryCancelledError, match="in the engine too"):
        Lake(connection).ask(query(BOUNDED), **HOURS)
    assert connection.cursors[0].cancelled


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (
            OperationalError("TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.weir.orders' does not exist"),
            NotDeployedError,
        ),
        (OperationalError("SYNTAX_ERROR: line 1:8"), QueryFailedError),
        (OperationalError(None), QueryFailedError),
        (
            caused(
                DatabaseError("x"), ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "Start")
            ),
            AccessRefusedError,
        ),
        (caused(DatabaseError("x"), EndpointConnectionError(endpoint_url="http://127.0.0.1:9")), CloudDownError),
    ],
)
def test_what_athena_says_becomes_an_error_of_ours(error: Exception, expected: type[WeirError]) -> None:
    with pytest.raises(expected):
        Lake(FakeConnection(error)).ask(query(BOUNDED), **HOURS)


def test_the_workgroups_limit_is_told_with_what_to_do() -> None:
    error = OperationalError("Query cancelled! : Bytes scanned limit was exceeded")
    with pytest.raises(QueryFailedError, match=r"fewer arrival hours .* greater ScannedBytesLimit"):
        Lake(FakeConnection(error)).ask(query(BOUNDED), **HOURS)


def test_the_evidence_names_what_was_bound() -> None:
    evidence = Lake(FakeConnection()).ask(query(BOUNDED), **HOURS).evidence
    assert evidence.sql == BOUNDED
    assert all(f":{name}" in evidence.sql for name in evidence.parameters)


@pytest.mark.usefixtures("silent_cloud")
def test_athena_is_given_up_when_it_is_silent(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(CloudDownError, match="Athena cannot be reached"):
        Lake(connect("weir", "weir", "local", silent_s=0.2)).ask(query(BOUNDED), **HOURS)
    assert not caplog.records  # who asked logs it
