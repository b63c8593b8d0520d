"""Whatever is asked, the answers are MiniStack's: each request goes to its own code and to ours, and is compared."""

from __future__ import annotations

import importlib.util
import json
import random
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.local.dynamodb import batch, order, pages, saving

if TYPE_CHECKING:
    from types import ModuleType

TABLE = "orders"
SORTS = ["000001", "000002", "000010", "ü", "Z", "a", "a-b", "b"]
OPERATIONS = {
    "batch": "_batch_write_item",
    "delete": "_delete_item",
    "put": "_put_item",
    "query": "_query",
    "scan": "_scan",
    "transact": "_transact_write_items",
    "update": "_update_item",
}


def _fresh_ministack(name: str) -> ModuleType:
    """MiniStack's module with a store of its own."""
    spec = importlib.util.find_spec("ministack.services.dynamodb")
    assert spec is not None
    assert spec.origin is not None
    own = importlib.util.spec_from_file_location(name, spec.origin)
    assert own is not None
    assert own.loader is not None
    module = importlib.util.module_from_spec(own)
    own.loader.exec_module(module)
    return module


class Pair:
    """MiniStack as it is, and MiniStack with our parts in it; `ask` compares their answers."""

    def __init__(self) -> None:
        self.plain, self.ours = _fresh_ministack("ddb_plain"), _fresh_ministack("ddb_ours")
        for part in (order, pages, batch, saving):
            part.install(self.ours)

    def ask(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        function = OPERATIONS[operation]
        expected = getattr(self.plain, function)(json.loads(json.dumps(request)))
        answered = getattr(self.ours, function)(json.loads(json.dumps(request)))
        assert (answered[0], json.loads(answered[2])) == (expected[0], json.loads(expected[2])), (operation, request)
        body: dict[str, Any] = {"status": answered[0], **json.loads(answered[2])}
        return body

    def ask_pages(self, operation: str, request: dict[str, Any]) -> int:
        """Ask for page after page; returns how many there were."""
        for number in range(1, 400):
            key = self.ask(operation, request).get("LastEvaluatedKey")
            if key is None:
                return number
            request = {**request, "ExclusiveStartKey": key}
        raise AssertionError("the pages have no end")


def _create(pair: Pair, *, sort: bool, kind: str = "S") -> None:
    keys = [{"AttributeName": "invoice_no", "KeyType": "HASH"}]
    attributes = [
        {"AttributeName": "invoice_no", "AttributeType": "S"},
        {"AttributeName": "customer_id", "AttributeType": "N"},
    ]
    index = [{"AttributeName": "customer_id", "KeyType": "HASH"}, {"AttributeName": "invoice_no", "KeyType": "RANGE"}]
    if sort:
        keys.append({"AttributeName": "line", "KeyType": "RANGE"})
        attributes.append({"AttributeName": "line", "AttributeType": kind})
    # The two tables differ in their ids, so the answers are not compared.
    request = {
        "TableName": TABLE,
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": keys,
        "AttributeDefinitions": attributes,
        "GlobalSecondaryIndexes": [
            {
                "IndexName": "customer",
                "KeySchema": index,
                "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["quantity", "note"]},
            }
        ],
    }
    for module in (pair.plain, pair.ours):
        assert module._create_table(json.loads(json.dumps(request)))[0] == 200


def _keys_of(request: dict[str, Any]) -> str:
    content = request["PutRequest"]["Item"] if "PutRequest" in request else request["DeleteRequest"]["Key"]
    return json.dumps([content.get("invoice_no"), content.get("line")])


class Requests:
    """Random requests from a seed: mostly sensible, some of them wrong."""

    def __init__(self, seed: int, *, sort: bool, kind: str = "S") -> None:
        self.random, self.sort, self.kind = random.Random(seed), sort, kind  # noqa: S311 - a seed makes it repeatable

    def partition(self) -> dict[str, str]:
        return {"S": self.random.choice(["536365", "C536365", "A1", "536366", "é", "7"])}

    def sort_value(self) -> dict[str, str]:
        if self.kind == "N":
            return {"N": self.random.choice(["1", "2", "10", "-3", "2.5", "0"])}
        return {"S": self.random.choice(SORTS)}

    def key(self) -> dict[str, Any]:
        return {"invoice_no": self.partition(), **({"line": self.sort_value()} if self.sort else {})}

    def item(self) -> dict[str, Any]:
        item = self.key()
        extras = {
            "customer_id": {"N": self.random.choice(["17850", "17850.0", "3", "1e2"])},
            "quantity": {"N": self.random.choice(["6", "-1", "2.550", "0.0", "007"])},
            "note": {"S": self.random.choice(["", "WHITE METAL", "£", "x" * 300])},
            "flags": {"L": [{"S": "a"}, {"N": "1"}]},
            "gift": {"BOOL": self.random.random() < 0.5},
            "none": {"NULL": True},
            "tags": {"SS": ["a", "b"]},
        }
        for name, value in extras.items():
            if self.random.random() < 0.5:
                item[name] = value
        return item

    def broken_item(self) -> dict[str, Any]:
        return {
            **self.item(),
            **self.random.choice(
                [
                    {"invoice_no": {"S": ""}},
                    {"invoice_no": {"N": "1"}},
                    {"customer_id": {"S": "x"}},
                    {"quantity": {"N": "six"}},
                    {"note": {"S": "x", "N": "1"}},
                    {"tags": {"SS": []}},
                    {"quantity": {"N": "1" * 40}},
                    {"note": {"Q": "1"}},
                ]
            ),
        }

    def write(self) -> tuple[str, dict[str, Any]]:  # noqa: PLR0911 - one a kind of write
        choice = self.random.randrange(8)
        if choice == 0:
            return "put", {"TableName": TABLE, "Item": self.item(), "ReturnValues": "ALL_OLD"}
        if choice == 1:
            return "delete", {"TableName": TABLE, "Key": self.key(), "ReturnValues": "ALL_OLD"}
        if choice == 2:
            return "update", {
                "TableName": TABLE,
                "Key": self.key(),
                "UpdateExpression": "SET quantity = :q, customer_id = :c",
                "ExpressionAttributeValues": {":q": {"N": "9"}, ":c": {"N": str(self.random.randrange(4))}},
                "ReturnValues": "ALL_NEW",
            }
        if choice == 3:
            return "update", {"TableName": TABLE, "Key": self.key(), "UpdateExpression": "REMOVE customer_id"}
        if choice == 4:
            return "transact", {
                "TransactItems": [
                    {"Put": {"TableName": TABLE, "Item": self.item()}},
                    {"Delete": {"TableName": TABLE, "Key": self.key()}},
                ]
            }
        if choice == 5:
            return "put", {"TableName": TABLE, "Item": self.broken_item()}
        return "batch", self.batch()

    def batch(self) -> dict[str, Any]:
        requests: list[dict[str, Any]] = []
        for _ in range(self.random.choice([1, 3, 6, 26])):
            kind = self.random.random()
            if kind < 0.1:
                requests.append({"DeleteRequest": {"Key": self.key()}})
            elif kind < 0.13:
                requests.append({"PutRequest": {"Item": self.broken_item()}})
            else:
                requests.append({"PutRequest": {"Item": self.item()}})
        if self.random.random() < 0.7:  # without repeats, so that it is accepted
            requests = list({_keys_of(request): request for request in requests}.values())
        request: dict[str, Any] = {"RequestItems": {TABLE: requests}}
        if self.random.random() < 0.1:
            request["ReturnConsumedCapacity"] = "INDEXES"
        return request

    def scan(self) -> dict[str, Any]:
        request: dict[str, Any] = {"TableName": TABLE, **self.common()}
        if self.random.random() < 0.2:
            request.update({"TotalSegments": 3, "Segment": self.random.randrange(4)})
        if self.random.random() < 0.1:
            request["IndexName"] = "customer"
        return request

    def query(self) -> dict[str, Any]:
        index = self.random.random() < 0.5
        request: dict[str, Any] = {"TableName": TABLE, **self.common()}
        names, values = (
            request.setdefault("ExpressionAttributeNames", {}),
            request.setdefault("ExpressionAttributeValues", {}),
        )
        if index:
            request["IndexName"] = "customer"
            values[":p"] = {"N": self.random.choice(["17850", "3", "100", "0", "1", "2"])}
            hash_name, sort_name, sort = "customer_id", "invoice_no", self.partition
        else:
            values[":p"] = self.partition()
            hash_name, sort_name, sort = "invoice_no", "line", self.sort_value
        condition = f"{hash_name} = :p"
        if self.random.random() < 0.7 and (self.sort or index):
            names["#s"] = sort_name
            values[":a"] = sort()
            part = self.random.choice(
                [
                    "#s = :a",
                    "#s < :a",
                    "#s <= :a",
                    "#s > :a",
                    ":a < #s",
                    ":a = #s",
                    ":a >= #s",
                    "begins_with(#s, :a)",
                    "#s BETWEEN :a AND :b",
                    "#s <> :a",
                    "contains(#s, :a)",
                    "(#s >= :a)",
                    "gift = :a",
                ]
            )
            if ":b" in part:
                values[":b"] = sort()
            if "#s" not in part:
                del names["#s"]
            condition = self.random.choice(
                [f"{condition} AND {part}", f"{part} AND {condition}", f"({condition} AND {part})"]
            )
        request["KeyConditionExpression"] = condition
        if self.random.random() < 0.4:
            request["ScanIndexForward"] = False
        if not names:
            del request["ExpressionAttributeNames"]
        return request

    def common(self) -> dict[str, Any]:
        request: dict[str, Any] = {}
        if self.random.random() < 0.5:
            request["Limit"] = self.random.choice([1, 2, 3, 7, 0])
        if self.random.random() < 0.3:
            request["ProjectionExpression"] = self.random.choice(
                [
                    "invoice_no, quantity",
                    "invoice_no",
                    "flags[0], note",
                    "note, note",
                    "#x",
                    "date",
                    "customer_id,gift",
                ]
            )
            if "#x" in request["ProjectionExpression"]:
                request["ExpressionAttributeNames"] = {"#x": "none"}
        elif self.random.random() < 0.2:
            request["Select"] = self.random.choice(["COUNT", "ALL_PROJECTED_ATTRIBUTES"])
        if self.random.random() < 0.2:
            request["FilterExpression"] = "quantity > :f"
            request["ExpressionAttributeValues"] = {":f": {"N": "1"}}
        if self.random.random() < 0.1:
            request["ExclusiveStartKey"] = {**self.key(), "customer_id": {"N": "3"}}
        if self.random.random() < 0.1:
            request["ReturnConsumedCapacity"] = "INDEXES"
        return request


@pytest.fixture
def pair(monkeypatch: pytest.MonkeyPatch) -> Pair:
    pair = Pair()
    # Pages of 2,000 bytes, so that a few items make many pages.
    for module in (pair.plain, pair.ours):
        monkeypatch.setattr(module, "_DDB_PAGE_SIZE_BYTES", 2_000)
    monkeypatch.setattr(pages, "_PAGE_BYTES", 2_000)
    return pair


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize(("sort", "kind"), [(True, "S"), (True, "N"), (False, "S")])
def test_answers_are_ministacks_while_writes_go_on(pair: Pair, seed: int, sort: bool, kind: str) -> None:
    _create(pair, sort=sort, kind=kind)
    requests = Requests(seed, sort=sort, kind=kind)
    for _ in range(120):
        pair.ask(*requests.write())
        pair.ask_pages("scan", requests.scan())
        pair.ask_pages("query", requests.query())
        pair.ask("query", requests.query())
    assert json.dumps(pair.plain._tables[TABLE]["items"]) == json.dumps(pair.ours._tables[TABLE]["items"])
    assert pair.plain._tables[TABLE]["ItemCount"] == pair.ours._tables[TABLE]["ItemCount"]


def test_items_that_come_and_go_between_the_pages_of_a_scan(pair: Pair) -> None:
    _create(pair, sort=True)
    requests = Requests(99, sort=True)
    for _ in range(30):
        pair.ask("batch", requests.batch())
    request: dict[str, Any] = {"TableName": TABLE, "Limit": 2}
    while (key := pair.ask("scan", request).get("LastEvaluatedKey")) is not None:
        request["ExclusiveStartKey"] = key
        pair.ask("delete", {"TableName": TABLE, "Key": key})
        pair.ask(*requests.write())


def test_an_index_that_was_made_anew_is_not_taken_for_the_old_one(pair: Pair) -> None:
    _create(pair, sort=True)
    query = {
        "TableName": TABLE,
        "IndexName": "customer",
        "KeyConditionExpression": "customer_id = :c",
        "ExpressionAttributeValues": {":c": {"N": "1"}},
    }
    item = {"invoice_no": {"S": "1"}, "line": {"S": "1"}, "customer_id": {"N": "1"}}
    pair.ask("put", {"TableName": TABLE, "Item": item})
    pair.ask("query", query)
    for module in (pair.plain, pair.ours):
        table = module._tables[TABLE]
        index = table["GlobalSecondaryIndexes"][0]
        attributes, parts = list(table["AttributeDefinitions"]), ("IndexName", "KeySchema", "Projection")
        dropped = {"TableName": TABLE, "GlobalSecondaryIndexUpdates": [{"Delete": {"IndexName": "customer"}}]}
        made = {
            "TableName": TABLE,
            "AttributeDefinitions": attributes,
            "GlobalSecondaryIndexUpdates": [{"Create": {part: index[part] for part in parts}}],
        }
        for function, request in (
            (module._update_table, dropped),
            (module._put_item, {"TableName": TABLE, "Item": {**item, "line": {"S": "2"}}}),
            (module._update_table, made),
        ):
            status, _headers, answer = function(request)
            assert status == 200, answer
    assert pair.ask("query", query)["Count"] == 2


@pytest.mark.parametrize("sort", [True, False])
def test_a_saved_table_is_the_same_after_a_restart(sort: bool) -> None:
    pair = Pair()
    _create(pair, sort=sort)
    requests = Requests(5, sort=sort)
    for _ in range(40):
        pair.ask("batch", requests.batch())
    before = json.dumps(pair.ours._tables[TABLE]["items"])
    state = pair.ours.get_state()
    assert json.dumps(pair.ours._tables[TABLE]["items"]) == before
    pair.ours.reset()
    pair.ours.load_persisted_state(state)
    assert json.dumps(pair.ours._tables[TABLE]["items"]) == before
    pair.ask_pages("scan", {"TableName": TABLE})
    for _ in range(20):
        pair.ask(*requests.write())
        pair.ask_pages("query", requests.query())


def test_what_an_update_changes_is_not_changed_in_another_item_that_had_the_same_value(pair: Pair) -> None:
    """Equal values of a batch are kept once."""
    _create(pair, sort=True)
    items = [{"invoice_no": {"S": "1"}, "line": {"S": str(n)}, "quantity": {"N": "6"}} for n in range(3)]
    pair.ask("batch", {"RequestItems": {TABLE: [{"PutRequest": {"Item": item}} for item in items]}})
    pair.ask(
        "update",
        {
            "TableName": TABLE,
            "Key": {"invoice_no": {"S": "1"}, "line": {"S": "1"}},
            "UpdateExpression": "ADD quantity :q",
            "ExpressionAttributeValues": {":q": {"N": "1"}},
        },
    )
    assert [i["quantity"]["N"] for i in pair.ask("scan", {"TableName": TABLE})["Items"]] == ["6", "7", "6"]
