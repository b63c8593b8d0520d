"""The beginner's client: pandas reads a file, and each row is posted as it is. Every row arrives in every sink."""

from __future__ import annotations

import csv
import gzip
import time
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
import requests

from pipeline.clients import client
from pipeline.contracts.order_line import CSV_FIELDS
from pipeline.replay import samples
from pipeline.warehouse.connect import connect
from queries import lake
from tests.conftest import REAL_FILE, eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from tests.conftest import Cloud

ROWS, GENERATED_ROWS = 1_000, 400
# EventID, StockCode, Description, Quantity, InvoiceDate, UnitPrice, CustomerID, Country.
Line = tuple[str, str, str | None, int, str, Decimal, int | None, str]
_SELECT = "select event_id, stock_code, description, quantity, invoice_date, unit_price, customer_id, country"


def first_rows(path: Path, rows: int) -> list[dict[str, str]]:
    with gzip.open(path, "rt", encoding="latin-1", newline="") as file:
        return [cells for cells, _ in zip(csv.DictReader(file), range(rows), strict=False)]


@pytest.fixture(scope="module", params=["real", "generated"])
def rows(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, str]]:
    """The first rows of a file: the real one, or one whose invoices and days are no other test's."""
    if request.param == "real":
        if not REAL_FILE.exists():
            pytest.skip(f"the real file is not here: {REAL_FILE}")
        return first_rows(REAL_FILE, ROWS)
    path = tmp_path_factory.mktemp("beginner") / "sample.csv.gz"
    samples.write(path, rows=GENERATED_ROWS, seed=20, start=date(1999, 3, 1), end=date(1999, 3, 31))
    found = first_rows(path, GENERATED_ROWS)
    return [{**cells, "InvoiceNo": cells["InvoiceNo"].replace("9", "19", 1)} for cells in found]


def written(rows: Iterable[dict[str, str]], path: Path) -> Path:
    with path.open("w", encoding="latin-1", newline="") as file:
        writer = csv.DictWriter(file, CSV_FIELDS)
        writer.writeheader()
        writer.writerows(rows)
    return path


def posted(frame: pd.DataFrame, url: str) -> list[str]:
    """Post each row as beginners do; the ids of the events that they have become."""
    ids = []
    for _, row in frame.iterrows():
        answer = requests.post(url, data=row.to_json(), timeout=30)
        assert answer.status_code == 200, answer.text
        assert answer.json()["accepted"] == 1
        ids += answer.json()["event_ids"]
    return ids


def test_every_row_arrives_one_post_a_row(
    cloud: Cloud, rows: list[dict[str, str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frame = pd.read_csv(written(rows, tmp_path / "orders.csv"), encoding="latin-1")
    assert pd.api.types.is_string_dtype(frame["InvoiceNo"])  # there are cancellations among them
    assert frame["CustomerID"].isna().any()
    begun = time.monotonic()
    ids = posted(frame, f"{cloud.outputs.api_url}/orders")
    with capsys.disabled():
        print(f" {len(ids) / (time.monotonic() - begun):.0f} rows/s, one POST a row", end=" ")
    assert len(ids) == len(rows)
    arrived(cloud, rows, ids)


def test_rows_whose_invoices_pandas_took_for_numbers_arrive(
    cloud: Cloud, rows: list[dict[str, str]], tmp_path: Path
) -> None:
    numbered = [cells for cells in rows if cells["InvoiceNo"].isdigit()][:100]
    frame = pd.read_csv(written(numbered, tmp_path / "orders.csv"), encoding="latin-1")
    assert pd.api.types.is_integer_dtype(frame["InvoiceNo"])
    arrived(cloud, numbered, posted(frame, f"{cloud.outputs.api_url}/orders"))


def arrived(cloud: Cloud, rows: list[dict[str, str]], ids: list[str]) -> None:
    """Each row is in each sink once, under its own id and with its own content."""
    expected = sorted(line(each, cells) for each, cells in zip(ids, rows, strict=True))
    invoices = sorted({cells["InvoiceNo"] for cells in rows})
    ours = set(ids)
    for sink in (in_invoices, in_warehouse, in_lake):

        def found(sink: Callable[[Cloud, list[str]], Iterable[Line]] = sink) -> list[Line]:
            return sorted(one for one in sink(cloud, invoices) if one[0] in ours)

        eventually(lambda found=found: len(found()) >= len(ids), f"{len(ids)} rows {sink.__name__}")  # type: ignore[misc]
        assert found() == expected


def line(event_id: str, cells: dict[str, str]) -> Line:
    """A row as the contract has it, read without any code of ours."""
    assert event_id.startswith(f"{cells['InvoiceNo']}-")
    day = datetime.strptime(cells["InvoiceDate"], "%m/%d/%Y %H:%M").replace(tzinfo=UTC)
    customer = int(cells["CustomerID"]) if cells["CustomerID"] else None
    sold = (int(cells["Quantity"]), f"{day:%Y-%m-%d %H:%M:%S}", Decimal(cells["UnitPrice"]))
    return (event_id, cells["StockCode"], cells["Description"] or None, *sold, customer, cells["Country"])


def in_invoices(cloud: Cloud, invoices: list[str]) -> Iterator[Line]:
    query = client("dynamodb").get_paginator("query")
    for invoice in invoices:
        asked = {
            "TableName": cloud.outputs.invoices_table,
            "KeyConditionExpression": "invoice_no = :number",
            "ExpressionAttributeValues": {":number": {"S": invoice}},
        }
        for page in query.paginate(**asked):
            for item in page["Items"]:
                cells = {name: next(iter(value.values())) for name, value in item.items()}
                customer = int(cells["customer_id"]) if "customer_id" in cells else None
                sold = (int(cells["quantity"]), cells["invoice_date"], Decimal(cells["unit_price"]))
                known = (cells["event_id"], cells["stock_code"], cells.get("description"))
                yield (*known, *sold, customer, cells["country"])


def in_warehouse(cloud: Cloud, invoices: list[str]) -> Iterator[Line]:
    marks = ", ".join(["%s"] * len(invoices))
    with connect(cloud.outputs) as connection, connection.cursor() as cursor:
        cursor.execute(f"{_SELECT} from order_lines where invoice_no in ({marks})", invoices)
        found = cursor.fetchall()
    return (plain(row) for row in found)


def in_lake(cloud: Cloud, invoices: list[str]) -> Iterator[Line]:
    outputs = cloud.outputs
    cursor = lake.connect(outputs.athena_workgroup, outputs.lake_database, "local").cursor()
    hours = {"first": outputs.lake_from, "last": f"{datetime.now(UTC):%Y/%m/%d/%H}"}
    bounds = "where datehour between %(first)s and %(last)s and invoice_no in %(invoices)s"
    cursor.execute(f"{_SELECT} from orders_once {bounds}", {**hours, "invoices": invoices})
    return (plain(row) for row in cursor.fetchall())


def plain(row: Sequence[Any]) -> Line:
    event_id, stock_code, description, quantity, day, price, customer, country = row
    return (event_id, stock_code, description, quantity, f"{day:%Y-%m-%d %H:%M:%S}", price, customer, country)
