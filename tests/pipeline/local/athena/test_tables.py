"""Columns are what Glue says they are, whatever the files hold.

Sources: Athena user guide, "Handle schema updates", "Data types in Amazon Athena", "Parquet SerDe",
"Build Parquet SerDe / OpenX JSON SerDe", "Open CSV SerDe for processing CSV".
"""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest

from .conftest import hour

if TYPE_CHECKING:
    from .conftest import Lake


def test_a_column_that_a_file_lacks_is_null_and_one_that_the_table_lacks_is_not_seen(lake: Lake) -> None:
    lake.put(f"orders/{hour(0)}/other.parquet", "select 'x-1' as EVENT_ID, 'unseen' as secret")
    assert lake.rows("select event_id, quantity, sent_at from orders where event_id = 'x-1'") == [["x-1", None, None]]
    answer = lake.results(lake.run("select * from orders limit 1"))[1]
    names = [column["Name"] for column in answer["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]]
    assert names[-1] == "datehour"
    assert "secret" not in names


def test_timestamps_are_read_to_the_millisecond(lake: Lake) -> None:
    lake.table("moments", [("at", "timestamp")])
    lake.put("moments/a.parquet", "select timestamp '2026-11-22 09:00:00.123456' as at union all"
             " select timestamp '2026-11-22 09:00:00.123500'")  # fmt: skip
    assert sorted(row[0] or "" for row in lake.rows('select "at" from moments')) == [
        "2026-11-22 09:00:00.123",
        "2026-11-22 09:00:00.124",
    ]


def test_numbers_that_are_narrower_in_the_file_are_widened(lake: Lake) -> None:
    lake.table("wide", [("n", "bigint"), ("x", "double"), ("d", "decimal(12,4)")])
    lake.put("wide/a.parquet", "select 7::int as n, 1.5::float as x, 2.5::decimal(12, 4) as d")
    assert lake.rows("select n, x, d, d * n from wide") == [["7", "1.5", "2.5000", "17.5000"]]


def test_a_file_of_another_type_is_bad_data(lake: Lake) -> None:
    lake.table("bad", [("n", "int")])
    lake.put("bad/a.parquet", "select 'seven' as n")
    assert lake.failure("select n from bad").startswith(
        "HIVE_BAD_DATA: Field n's type BYTE_ARRAY in parquet file s3://"
    )


def test_a_file_that_is_not_parquet_is_bad_data(lake: Lake) -> None:
    lake.table("broken", [("n", "int")])
    lake.put_text("broken/a.parquet", "this is no parquet file, but it is long enough to be one")
    assert lake.failure("select n from broken").startswith("HIVE_BAD_DATA")


def test_columns_may_be_called_as_functions_are(lake: Lake) -> None:
    lake.table("page_views", [("page", "string"), ("count", "int"), ("date", "date"), ("kind", "string")])
    lake.put("page_views/a.parquet", "select 'p' as page, 2 as count, date '2026-11-22' as date, 'link' as kind")
    assert lake.rows('select page, sum(count), max("date"), count(*) from page_views group by page') == [
        ["p", "2", "2026-11-22", "1"]
    ]
    assert lake.rows("select count, kind from page_views") == [["2", "link"]]


SESSIONS = "array<struct<product_code:string,quantity:int,in_shopping_cart:boolean>>"


def test_nested_columns_and_their_unnesting(lake: Lake) -> None:
    lake.table("sessions", [("session_id", "string"), ("browse_history", SESSIONS)])
    lake.put(
        "sessions/a.parquet",
        "select 's1' as session_id, [{'product_code': 'P1', 'quantity': 2, 'in_shopping_cart': true},"
        " {'product_code': 'P2', 'quantity': 1, 'in_shopping_cart': null}] as browse_history",
    )
    assert lake.rows("select browse_history from sessions") == [
        ["[{product_code=P1, quantity=2, in_shopping_cart=true}, {product_code=P2, quantity=1, in_shopping_cart=null}]"]
    ]
    spread = "from sessions cross join unnest(browse_history) as b(code, n, kept)"
    assert lake.rows(f"select session_id, code, n, kept {spread} where n > 1") == [["s1", "P1", "2", "true"]]
    assert lake.rows(f"select sum(n), count_if(kept) {spread}") == [["3", "1"]]
    assert lake.rows("select browse_history[1].product_code, cardinality(browse_history) from sessions") == [
        ["P1", "2"]
    ]
    numbered = "from sessions, unnest(browse_history) with ordinality as b(code, n, kept, place)"
    assert lake.rows(f"select place, code {numbered} order by 1") == [["1", "P1"], ["2", "P2"]]


@pytest.mark.parametrize("packed", [False, True])
def test_json_lines_are_typed_by_the_table(lake: Lake, packed: bool) -> None:
    lake.table("lines", [("n", "int"), ("text", "string"), ("at", "timestamp")], parameters={"classification": "json"})
    body = '{"n": 1, "text": "a", "at": "2026-11-22 09:00:00", "more": 1}\n{"n": null, "text": ""}\n'
    if packed:
        lake.put_text("lines/a.gz", gzip.compress(body.encode()))
    else:
        lake.put_text("lines/a.json", body)
    assert lake.rows('select n, text, "at" from lines order by n') == [
        ["1", "a", "2026-11-22 09:00:00.000"],
        [None, "", None],
    ]
    assert lake.run("select n from lines")["Statistics"]["DataScannedInBytes"] > 0


def test_csv_by_both_serdes(lake: Lake) -> None:
    csv = {"classification": "csv", "skip.header.line.count": "1"}
    lake.table("opened", [("a", "string"), ("n", "int")], parameters=csv,
               serde={"SerializationLibrary": "org.apache.hadoop.hive.serde2.OpenCSVSerde"})  # fmt: skip
    lake.put_text("opened/a.csv", 'a,n\n"x, y",1\nz,two\n')
    assert lake.rows("select a, n from opened order by a") == [["x, y", "1"], ["z", None]]
    lake.table("lazy", [("a", "string"), ("n", "int")], parameters={"classification": "csv"},
               serde={"SerializationLibrary": "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe",
                      "Parameters": {"field.delim": "|"}})  # fmt: skip
    lake.put_text("lazy/a.csv", '"x"|1\n')
    assert lake.rows("select a, n from lazy") == [['"x"', "1"]]


def test_a_table_without_files_has_no_rows(lake: Lake) -> None:
    lake.table("empty", [("n", "int"), ("tags", "array<string>")])
    assert lake.rows("select * from empty") == []
    assert lake.rows("select count(*) from empty") == [["0"]]


def test_files_that_come_and_change_are_seen_at_once(lake: Lake) -> None:
    lake.table("live", [("n", "bigint")])
    lake.put("live/a.parquet", "select 1::bigint as n")
    assert lake.rows("select sum(n) from live") == [["1"]]
    lake.put("live/a.parquet", "select 5::bigint as n")
    lake.put("live/b.parquet", "select 2::bigint as n")
    assert lake.rows("select sum(n) from live") == [["7"]]
