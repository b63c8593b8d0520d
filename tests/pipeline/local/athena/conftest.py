"""A lake of a few Parquet files, and Athena over it, in this process and without a server."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pipeline.local.athena.engine import Engine
    from pipeline.local.athena.service import Service

BUCKET = "weir-lake"
RESULTS = "s3://weir-results/athena/"
DATABASE = "weir"
COLUMNS = [
    ("event_id", "string"),
    ("invoice_no", "string"),
    ("description", "string"),
    ("quantity", "int"),
    ("invoice_date", "timestamp"),
    ("unit_price", "double"),
    ("customer_id", "bigint"),
    ("sent_at", "timestamp"),
]
ROWS = 20  # in each file
ORDER_LINES = """
    select i || '-1' as event_id, i::varchar as invoice_no,
        case i when 1 then null when 2 then '' when 3 then 'a "quoted", text' else 'line ' || i end as description,
        (i - 10)::int as quantity, timestamp '2010-12-01 08:26:00' + to_minutes(i::int) as invoice_date,
        i / 4.0::double as unit_price, (case when i % 4 > 0 then 17850 + i end)::bigint as customer_id,
        timestamp '2026-11-22 09:00:00.123456' + to_seconds(i::int) as sent_at
    from range({rows}) t(i)
"""


# The same for a whole run: tests are named by their hours before they run, and a run may go on into the next hour.
_BEGUN = datetime.now(UTC)


def hour(ago: int) -> str:
    """A partition's value: the hour that was `ago` hours ago."""
    return (_BEGUN - timedelta(hours=ago)).strftime("%Y/%m/%d/%H")


@dataclass
class Lake:
    """What a test may do with Athena: put files, make tables, run statements."""

    folder: Path
    service: Service
    answers: list[Any] = field(default_factory=list)

    def put(self, key: str, sql: str = ORDER_LINES.format(rows=ROWS), bucket: str = BUCKET) -> int:
        """Write the rows of a DuckDB query as one Parquet object; returns its size."""
        from pipeline.local import objects

        path = self.folder / "made.parquet"
        duckdb.sql(f"copy ({sql}) to '{path}' (format parquet)")
        objects.put(bucket, key, path.read_bytes())
        return path.stat().st_size

    def put_text(self, key: str, text: str | bytes, bucket: str = BUCKET) -> None:
        """Write one object."""
        from pipeline.local import objects

        objects.put(bucket, key, text.encode() if isinstance(text, str) else text)

    def table(
        self,
        name: str,
        columns: list[tuple[str, str]],
        *,
        keys: list[tuple[str, str]] | None = None,
        parameters: dict[str, str] | None = None,
        serde: dict[str, Any] | None = None,
    ) -> None:
        """Make a table over the objects under its name."""
        from ministack.services import glue

        storage = {
            "Location": f"s3://{BUCKET}/{name}/",
            "Columns": [{"Name": n, "Type": t} for n, t in columns],
            "SerdeInfo": serde or {},
        }
        table = {
            "Name": name,
            "TableType": "EXTERNAL_TABLE",
            "PartitionKeys": [{"Name": n, "Type": t} for n, t in keys or []],
            "StorageDescriptor": storage,
            "Parameters": {"classification": "parquet", **(parameters or {})},
        }
        assert glue._create_table({"DatabaseName": DATABASE, "TableInput": table})[0] == 200

    def start(self, sql: str, **more: Any) -> tuple[int, dict[str, Any]]:
        """StartQueryExecution: its status and answer."""
        request = {
            "QueryString": sql,
            "QueryExecutionContext": {"Database": DATABASE},
            "WorkGroup": "weir",
            **more,
        }
        status, _headers, body = self.service.start(request)
        return status, json.loads(body)

    def ended(self, query_id: str, seconds: float = 20) -> dict[str, Any]:
        """The execution, once it has ended."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            record = self.execution(query_id)
            if record["Status"]["State"] not in ("QUEUED", "RUNNING"):
                return record
            time.sleep(0.002)
        raise AssertionError(f"{query_id} goes on and on")

    def execution(self, query_id: str) -> dict[str, Any]:
        """GetQueryExecution."""
        from ministack.services import athena

        body = athena._get_query_execution({"QueryExecutionId": query_id})[2]
        record: dict[str, Any] = json.loads(body)["QueryExecution"]
        return record

    def run(self, sql: str, **more: Any) -> dict[str, Any]:
        """Run a statement to its end; returns the execution."""
        status, answer = self.start(sql, **more)
        assert status == 200, answer
        return self.ended(answer["QueryExecutionId"])

    def results(self, record: dict[str, Any], **more: Any) -> tuple[int, dict[str, Any]]:
        """GetQueryResults."""
        status, _headers, body = self.service.results({"QueryExecutionId": record["QueryExecutionId"], **more})
        return status, json.loads(body)

    def rows(self, sql: str, **more: Any) -> list[list[str | None]]:
        """The rows of a query that succeeds, without the header."""
        record = self.run(sql, **more)
        assert record["Status"]["State"] == "SUCCEEDED", record["Status"]
        status, answer = self.results(record)
        assert status == 200, answer
        return [[datum.get("VarCharValue") for datum in row["Data"]] for row in answer["ResultSet"]["Rows"][1:]]

    def failure(self, sql: str, **more: Any) -> str:
        """Why a query fails."""
        record = self.run(sql, **more)
        assert record["Status"]["State"] == "FAILED", record["Status"]
        reason: str = record["Status"]["StateChangeReason"]
        return reason

    def file(self, record: dict[str, Any]) -> str:
        """The result as it lies in S3."""
        from pipeline.local import objects

        bucket, _, key = record["ResultConfiguration"]["OutputLocation"].removeprefix("s3://").partition("/")
        return objects.get(bucket, key).decode()


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """One DuckDB for all tests; it may read their folders."""
    from pipeline.local.athena.engine import Engine

    engine = Engine(tmp_path_factory.getbasetemp(), tmp_path_factory.mktemp("spill"))
    yield engine
    engine.close()


@pytest.fixture
def bare_lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: Engine) -> Iterator[Lake]:
    """Athena with a database, buckets and a workgroup, and nothing in them."""
    from ministack.services import athena, glue, s3

    from pipeline.local.athena.execution import Runner
    from pipeline.local.athena.service import Service

    for module in (athena, glue, s3):
        module.reset()
    monkeypatch.setattr(s3, "S3_PERSIST", True)
    monkeypatch.setattr(s3, "DATA_DIR", str(tmp_path / "s3"))
    for bucket in (BUCKET, "weir-results"):
        assert s3._create_bucket(bucket, b"", {})[0] == 200
    glue._create_database({"DatabaseInput": {"Name": DATABASE}})
    settings = {"EnforceWorkGroupConfiguration": True, "ResultConfiguration": {"OutputLocation": RESULTS}}
    athena._create_workgroup({"Name": "weir", "Configuration": settings})
    runner = Runner(engine)
    yield Lake(tmp_path, Service(athena, runner))
    runner.close()
    for module in (athena, glue, s3):
        module.reset()


@pytest.fixture
def lake(bare_lake: Lake) -> Lake:
    """The same with a table `orders` of three hours, projected from three days ago, as the stack makes it."""
    bare_lake.table(
        "orders",
        COLUMNS,
        keys=[("datehour", "string")],
        parameters={
            "projection.enabled": "true",
            "projection.datehour.type": "date",
            "projection.datehour.format": "yyyy/MM/dd/HH",
            "projection.datehour.range": f"{hour(72)},NOW",
            "projection.datehour.interval": "1",
            "projection.datehour.interval.unit": "HOURS",
            "storage.location.template": f"s3://{BUCKET}/orders/${{datehour}}",
        },
    )
    for ago in range(3):
        bare_lake.put(f"orders/{hour(ago)}/part.parquet")
    return bare_lake
