"""The reports on the real engines of the local cloud, against the sample's own ledger; saved views in their table."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from pipeline.errors import (
    NotFoundError,
)
from pipeline.replay.sample_ledger import Kind, pounds
from pipeline.warehouse.connect import open_connection
from queries import segments, sources
from queries.invoices import frame_of
from queries.loader import Query, load
from queries.period import Period
from queries.reports import arrivals, copies, customer, customers, invoices, lines, newest, products, sales, scanned
from queries.reports.lines import Which
from queries.scope import Scope
from queries.twins import Difference, differences, of_lake
from queries.views import View, Views
from queries.who import Cell, Who

if TYPE_CHECKING:
    from queries.figure import Figure
    from queries.period import By
    from queries.sources import Sources
    from tests.conftest import Cloud

# What the reports of the warehouse are asked with; the texts are planned without running.
# An audit looks for every event, and order lines are shown when they are asked for: neither is a default chart.
_NO_CHARTS = (
    "audit_", "load_errors", "scanned_bytes", "trace_", "lines_", "newest_of_lines", "products_together",
    "customer_products",
)  # fmt: skip
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
    "ordered": "highest",
    "lines_kind": "return",
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
    "aside": 1,
    "skipped": 0,
    "of_cell": 1,
    "at_home": 1,
    "cohort": datetime.fromisoformat("2011-01-01"),
    "month": datetime.fromisoformat("2011-03-01"),
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


# In a period that only the sample sells in, narrowed, so that every condition is met.
_OF_A_SCOPE: dict[str, tuple[Any, ...]] = {
    "totals": (sales.totals,),
    "hours": (sales.by_period, "hour"),
    "days": (sales.by_period, "day"),
    "countries": (sales.by_country,),
    "weekdays": (sales.by_weekday_hour,),
}
_OF_TIME_AND_COUNTRY: dict[str, tuple[Any, ...]] = {
    **{f"{end} {rank}": (products.ranked, rank, end, 10) for rank in products.RANKINGS for end in products.ENDS},
    "leaders": (products.best_of_each, "day"),
    **{end: (invoices.first, end, 10) for end in invoices.ENDS},
    "spread": (invoices.spread,),
    "found": (invoices.sought, invoices.Sought(prefix="9", least=Decimal("-50.5")), 2, 20),
    "found, sign aside": (invoices.sought, invoices.of_column("return", 100), 1, 20),
    "found, the lowest first": (invoices.sought, invoices.Sought(kind="order"), 1, 20, "lowest"),
    "found, the longest first": (invoices.sought, invoices.Sought(), 2, 20, "longest"),
    "standing": (customers.new_and_returning, "month"),
    "best of the period": (customers.top_of_period, 10),
}


_NARROWED: tuple[dict[str, Any], ...] = (
    {"country": "France"},
    {"weekday": 7},
    {"hour": 12},
    {"country": "Atlantis"},
    {"product": "the first"},
    {"customer": customer.NOBODY},
    {"customer": customer.NOBODY, "hour": 12},
    {"product": "the first", "weekday": 7},
)


def differ(asked: Sources, report: Any, *arguments: object) -> list[Difference]:
    ours = report(asked.warehouse, *arguments)
    assert not ours.empty
    theirs = of_lake(asked.lake, report, asked.outputs.lake_from, around_now().last_hour, *arguments)
    assert theirs.evidence.scanned_bytes
    return differences(ours.frame, theirs.frame)


def soon_equal(asked: Sources, report: Any, *arguments: object) -> list[Difference]:
    """Where the engines still differ once what other tests sold has had time to come to both."""
    deadline = time.monotonic() + 60
    while (found := differ(asked, report, *arguments)) and time.monotonic() < deadline:
        time.sleep(0.5)
    return found


@pytest.mark.parametrize("name", _OF_A_SCOPE)
def test_the_lake_answers_the_same_of_a_scope_to_the_last_digit(asked: Sources, whole: Period, name: str) -> None:
    report, *more = _OF_A_SCOPE[name]
    scope = Scope.of(whole)
    for narrowed in (scope, replace(scope, country="France"), replace(scope, weekday=7), replace(scope, hour=12)):
        assert differ(asked, report, narrowed, *more) == []


@pytest.mark.parametrize("name", _OF_TIME_AND_COUNTRY)
def test_the_lake_answers_the_same_of_time_and_country(asked: Sources, whole: Period, name: str) -> None:
    report, *more = _OF_TIME_AND_COUNTRY[name]
    scope = Scope.of(whole)
    for narrowed in (scope, replace(scope, country="United Kingdom")):
        assert differ(asked, report, narrowed, *more) == []


def test_the_lake_answers_the_same_of_a_product(asked: Sources, whole: Period) -> None:
    code = products.ranked(asked.warehouse, Scope.of(whole), "net_sales", "top", 1).row["stock_code"]
    scope = replace(Scope.of(whole), product=code)
    for narrowed, by in ((scope, "day"), (replace(scope, country="United Kingdom"), "month")):
        assert differ(asked, products.totals, narrowed) == []
        assert differ(asked, products.by_period, narrowed, by) == []
    assert differ(asked, products.by_country, scope) == []
    assert differ(asked, products.together, Scope.of(whole), code, 10) == []


_OF_ALL_TIME: dict[str, tuple[Any, ...]] = {
    "best": (customers.top, "", 10),
    "best of a country": (customers.top, "United Kingdom", 10),
    "segments": (customers.in_segments, ""),
    "cutoffs": (customers.cutoffs,),
    "members": (customers.of_segment, Who(segments.SEGMENTS[0]), "", 20),
    "cohorts": (customers.cohorts, "United Kingdom"),
    "countries": (customers.by_country,),
    "nobody": (customer.totals, customer.NOBODY),
    "nobody's months": (customer.by_period, customer.NOBODY, "month"),
    "nobody's products": (customer.products, customer.NOBODY, 20),
}


@pytest.mark.parametrize("name", _OF_ALL_TIME)
def test_the_lake_answers_the_same_of_all_time(asked: Sources, name: str) -> None:
    report, *more = _OF_ALL_TIME[name]
    assert soon_equal(asked, report, *more) == []


def test_the_lake_answers_the_same_of_a_segment_and_of_a_cohort(asked: Sources, whole: Period) -> None:
    held = customers.cohorts(asked.warehouse, "United Kingdom").frame
    # The greatest is the sample's: other tests send orders of other centuries.
    row = held[held["since"] > 0].sort_values("customers").iloc[-1]
    cell = Cell(row["cohort"], int(row["since"]))
    assert soon_equal(asked, customers.of_cohort, Who(cell=cell), "United Kingdom", 20) == []
    for who in (Who(segments.SEGMENTS[0]), Who(cell=cell)):
        for report, *arguments in (
            (customers.new_and_returning, Scope.of(whole), "month"),
            (customers.top_of_period, Scope.of(whole), 10),
            (customers.top, "United Kingdom", 10),
            (customers.in_segments, ""),
            (customers.cohorts, ""),
            (customers.by_country,),
        ):
            assert soon_equal(asked, report, *arguments, who) == [], report
        assert soon_equal(asked, lines.page, Which(Scope.of(whole), who), 2, 50) == []


def test_the_lake_answers_the_same_of_every_page_of_order_lines(asked: Sources, whole: Period) -> None:
    code = products.ranked(asked.warehouse, Scope.of(whole), "net_sales", "top", 1).row["stock_code"]
    scope = Scope.of(whole)
    for narrowed in (
        scope,
        replace(scope, country="France"),
        replace(scope, weekday=7),
        replace(scope, hour=12),
        replace(scope, product=code),
        replace(scope, customer=customer.NOBODY),
    ):
        assert differ(asked, lines.count, Which(narrowed)) == []
        assert differ(asked, lines.page, Which(narrowed, kind="order"), 1, 50) == []
        total = int(lines.count(asked.warehouse, Which(narrowed)).row["lines"])
        for number in {1, 2, -(-total // 50)}:
            assert differ(asked, lines.page, Which(narrowed), number, 50) == []


def test_the_lake_answers_the_same_of_the_order_lines_of_invoices_found(asked: Sources, whole: Period) -> None:
    what = invoices.Sought(prefix="9", least=Decimal("-50.5"))
    for scope in (Scope.of(whole), replace(Scope.of(whole), country="United Kingdom")):
        found = Which(scope, sought=what)
        assert differ(asked, lines.count, found) == []
        assert differ(asked, lines.page, found, 2, 50) == []


def test_the_lake_answers_the_same_of_the_order_lines_of_two_products_and_of_new_customers(
    asked: Sources, whole: Period
) -> None:
    scope = Scope.of(whole)
    one, other = products.ranked(asked.warehouse, scope, "orders", "top", 2).frame["stock_code"]
    for which in (
        Which(replace(scope, product=one), beside=other),
        Which(scope, standing="new"),
        Which(scope, Who(segments.SEGMENTS[0]), standing="returning"),
    ):
        assert soon_equal(asked, lines.count, which) == []
        assert soon_equal(asked, lines.page, which, 1, 50) == []


def test_the_newest_event_behind_a_figure_is_that_of_the_order_lines(asked: Sources, whole: Period) -> None:
    first = products.ranked(asked.warehouse, Scope.of(whole), "net_sales", "top", 1).row["stock_code"]
    scope = Scope.of(whole)
    earlier = replace(scope, until=scope.since + (scope.until - scope.since) / 2)
    lengths = {"month": "M", "day": "D", "hour": "h"}
    for about in (
        earlier,
        *(replace(each, **more) for each in (scope, earlier) for more in _NARROWED),
    ):
        narrowed = replace(about, product=first) if about.product else about
        figure = lines.count(asked.warehouse, Which(narrowed))
        found = newest.about(figure.evidence.parameters)
        at = newest.event(asked.warehouse, found).row["newest"]
        held = pd.concat(
            [*lines.parts(asked.warehouse, Which(narrowed), 1_000_000), pd.DataFrame(columns=["invoice_date"])]
        )
        truth = held["invoice_date"].max()
        assert pd.isna(at) == held.empty, found
        if not held.empty:
            assert pd.Timestamp(at) == (truth.to_period(lengths[found.by]).to_timestamp() if found.by else truth), found


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


def test_the_warehouse_tells_afterwards_what_a_figure_read(asked: Sources, whole: Period) -> None:
    def read(figure: Figure) -> int:
        assert figure.evidence.query_id is not None
        return int(scanned.scanned_bytes(asked.warehouse, figure.evidence.query_id).row["scanned_bytes"])

    totals = read(sales.totals(asked.warehouse, Scope.of(whole)))
    of_lines = read(lines.count(asked.warehouse, Which(replace(Scope.of(whole), hour=12, product="22423"))))
    assert 0 < totals < of_lines  # a rollup is less to read than the order lines


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
    looked_up = asked.invoices.invoice("900001")
    invoice = looked_up.found
    assert invoice.lines
    assert looked_up.evidence.read_units
    assert whole.start <= invoice.date.date() <= whole.end
    assert differences(invoice.frame, lines.of_invoice(asked.warehouse, invoice.number).frame) == []
    without = differences(invoice.frame, lines.of_invoice(asked.warehouse, "1").frame)
    assert {each.row for each in without} == {(line.event_id,) for line in invoice.lines}
    if invoice.customer_id is not None:
        others = asked.invoices.of_customer(invoice.customer_id).found
        assert invoice.number in {each.number for each in others}
        assert differences(frame_of(others), invoices.of_customer(asked.warehouse, invoice.customer_id).frame) == []
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


def test_many_threads_ask_at_once(asked: Sources, cloud: Cloud, whole: Period) -> None:
    with ThreadPoolExecutor(12) as pool:
        rows = list(pool.map(lambda _: sales.totals(asked.warehouse, Scope.of(whole)).row["net_sales"], range(60)))
    assert set(rows) == {cloud.ledger.net_sales}


def test_a_saved_view_comes_back_as_it_was_until_it_is_dropped(asked: Sources, cloud: Cloud) -> None:
    views = Views(asked.client("dynamodb"), cloud.outputs.views_table)
    address = {"start": "2011-11-01", "end": "2011-11-30", "by": "day", "country": "EIRE & 'Île' =1+1 %"}
    kept = views.save("here", "  Ireland's   November ", address)
    views.save("there", "Cakes", {"product": "22423"})
    assert views.of_page("here") == [kept] == [View("here", "Ireland's November", address)]
    again = views.save("here", "Ireland's November", {"by": "month"})
    assert views.of_page("here") == [again]
    for each in (*views.of_page("here"), *views.of_page("there")):
        views.drop(each)
        views.drop(each)
    assert views.of_page("here") == views.of_page("there") == []
