"""Reads the `invoices` table: every page of a query, numbers exact."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CUSTOMER_INDEX = "customer"
Value = str | int | Decimal | None
Line = dict[str, Value]

_LINE_FIELDS = (
    "event_id",
    "line_no",
    "stock_code",
    "description",
    "quantity",
    "invoice_date",
    "unit_price",
    "customer_id",
    "country",
)


class DynamoDB(Protocol):
    """The one call of boto3's DynamoDB client that is made here."""

    def query(self, **arguments: object) -> Mapping[str, Any]:
        """Query: one page of at most 1 MB."""


def invoice(client: DynamoDB, table: str, invoice_no: str) -> dict[str, object] | None:
    """One invoice with all its lines in their order; None when there is none.

    `total` is the sum of quantity x unit_price in GBP.
    """
    lines = list(_query(client, TableName=table, **_where("invoice_no", {"S": invoice_no})))
    if not lines:
        return None
    return {
        "invoice_no": invoice_no,
        "invoice_date": min(str(line["invoice_date"]) for line in lines),
        "customer_id": next((line["customer_id"] for line in lines if line.get("customer_id") is not None), None),
        "country": lines[0]["country"],
        "line_count": len(lines),
        "units": sum(_quantity(line) for line in lines),
        "total": _total(lines),
        "lines": [{name: line.get(name) for name in _LINE_FIELDS} for line in lines],
    }


def customer_invoices(client: DynamoDB, table: str, customer_id: int) -> list[dict[str, object]]:
    """A customer's invoices with their totals, the latest first; empty when there are none."""
    index = _where("customer_id", {"N": str(customer_id)})
    found: dict[str, list[Line]] = {}
    for line in _query(client, TableName=table, IndexName=CUSTOMER_INDEX, **index):
        found.setdefault(str(line["invoice_no"]), []).append(line)
    invoices: list[dict[str, object]] = [
        {
            "invoice_no": invoice_no,
            "invoice_date": min(str(line["invoice_date"]) for line in lines),
            "country": lines[0]["country"],
            "line_count": len(lines),
            "units": sum(_quantity(line) for line in lines),
            "total": _total(lines),
        }
        for invoice_no, lines in found.items()
    ]
    return sorted(invoices, key=lambda one: (str(one["invoice_date"]), str(one["invoice_no"])), reverse=True)


def _where(attribute: str, value: dict[str, str]) -> dict[str, object]:
    return {
        "KeyConditionExpression": "#key = :key",
        "ExpressionAttributeNames": {"#key": attribute},
        "ExpressionAttributeValues": {":key": value},
    }


def _query(client: DynamoDB, **query: object) -> Iterator[Line]:
    start: dict[str, object] = {}
    while True:
        page = client.query(**query, **start)
        for item in page["Items"]:
            yield {name: _value(attribute) for name, attribute in item.items()}
        if not page.get("LastEvaluatedKey"):
            return
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}


def _value(attribute: Mapping[str, str]) -> Value:
    kind, value = next(iter(attribute.items()))
    if kind != "N":
        return value
    number = Decimal(value)
    return int(number) if number == number.to_integral_value() else number


def _quantity(line: Line) -> int:
    return int(line["quantity"] or 0)


def _total(lines: list[Line]) -> Decimal:
    return sum((_quantity(line) * Decimal(line["unit_price"] or 0) for line in lines), Decimal(0))
