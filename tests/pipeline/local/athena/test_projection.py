"""Partition projection: the rules, and that a query reads what they say.

Sources: Athena user guide, "Supported types for partition projection", "Set up partition projection", "Amazon Data
Firehose example".
"""

# ruff: noqa: S608 - a test puts its SQL together from its own words

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from pipeline.local.athena.failures import QueryFailure
from pipeline.local.athena.projection import DateRule, EnumRule, IntegerRule

from .conftest import BUCKET, ROWS, hour

if TYPE_CHECKING:
    from .conftest import Lake

HOURS = DateRule("yyyy/MM/dd/HH", "2026/11/22/09", "2026/11/24/00", 1, "HOUR")


@pytest.mark.parametrize(
    ("value", "holds"),
    [
        ("2026/11/22/09", True),
        ("2026/11/22/08", False),
        ("2026/11/24/00", True),
        ("2026/11/24/01", False),
        ("2026-11-23-00", False),
        ("2026/11/23/24", False),
    ],
)
def test_hours_of_a_range(value: str, holds: bool) -> None:
    assert HOURS.holds(value) is holds


def test_steps_of_a_range_are_counted_from_its_begin() -> None:
    rule = DateRule("yyyy-MM-dd", "2026-01-31", "2026-12-31", 1, "MONTH")
    assert [day for day in ("2026-02-28", "2026-03-31", "2026-03-30") if rule.holds(day)] == [
        "2026-02-28",
        "2026-03-31",
    ]
    every_third = DateRule("yyyy-MM-dd", "2026-01-01", "2026-12-31", 3, "DAY")
    assert (every_third.holds("2026-01-04"), every_third.holds("2026-01-05")) == (True, False)


def test_now_is_the_moment_of_the_query() -> None:
    now = datetime.now(UTC)
    rule = DateRule("yyyy/MM/dd/HH", "NOW-2HOURS", "NOW", 1, "HOUR")
    values = [(now + timedelta(hours=n)).strftime("%Y/%m/%d/%H") for n in (-3, -2, 0, 1)]
    assert [rule.holds(value) for value in values] == [False, True, True, False]


def test_integers_have_a_range_an_interval_and_digits() -> None:
    rule = IntegerRule(0, 23, 1, 2)
    assert [v for v in ("00", "7", "07", "23", "24") if rule.holds(v)] == ["00", "07", "23"]
    assert not IntegerRule(0, 100, 10).holds("15")


def test_an_enumeration_holds_its_values() -> None:
    assert [v for v in ("A", "a", "B ") if EnumRule(("A", "B ")).holds(v)] == ["A", "B "]


def test_an_unknown_letter_in_a_format_is_told() -> None:
    with pytest.raises(QueryFailure, match="INVALID_TABLE_PROPERTY"):
        DateRule("yyyy-QQ", "2026-01", "NOW", 1, "MONTH").holds("2026-01")


@pytest.mark.parametrize(
    ("condition", "hours"),
    [
        (f"datehour = '{hour(1)}'", [1]),
        (f"datehour < '{hour(1)}'", [2]),
        (f"datehour >= '{hour(1)}'", [1, 0]),
        (f"datehour between '{hour(2)}' and '{hour(1)}'", [2, 1]),
        (f"datehour in ('{hour(0)}', '{hour(2)}')", [2, 0]),
        (f"datehour = '{hour(0)}' or datehour = '{hour(1)}'", [1, 0]),
        (f"not (datehour = '{hour(0)}')", [2, 1]),
        (f"datehour > '{hour(2)}' and datehour <> '{hour(0)}' and quantity > -100", [1]),
        (f"datehour like '{hour(0)[:10]}%' and datehour = '{hour(0)}'", [0]),
        ("datehour = '2020/01/01/00'", []),
    ],
)
def test_conditions_prune_what_is_read(lake: Lake, condition: str, hours: list[int]) -> None:
    one = _bytes_of_a_file(lake)
    record = lake.run(f"select * from orders where {condition}")
    assert record["Status"]["State"] == "SUCCEEDED", record["Status"]
    assert record["Statistics"]["DataScannedInBytes"] == one * len(hours)
    found = lake.rows(f"select datehour, count(*) from orders where {condition} group by datehour order by datehour")
    assert found == [[hour(ago), str(ROWS)] for ago in hours]


def test_the_moment_of_the_query_prunes_too(lake: Lake) -> None:
    """By a bound far from any of the files, since the clock may reach the next hour before the query runs."""
    one = _bytes_of_a_file(lake)
    lake.put(f"orders/{hour(40)}/part.parquet")
    for ago, files in (("20", 3), ("60", 4)):
        since = f"date_format(current_timestamp - interval '{ago}' hour, '%Y/%m/%d/%H')"
        record = lake.run(f"select * from orders where datehour >= {since}")
        assert record["Status"]["State"] == "SUCCEEDED", record["Status"]
        assert record["Statistics"]["DataScannedInBytes"] == one * files


def _bytes_of_a_file(lake: Lake) -> int:
    return int(lake.run("select * from orders")["Statistics"]["DataScannedInBytes"]) // 3


def test_a_file_outside_the_range_has_no_rows(lake: Lake) -> None:
    lake.put(f"orders/{hour(100)}/old.parquet")
    lake.put(f"orders/{hour(-2)}/early.parquet")
    lake.put(f"errors/{hour(0)}/other.parquet")
    assert lake.rows("select count(*) from orders") == [[str(3 * ROWS)]]


def test_hidden_and_empty_objects_are_not_data(lake: Lake) -> None:
    lake.put_text(f"orders/{hour(0)}/_SUCCESS", "no parquet")
    lake.put_text(f"orders/{hour(0)}/.part.crc", "no parquet")
    lake.put_text(f"orders/{hour(0)}/empty.parquet", "")
    assert lake.rows("select count(*) from orders") == [[str(3 * ROWS)]]


def test_columns_count_only_when_they_are_read(lake: Lake) -> None:
    def scanned(what: str) -> int:
        return int(lake.run(f"select {what} from orders")["Statistics"]["DataScannedInBytes"])

    assert scanned("count(*)") == 0
    assert scanned("datehour") == 0
    assert 0 < scanned("quantity") < scanned("quantity, description") < scanned("*")
    assert scanned("event_id, datehour") == scanned("count(distinct event_id)")


def test_several_keys_of_several_kinds(lake: Lake) -> None:
    lake.table(
        "visits",
        [("n", "bigint")],
        keys=[("country", "string"), ("day", "string"), ("hour", "int")],
        parameters={
            "projection.enabled": "TRUE",
            "projection.country.type": "enum",
            "projection.country.values": "UK,France",
            "projection.day.type": "date",
            "projection.day.format": "yyyy-MM-dd",
            "projection.day.range": "2026-01-01,NOW",
            "projection.hour.type": "integer",
            "projection.hour.range": "0,23",
            "projection.hour.digits": "2",
        },
    )
    for place in (
        "country=UK/day=2026-02-01/hour=07",
        "country=Spain/day=2026-02-01/hour=07",
        "country=UK/day=x/hour=07",
    ):
        lake.put(f"visits/{place}/a.parquet", "select 1::bigint as n")
    assert lake.rows("select country, day, hour, n from visits where hour < 8") == [["UK", "2026-02-01", "7", "1"]]


def test_an_injected_value_must_be_in_the_query(lake: Lake) -> None:
    lake.table(
        "devices",
        [("n", "bigint")],
        keys=[("device", "string")],
        parameters={
            "projection.enabled": "true",
            "projection.device.type": "injected",
            "storage.location.template": f"s3://{BUCKET}/devices/${{device}}/",
        },
    )
    lake.put("devices/a1/x.parquet", "select 1::bigint as n")
    assert lake.rows("select device, n from devices where device = 'a1'") == [["a1", "1"]]
    assert lake.failure("select * from devices").startswith("CONSTRAINT_VIOLATION")


def test_registered_partitions_are_read_where_they_lie(lake: Lake) -> None:
    from ministack.services import glue

    lake.table("events", [("n", "bigint")], keys=[("day", "string")])
    lake.put("events/day=1/a.parquet", "select 1::bigint as n")
    lake.put("events/day=2/a.parquet", "select 2::bigint as n")
    place = {"Location": f"s3://{BUCKET}/events/day=1/"}
    partition = {"Values": ["1"], "StorageDescriptor": place}
    glue._create_partition({"DatabaseName": "weir", "TableName": "events", "PartitionInput": partition})
    assert lake.rows("select n, day from events") == [["1", "1"]]
