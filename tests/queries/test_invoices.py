from __future__ import annotations

import json
import shlex
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from boto3.dynamodb.types import TypeSerializer

from pipeline.errors import NotFoundError
from queries.invoices import Invoices, kind_of

if TYPE_CHECKING:
    from collections.abc import Iterator

_typed = TypeSerializer().serialize


def line(number: str, at: int, quantity: int, price: str, customer: int | None = 17850, **more: Any) -> dict[str, Any]:
    item = {
        "invoice_no": number,
        "line": f"{at:06}",
        "event_id": f"{number}-{at}",
        "line_no": at,
        "stock_code": "85123A",
        "description": "HOLDER",
        "quantity": quantity,
        "invoice_date": "2010-12-01 08:26:00",
        "unit_price": Decimal(price),
        "country": "United Kingdom",
        "replay_id": "r",
        "sent_at": "2026-01-01 00:00:00.000000",
    } | more
    if customer is not None:
        item["customer_id"] = customer
    return {name: _typed(value) for name, value in item.items() if value is not None}


class FakeTable:
    """DynamoDB's query over items, two to a page, as paged by boto3."""

    def __init__(self, *items: dict[str, Any]) -> None:
        self.items = items
        self.asked: list[dict[str, Any]] = []

    def get_paginator(self, operation: str) -> FakeTable:
        assert operation == "query"
        return self

    def paginate(self, **request: Any) -> Iterator[dict[str, Any]]:
        self.asked.append(request)
        key = request["ExpressionAttributeValues"][":key"]
        field = request["KeyConditionExpression"].split(" ")[0]
        found = sorted((item for item in self.items if item.get(field) == key), key=lambda item: item["line"]["S"])
        for start in range(0, max(len(found), 1), 2):
            yield {"Items": found[start : start + 2], "ConsumedCapacity": {"CapacityUnits": 0.5}}


def test_an_invoice_has_all_its_lines_in_order_and_an_exact_total() -> None:
    table = FakeTable(*(line("536365", at, 6, "2.55") for at in (10, 2, 1, 9)), line("536366", 1, 1, "1"))
    invoice = Invoices(table, "invoices").invoice("536365").found
    assert [each.line_no for each in invoice.lines] == [1, 2, 9, 10]
    assert invoice.total == Decimal("61.20")
    assert invoice.date == datetime(2010, 12, 1, 8, 26, tzinfo=UTC)
    assert invoice.customer_id == 17850
    assert invoice.kind == "order"


def test_no_customer_no_description_no_line_number_are_kept_as_none() -> None:
    table = FakeTable(line("C1", 1, -1, "0.0042", customer=None, description=None, line_no=None))
    invoice = Invoices(table, "invoices").invoice("C1").found
    assert invoice.customer_id is None
    assert invoice.lines[0].description is None
    assert invoice.lines[0].line_no is None
    assert invoice.total == Decimal("-0.0042")
    assert invoice.kind == "return"


def test_capitals_are_tried_after_the_number_as_written() -> None:
    table = FakeTable(line("C1", 1, -1, "1"), line("t2", 1, 1, "1"))
    assert Invoices(table, "invoices").invoice("c1").found.number == "C1"
    assert Invoices(table, "invoices").invoice("t2").found.number == "t2"
    assert len(table.asked) == 3


@pytest.mark.parametrize("number", ["999999", "", "x" * 3000, "'; drop table invoices"])
def test_a_missing_invoice_is_not_found(number: str) -> None:
    with pytest.raises(NotFoundError, match="There is no invoice"):
        Invoices(FakeTable(line("1", 1, 1, "1")), "invoices").invoice(number)


def test_a_customers_invoices_are_summed_over_every_page_newest_first() -> None:
    table = FakeTable(
        *(line("1", at, 2, "1.50", invoice_date="2011-01-01 00:00:00") for at in range(1, 6)),
        line("2", 1, 1, "0.10", invoice_date="2011-02-01 00:00:00"),
        line("3", 1, 1, "9", customer=1),
        line("4", 1, 1, "9", customer=None),
    )
    found = Invoices(table, "invoices").of_customer(17850).found
    assert [(each.number, each.lines, each.total) for each in found] == [
        ("2", 1, Decimal("0.10")),
        ("1", 5, Decimal("15.00")),
    ]
    assert table.asked[0]["IndexName"] == "customer"


def test_what_was_read_is_told_as_any_client_can_ask_it_with_what_it_took() -> None:
    later = line("1' or", 2, 1, "1", invoice_date="2010-12-01 08:27:00")
    table = FakeTable(line("1' or", 1, 1, "1"), later, line("1' or", 3, 1, "1"))
    behind = Invoices(table, "invoices").invoice("1' or").evidence
    assert behind.engine == "DynamoDB"
    assert behind.read_units == 1.0  # two pages
    assert behind.newest_at == datetime(2010, 12, 1, 8, 27, tzinfo=UTC)
    *command, request = shlex.split(behind.sql)
    assert command == ["aws", "dynamodb", "query", "--cli-input-json"]
    assert json.loads(request) == table.asked[0]


def test_units_that_dynamodb_does_not_tell_are_unknown_not_none_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    table = FakeTable()
    monkeypatch.setattr(table, "paginate", lambda **_: iter([{"Items": [line("1", 1, 1, "1")]}]))
    assert Invoices(table, "invoices").invoice("1").evidence.read_units is None


@pytest.mark.parametrize(("number", "kind"), [("536365", "order"), ("C536379", "return"), ("A563185", "adjustment")])
def test_an_invoices_number_says_what_it_is(number: str, kind: str) -> None:
    assert kind_of(number) == kind
