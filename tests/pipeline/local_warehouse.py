"""The local warehouse for tests: one PostgreSQL for a folder of tests, empty tables for each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pipeline.local.warehouse import Warehouse
from pipeline.warehouse.apply import apply

if TYPE_CHECKING:
    from collections.abc import Iterator

TABLES = (
    "orders_landing",
    "order_lines",
    "invoices_summary",
    "sales_by_hour_country",
    "sales_by_day_product",
    "sales_by_month_product",
    "sales_by_month_product_country",
    "customers_summary",
    "products",
    "customers_orders",
    "customers_by_month",
    "cohorts",
    "rfm_cutoffs",
    "customers_by_rfm",
    "invoices_by_day",
    "last_merge",
)


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    warehouse = Warehouse(tmp_path_factory.mktemp("postgres"))
    warehouse.start()
    with warehouse.connect(autocommit=True) as connection:
        apply(connection, "postgres")
    yield warehouse
    warehouse.stop()


@pytest.fixture
def warehouse(postgres: Warehouse) -> Warehouse:
    with postgres.connect(autocommit=True) as connection:
        for table in (*TABLES, "sys_load_error_detail"):
            connection.execute(f"truncate {table}".encode())
    return postgres
