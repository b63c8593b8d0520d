"""The reports on the real engines of the local cloud, against the sample's own ledger; and engines that misbehave."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.errors import (
    AccessRefusedError,
    CloudDownError,
    NotDeployedError,
    NotFoundError,
    QueryCancelledError,
    QueryFailedError,
    QueryTimeoutError,
)
from pipeline.replay.sample_ledger import Kind, pounds
from pipeline.warehouse.connect import open_connection
from queries import sources
from queries.answers import Answers
from queries.loader import Query, load
from queries.period import Period
from queries.reports import arrivals, copies, products, sales
from queries.scope import Scope
from queries.twins import TWINS, differences
from queries.warehouse import Warehouse
from tests.conftest import eventually, warehouse_value

if TYPE_CHECKING:
    from queries.period import By
    from queries.sources import Sources
    from tests.conftest import Cloud

# What the reports of the warehouse are asked with; the texts are planned without running.
# An audit looks for every event, and order lines are shown when they are asked for: neither is a default chart.
_NO_CHARTS = ("audit_", "load_errors", "trace_", "lines_", "products_together", "customer_products")
_ASKED: dict[str, Any] = {
    "since": datetime.fromisoformat("2010-12-01"),
    "until": datetime.now(UTC).replace(tzinfo=None),
    "by": "month",
    "top": 10,
    "country": "France",
    "dow": 1,
    "hour_of_day": 12,
    "months_since": datetime.fromisoformat("2011-01-01"),
    "months_until": datetime.fromisoformat("2011-12-01"),
    "measure": "net_sales",
    "bottom": 0,
    "product": "22423",
    "code": "22",
    "words": "%CAKE%",
    "customer": "17850",
    "customer_id": 17850,
    "prefix": "5363",
    "kind": "order",
    "least": Decimal(0),
    "below": Decimal(1000),
    "skipped": 0,
    **{f"{end}_{score}": 1 for end in ("least", "greatest") for score in ("recency", "frequency", "mean")},
}


@pytest.fixture(scope="module")
def asked(cloud: Cloud) -> Sources:
    return sources.of(cloud.settings)


@pytest.fixture(scope="module")
def whole(cloud: Cloud) -> Period:
    assert cloud.ledger.first_at
    assert cloud.ledger.last_at
    return Period(cloud.ledger.first_at.date(), cloud.ledger.last_at.date())


def around_now() -> Period:
    now = datetime.now(UTC)
    return Period((now - timedelta(days=1)).date(), now.date())


def test_totals_are_the_ledgers(asked: Sources, cloud: Cloud, whole: Period) -> None:
    row = sales.totals(asked.warehouse, Scope.of(whole)).row
    ledger = cloud.ledger
    assert row["net_sales"] == ledger.net_sales
    assert row["gross_sales"] == ledger.gross_sales
    assert row["returns"] == pounds(ledger.net_by_kind[Kind.RETURN])
    assert row["adjustments"] == pounds(ledger.net_by_kind[Kind.ADJUSTMENT])
    assert (row["orders"], row["lines"], row["units"]) == (ledger.orders, ledger.rows, ledger.units)


@pytest.mark.parametrize("by", ["hour", "day", "month", "year"])
def test_any_division_adds_up_to_the_whole(asked: Sources, cloud: Cloud, whole: Period, by: By) -> None:
    frame = sales.by_period(asked.warehouse, Scope.of(whole), by).frame
    assert sum(frame["net_sales"], Decimal(0)) == cloud.ledger.net_sales
    assert sum(frame["orders"]) == cloud.ledger.orders


def test_months_are_the_ledgers(asked: Sources, cloud: Cloud, whole: Period) -> None:
    frame = sales.by_period(asked.warehouse, Scope.of(whole), "month").frame
    found = {f"{row.period:%Y-%m}": row.net_sales for row in frame.itertuples() if row.lines}
    assert found == {month: pounds(net) for month, net in cloud.ledger.net_by_month.items()}


@pytest.mark.parametrize("report", list(TWINS), ids=lambda report: report.__name__)
def test_the_lake_answers_the_same_to_the_last_digit(asked: Sources, whole: Period, report: Any) -> None:
    """Narrowed, so that every condition is met; in a period that only the sample sells in."""
    more = ("day",) if report is sales.by_period else ()
    hours = (asked.outputs.lake_from, around_now().last_hour)
    for scope in (Scope.of(whole), replace(Scope.of(whole), country="France"), replace(Scope.of(whole), weekday=7)):
        ours = report(asked.warehouse, scope, *more)
        theirs = TWINS[report](asked.lake, *hours, scope, *more)
        assert differences(ours.frame, theirs.frame) == []
        assert theirs.evidence.scanned_bytes


def test_the_span_ends_with_the_ledger(asked: Sources, cloud: Cloud) -> None:
    row = sales.span(asked.warehouse).row
    assert row["newest_at"] == cloud.ledger.last_at
    assert row["first_at"] <= cloud.ledger.first_at  # other tests sell long before


def test_top_products_are_the_ledgers(asked: Sources, cloud: Cloud, whole: Period) -> None:
    frame = products.ranked(asked.warehouse, Scope.of(whole), "net_sales", "top", 10).frame
    expected = sorted(cloud.ledger.net_by_product.items(), key=lambda found: (-found[1], found[0]))[:10]
    assert list(zip(frame["stock_code"], frame["net_sales"], strict=True)) == [
        (code, pounds(net)) for code, net in expected
    ]
    assert set(frame["all_worth"]) == {cloud.ledger.net_sales}
    by_quantity = products.ranked(asked.warehouse, Scope.of(whole), "units", "top", 5).frame
    assert list(by_quantity["units"]) == sorted(by_quantity["units"], reverse=True)


def test_each_month_has_its_best_product(asked: Sources, cloud: Cloud, whole: Period) -> None:
    frame = products.best_of_each(asked.warehouse, Scope.of(whole), "month").frame
    assert len(frame) == len(cloud.ledger.net_by_month)
    assert list(frame["period"]) == sorted(frame["period"], reverse=True)


def test_what_copy_refused_is_listed(asked: Sources) -> None:
    since = datetime.now(UTC).replace(tzinfo=None) - timedelta(days=1)
    figure = copies.errors(asked.warehouse, since, 3)
    assert len(figure.frame) <= 3
    assert "error_message" in figure.frame


def test_the_lake_holds_every_event(asked: Sources, cloud: Cloud) -> None:
    figure = arrivals.by_hour(asked.lake, around_now(), datetime.now(UTC).replace(tzinfo=None))
    assert figure.frame["events"].sum() >= cloud.receipt["accepted"]  # other tests send too
    assert figure.frame["records"].sum() >= figure.frame["events"].sum()
    assert figure.evidence.scanned_bytes


def test_literals_come_back_from_athena_as_they_were(asked: Sources) -> None:
    text = "it's \\ a \"test\" ? -- ; %s :name \n £ '' or 1=1"
    query = Query(
        "echo",
        "lake",
        "One row.",
        "select :text as said, :number as number from orders where datehour >= :first and datehour <= :last limit 1",
        ("text", "number", "first", "last"),
    )
    period = around_now()
    row = asked.lake.ask(query, text=text, number=-7, first=period.first_hour, last=period.last_hour).row
    assert row == {"said": text, "number": -7}


def test_an_invoice_and_its_customer(asked: Sources, whole: Period) -> None:
    invoice = asked.invoices.invoice("900001")
    assert invoice.lines
    assert whole.start <= invoice.date.date() <= whole.end
    if invoice.customer_id is not None:
        assert invoice.number in {each.number for each in asked.invoices.of_customer(invoice.customer_id)}
    with pytest.raises(NotFoundError):
        asked.invoices.invoice("1")


def test_no_default_chart_reads_order_lines(cloud: Cloud) -> None:
    connection = open_connection(cloud.outputs)
    try:
        reports = [query for query in load("warehouse").values() if not query.name.startswith(_NO_CHARTS)]
        for query in reports:
            with connection.cursor() as cursor:
                cursor.paramstyle = "named"
                cursor.execute(f"explain {query.sql}", {name: _ASKED[name] for name in query.parameters})
                plan = "\n".join(line for (line,) in cursor.fetchall())
            assert "order_lines" not in plan, query.name
    finally:
        connection.close()


# --- engines that misbehave --------------------------------------------------------------------------------------

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
    with pytest.raises(QueryCancelledError, match="in the warehouse too"):
        asked.answer(10)
    assert running(cloud, "given_up_by_its_reader") == 0
    answers.close()
    warehouse.close()


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


def test_many_threads_ask_at_once(asked: Sources, cloud: Cloud, whole: Period) -> None:
    with ThreadPoolExecutor(12) as pool:
        rows = list(pool.map(lambda _: sales.totals(asked.warehouse, Scope.of(whole)).row["net_sales"], range(60)))
    assert set(rows) == {cloud.ledger.net_sales}
