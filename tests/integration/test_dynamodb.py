"""DynamoDB through its API, at the size of the sample: scans by pages, the customers' index, batches."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from pipeline.clients import client

if TYPE_CHECKING:
    from tests.conftest import Cloud


def _pages(operation: str, **request: Any) -> list[dict[str, Any]]:
    return list(client("dynamodb").get_paginator(operation).paginate(**request))


def test_a_scan_of_the_keys_meets_every_item_once(cloud: Cloud) -> None:
    pages = _pages(
        "scan",
        TableName=cloud.outputs.invoices_table,
        ProjectionExpression="invoice_no, #line",
        ExpressionAttributeNames={"#line": "line"},
    )
    keys = [(item["invoice_no"]["S"], item["line"]["S"]) for page in pages for item in page["Items"]]
    assert len(pages) > 1
    assert len(set(keys)) == len(keys) >= cloud.receipt["accepted"]
    assert keys == sorted(keys)


def test_a_customers_lines_are_those_of_the_table(cloud: Cloud) -> None:
    items = [item for page in _pages("scan", TableName=cloud.outputs.invoices_table) for item in page["Items"]]
    lines: dict[str, list[str]] = {}
    for item in items:
        if "customer_id" in item:
            lines.setdefault(item["customer_id"]["N"], []).append(item["invoice_no"]["S"])
    customer = max(lines, key=lambda found: len(lines[found]))
    for forward in (True, False):
        found = [
            item
            for page in _pages(
                "query",
                TableName=cloud.outputs.invoices_table,
                IndexName="customer",
                KeyConditionExpression="customer_id = :customer",
                ExpressionAttributeValues={":customer": {"N": customer}},
                ScanIndexForward=forward,
                PaginationConfig={"PageSize": 7},
            )
            for item in page["Items"]
        ]
        assert [item["invoice_no"]["S"] for item in found] == sorted(lines[customer], reverse=not forward)
        assert all("description" not in item for item in found)


def test_what_a_batch_writes_is_there_at_once(cloud: Cloud) -> None:
    table, invoice = cloud.outputs.invoices_table, f"T{uuid.uuid4().hex[:8]}"
    items = [
        {"invoice_no": {"S": invoice}, "line": {"S": f"{line:06d}"}, "unit_price": {"N": "2.550"}} for line in range(25)
    ]
    request = {table: [{"PutRequest": {"Item": item}} for item in items]}
    assert client("dynamodb").batch_write_item(RequestItems=request)["UnprocessedItems"] == {}
    found = client("dynamodb").query(
        TableName=table,
        KeyConditionExpression="invoice_no = :invoice and #line between :low and :high",
        ExpressionAttributeNames={"#line": "line"},
        ExpressionAttributeValues={":invoice": {"S": invoice}, ":low": {"S": "000003"}, ":high": {"S": "000005"}},
    )
    assert [item["line"]["S"] for item in found["Items"]] == ["000003", "000004", "000005"]
    assert found["Items"][0]["unit_price"] == {"N": "2.55"}
    keys = [{"DeleteRequest": {"Key": {"invoice_no": i["invoice_no"], "line": i["line"]}}} for i in items]
    client("dynamodb").batch_write_item(RequestItems={table: keys})
