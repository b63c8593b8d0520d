"""SHOW, DESCRIBE and views.

Sources: Athena user guide, "DDL statements" (SHOW TABLES, SHOW COLUMNS, DESCRIBE, CREATE VIEW, DROP VIEW) and "Work
with views".
"""

# ruff: noqa: S608 - a test puts its SQL together from its own words

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest

from .conftest import COLUMNS, ROWS, hour

if TYPE_CHECKING:
    from .conftest import Lake

ONCE = (
    "select event_id, cast(unit_price as decimal(12, 4)) as unit_price, sent_at from"
    " (select *, row_number() over (partition by event_id order by sent_at desc) as recency from orders)"
    " where recency = 1"
)


def _lines(lake: Lake, sql: str) -> list[str]:
    record = lake.run(sql)
    assert record["Status"]["State"] == "SUCCEEDED", record["Status"]
    assert record["ResultConfiguration"]["OutputLocation"].endswith(".txt")
    rows = lake.results(record)[1]["ResultSet"]["Rows"]
    return ["\t".join(datum["VarCharValue"] for datum in row["Data"]) for row in rows]


def test_tables_databases_and_columns_are_shown(lake: Lake) -> None:
    lake.table("page_views", [("n", "int")])
    lake.run(f"create view orders_once as {ONCE}")
    assert _lines(lake, "show tables") == ["orders", "orders_once", "page_views"]
    assert _lines(lake, "SHOW TABLES IN weir 'orders*'") == ["orders", "orders_once"]
    assert _lines(lake, "show views") == ["orders_once"]
    assert _lines(lake, "show databases") == ["weir"]
    assert [line.strip() for line in _lines(lake, "show columns in orders")] == [*(n for n, _ in COLUMNS), "datehour"]
    assert lake.failure("show tables in nope").endswith("Database does not exist: nope")


def test_a_table_is_described(lake: Lake) -> None:
    lines = [[cell.strip() for cell in line.split("\t")] for line in _lines(lake, "describe weir.orders")]
    assert lines[0] == ["event_id", "string", ""]
    assert ["# Partition Information"] in lines
    assert lines[-1] == ["datehour", "string", ""]
    assert "Table not found weir.nope" in lake.failure("describe nope")
    quoted = lake.run("DESCRIBE `orders`;", QueryExecutionContext={"Database": "`weir`"})  # as awswrangler asks
    assert quoted["Status"]["State"] == "SUCCEEDED", quoted["Status"]


def test_a_view_is_stored_as_athena_stores_it(lake: Lake) -> None:
    from ministack.services import glue

    assert lake.run(f"create or replace view weir.orders_once as\n{ONCE}")["StatementType"] == "DDL"
    stored = glue._tables["weir/orders_once"]
    assert (stored["TableType"], stored["Parameters"]["presto_view"]) == ("VIRTUAL_VIEW", "true")
    assert stored["ViewExpandedText"] == "/* Presto View */"
    text = stored["ViewOriginalText"].removeprefix("/* Presto View: ").removesuffix(" */")
    body = json.loads(base64.b64decode(text))
    assert body["originalSql"] == ONCE
    assert (body["catalog"], body["schema"]) == ("awsdatacatalog", "weir")
    assert body["columns"] == [
        {"name": "event_id", "type": "varchar"},
        {"name": "unit_price", "type": "decimal(12,4)"},
        {"name": "sent_at", "type": "timestamp(3)"},
    ]
    kinds = [column["Type"] for column in stored["StorageDescriptor"]["Columns"]]
    assert kinds == ["string", "decimal(12,4)", "timestamp"]


def test_a_view_is_read(lake: Lake) -> None:
    lake.run(f"create view orders_once as {ONCE}")
    assert lake.rows("select count(*), sum(unit_price) from orders_once o where o.event_id <> '1-1'") == [
        [str(ROWS - 1), "47.2500"]
    ]
    lake.run("create view cheap as select event_id, unit_price p from weir.orders_once where unit_price < 1")
    assert lake.rows("select event_id, p from cheap order by event_id")[1] == ["1-1", "0.2500"]
    assert lake.run("create or replace view cheap as select 1 as one")["Status"]["State"] == "SUCCEEDED"
    assert lake.rows("select * from cheap") == [["1"]]


def _put_view(text: str, columns: list[dict[str, str]]) -> None:
    from ministack.services import glue

    body = {"catalog": "awsdatacatalog", "schema": "weir", "columns": columns, "originalSql": text}
    encoded = base64.b64encode(json.dumps(body).encode()).decode()
    glue._create_table({"DatabaseName": "weir", "TableInput": {
        "Name": "given", "TableType": "VIRTUAL_VIEW", "Parameters": {"presto_view": "true", "comment": "Presto View"},
        "ViewOriginalText": f"/* Presto View: {encoded} */", "ViewExpandedText": "/* Presto View */",
        "StorageDescriptor": {"Columns": []}}})  # fmt: skip


def test_a_view_that_glue_was_given_is_read_in_its_own_types(lake: Lake) -> None:
    _put_view("select event_id, unit_price from orders", [{"name": "event_id", "type": "varchar"},
                                                          {"name": "unit_price", "type": "decimal(12,4)"}])  # fmt: skip
    assert lake.rows("select sum(unit_price) from given") == [["142.5000"]]


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("select event_id, quantity from orders", [{"name": "event_id", "type": "varchar"}]),
        ("select event_id from nope", [{"name": "event_id", "type": "varchar"}]),
        ("select event_id from given", [{"name": "event_id", "type": "varchar"}]),
        ("drop table orders", [{"name": "event_id", "type": "varchar"}]),
    ],
)
def test_a_view_that_does_not_hold_together_fails(lake: Lake, text: str, columns: list[dict[str, str]]) -> None:
    _put_view(text, columns)
    assert lake.failure("select * from given").split(":")[0] in ("INVALID_VIEW", "TABLE_NOT_FOUND")


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("create view orders as select 1 as x", "ALREADY_EXISTS"),
        ("create or replace view orders as select 1 as x", "ALREADY_EXISTS"),
        ("create view v as select 1", "MISSING_COLUMN_NAME"),
        ("create view v as select nope from orders", "COLUMN_NOT_FOUND"),
        ("create view nope.v as select 1 as x", "SCHEMA_NOT_FOUND"),
        ("drop view nope", "VIEW_NOT_FOUND"),
        ("drop view orders", "VIEW_NOT_FOUND"),
    ],
)
def test_a_view_that_cannot_be_made_or_dropped(lake: Lake, sql: str, reason: str) -> None:
    assert lake.failure(sql).startswith(reason)


def test_a_view_is_dropped(lake: Lake) -> None:
    lake.run("create view v as select 1 as x")
    assert lake.run("drop view v")["Status"]["State"] == "SUCCEEDED"
    assert lake.run("drop view if exists v")["Status"]["State"] == "SUCCEEDED"
    assert lake.failure("select * from v").startswith("TABLE_NOT_FOUND")


def test_conditions_reach_the_table_through_a_view(lake: Lake) -> None:
    lake.run("create view recent as select event_id, datehour from orders where quantity > 0")

    def scanned(where: str) -> Any:
        return lake.run(f"select event_id from recent {where}")["Statistics"]["DataScannedInBytes"]

    assert scanned(f"where datehour = '{hour(1)}'") * 3 == scanned("")
