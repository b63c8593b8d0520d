# ruff: noqa: DTZ001, S608 - Redshift's TIMESTAMP has no time zone; the names in the SQL are these tests' own
"""Order lines for tests of the merge, and the way they land."""

from __future__ import annotations

from dataclasses import astuple, dataclass, fields
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pipeline.local.warehouse import Warehouse

START = datetime(2011, 1, 31, 23, 10)


@dataclass(frozen=True)
class Line:
    """One landed row; `sent_at` is set by `sent`."""

    event_id: str = "536365-1"
    invoice_no: str = "536365"
    line_no: int | None = 1
    stock_code: str = "85123A"
    description: str | None = "WHITE HANGING HEART T-LIGHT HOLDER"
    quantity: int = 6
    invoice_date: datetime = START
    unit_price: Decimal = Decimal("2.5500")
    customer_id: int | None = 17850
    country: str = "United Kingdom"
    replay_id: str | None = "first"
    sent_at: datetime = datetime(2026, 1, 1)


COLUMNS = tuple(field.name for field in fields(Line))


def sent(second: int) -> datetime:
    """A SentAt: the greater `second`, the later."""
    return datetime(2026, 1, 1) + timedelta(seconds=second)


def land(warehouse: Warehouse, lines: Iterable[Line]) -> None:
    marks = ", ".join(["%s"] * len(COLUMNS))
    with warehouse.connect() as connection, connection.cursor() as cursor:
        cursor.executemany(
            f"insert into orders_landing ({', '.join(COLUMNS)}) values ({marks})".encode(),
            [astuple(line) for line in lines],
        )


def merge(warehouse: Warehouse) -> None:
    with warehouse.connect(autocommit=True) as connection:
        connection.execute("call merge_orders()")


def rows(warehouse: Warehouse, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
    with warehouse.connect() as connection:
        return connection.execute(sql.encode(), parameters).fetchall()
