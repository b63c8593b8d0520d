from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.contracts import order_line
from pipeline.functions.invoice_writer import items
from pipeline.functions.invoices_api import handler
from tests.pipeline.functions.fakes import Context, FakeDynamoDB, client_error

ENVIRONMENT = handler.Environment(invoices_table="invoices")


def table_of(*rows: dict[str, Any]) -> FakeDynamoDB:
    """A table holding rows, put there in the writer's own form; its queries give 3 items a page."""
    client = FakeDynamoDB()
    defaults = {
        "StockCode": "85123A",
        "Quantity": 6,
        "InvoiceDate": "2010-12-01 08:26:00",
        "UnitPrice": "2.55",
        "Country": "United Kingdom",
    }
    for row in rows:
        event = order_line.stamp(order_line.normalise(defaults | row), sent_at="2026-01-01 00:00:00.000000")
        line = order_line.line_key(event)
        client.items[str(event["InvoiceNo"]), line] = items.item(event, line, "2026-01-01 00:00:01.000")
    return client


def get(client: FakeDynamoDB, **path: str) -> tuple[int, Any]:
    status, content = handler.look_up({"pathParameters": path}, ENVIRONMENT, client)
    return status, json.loads(handler.to_json(content), parse_float=Decimal)


def test_an_invoice_comes_with_all_its_lines_and_its_exact_total() -> None:
    rows = [{"InvoiceNo": "536365", "LineNo": line, "CustomerID": 17850} for line in range(1, 12)]
    rows.append({"InvoiceNo": "536365", "LineNo": 12, "Quantity": -1, "UnitPrice": "0.0001"})
    client = table_of(*rows, {"InvoiceNo": "536366", "LineNo": 1})
    status, invoice = get(client, invoice_no="536365")
    assert status == 200
    assert [line["line_no"] for line in invoice["lines"]] == list(range(1, 13))
    assert (invoice["line_count"], invoice["units"]) == (12, 65)
    assert invoice["total"] == Decimal("168.2999")
    assert (invoice["customer_id"], invoice["country"]) == (17850, "United Kingdom")
    assert invoice["lines"][0] == {
        "event_id": "536365-1",
        "line_no": 1,
        "stock_code": "85123A",
        "description": None,
        "quantity": 6,
        "invoice_date": "2010-12-01 08:26:00",
        "unit_price": Decimal("2.55"),
        "customer_id": 17850,
        "country": "United Kingdom",
    }


def test_numbers_are_exact_json_numbers() -> None:
    assert handler.to_json({"a": [Decimal("139.12"), Decimal("38970.0001"), 3, None, 'ä"\n']}) == (
        '{"a": [139.12, 38970.0001, 3, null, "ä\\"\\n"]}'
    )


@pytest.mark.parametrize("number", ["A B", "A/B", "C%5", "Ä", "536365"])
def test_invoice_numbers_of_odd_characters_are_found(number: str) -> None:
    """A REST API passes path parameters on percent-encoded."""
    from urllib.parse import quote

    client = table_of({"InvoiceNo": number, "LineNo": 1})
    status, invoice = get(client, invoice_no=quote(number, safe=""))
    assert (status, invoice["invoice_no"]) == (200, number)


def test_an_unknown_invoice_is_a_404_in_json() -> None:
    status, content = get(table_of(), invoice_no="999")
    assert (status, content) == (404, {"error": "There is no invoice 999."})


@pytest.mark.parametrize("number", ["%00", "a%0Ab", "x" * 1001, "%20"])
def test_what_cannot_be_an_invoice_is_a_400(number: str) -> None:
    status, content = get(table_of(), invoice_no=number)
    assert status == 400
    assert content["error"]


def test_a_customers_invoices_come_with_totals_the_latest_first() -> None:
    rows = [
        {"InvoiceNo": number, "LineNo": line, "CustomerID": 17850, "InvoiceDate": date}
        for number, date in (("536365", "2010-12-01 08:26:00"), ("C536366", "2010-12-03 08:00:00"))
        for line in range(1, 6)
    ]
    client = table_of(*rows, {"InvoiceNo": "536367", "LineNo": 1, "CustomerID": 1}, {"InvoiceNo": "7", "LineNo": 1})
    status, content = get(client, customer_id="17850")
    assert status == 200
    assert content["customer_id"] == 17850
    assert [invoice["invoice_no"] for invoice in content["invoices"]] == ["C536366", "536365"]
    assert content["invoices"][1] == {
        "invoice_no": "536365",
        "invoice_date": "2010-12-01 08:26:00",
        "country": "United Kingdom",
        "line_count": 5,
        "units": 30,
        "total": Decimal("76.5"),
    }


def test_a_customer_without_invoices_is_a_404() -> None:
    assert get(table_of(), customer_id="1")[0] == 404


@pytest.mark.parametrize("customer", ["", "abc", "0", "-1", "1.5", "9" * 30, "null"])
def test_what_cannot_be_a_customer_is_a_400(customer: str) -> None:
    assert get(table_of(), customer_id=customer)[0] == 400


def test_a_table_that_does_not_answer_is_a_503() -> None:
    client = table_of()
    client.raises = [client_error("ProvisionedThroughputExceededException")]
    assert get(client, invoice_no="1")[0] == 503


def test_an_answer_beyond_what_lambda_may_give_is_a_413(monkeypatch: pytest.MonkeyPatch) -> None:
    client = table_of(*({"InvoiceNo": "1", "LineNo": line} for line in range(1, 30)))
    monkeypatch.setenv("INVOICES_TABLE", "invoices")
    monkeypatch.setattr(handler, "_client", lambda: client)
    monkeypatch.setattr(handler, "MAX_ANSWER_BYTES", 1000)
    event = {"pathParameters": {"invoice_no": "1"}, "requestContext": {"requestId": "r"}}
    assert handler.handle(event, Context())["statusCode"] == 413


@given(st.text(max_size=40), st.sampled_from(["invoice_no", "customer_id", "other"]))
def test_no_path_is_too_much(value: str, name: str) -> None:
    status, content = get(table_of(), **{name: value})
    assert status in {400, 404}
    assert content["error"]
