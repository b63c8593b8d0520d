"""The table of live counters in memory: TransactWriteItems with DynamoDB's limits, conditions and failures."""

# ruff: noqa: N803 - the arguments have the names that boto3 gives them

from __future__ import annotations

import base64
import re
from collections import Counter
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError, ReadTimeoutError

from pipeline.contracts import live_counter as live
from pipeline.contracts import page_view
from tests.pipeline.functions.fakes import client_error

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

ARRIVED = 1_795_000_000.0
_FIRST = datetime.fromisoformat("2026-11-22 14:30:00")
_ADDED = re.compile(r"ADD (\S+) (\S+)")
_SET = re.compile(r"(\S+) = (\S+?)(?:,|$)")
_KEY_BYTES, _ITEM_BYTES = {live.SLOT: 2048, live.COUNTER: 1024}, 400 * 1024


class CrashedError(RuntimeError):
    """The invocation ended without an answer."""


_LOST = ReadTimeoutError(endpoint_url="here")
_BEFORE: dict[str, Exception] = {
    "lost before": _LOST,
    "crashed before": CrashedError(),
    "throttled": client_error("ProvisionedThroughputExceededException"),
}
_AFTER: dict[str, Exception] = {"lost after": _LOST, "crashed after": CrashedError()}


class FakeTable:
    """`fault(updates)` is called before each transaction and names what goes wrong with it; nothing when empty."""

    def __init__(self) -> None:
        self.items: dict[tuple[str, str], dict[str, Any]] = {}
        self.fault: Callable[[int], str] = lambda _updates: ""
        self.calls: list[int] = []

    def transact_write_items(self, *, TransactItems: Sequence[Mapping[str, Any]]) -> object:
        updates = [one["Update"] for one in TransactItems]
        self.calls.append(len(updates))
        keys = [(update["Key"][live.SLOT]["S"], update["Key"][live.COUNTER]["S"]) for update in updates]
        if not 1 <= len(updates) <= 100 or len(set(keys)) < len(keys):
            raise client_error("ValidationException")
        for update in updates:
            if any(not 1 <= len(update["Key"][name]["S"].encode()) <= most for name, most in _KEY_BYTES.items()):
                raise client_error("ValidationException")
        fault = self.fault(len(updates))
        if failure := _BEFORE.get(fault):
            raise failure
        reasons = [self._reason(key, update) for key, update in zip(keys, updates, strict=True)]
        if fault == "conflict":
            reasons[-1] = {"Code": "TransactionConflict"}
        if any(reason["Code"] != "None" for reason in reasons):
            answer = {"Error": {"Code": "TransactionCanceledException"}, "CancellationReasons": reasons}
            raise ClientError(answer, "TransactWriteItems")
        for key, update in zip(keys, updates, strict=True):
            self.items[key] = _updated(self.items.get(key, {}), update)
        if failure := _AFTER.get(fault):
            raise failure
        return {}

    def _reason(self, key: tuple[str, str], update: Mapping[str, Any]) -> dict[str, Any]:
        item = self.items.get(key)
        if item is not None and len(repr(_updated(item, update))) > 2 * _ITEM_BYTES:  # roughly
            return {"Code": "ValidationError"}
        condition = update.get("ConditionExpression")
        if condition is None or item is None:
            return {"Code": "None"}
        assert condition == "attribute_not_exists(#last) OR #last < :first"
        if item[live.LAST_SEQ]["S"] < update["ExpressionAttributeValues"][":first"]["S"]:
            return {"Code": "None"}
        found = {"Item": item} if update.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD" else {}
        return {"Code": "ConditionalCheckFailed", **found}

    def views(self) -> dict[tuple[str, str], int]:
        return {key: int(item[live.VIEWS]["N"]) for key, item in self.items.items() if live.VIEWS in item}

    def sessions(self) -> dict[str, set[bytes]]:
        found: dict[str, set[bytes]] = {}
        for (slot, _counter), item in self.items.items():
            if live.SESSIONS in item:
                found.setdefault(slot, set()).update(item[live.SESSIONS]["BS"])
        return found


def _updated(item: Mapping[str, Any], update: Mapping[str, Any]) -> dict[str, Any]:
    names, values = update["ExpressionAttributeNames"], update["ExpressionAttributeValues"]
    expression = update["UpdateExpression"]
    changed = dict(item)
    added = _ADDED.search(expression)
    assert added
    name, value = names[added[1]], values[added[2]]
    if "N" in value:
        changed[name] = {"N": str(int(changed.get(name, {"N": "0"})["N"]) + int(value["N"]))}
    else:
        assert value["BS"]  # a set is never empty
        changed[name] = {"BS": sorted({*changed.get(name, {"BS": []})["BS"], *value["BS"]})}
    for setting, given in _SET.findall(expression.partition(" SET ")[2]):
        changed[names[setting]] = values[given]
    return changed


def view(number: int, **changes: object) -> dict[str, object]:
    """A view as the stream holds it; pages, sources, sessions and minutes repeat."""
    raw = {
        "EventID": f"e-{number}",
        "OccurredAt": str(_FIRST + timedelta(seconds=number * 7 % 180)),
        "SessionID": f"s-{number % 5}",
        "Page": f"page {number % 3}",
        "Source": f"source {number % 2}",
        "Kind": "menu",
        "Count": 1 + number % 2,
    }
    return page_view.stamp(page_view.normalise(raw | changes), sent_at="2026-11-22 14:37:00.000001")


def record(number: int, data: bytes, shard: str = "shardId-000000000000") -> dict[str, Any]:
    """As an event source mapping hands it over; sequence numbers have gaps, as a shard's do."""
    return {
        "eventID": f"{shard}:{number * 10}",
        "kinesis": {
            "sequenceNumber": str(number * 10),
            "data": base64.b64encode(data).decode(),
            "approximateArrivalTimestamp": ARRIVED + number,
        },
    }


def added_up(views: Sequence[Mapping[str, Any]], shard: str = "shardId-000000000000") -> Counter[tuple[str, str]]:
    """What the counters should hold, by a way of its own."""
    found: Counter[tuple[str, str]] = Counter()
    for one in views:
        minute = one["OccurredAt"][:16]
        found[f"page {minute}", f"{shard}#{one['Page']}"] += one["Count"]
        found[f"minute {minute[:13]}", f"{minute[11:]}#{shard}"] += one["Count"]
        if one["Source"]:
            found[f"source {minute}", f"{shard}#{one['Source']}"] += one["Count"]
    return found
