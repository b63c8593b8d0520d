"""Results as Athena writes and pages them.

Sources: Athena user guide, "Work with query results and recent queries"; Athena API reference, "GetQueryResults",
"ColumnInfo", "Datum".
"""

# ruff: noqa: S608 - a test puts its SQL together from its own words

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .conftest import RESULTS, hour

if TYPE_CHECKING:
    from .conftest import Lake


def test_values_are_quoted_nulls_are_nothing_and_empty_texts_are_two_quotes(lake: Lake) -> None:
    record = lake.run(
        f"select invoice_no, description, quantity, customer_id from orders where datehour = '{hour(0)}'"
        " and invoice_no in ('1', '2', '3', '4') order by invoice_no"
    )
    assert record["Status"]["State"] == "SUCCEEDED"
    assert lake.file(record) == (
        '"invoice_no","description","quantity","customer_id"\n'
        '"1",,"-9","17851"\n'
        '"2","","-8","17852"\n'
        '"3","a ""quoted"", text","-7","17853"\n'
        '"4","line 4","-6",\n'
    )


def test_the_result_lies_where_the_workgroup_says_with_its_metadata_beside_it(lake: Lake) -> None:
    from pipeline.local import objects

    record = lake.run("select 1", ResultConfiguration={"OutputLocation": "s3://elsewhere/"})
    query_id = record["QueryExecutionId"]
    assert record["ResultConfiguration"]["OutputLocation"] == f"{RESULTS}{query_id}.csv"
    assert objects.keys("weir-results") == [f"athena/{query_id}.csv", f"athena/{query_id}.csv.metadata"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("timestamp '2010-12-01 08:26:00'", "2010-12-01 08:26:00.000"),
        ("timestamp '2010-12-01 08:26:00.5'", "2010-12-01 08:26:00.500"),
        ("from_unixtime(0)", "1970-01-01 00:00:00.000 UTC"),
        ("date '2010-12-01'", "2010-12-01"),
        ("cast(139.12 as decimal(12, 4))", "139.1200"),
        ("cast(9747747.934 as double)", "9747747.934"),
        ("1e7", "1.0E7"),
        ("cast(-123456789.125 as double)", "-1.23456789125E8"),
        ("cast(1.5e-7 as double)", "1.5E-7"),
        ("cast(0.001 as double)", "0.001"),
        ("cast(0 as double)", "0.0"),
        ("cast('NaN' as double)", "NaN"),
        ("1e0 / 0", "Infinity"),
        ("true", "true"),
        ("cast(null as integer)", None),
        ("array[1, null, 3]", "[1, null, 3]"),
        (
            "array[cast(row('P1', 2, true) as row(code varchar, n integer, kept boolean))]",
            "[{code=P1, n=2, kept=true}]",
        ),
        ("map(array['a', 'b'], array[1, null])", "{a=1, b=null}"),
        ("array[timestamp '2010-12-01 08:26:00']", "[2010-12-01 08:26:00.000]"),
        ("to_utf8('ab')", "61 62"),
        ("'line 1\nline 2'", "line 1\nline 2"),
        ("'£'", "£"),
    ],
)
def test_values_are_written_as_athena_writes_them(lake: Lake, value: str, text: str | None) -> None:
    assert lake.rows(f"select {value}, 'next'") == [[text, "next"]]


@pytest.mark.parametrize(
    ("value", "name", "precision", "scale"),
    [
        ("'a'", "varchar", 2_147_483_647, 0),
        ("1", "integer", 10, 0),
        ("cast(1 as smallint)", "smallint", 5, 0),
        ("count(*)", "bigint", 19, 0),
        ("sum(quantity)", "bigint", 19, 0),
        ("avg(quantity)", "double", 17, 0),
        ("cast(1 as real)", "float", 17, 0),
        ("sum(cast(unit_price as decimal(12, 4)))", "decimal", 38, 4),
        ("max(sent_at)", "timestamp", 3, 0),
        ("max(cast(sent_at as date))", "date", 0, 0),
        ("max(customer_id) > 1", "boolean", 0, 0),
        ("current_timestamp", "timestamp with time zone", 3, 0),
        ("array_agg(quantity)", "array", 0, 0),
        ("histogram(event_id)", "map", 0, 0),
    ],
)
def test_columns_are_described(lake: Lake, value: str, name: str, precision: int, scale: int) -> None:
    record = lake.run(f"select {value} as v from orders")
    (column,) = lake.results(record)[1]["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]
    assert (column["Name"], column["Label"], column["Type"]) == ("v", "v", name)
    assert (column["Precision"], column["Scale"], column["Nullable"]) == (precision, scale, "UNKNOWN")


def test_columns_without_a_name_are_numbered_and_names_are_in_lower_case(lake: Lake) -> None:
    answer = lake.results(lake.run("select 1, 2 as Two, quantity + 1, o.Quantity from orders o limit 1"))[1]
    header = [datum["VarCharValue"] for datum in answer["ResultSet"]["Rows"][0]["Data"]]
    assert header == ["_col0", "two", "_col2", "quantity"]


def test_two_columns_may_have_one_name(lake: Lake) -> None:
    answer = lake.results(lake.run("select 1 as a, 2 as a"))[1]
    assert [[d["VarCharValue"] for d in r["Data"]] for r in answer["ResultSet"]["Rows"]] == [["a", "a"], ["1", "2"]]


def test_results_come_in_pages_the_first_of_which_begins_with_the_header(lake: Lake) -> None:
    record = lake.run(f"select quantity from orders where datehour = '{hour(1)}' order by quantity")
    seen: list[str] = []
    token: dict[str, str] = {}
    while True:
        status, answer = lake.results(record, MaxResults=8, **token)
        assert status == 200
        rows = answer["ResultSet"]["Rows"]
        assert len(rows) <= 8
        seen.extend(row["Data"][0]["VarCharValue"] for row in rows)
        if "NextToken" not in answer:
            break
        token = {"NextToken": answer["NextToken"]}
    assert seen == ["quantity", *(str(n) for n in range(-10, 10))]


@pytest.mark.parametrize("more", [{"MaxResults": 1_001}, {"MaxResults": 0}, {"NextToken": "mine"}, {"NextToken": "-5"}])
def test_a_page_that_cannot_be_is_refused(lake: Lake, more: dict[str, object]) -> None:
    status, answer = lake.results(lake.run("select 1"), **more)
    assert (status, answer["__type"]) == (400, "InvalidRequestException")


def test_a_result_that_was_deleted_cannot_be_paged(lake: Lake) -> None:
    from ministack.services import s3

    record = lake.run("select 1")
    s3._delete_object("weir-results", f"athena/{record['QueryExecutionId']}.csv", {})
    assert lake.results(record)[0] == 400


def test_the_order_of_the_query_is_the_order_of_the_result(lake: Lake) -> None:
    found = lake.rows("select quantity, datehour from orders order by quantity desc, datehour")
    assert found == sorted(found, key=lambda row: (-int(row[0] or 0), row[1]))


def test_an_execution_has_all_its_keys_from_the_start(lake: Lake) -> None:
    """One that came while a client reads the execution would break that read."""
    from ministack.services import athena

    keys = [set(athena._executions[lake.run(sql)["QueryExecutionId"]]) for sql in ("select 1", "select nothing")]
    assert keys[0] == keys[1]
