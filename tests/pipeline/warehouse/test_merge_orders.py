# ruff: noqa: DTZ001, S608 - Redshift's TIMESTAMP has no time zone; the names in the SQL are these tests' own
from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.pipeline.local_warehouse import TABLES
from tests.pipeline.warehouse import recomputed
from tests.pipeline.warehouse.landing import START, Line, land, merge, rows, sent

if TYPE_CHECKING:
    from pipeline.local.warehouse import Warehouse

SALES = "net_sales, gross_sales, returns, adjustments, orders, return_orders, units, lines"
COLUMNS = {
    "invoices_summary": "invoice_no, kind, first_at, last_at, customer_id, customers, country, lines, units, net_sales",
    "sales_by_hour_country": f"hour, country, {SALES}",
    "sales_by_day_product": f"day, stock_code, {SALES}",
    "sales_by_month_product": f"month, stock_code, {SALES}",
    "sales_by_month_product_country": f"month, stock_code, country, {SALES}",
    "customers_summary": f"customer, customer_id, first_at, last_at, {SALES}",
    "products": "stock_code, description",
    "customers_orders": "customer_id, country, first_order, first_order_at, last_order_at, orders, net_sales",
    "customers_by_month": "customer_id, month, orders, gross_sales",
    "cohorts": "country, cohort, month, customers, orders, gross_sales",
    "rfm_cutoffs": "score, recency_from, frequency_from, monetary_from",
    "customers_by_rfm": "country, recency, frequency, monetary, customers, orders, net_sales",
    "invoices_by_day": "day, country, kind, standing, band, invoices, net_sales, units, lines",
}


def assert_rollups(warehouse: Warehouse, lines: list[Line]) -> None:
    """The tables hold the winners of `lines`, and what follows from them."""
    winners = recomputed.winners(lines)
    held = {(event_id, at) for event_id, at in rows(warehouse, "select event_id, sent_at from order_lines")}
    assert held == {(line.event_id, line.sent_at) for line in winners}
    for table, expected in recomputed.rollups(winners).items():
        assert set(rows(warehouse, f"select {COLUMNS[table]} from {table}")) == expected, table
    assert rows(warehouse, "select count(*) from orders_landing") == [(0,)]


@st.composite
def _lines(draw: st.DrawFn) -> Line:
    invoice_no = draw(st.sampled_from(["1", "2", "C3", "A4"]))
    line_no = draw(st.sampled_from([1, 2, None]))
    return Line(
        event_id=f"{invoice_no}-{line_no or 'x'}",
        invoice_no=invoice_no,
        line_no=line_no,
        stock_code=draw(st.sampled_from(["P", "Q"])),
        description=draw(st.sampled_from(["tea", "cups", None])),
        quantity=draw(st.integers(-2, 3)),
        invoice_date=START + timedelta(minutes=draw(st.sampled_from([0, 5, 55, 24 * 60]))),
        unit_price=draw(st.sampled_from([Decimal("0.0000"), Decimal("1.2500"), Decimal("-7.1050")])),
        customer_id=draw(st.sampled_from([None, 1, 2])),
        country=draw(st.sampled_from(["France", "Eire"])),
    )


@given(
    chunks=st.lists(st.lists(_lines(), max_size=6), min_size=1, max_size=4),
    order=st.randoms(use_true_random=False),
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_order_and_any_chunking_comes_to_the_same(
    warehouse: Warehouse, chunks: list[list[Line]], order: object
) -> None:
    with warehouse.connect(autocommit=True) as connection:
        connection.execute(f"truncate {', '.join(TABLES)}".encode())
    stamps = list(range(sum(map(len, chunks))))
    order.shuffle(stamps)  # type: ignore[attr-defined]
    landed: list[Line] = []
    for chunk in chunks:
        stamped = [replace(line, sent_at=sent(stamps.pop()), replay_id=str(len(landed))) for line in chunk]
        land(warehouse, stamped)
        merge(warehouse)
        landed += stamped
        assert_rollups(warehouse, landed)


def test_sales_returns_and_adjustments_add_up(warehouse: Warehouse) -> None:
    land(
        warehouse,
        [
            Line("1-1", "1", quantity=2, unit_price=Decimal(10)),
            Line("1-2", "1", 2, stock_code="POST", quantity=1, unit_price=Decimal(5)),
            Line("C2-1", "C2", quantity=-1, unit_price=Decimal(10)),
            Line("A3-1", "A3", stock_code="B", quantity=1, unit_price=Decimal(-3)),
        ],
    )
    merge(warehouse)
    for table in ("sales_by_hour_country", "sales_by_day_product", "sales_by_month_product_country"):
        (found,) = rows(
            warehouse,
            f"select sum(net_sales), sum(gross_sales), sum(returns), sum(adjustments), sum(units), sum(lines) "
            f"from {table}",
        )
        assert found == (Decimal(12), Decimal(25), Decimal(-10), Decimal(-3), 3, 4), table


def test_an_order_counts_once_where_its_first_line_is(warehouse: Warehouse) -> None:
    """Its lines lie in two hours, two days and two months."""
    land(
        warehouse,
        [
            Line("1-1", "1", 1, invoice_date=datetime(2011, 1, 31, 23, 59)),
            Line("1-2", "1", 2, invoice_date=datetime(2011, 2, 1, 0, 0)),
            Line("1-3", "1", 3, stock_code="P", invoice_date=datetime(2011, 2, 1, 0, 0)),
        ],
    )
    merge(warehouse)
    assert rows(warehouse, "select hour, orders, lines from sales_by_hour_country order by 1") == [
        (datetime(2011, 1, 31, 23), 1, 1),
        (datetime(2011, 2, 1), 0, 2),
    ]
    assert rows(warehouse, "select stock_code, sum(orders) from sales_by_day_product group by 1 order by 1") == [
        ("85123A", 1),
        ("P", 1),
    ]


def test_rows_without_a_customer_are_a_group_by_name(warehouse: Warehouse) -> None:
    land(warehouse, [Line("1-1", "1", customer_id=None), Line("2-1", "2", customer_id=17850)])
    merge(warehouse)
    assert rows(warehouse, "select customer, customer_id, orders from customers_summary order by 1") == [
        ("17850", 17850, 1),
        ("no customer id", None, 1),
    ]


def test_a_warehouse_from_before_the_later_rollups_fills_them(warehouse: Warehouse) -> None:
    lines = [
        Line(f"{number}-1", str(number), customer_id=number % 5 or None, quantity=number) for number in range(20)
    ]  # fmt: skip
    land(warehouse, lines)
    merge(warehouse)
    with warehouse.connect(autocommit=True) as connection:
        later = (
            "customers_orders, customers_by_month, cohorts, rfm_cutoffs, customers_by_rfm, invoices_by_day, "
            "sales_by_month_product"
        )
        connection.execute(f"truncate {later}".encode())
    merge(warehouse)
    assert_rollups(warehouse, lines)


def test_a_correction_that_takes_a_customers_first_order_away(warehouse: Warehouse) -> None:
    """The second order is the new one then; both days are counted anew."""
    first = Line("1-1", "1", customer_id=7, invoice_date=START)
    second = Line("2-1", "2", customer_id=7, invoice_date=START + timedelta(days=40))
    land(warehouse, [first, second])
    merge(warehouse)
    moved = replace(first, customer_id=8, sent_at=sent(3))
    land(warehouse, [moved])
    merge(warehouse)
    assert_rollups(warehouse, [moved, second])
    assert rows(warehouse, "select day, standing from invoices_by_day order by 1") == [
        (START.date(), "new"),
        ((START + timedelta(days=40)).date(), "new"),
    ]


def test_the_same_again_changes_no_figure(warehouse: Warehouse) -> None:
    lines = [Line(f"{number}-1", str(number), sent_at=sent(1)) for number in range(50)]
    land(warehouse, lines)
    merge(warehouse)
    before = {table: rows(warehouse, f"select * from {table} order by 1, 2") for table in COLUMNS}
    written = rows(warehouse, "select event_id, landed_at, merged_at from order_lines order by 1")

    land(warehouse, [replace(line, sent_at=sent(2), replay_id="second") for line in lines])
    merge(warehouse)
    assert {table: rows(warehouse, f"select * from {table} order by 1, 2") for table in COLUMNS} == before
    assert rows(warehouse, "select event_id, landed_at, merged_at from order_lines order by 1") == written
    assert rows(warehouse, "select distinct sent_at, replay_id from order_lines") == [(sent(2), "second")]


def test_a_correction_replaces_and_an_older_send_does_not(warehouse: Warehouse) -> None:
    land(warehouse, [Line(quantity=6, sent_at=sent(5))])
    merge(warehouse)
    land(warehouse, [Line(quantity=7, sent_at=sent(6)), Line(quantity=8, sent_at=sent(4))])
    merge(warehouse)
    land(warehouse, [Line(quantity=9, sent_at=sent(3))])
    merge(warehouse)
    assert rows(warehouse, "select quantity, sent_at from order_lines") == [(7, sent(6))]


def test_what_was_sent_before_an_equal_row_does_not_win(warehouse: Warehouse) -> None:
    """6, then 6 again, and a 9 from between the two that comes late."""
    for line in (
        Line(quantity=6, sent_at=sent(1)),
        Line(quantity=6, sent_at=sent(5)),
        Line(quantity=9, sent_at=sent(3)),
    ):
        land(warehouse, [line])
        merge(warehouse)
    assert rows(warehouse, "select quantity, sent_at from order_lines") == [(6, sent(5))]


def test_one_send_that_arrives_twice_counts_once(warehouse: Warehouse) -> None:
    land(warehouse, [Line(), Line()])
    merge(warehouse)
    assert rows(warehouse, "select count(*) from order_lines") == [(1,)]
    assert rows(warehouse, "select count(*) from orders_landing") == [(0,)]


def test_the_old_keys_of_a_replaced_row_are_recomputed(warehouse: Warehouse) -> None:
    land(warehouse, [Line(sent_at=sent(1))])
    merge(warehouse)
    moved = Line(
        stock_code="NEW",
        country="France",
        customer_id=None,
        invoice_date=START + timedelta(days=40),
        sent_at=sent(2),
    )
    land(warehouse, [moved])
    merge(warehouse)
    assert_rollups(warehouse, [moved])


def test_a_product_is_called_what_it_was_last_sold_under(warehouse: Warehouse) -> None:
    land(
        warehouse,
        [
            Line("1-1", "1", description="tea", invoice_date=START),
            Line("2-1", "2", description="green tea", invoice_date=START + timedelta(days=1)),
            Line(
                "3-1", "3", description="damaged", unit_price=Decimal(0), invoice_date=START + timedelta(days=2)
            ),
        ],
    )  # fmt: skip
    merge(warehouse)
    assert rows(warehouse, "select description from products") == [("green tea",)]


def test_only_what_was_read_is_cleared(warehouse: Warehouse) -> None:
    """A row whose COPY has not committed when the merge reads is there for the next one."""
    land(warehouse, [Line("1-1", "1")])
    with warehouse.connect() as loading:
        loading.execute(
            "insert into orders_landing (event_id, invoice_no, stock_code, quantity, invoice_date, unit_price, country,"
            " sent_at) values ('2-1', '2', 'P', 1, '2011-01-01', 1, 'France', '2026-01-01')"
        )
        merge(warehouse)
    assert rows(warehouse, "select event_id from orders_landing") == [("2-1",)]
    merge(warehouse)
    assert rows(warehouse, "select event_id from order_lines order by 1") == [("1-1",), ("2-1",)]


def test_two_merges_never_overlap(warehouse: Warehouse) -> None:
    land(warehouse, [Line()])
    with warehouse.connect() as first, warehouse.connect(autocommit=True) as second:
        first.execute("call merge_orders()")
        second.execute("set lock_timeout = '100ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            second.execute("call merge_orders()")
    merge(warehouse)


def test_a_merge_that_fails_changes_nothing(warehouse: Warehouse) -> None:
    land(warehouse, [Line()])
    with warehouse.connect(autocommit=True) as connection:
        connection.execute("alter table products rename to elsewhere")
        try:
            with pytest.raises(psycopg.errors.UndefinedTable):
                connection.execute("call merge_orders()")
        finally:
            connection.execute("alter table elsewhere rename to products")
    assert rows(warehouse, "select count(*) from orders_landing") == [(1,)]
    assert rows(warehouse, "select count(*) from order_lines") == [(0,)]
    merge(warehouse)
    assert rows(warehouse, "select count(*) from order_lines") == [(1,)]


def test_thousands_of_keys_at_once(warehouse: Warehouse) -> None:
    """Large merges take other plans than small ones, and must come to the same."""
    lines = [
        Line(
            event_id=f"{number // 3}-{number % 3}",
            invoice_no=str(number // 3),
            line_no=number % 3,
            stock_code=f"P{number % 97}",
            invoice_date=START + timedelta(hours=number % 900),
            customer_id=None if number % 4 == 0 else number % 11,
            quantity=number % 7 - 1,
        )
        for number in range(4_000)
    ]
    land(warehouse, lines)
    merge(warehouse)
    assert_rollups(warehouse, lines)
    changed = [replace(line, quantity=line.quantity + 1, sent_at=sent(9)) for line in lines[1_000:4_000]]
    land(warehouse, changed)
    merge(warehouse)
    assert_rollups(warehouse, [*lines, *changed])
