"""Athena as its clients meet it: the API, PyAthena's cursors, awswrangler; over what Firehose delivered."""

from __future__ import annotations

import time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from pyathena import connect
from pyathena.error import OperationalError
from pyathena.pandas.cursor import PandasCursor

from pipeline.clients import client
from tests.conftest import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyathena.connection import Connection
    from pyathena.cursor import Cursor

    from tests.conftest import Cloud

ENDLESS = "select count(*) from orders a, orders b, orders c where a.quantity + b.quantity + c.quantity = 1"


@pytest.fixture
def athena(cloud: Cloud) -> Iterator[Connection[Cursor]]:
    connection = connect(
        work_group=cloud.outputs.athena_workgroup,
        schema_name=cloud.outputs.lake_database,
        region_name=cloud.settings.region,
        poll_interval=0.02,
    )
    yield connection
    connection.close()


def _start(cloud: Cloud, sql: str, **more: Any) -> str:
    context = {"Database": cloud.outputs.lake_database}
    group = cloud.outputs.athena_workgroup
    answer = client("athena").start_query_execution(
        QueryString=sql, QueryExecutionContext=context, WorkGroup=group, **more
    )
    return str(answer["QueryExecutionId"])


def _ended(query_id: str) -> dict[str, Any]:
    while True:
        execution: dict[str, Any] = client("athena").get_query_execution(QueryExecutionId=query_id)["QueryExecution"]
        if execution["Status"]["State"] not in ("QUEUED", "RUNNING"):
            return execution
        time.sleep(0.005)


def test_every_event_of_the_sample_is_in_the_lake_once(cloud: Cloud, athena: Connection[Cursor]) -> None:
    # Other tests may send some of the same events again, under replay ids of their own.
    rows = cloud.receipt["accepted"]
    mine = "where regexp_like(event_id, '^[AC]?9[0-9]{5}-') and sent_at >= timestamp '2000-01-01 00:00:00'"
    cursor = athena.cursor()
    eventually(
        lambda: cursor.execute(f"select count(distinct event_id) from orders {mine}").fetchone() == (rows,),  # noqa: S608
        f"{rows} events in the lake",
    )
    once = f"select count(*), count(distinct event_id) from orders_once {mine}"  # noqa: S608
    assert cursor.execute(once).fetchone() == (rows, rows)


def test_values_have_their_types(athena: Connection[Cursor]) -> None:
    cursor = athena.cursor().execute(
        "select event_id, quantity, unit_price, cast(unit_price as decimal(12, 4)) as price, customer_id, invoice_date,"
        " datehour from orders where customer_id is not null order by event_id limit 1"
    )
    assert [column[1] for column in cursor.description or []] == [
        "varchar",
        "integer",
        "double",
        "decimal",
        "bigint",
        "timestamp",
        "varchar",
    ]
    (row,) = cursor.fetchall()
    kinds = [type(value).__name__ for value in row]
    assert kinds == ["str", "int", "float", "Decimal", "int", "datetime", "str"]
    assert row[3] == Decimal(str(row[2])).quantize(Decimal("0.0001"))


def test_a_data_frame_has_the_types_of_its_columns(athena: Connection[Cursor]) -> None:
    frame: Any = (
        athena.cursor(PandasCursor)
        .execute("select event_id, quantity, unit_price, customer_id, invoice_date from orders")
        .as_pandas()
    )
    assert frame.dtypes.astype(str).to_dict() == {
        "event_id": "str",
        "quantity": "Int64",
        "unit_price": "float64",
        "customer_id": "Int64",
        "invoice_date": "datetime64[us]",
    }
    assert frame["customer_id"].isna().any()


def test_a_result_is_in_the_bucket_as_soon_as_the_query_has_succeeded(cloud: Cloud) -> None:
    for _ in range(5):
        execution = _ended(_start(cloud, "select count(*) as n from orders"))
        assert execution["Status"]["State"] == "SUCCEEDED"
        place = execution["ResultConfiguration"]["OutputLocation"].removeprefix("s3://")
        bucket, _, key = place.partition("/")
        assert client("s3").get_object(Bucket=bucket, Key=key)["Body"].read().startswith(b'"n"\n"')


def test_hours_that_are_not_asked_for_are_not_read(cloud: Cloud) -> None:
    def scanned(where: str) -> int:
        execution = _ended(_start(cloud, f"select * from orders {where}"))  # noqa: S608 - words of this test
        return int(execution["Statistics"]["DataScannedInBytes"])

    assert scanned("where datehour < '2000'") == 0
    assert scanned("where datehour >= '2000'") == scanned("") > 0


def test_many_rows_come_in_pages(cloud: Cloud) -> None:
    query_id = _start(cloud, "select event_id from orders order by event_id limit 2500")
    assert _ended(query_id)["Status"]["State"] == "SUCCEEDED"
    pages = client("athena").get_paginator("get_query_results").paginate(QueryExecutionId=query_id)
    sizes = [len(page["ResultSet"]["Rows"]) for page in pages]
    assert sizes == [1000, 1000, 501]


def test_what_is_not_athenas_sql_is_refused_and_what_is_wrong_fails(cloud: Cloud, athena: Connection[Cursor]) -> None:
    with pytest.raises(ClientError) as refused:
        _start(cloud, "selec 1")
    assert refused.value.response["Error"]["Code"] == "InvalidRequestException"
    with pytest.raises(OperationalError, match="COLUMN_NOT_FOUND: line 1:8: Column 'nope' cannot be resolved"):
        athena.cursor().execute("select nope from orders")
    with pytest.raises(OperationalError, match="not registered"):
        athena.cursor().execute("select * from read_csv('/etc/passwd')")


def test_a_query_is_stopped(cloud: Cloud) -> None:
    query_id = _start(cloud, ENDLESS)
    client("athena").stop_query_execution(QueryExecutionId=query_id)
    assert _ended(query_id)["Status"]["State"] == "CANCELLED"


def test_parameters(cloud: Cloud) -> None:
    query_id = _start(cloud, "select ? as a, ? as b", ExecutionParameters=["'it''s'", "-1"])
    assert _ended(query_id)["Status"]["State"] == "SUCCEEDED"
    rows = client("athena").get_query_results(QueryExecutionId=query_id)["ResultSet"]["Rows"]
    assert [datum["VarCharValue"] for datum in rows[1]["Data"]] == ["it's", "-1"]


def test_awswrangler_reads_the_lake(cloud: Cloud) -> None:
    wrangler = pytest.importorskip("awswrangler")
    database, group = cloud.outputs.lake_database, cloud.outputs.athena_workgroup
    frame = wrangler.athena.read_sql_query(
        "select event_id, quantity, unit_price, customer_id, invoice_date from orders where quantity > 0",
        database=database,
        workgroup=group,
        ctas_approach=False,
    )
    assert len(frame) > 0
    assert frame.dtypes.astype(str).to_dict() == {
        "event_id": "string",
        "quantity": "Int32",
        "unit_price": "float64",
        "customer_id": "Int64",
        "invoice_date": "datetime64[us]",
    }
    columns = wrangler.catalog.table(database=database, table="orders")
    assert list(columns["Column Name"])[-1] == "datehour"
    assert list(columns["Partition"])[-1]
