"""The warehouse that `bench pages` measures over: a file in it, and the same shop many times as busy."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from pipeline.bench import load
from pipeline.replay import samples

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.local.warehouse import Warehouse

_BY_MONTH = """
    select
        date_trunc('month', hour), country, sum(net_sales), sum(gross_sales), sum(returns), sum(adjustments),
        sum(orders), sum(return_orders), sum(units), sum(lines)
    from sales_by_hour_country
    group by 1, 2
"""
_HOURS = "select count(distinct date_trunc('hour', first_at)) from invoices_summary"
_PRODUCTS = "select stock_code, description from products order by 1"
_CUSTOMERS = "select customer_id, sum(orders) from customers_orders group by 1 order by 1"


def _asked(warehouse: Warehouse, question: str) -> list[tuple[Any, ...]]:
    with warehouse.connect(autocommit=True) as connection:
        return connection.execute(question.encode()).fetchall()


def test_a_shop_three_times_as_busy_has_three_times_the_sales_of_the_same_products_and_customers(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    path = tmp_path / "sample.csv.gz"
    samples.write(path, rows=600, seed=1, start=date(2025, 1, 20), end=date(2025, 3, 10))
    with warehouse.connect(autocommit=True) as connection:
        assert load.load(connection, path) == 600
    once = {(month, country): sums for month, country, *sums in _asked(warehouse, _BY_MONTH)}
    hours = _asked(warehouse, _HOURS)
    products = _asked(warehouse, _PRODUCTS)
    customers = _asked(warehouse, _CUSTOMERS)

    with warehouse.connect(autocommit=True) as connection:
        load.multiply(connection, 3)

    thrice = {(month, country): sums for month, country, *sums in _asked(warehouse, _BY_MONTH)}
    assert thrice == {place: [3 * each for each in sums] for place, sums in once.items()}
    assert _asked(warehouse, _PRODUCTS) == products
    assert _asked(warehouse, _CUSTOMERS) == [(customer, 3 * orders) for customer, orders in customers]
    assert _asked(warehouse, "select count(*), count(distinct event_id) from order_lines") == [(1800, 1800)]
    assert _asked(warehouse, "select count(*) from orders_landing") == [(0,)]
    assert _asked(warehouse, _HOURS) > hours, "the further invoices were all at the hours of the first ones"
