"""Invoice lookups, as API Gateway's Lambda proxy integration calls them.

    GET /invoices/{invoice_no}             200 one invoice with its lines and total
    GET /customers/{customer_id}/invoices  200 {"customer_id", "invoices": [...]}, the latest first
    400 {"error"} for an id that cannot be one · 404 {"error"} where there is nothing · 503 {"error"} while the table
    does not answer

Numbers are JSON numbers with the exact digits of the table: 139.12, never 139.11999999999998.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from pipeline.contracts import order_line, values
from pipeline.functions.invoices_api import table

if TYPE_CHECKING:
    from collections.abc import Mapping

Found = tuple[int, dict[str, object]]  # HTTP status and content
MAX_ANSWER_BYTES = 5_000_000  # Lambda answers with at most 6 MB


@dataclass(frozen=True)
class Environment:
    """What the template sets for this function."""

    invoices_table: str

    @classmethod
    def read(cls, variables: Mapping[str, str]) -> Environment:
        """Raises KeyError for a variable that is not set."""
        return cls(invoices_table=variables["INVOICES_TABLE"])


def handle(event: dict[str, Any], context: Any) -> dict[str, object]:  # noqa: ANN401, ARG001 - Lambda's context
    """Lambda's entry."""
    status, content = look_up(event, Environment.read(os.environ), _client())
    request_id = (event.get("requestContext") or {}).get("requestId")
    print(json.dumps({"request_id": request_id, "resource": event.get("resource"), "status": status}))  # noqa: T201
    text = to_json(content)
    if len(text.encode()) > MAX_ANSWER_BYTES:
        status, text = 413, to_json({"error": "The answer is too long for this address; ask the warehouse."})
    return {
        "statusCode": status,
        "headers": {"Content-Type": "application/json"},
        "isBase64Encoded": False,
        "body": text,
    }


def look_up(event: Mapping[str, Any], environment: Environment, client: table.DynamoDB) -> Found:
    """The status and the JSON content for one request."""
    # A REST API hands path parameters on as they were sent, percent-encoded.
    given = {name: unquote(str(value)) for name, value in (event.get("pathParameters") or {}).items()}
    try:
        if "invoice_no" in given:
            return _invoice(given["invoice_no"], environment, client)
        return _customer(given.get("customer_id", ""), environment, client)
    except (BotoCoreError, ClientError) as error:
        print(json.dumps({"error": str(error)}))  # noqa: T201 - Lambda's log is what is printed
        return 503, {"error": "The invoices cannot be read at the moment; try again."}


def _invoice(given: str, environment: Environment, client: table.DynamoDB) -> Found:
    try:
        invoice_no = order_line.field("InvoiceNo", given)
    except ValueError as error:
        return 400, {"error": f"This is no invoice number: it {error}."}
    found = table.invoice(client, environment.invoices_table, str(invoice_no))
    return (200, found) if found else (404, {"error": f"There is no invoice {invoice_no}."})


def _customer(given: str, environment: Environment, client: table.DynamoDB) -> Found:
    try:
        customer_id = values.whole_number(given, 1, values.INT64_MAX)
    except ValueError as error:
        return 400, {"error": f"This is no customer id: {error}."}
    found = table.customer_invoices(client, environment.invoices_table, customer_id)
    if not found:
        return 404, {"error": f"There are no invoices of customer {customer_id}."}
    return 200, {"customer_id": customer_id, "invoices": found}


def to_json(value: object) -> str:
    """Contract values, lists and objects as JSON; the standard library's encoder knows no exact decimals."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(name)}: {to_json(one)}" for name, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(to_json, value)) + "]"
    return order_line.fragment(value)


@cache
def _client() -> table.DynamoDB:
    config = Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 4})
    client: table.DynamoDB = boto3.client("dynamodb", config=config)
    return client
