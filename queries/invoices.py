"""Invoices as the DynamoDB table holds them: one invoice's lines, and a customer's invoices."""

from __future__ import annotations

import json
import shlex
import time
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

import pandas as pd
from boto3.dynamodb.types import TypeDeserializer

from pipeline.clients import aws_errors
from pipeline.errors import NotFoundError
from queries.figure import Evidence

if TYPE_CHECKING:
    from collections.abc import Sequence

ENGINE = "DynamoDB"
_CUSTOMER_INDEX = "customer"
_LONGEST_NUMBER = 1000
_read = TypeDeserializer().deserialize

Kind = Literal["order", "return", "adjustment"]
_Found = TypeVar("_Found")


@dataclass(frozen=True)
class Line:
    """One order line; `amount` is quantity times unit price in GBP."""

    event_id: str
    line_no: int | None
    stock_code: str
    description: str | None
    quantity: int
    unit_price: Decimal

    @property
    def amount(self) -> Decimal:
        """Quantity times unit price, exact."""
        return self.quantity * self.unit_price


@dataclass(frozen=True)
class Invoice:
    """An invoice with its lines in order; its date, customer and country are its first line's."""

    number: str
    date: datetime
    customer_id: int | None
    country: str
    lines: tuple[Line, ...]

    @property
    def total(self) -> Decimal:
        """The sum of its lines' amounts, in GBP."""
        return sum((line.amount for line in self.lines), Decimal(0))

    @property
    def frame(self) -> pd.DataFrame:
        """Its lines, with the columns of a Line, as `reports.lines.of_invoice` tells them of the warehouse."""
        names = [field.name for field in fields(Line)]
        return pd.DataFrame(
            [[getattr(line, name) for name in names] for line in self.lines], columns=names, dtype=object
        )

    @property
    def kind(self) -> Kind:
        """Whether it is an order, a return (C...) or an adjustment (another letter)."""
        return kind_of(self.number)


@dataclass(frozen=True)
class InvoiceSummary:
    """One of a customer's invoices: when, how many lines, how much in GBP."""

    number: str
    date: datetime
    country: str
    lines: int
    total: Decimal


def frame_of(summaries: Sequence[InvoiceSummary]) -> pd.DataFrame:
    """One row per invoice, with the columns of these that `reports.invoices.of_customer` tells of the warehouse."""
    columns = ["invoice_no", "first_at", "country", "lines", "net_sales"]
    rows = [(each.number, each.date.replace(tzinfo=None), each.country, each.lines, each.total) for each in summaries]
    return pd.DataFrame(rows, columns=columns, dtype=object)


def kind_of(number: str) -> Kind:
    """What an invoice's number says it is."""
    if number[:1].upper() == "C":
        return "return"
    return "adjustment" if number[:1].isalpha() else "order"


@dataclass(frozen=True)
class LookedUp(Generic[_Found]):
    """What was looked up, and the evidence of it: the request as any AWS client can send it, and what it consumed."""

    found: _Found
    evidence: Evidence


class Invoices:
    """Looks invoices up; `dynamodb` is a boto3 client, `table` the table's name."""

    def __init__(self, dynamodb: Any, table: str) -> None:  # noqa: ANN401 - boto3 makes its clients at run time
        self._dynamodb = dynamodb
        self._table = table

    def invoice(self, number: str) -> LookedUp[Invoice]:
        """The invoice with that number, in capitals if not as written. Raises NotFoundError when there is none."""
        # DynamoDB refuses an empty key and one over 2,048 bytes; such a number has no invoice.
        spellings = dict.fromkeys((number, number.upper())) if 0 < len(number) <= _LONGEST_NUMBER else {}
        for spelling in spellings:
            looked_up = self._items("invoice", "invoice_no = :key", {"S": spelling})
            if items := looked_up.found:
                break
        else:
            raise NotFoundError(f"There is no invoice {number[:40]!r}. Check the number; a new invoice takes seconds.")
        first = items[0]
        customer = first.get("customer_id")
        invoice = Invoice(
            str(first["invoice_no"]),
            _moment(first),
            None if customer is None else int(customer),
            str(first["country"]),
            tuple(_line(item) for item in items),
        )
        return LookedUp(invoice, looked_up.evidence)

    def of_customer(self, customer_id: int) -> LookedUp[list[InvoiceSummary]]:
        """All invoices of a customer, the newest first; empty when there are none."""
        found: dict[str, list[dict[str, Any]]] = {}
        looked_up = self._items(
            "invoices_of_customer", "customer_id = :key", {"N": str(customer_id)}, index=_CUSTOMER_INDEX
        )
        for item in looked_up.found:
            found.setdefault(str(item["invoice_no"]), []).append(item)
        summaries = [
            InvoiceSummary(
                number,
                min(_moment(item) for item in items),
                str(items[0]["country"]),
                len(items),
                sum((int(item["quantity"]) * Decimal(item["unit_price"]) for item in items), Decimal(0)),
            )
            for number, items in found.items()
        ]
        newest_first = sorted(summaries, key=lambda summary: (summary.date, summary.number), reverse=True)
        return LookedUp(newest_first, looked_up.evidence)

    def _items(
        self, name: str, condition: str, key: dict[str, str], index: str | None = None
    ) -> LookedUp[list[dict[str, Any]]]:
        request: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": condition,
            "ExpressionAttributeValues": {":key": key},
            "ReturnConsumedCapacity": "TOTAL",
        }
        if index:
            request["IndexName"] = index
        started = time.monotonic()
        with aws_errors(f"Table {self._table}"):
            pages = list(self._dynamodb.get_paginator("query").paginate(**request))
        items = [{name: _read(value) for name, value in item.items()} for page in pages for item in page["Items"]]
        consumed = [page["ConsumedCapacity"]["CapacityUnits"] for page in pages if "ConsumedCapacity" in page]
        evidence = Evidence(
            name,
            ENGINE,
            f"aws dynamodb query --cli-input-json {shlex.quote(json.dumps(request, indent=2, ensure_ascii=False))}",
            {"key": next(iter(key.values()))},
            round(time.monotonic() - started, 3),
            read_units=sum(consumed) if consumed else None,
            newest_at=max(map(_moment, items), default=None),
        )
        return LookedUp(items, evidence)


def _moment(item: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(str(item["invoice_date"])).replace(tzinfo=UTC)


def _line(item: dict[str, Any]) -> Line:
    number = item.get("line_no")
    description = item.get("description")
    return Line(
        str(item["event_id"]),
        None if number is None else int(number),
        str(item["stock_code"]),
        None if description is None else str(description),
        int(item["quantity"]),
        Decimal(item["unit_price"]),
    )
