"""What StartQueryExecution refuses, and how a query that names the wrong things fails.

Sources: Athena API reference, "StartQueryExecution", "InvalidRequestException"; Athena user guide, "Troubleshoot in
Athena", "Use parameterized queries"; Trino documentation, "SELECT".
"""

# ruff: noqa: S608 - a test puts its SQL together from its own words

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import Lake


@pytest.mark.parametrize(
    "sql",
    [
        "",
        "selec 1",
        "select 1 fro orders",
        "select FROM orders",
        "select * from orders where",
        "select 'open",
        "select (1",
        "from orders",
        "select event_id from `orders`",
        "select quantity::varchar from orders",
        "select * exclude (event_id) from orders",
        "select distinct on (event_id) * from orders",
        "select * from orders limit 1 offset 2",
        "select event_id from orders group by all",
        "select event_id from orders qualify row_number() over () = 1",
        "select event_id ilike 'a' from orders",
        "select [1, 2]",
        "select {'a': 1}",
        "select 1 == 1",
        "select :name",
        "select 1; select 2",
        "create table made_here (a int)",
    ],
)
def test_what_is_not_athenas_sql_is_refused_before_there_is_an_execution(lake: Lake, sql: str) -> None:
    from ministack.services import athena

    status, answer = lake.start(sql)
    assert (status, answer["__type"]) == (400, "InvalidRequestException"), answer
    assert answer["message"]
    assert not athena._executions.keys()


def test_the_place_of_the_trouble_is_told(lake: Lake) -> None:
    status, answer = lake.start("select 1\nfro orders")
    assert status == 400
    assert answer["message"].startswith("line 2:5: mismatched input 'orders'")
    assert answer["AthenaErrorCode"] == "MALFORMED_QUERY"


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("select * from nope", "TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.weir.nope' does not exist"),
        ("select * from other.orders", "SCHEMA_NOT_FOUND: line 1:15: Schema 'other' does not exist"),
        ("select * from x.weir.orders", "CATALOG_NOT_FOUND: line 1:15: Catalog 'x' does not exist"),
        ("select nope from orders", "COLUMN_NOT_FOUND: line 1:8: Column 'nope' cannot be resolved"),
        ("select o.nope from orders o", "COLUMN_NOT_FOUND: line 1:8: Column 'o.nope' cannot be resolved"),
        ("select\n  p.quantity from orders o", "COLUMN_NOT_FOUND: line 2:3: Column 'p.quantity' cannot be resolved"),
        (
            "select quantity q, count(*) from orders group by q",
            "COLUMN_NOT_FOUND: line 1:50: Column 'q' cannot be resolved",
        ),
        ("select count(*) n from orders having n > 1", "COLUMN_NOT_FOUND: line 1:38: Column 'n' cannot be resolved"),
        (
            "select event_id from orders a join orders b on a.event_id = b.event_id",
            "AMBIGUOUS_NAME: line 1:8: Column 'event_id' is ambiguous",
        ),
        (
            "select quantity, count(*) from orders",
            "EXPRESSION_NOT_AGGREGATE: 'quantity' must be an aggregate expression or appear in GROUP BY clause",
        ),
        (
            "select 1 from orders where customer_id = '17850'",
            "TYPE_MISMATCH: line 1:28: Cannot apply operator: bigint = varchar(5)",
        ),
        (
            "select 1 from orders where sent_at > '2026-11-22'",
            "TYPE_MISMATCH: line 1:28: Cannot apply operator: timestamp(3) > varchar(10)",
        ),
        ("select list_sort(array[1])", "FUNCTION_NOT_FOUND: line 1:8: Function 'list_sort' not registered"),
        ("select 1 / 0", "DIVISION_BY_ZERO: Division by zero"),
        ("select 1.5 / 0.0", "DIVISION_BY_ZERO: Division by zero"),
        ("select cast('six' as integer)", "INVALID_CAST_ARGUMENT: "),
        ("insert into orders select 1", "NOT_SUPPORTED: "),
        ("explain select 1", "NOT_SUPPORTED: "),
    ],
)
def test_a_query_that_names_the_wrong_things_fails_in_athenas_words(lake: Lake, sql: str, reason: str) -> None:
    record = lake.run(sql)
    assert record["Status"]["State"] == "FAILED"
    assert record["Status"]["StateChangeReason"].startswith(reason)
    error = record["Status"]["AthenaError"]
    assert error["ErrorCategory"] == 2
    assert error["ErrorMessage"] == record["Status"]["StateChangeReason"]
    assert lake.results(record)[0] == 400


@pytest.mark.parametrize(
    "source",
    [
        "read_csv('/etc/passwd')",
        "read_text('/etc/passwd')",
        "glob('/etc/*')",
        "'/etc/passwd'",
        '"/etc/passwd"',
        "parquet_metadata('x')",
        "duckdb_settings()",
        "information_schema.tables",
        "sqlite_master",
    ],
)
def test_nothing_but_the_lake_can_be_read(lake: Lake, source: str) -> None:
    status, answer = lake.start(f"select * from {source}")
    if status == 200:
        record = lake.ended(answer["QueryExecutionId"])
        assert record["Status"]["State"] == "FAILED"
        assert record["Status"]["StateChangeReason"].split(":")[0] in (
            "FUNCTION_NOT_FOUND",
            "SCHEMA_NOT_FOUND",
            "TABLE_NOT_FOUND",
        )


def test_the_engine_itself_reads_and_writes_nothing_else(tmp_path: Path) -> None:
    import duckdb

    from pipeline.local.athena.engine import Engine

    lake = tmp_path / "lake"
    cursor = Engine(lake, tmp_path / "spill").cursor()
    for sql in (
        "select * from read_text('/etc/passwd')",
        f"select * from read_text('{lake}/../secret')",
        f"copy (select 1) to '{tmp_path}/out.csv'",
        f"attach '{tmp_path}/a.db'",
        "install httpfs",
        "load httpfs",
        "set enable_external_access = true",
        "set threads = 8",
        "select * from lake",
    ):
        with pytest.raises(duckdb.Error):
            cursor.execute(sql)


def test_parameters_are_literals_in_their_order(lake: Lake) -> None:
    sql = "select invoice_no from orders where quantity > ? and description = ? and datehour > ? group by 1"
    assert lake.rows(sql, ExecutionParameters=["-10", "'a \"quoted\", text'", "'2000'"]) == [["3"]]
    assert lake.rows("select ?, ?", ExecutionParameters=["'it''s'", "-1.5"]) == [["it's", "-1.5"]]
    assert lake.rows("select ? < current_timestamp", ExecutionParameters=["timestamp '2020-01-01 00:00:00'"]) == [
        ["true"]
    ]


def test_parameters_keep_the_order_of_the_text_where_a_limit_follows_a_with(lake: Lake) -> None:
    ((number,),) = lake.rows(
        "with few as (select 1 as n where 'a' = ?) select n from few where n >= ? limit ?",
        ExecutionParameters=["'a'", "1", "5"],
    )
    assert number == "1"


@pytest.mark.parametrize(
    "parameters", [[], ["1", "2"], ["(select 1)"], ["quantity"], ["1; select 2"], ["'a"], ["1 or 1=1"]]
)
def test_what_is_no_literal_is_no_parameter(lake: Lake, parameters: list[str]) -> None:
    more = {"ExecutionParameters": parameters} if parameters else {}
    assert lake.failure("select * from orders where quantity = ?", **more).startswith("INVALID_PARAMETER_USAGE")


@pytest.mark.parametrize(
    ("field", "number"),
    [
        ("dow", 7),
        ("day_of_week", 7),
        ("day", 2),
        ("day_of_month", 2),
        ("doy", 2),
        ("day_of_year", 2),
        ("week", 52),
        ("yow", 2010),
        ("year_of_week", 2010),
        ("hour", 13),
    ],
)
def test_fields_of_a_date_are_trinos(lake: Lake, field: str, number: int) -> None:
    """A Sunday, in the last week of the year before."""
    (row,) = lake.rows(f"select extract({field} from timestamp '2011-01-02 13:00:00')")
    assert row == [str(number)]


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("values (1, 'a')", [["1", "a"]]),
        ("table weir.orders", None),
        ("(select 1)", [["1"]]),
        ("select 1 -- a remark\n;", [["1"]]),
        ('select "quantity" from "awsdatacatalog"."weir"."orders" where 1 = 0', []),
        ("with orders as (select 1 as x) select * from orders", [["1"]]),
        ("select x from (values 3, 1, 2) t(x) order by x offset 1 limit 1", [["2"]]),
        ("select o.quantity from orders o where o.invoice_no = '1' group by o.quantity order by quantity", [["-9"]]),
        ("select 1 union all select 1", [["1"], ["1"]]),
        ("select (select count(*) from orders p where p.event_id = o.event_id) from orders o limit 1", [["3"]]),
    ],
)
def test_forms_of_a_query(lake: Lake, sql: str, rows: list[list[str]] | None) -> None:
    assert rows is None or lake.rows(sql) == rows
    assert lake.run(sql)["Status"]["State"] == "SUCCEEDED"
