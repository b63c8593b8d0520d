"""Order lines into a local warehouse by its own COPY and merge, past the stream; and many times as many."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from pipeline.clients import client
from pipeline.replay.reader import OrderFile
from pipeline.replay.rows import Record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.stack import Outputs

_COLUMNS = {
    "event_id": "EventID", "invoice_no": "InvoiceNo", "line_no": "LineNo", "stock_code": "StockCode",
    "description": "Description", "quantity": "Quantity", "invoice_date": "InvoiceDate", "unit_price": "UnitPrice",
    "customer_id": "CustomerID", "country": "Country", "sent_at": "SentAt",
}  # fmt: skip
_MULTIPLY = Path(__file__).with_name("multiply.sql")


def load(connection: psycopg.Connection, path: Path) -> int:
    """Land the good rows of `path` in one COPY and merge them; how many there were. Wants autocommit."""
    rows = 0
    with connection.cursor() as cursor, cursor.copy(_copy()) as landing:
        for values in _rows(path):
            landing.write_row(values)
            rows += 1
    connection.execute("call merge_orders()")
    connection.execute("analyze")  # as PostgreSQL does by itself a minute later
    return rows


def multiply(connection: psycopg.Connection, times: int) -> None:
    """Every invoice `times` times, under new numbers, at other hours of its day; landed and merged month by month.

    The same products, customers and countries: a busier shop, not a longer life. Wants autocommit.
    """
    months = connection.execute("select distinct date_trunc('month', first_at) from invoices_summary").fetchall()
    for (month,) in sorted(months):
        connection.execute(_MULTIPLY.read_bytes(), {"times": times, "month": month})
        connection.execute("call merge_orders()")
    connection.execute("vacuum analyze")


def connect(outputs: Outputs) -> psycopg.Connection:
    """The local warehouse by psycopg, which can COPY from here; in autocommit."""
    secret = json.loads(client("secretsmanager").get_secret_value(SecretId=outputs.warehouse_secret)["SecretString"])
    return psycopg.connect(
        host=outputs.warehouse_host,
        port=int(outputs.warehouse_port),
        dbname=outputs.warehouse_database,
        user=secret["username"],
        password=secret["password"],
        sslmode="disable",
        gssencmode="disable",
        autocommit=True,
    )


def _copy() -> bytes:
    return f"copy orders_landing ({', '.join(_COLUMNS)}) from stdin".encode()


def _rows(path: Path) -> Iterator[list[object]]:
    with OrderFile(path) as orders:
        for row in orders.rows():
            if isinstance(row, Record):
                event = json.loads(row.data)
                yield [event.get(name) for name in _COLUMNS.values()]
