"""What each sink holds of events, asked of it directly: the audit is what is tried, so it is not asked."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from pipeline.clients import client
from pipeline.warehouse.connect import connect
from queries import lake

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pipeline.stack import Outputs


@dataclass
class Held:
    """One sink's events of a prefix: how often it counts each, and the quantities that it counts in all."""

    counted: Counter[str] = field(default_factory=Counter)
    quantity: Counter[str] = field(default_factory=Counter)

    def take(self, event_id: str, quantity: int) -> None:
        """An event as the sink counts it."""
        self.counted[event_id] += 1
        self.quantity[event_id] += quantity

    def lost(self, sent: Mapping[str, int]) -> set[str]:
        """Which of the events are not there."""
        return set(sent) - set(self.counted)

    def doubled(self, sent: Mapping[str, int]) -> set[str]:
        """Which of the events count more than once, or for another quantity than the file's."""
        return {
            event_id
            for event_id, quantity in sent.items()
            if self.counted[event_id] and (self.counted[event_id] > 1 or self.quantity[event_id] != quantity)
        }


def ask(outputs: Outputs, prefix: str) -> dict[str, Held]:
    """By sink, what it holds of invoices whose names begin with `prefix`."""
    with ThreadPoolExecutor(3) as pool:
        asked = {
            "lake": pool.submit(_lake, outputs, prefix),
            "invoices": pool.submit(_invoices, outputs, prefix),
            "warehouse": pool.submit(_warehouse, outputs, prefix),
        }
        return {name: _held(future.result()) for name, future in asked.items()}


def _held(rows: Iterable[tuple[str, int]]) -> Held:
    held = Held()
    for event_id, quantity in rows:
        held.take(event_id, quantity)
    return held


def landed(outputs: Outputs, prefix: str) -> int:
    """How many of them the warehouse has merged: a cheap question, for those who wait."""
    return int(_rows(outputs, "select count(*) from order_lines where invoice_no like :prefix", prefix)[0][0])


def _warehouse(outputs: Outputs, prefix: str) -> list[tuple[str, int]]:
    return _rows(outputs, "select event_id, quantity from order_lines where invoice_no like :prefix", prefix)


def _rows(outputs: Outputs, sql: str, prefix: str) -> list[Any]:
    with connect(outputs) as connection, connection.cursor() as cursor:
        cursor.paramstyle = "named"
        cursor.execute(sql, {"prefix": f"{prefix}%"})
        return list(cursor.fetchall())


def _lake(outputs: Outputs, prefix: str) -> list[tuple[str, int]]:
    """By the view that foreign clients use, which counts an event once."""
    last = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y/%m/%d/%H")
    sql = "select event_id, quantity from orders_once where datehour between ? and ? and event_id like ?"
    values = [f"'{text}'" for text in (outputs.lake_from, last, f"{prefix}%")]
    connection = lake.connect(outputs.athena_workgroup, outputs.lake_database, "local")
    with connection, connection.cursor() as cursor:
        cursor.execute(sql, values, paramstyle="qmark")
        return [(str(event_id), int(quantity)) for event_id, quantity in cursor.fetchall()]


def _invoices(outputs: Outputs, prefix: str) -> list[tuple[str, int]]:
    pages = client("dynamodb").get_paginator("scan").paginate(
        TableName=outputs.invoices_table, ProjectionExpression="event_id, quantity", ConsistentRead=True,
        FilterExpression="begins_with(invoice_no, :prefix)", ExpressionAttributeValues={":prefix": {"S": prefix}},
    )  # fmt: skip
    return [(item["event_id"]["S"], int(item["quantity"]["N"])) for page in pages for item in page["Items"]]
