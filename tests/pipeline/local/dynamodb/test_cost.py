"""Pages cost what they return, and plain batches take the short way."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pipeline.local.dynamodb import batch, order, pages
from pipeline.local.dynamodb.shapes import item_size

from .test_same_answers import TABLE, Pair, _create

ITEMS = 3_000


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> tuple[Any, list[int]]:
    """A table of many partitions and one large one, and a count of the items that are looked at."""
    pair = Pair()
    _create(pair, sort=True)
    looked_at: list[int] = []

    def counted(item: dict[str, Any]) -> int:
        looked_at.append(1)
        return item_size(item)

    monkeypatch.setattr(pages, "item_size", counted)
    puts = [
        {
            "PutRequest": {
                "Item": {
                    "invoice_no": {"S": "big" if number % 2 else f"{number:06d}"},
                    "line": {"S": f"{number:06d}"},
                    "customer_id": {"N": str(number % 2)},
                }
            }
        }
        for number in range(ITEMS)
    ]
    for at in range(0, ITEMS, 25):
        assert pair.ours._batch_write_item({"RequestItems": {TABLE: puts[at : at + 25]}})[0] == 200
    return pair.ours, looked_at


@pytest.mark.parametrize(
    "request_",
    [
        {"Limit": 10},
        {"Limit": 10, "ExclusiveStartKey": {"invoice_no": {"S": "big"}, "line": {"S": "001501"}}},
        {"Limit": 10, "KeyConditionExpression": "invoice_no = :p", "ExpressionAttributeValues": {":p": {"S": "big"}}},
        {
            "Limit": 10,
            "ScanIndexForward": False,
            "IndexName": "customer",
            "KeyConditionExpression": "customer_id = :p AND begins_with(invoice_no, :b)",
            "ExpressionAttributeValues": {":p": {"N": "0"}, ":b": {"S": "0012"}},
        },
    ],
)
def test_a_page_looks_at_what_it_returns(table: tuple[Any, list[int]], request_: dict[str, Any]) -> None:
    dynamodb, looked_at = table
    function = dynamodb._query if "KeyConditionExpression" in request_ else dynamodb._scan
    status, _headers, body = function({"TableName": TABLE, **request_})
    assert status == 200
    assert json.loads(body)["Count"] == 10
    assert len(looked_at) == 10


def test_a_partition_is_sorted_once_until_it_changes(table: tuple[Any, list[int]]) -> None:
    dynamodb, _looked_at = table
    items = dynamodb._tables[TABLE]["items"]
    assert isinstance(items, order.Items)
    query = {
        "TableName": TABLE,
        "KeyConditionExpression": "invoice_no = :p",
        "ExpressionAttributeValues": {":p": {"S": "big"}},
    }
    dynamodb._query(query)
    run = items.run((None, "big"), lambda: pytest.fail("it was forgotten"))
    dynamodb._put_item({"TableName": TABLE, "Item": {"invoice_no": {"S": "other"}, "line": {"S": "1"}}})
    assert items.run((None, "big"), lambda: pytest.fail("it was forgotten")) is run
    dynamodb._put_item({"TableName": TABLE, "Item": {"invoice_no": {"S": "big"}, "line": {"S": "1"}}})
    assert json.loads(dynamodb._query(query)[2])["Items"][0]["line"] == {"S": "000001"}
    assert items.run((None, "big"), lambda: pytest.fail("it was forgotten")) is not run


def test_a_plain_batch_is_not_handed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    pair = Pair()
    _create(pair, sort=True)
    writer = batch._Writer(pair.ours)
    monkeypatch.setattr(writer, "write_any", lambda _data: pytest.fail("it was handed on"))
    item = {
        "invoice_no": {"S": "536365"},
        "line": {"S": "000001"},
        "customer_id": {"N": "17850"},
        "unit_price": {"N": "2.550"},
        "gift": {"BOOL": False},
        "description": {"NULL": True},
    }
    status, _headers, body = writer.write({"RequestItems": {TABLE: [{"PutRequest": {"Item": item}}]}})
    assert (status, json.loads(body)) == (200, {"UnprocessedItems": {}})
    kept = pair.ours._tables[TABLE]["items"]["536365"]["000001"]
    assert kept == {**item, "unit_price": {"N": "2.55"}}


def test_equal_values_are_kept_once_but_not_under_two_names() -> None:
    pair = Pair()
    _create(pair, sort=True)
    items = [
        {"invoice_no": {"S": "1"}, "line": {"S": str(n)}, "quantity": {"N": "6"}, "line_no": {"N": "6"}} for n in (1, 2)
    ]
    pair.ours._batch_write_item({"RequestItems": {TABLE: [{"PutRequest": {"Item": item}} for item in items]}})
    first, second = pair.ours._tables[TABLE]["items"]["1"].values()
    assert first["quantity"] is second["quantity"]
    assert first["quantity"] is not first["line_no"]


@pytest.mark.parametrize(
    ("index", "where", "consistent", "each"),
    [
        ({}, "Table", False, 0.5),
        ({}, "Table", True, 1.0),
        ({"IndexName": "customer"}, "GlobalSecondaryIndexes", False, 0.5),
    ],
)
def test_a_page_consumes_a_unit_for_each_4_kb_of_all_its_items(
    index: dict[str, str], where: str, consistent: bool, each: float
) -> None:
    """Items are taken together, not rounded one by one; what is found nowhere costs the least there is."""
    pair = Pair()
    _create(pair, sort=True)
    for line in range(9):
        item = {"invoice_no": {"S": "1"}, "line": {"S": f"{line}"}, "customer_id": {"N": "7"}, "note": {"S": "x" * 980}}
        assert pair.ours._put_item({"TableName": TABLE, "Item": item})[0] == 200

    def consumed(key: str, customer: str) -> Any:
        name, value = ("customer_id", {"N": customer}) if index else ("invoice_no", {"S": key})
        request = {
            "TableName": TABLE,
            **index,
            "KeyConditionExpression": f"{name} = :p",
            "ExpressionAttributeValues": {":p": value},
            "ConsistentRead": consistent,
            "ReturnConsumedCapacity": "INDEXES",
        }
        return json.loads(pair.ours._query(request)[2])["ConsumedCapacity"]

    found = consumed("1", "7")  # nine items of about a thousand bytes
    part = found[where] if where == "Table" else found[where]["customer"]
    assert found["CapacityUnits"] == part["CapacityUnits"] == 3 * each
    assert consumed("2", "8")["CapacityUnits"] == each
    scanned = json.loads(pair.ours._scan({"TableName": TABLE, "ReturnConsumedCapacity": "TOTAL"})[2])
    assert scanned["ConsumedCapacity"]["CapacityUnits"] == 1.5
