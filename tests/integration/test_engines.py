"""The engines' clients on the local cloud where something goes wrong: slow, called off, refused, down."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import pytest

from pipeline.clients import client
from pipeline.errors import (
    AccessRefusedError,
    CloudDownError,
    NotDeployedError,
    QueryCancelledError,
    QueryFailedError,
    QueryTimeoutError,
)
from pipeline.warehouse.connect import open_connection
from queries import sources
from queries.answers import Answers
from queries.lake import Lake, connect
from queries.loader import Query
from queries.warehouse import Warehouse
from tests.conftest import eventually, warehouse_value

if TYPE_CHECKING:
    from queries.sources import Sources
    from tests.conftest import Cloud


@pytest.fixture(scope="module")
def asked(cloud: Cloud) -> Sources:
    return sources.of(cloud.settings)


SLEEP = Query("sleep", "warehouse", "One row.", "select pg_sleep(30)", ())


def test_a_slow_query_is_broken_off_in_the_engine(cloud: Cloud) -> None:
    warehouse = Warehouse(partial(open_connection, cloud.outputs), limit_s=0.5)
    started = time.monotonic()
    with pytest.raises(QueryTimeoutError, match="limit"):
        warehouse.ask(SLEEP)
    assert time.monotonic() - started < 5
    warehouse.ask(Query("one", "warehouse", "One row.", "select 1 as one", ()))  # the connection is as good as before
    warehouse.close()


def running(cloud: Cloud, mark: str) -> int:
    """How many sessions of the warehouse run a text with this mark."""
    sql = (
        "select count(*) from pg_stat_activity where state = 'active' and query like :mark and pid <> pg_backend_pid()"
    )
    return int(warehouse_value(cloud.outputs, sql, mark=f"%{mark}%"))


def test_a_reader_who_gives_up_stops_the_query_in_the_engine(cloud: Cloud) -> None:
    warehouse = Warehouse(partial(open_connection, cloud.outputs))
    answers = Answers()
    slow = Query("slow", "warehouse", "One row.", "select pg_sleep(30) as given_up_by_its_reader", ())
    asked = answers.ask("slow", lambda: warehouse.ask(slow), reader="me")
    eventually(lambda: running(cloud, "given_up_by_its_reader") == 1, "the query runs")
    assert asked.give_up("me")
    with pytest.raises(QueryCancelledError, match="in the engine too"):
        asked.answer(10)
    assert running(cloud, "given_up_by_its_reader") == 0
    answers.close()
    warehouse.close()


ENDLESS = Query(
    "endless",
    "lake",
    "One row.",
    "with held as (select quantity from orders where datehour >= :first and datehour <= :last)"
    " select count(*) from held a, held b, held c where a.quantity + b.quantity + c.quantity = 1",
    ("first", "last"),
)
EVER = {"first": "2000/01/01/00", "last": "2099/12/31/23"}


class Athena:
    """The stack's Athena, and what became of the queries that it was asked."""

    def __init__(self, cloud: Cloud) -> None:
        self.connection = connect(cloud.outputs.athena_workgroup, cloud.outputs.lake_database, "local")
        self.started: list[str] = []
        self.connection.on_start_query_execution = self.started.append

    def states(self) -> list[str]:
        found = [client("athena").get_query_execution(QueryExecutionId=name) for name in self.started]
        return [str(each["QueryExecution"]["Status"]["State"]) for each in found]


def test_a_reader_who_gives_up_stops_the_query_in_athena(cloud: Cloud) -> None:
    athena, answers = Athena(cloud), Answers()
    asked = answers.ask("endless", lambda: Lake(athena.connection).ask(ENDLESS, **EVER), reader="me")
    eventually(lambda: athena.states() == ["RUNNING"], "the query runs")
    assert asked.give_up("me")
    with pytest.raises(QueryCancelledError, match="in the engine too"):
        asked.answer(30)
    assert athena.states() == ["CANCELLED"]
    answers.close()


def test_a_query_of_the_lake_over_its_limit_is_stopped_in_athena(cloud: Cloud) -> None:
    athena = Athena(cloud)
    with pytest.raises(QueryTimeoutError, match="the query was stopped"):
        Lake(athena.connection, limit_s=0.3).ask(ENDLESS, **EVER)
    assert athena.states() == ["CANCELLED"]


@pytest.mark.parametrize(
    ("sql", "error"),
    [
        ("select 1 from no_such_table", NotDeployedError),
        ("select 1 / 0 as x", QueryFailedError),
        ("selec 1", QueryFailedError),
    ],
)
def test_what_the_warehouse_refuses_is_an_error_of_ours(asked: Sources, sql: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        asked.warehouse.ask(Query("wrong", "warehouse", "One row.", sql, ()))


def test_a_table_that_athena_does_not_know(asked: Sources) -> None:
    query = Query(
        "wrong",
        "lake",
        "One row.",
        "select 1 from no_such_table where datehour >= :first and datehour <= :last",
        ("first", "last"),
    )
    with pytest.raises(NotDeployedError):
        asked.lake.ask(query, first="2026/01/01/00", last="2026/01/01/01")


def test_a_wrong_password_is_refused_access(cloud: Cloud) -> None:
    import redshift_connector

    def wrong() -> object:
        return redshift_connector.connect(
            host=cloud.outputs.warehouse_host,
            port=int(cloud.outputs.warehouse_port),
            database=cloud.outputs.warehouse_database,
            user="weir",
            password="wrong",
            ssl=False,
        )

    with pytest.raises(AccessRefusedError):
        Warehouse(wrong).ask(SLEEP)


def test_a_warehouse_that_is_not_there_is_down(cloud: Cloud) -> None:
    nowhere = replace(cloud.outputs, warehouse_port="9")
    with pytest.raises(CloudDownError):
        Warehouse(partial(open_connection, nowhere)).ask(SLEEP)


def test_a_connection_that_the_server_ended_is_replaced(cloud: Cloud) -> None:
    warehouse = Warehouse(partial(open_connection, cloud.outputs), connections=1)
    pid = warehouse.ask(Query("pid", "warehouse", "One row.", "select pg_backend_pid() as pid", ())).row["pid"]
    other = open_connection(cloud.outputs)
    with other.cursor() as cursor:
        cursor.execute(f"select pg_terminate_backend({int(pid)})")
    other.close()
    time.sleep(0.2)
    assert warehouse.ask(Query("pid", "warehouse", "One row.", "select pg_backend_pid() as pid", ())).row["pid"] != pid
    warehouse.close()
