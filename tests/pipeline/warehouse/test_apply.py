from __future__ import annotations

from typing import TYPE_CHECKING

import redshift_connector

from pipeline.warehouse.apply import apply, script, statements
from tests.pipeline.warehouse.landing import Line, land, merge, rows

if TYPE_CHECKING:
    from pipeline.local.warehouse import Warehouse


def test_applying_again_keeps_the_rows(warehouse: Warehouse) -> None:
    """By the driver that deploys, too."""
    land(warehouse, [Line("1-1", "1")])
    merge(warehouse)
    land(warehouse, [Line("2-1", "2")])
    with redshift_connector.connect(
        host=warehouse.host,
        port=warehouse.port,
        database=warehouse.database,
        user=warehouse.username,
        password=warehouse.password,
        ssl=False,
    ) as connection:
        connection.autocommit = True
        apply(connection, "postgres")
    merge(warehouse)
    assert rows(warehouse, "select event_id from order_lines order by 1") == [("1-1",), ("2-1",)]


def test_each_engine_gets_its_own_lines() -> None:
    redshift, postgres = script("tables.sql", "redshift"), script("tables.sql", "postgres")
    assert "\nsortkey (invoice_date)" in redshift
    assert "\nsortkey" not in postgres
    assert "\ncreate index" in postgres
    assert "\ncreate index" not in redshift
    assert "\n    analyze" in script("merge_orders.sql", "postgres")
    assert "\n    analyze" not in script("merge_orders.sql", "redshift")


def test_a_semicolon_within_something_parts_no_statement() -> None:
    text = "select ';'; -- one; two\nselect $$ a; b $$;\n\n-- an end;\n"
    assert list(statements(text)) == ["select ';'", "-- one; two\nselect $$ a; b $$"]
