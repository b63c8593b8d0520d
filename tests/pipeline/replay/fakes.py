"""Stand-ins for the services that replays talk to: they keep what they take, and fail where AWS fails."""

from __future__ import annotations

import io
import json
import random
import threading
from typing import TYPE_CHECKING, Any

import requests
from botocore.exceptions import ClientError, ReadTimeoutError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def client_error(code: str, operation: str = "PutRecords", status: int = 400) -> ClientError:
    answer = {"Error": {"Code": code, "Message": "told to"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, operation)


class FakeKinesis:
    """PutRecords with its documented limits, and faults by chance or by plan.

    `faults` are met one a call, in order: an exception is raised, "lost" acts and then times out, None is no fault.
    `refuse` is the share of records refused within a call that works.
    """

    def __init__(self, *, refuse: float = 0.0, faults: Sequence[Exception | str | None] = (), seed: int = 0) -> None:
        self.taken: list[tuple[str, bytes]] = []
        self.calls: list[list[bytes]] = []
        self.always: Exception | None = None
        self._refuse = refuse
        self._faults = list(faults)
        self._random = random.Random(seed)  # noqa: S311 - chance that repeats
        self._lock = threading.Lock()

    def put_records(self, *, StreamName: str, Records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:  # noqa: N803
        with self._lock:
            self._validate(Records)
            self.calls.append([record["Data"] for record in Records])
            fault = self.always or (self._faults.pop(0) if self._faults else None)
            if isinstance(fault, Exception):
                raise fault
            results = [self._take(record) for record in Records]
            if fault == "lost":
                raise ReadTimeoutError(endpoint_url="http://127.0.0.1")
        failed = sum("ErrorCode" in result for result in results)
        return {"FailedRecordCount": failed, "Records": results}

    def _take(self, record: Mapping[str, Any]) -> dict[str, str]:
        if self._random.random() < self._refuse:
            return {"ErrorCode": "ProvisionedThroughputExceededException", "ErrorMessage": "Rate exceeded for shard"}
        self.taken.append((record["PartitionKey"], record["Data"]))
        return {"SequenceNumber": str(len(self.taken)), "ShardId": "shardId-000000000000"}

    @staticmethod
    def _validate(records: Sequence[Mapping[str, Any]]) -> None:
        sizes = [len(record["Data"]) + len(record["PartitionKey"].encode()) for record in records]
        keys = [len(record["PartitionKey"]) for record in records]
        if not 1 <= len(records) <= 500 or min(keys) < 1 or max(keys) > 256:
            raise client_error("ValidationException")
        if max(sizes) > 1 << 20 or sum(sizes) > 5 << 20:
            raise client_error("InvalidArgumentException")

    @property
    def event_ids(self) -> list[str]:
        return [json.loads(data)["EventID"] for _, data in self.taken]


class FakeApi:
    """POST /orders as the ingest function answers it; `answers` are given one a call, in order, then all is well."""

    def __init__(self, *answers: tuple[int, Any] | Exception) -> None:
        self.posted: list[list[dict[str, Any]]] = []
        self.headers: list[dict[str, str]] = []
        self.urls: list[str] = []
        self._answers = list(answers)
        self._lock = threading.Lock()

    def post(self, url: str, *, data: bytes, headers: dict[str, str], timeout: object) -> FakeAnswer:
        assert timeout
        assert len(data) <= 1024 * 1024
        rows = json.loads(data)
        assert 1 <= len(rows) <= 500
        with self._lock:
            self.posted.append(rows)
            self.headers.append(headers)
            self.urls.append(url)
            answer = self._answers.pop(0) if self._answers else None
        if isinstance(answer, Exception):
            raise answer
        return FakeAnswer(*(answer or (200, {"accepted": len(rows), "event_ids": [row["EventID"] for row in rows]})))


class FakeAnswer:
    def __init__(self, status: int, content: Any) -> None:
        self.status_code = status
        self._content = content

    def json(self) -> Any:
        if isinstance(self._content, str):
            raise requests.JSONDecodeError("no JSON", self._content, 0)
        return self._content


class FakeBucket:
    """S3's PutObject, ListObjectsV2 and GetObject in memory; `down` makes writing fail."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.down = False

    def put_object(self, *, Bucket: str, Key: str, Body: bytes, **_: str) -> None:  # noqa: N803
        if self.down:
            raise client_error("InternalError", "PutObject", 500)
        assert Key not in self.objects
        self.objects[Key] = Body

    def get_paginator(self, operation: str) -> FakeBucket:
        assert operation == "list_objects_v2"
        return self

    def paginate(self, *, Bucket: str, Prefix: str) -> Any:  # noqa: N803
        yield {"Contents": [{"Key": key} for key in sorted(self.objects) if key.startswith(Prefix)]}

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803
        return {"Body": io.BytesIO(self.objects[Key])}


class FakeDynamoDB:
    """PutItem, UpdateItem, GetItem and Scan of one table with the key replay_id, two items a page.

    UpdateItem knows `SET a = :a, b = :b REMOVE c`, and conditions of equality, absence and OR.
    """

    def __init__(self) -> None:
        self.items: dict[str, dict[str, Any]] = {}
        self.writes = 0
        self.down = False
        self._lock = threading.Lock()

    def update_item(
        self,
        *,
        TableName: str,  # noqa: N803
        Key: dict[str, Any],  # noqa: N803
        UpdateExpression: str,  # noqa: N803
        ConditionExpression: str,  # noqa: N803
        ExpressionAttributeNames: dict[str, str],  # noqa: N803
        ExpressionAttributeValues: dict[str, Any],  # noqa: N803
        ReturnValues: str,  # noqa: N803
    ) -> dict[str, Any]:
        assert TableName
        assert ReturnValues == "ALL_NEW"
        if self.down:
            raise client_error("InternalServerError", "UpdateItem", 500)
        with self._lock:
            item = dict(self.items.get(Key["replay_id"]["S"], Key))
            used = UpdateExpression + ConditionExpression
            assert {name for name in ExpressionAttributeNames if name not in used} == set()
            assert {name for name in ExpressionAttributeValues if name not in used} == set()
            if not any(
                self._holds(part, item, ExpressionAttributeNames, ExpressionAttributeValues)
                for part in ConditionExpression.split(" OR ")
            ):
                raise client_error("ConditionalCheckFailedException", "UpdateItem")
            sets, _, gone = UpdateExpression.removeprefix("SET ").partition("REMOVE ")
            for part in filter(None, sets.strip().split(", ")):
                name, _, value = part.partition(" = ")
                item[ExpressionAttributeNames[name]] = self._number(ExpressionAttributeValues[value])
            for name in filter(None, gone.split(", ")):
                item.pop(ExpressionAttributeNames[name], None)
            self.writes += 1
            self.items[Key["replay_id"]["S"]] = item
            return {"Attributes": item}

    @staticmethod
    def _holds(part: str, item: dict[str, Any], names: dict[str, str], values: dict[str, Any]) -> bool:
        if part.startswith("attribute_not_exists("):
            return names[part[len("attribute_not_exists(") : -1]] not in item
        name, _, value = part.partition(" = ")
        return bool(item.get(names[name]) == values[value])

    @staticmethod
    def _number(value: dict[str, str]) -> dict[str, str]:
        """DynamoDB gives numbers back in its own notation: 0.0 as 0."""
        ((kind, text),) = value.items()
        assert kind in {"S", "N"}
        assert isinstance(text, str)
        return {"N": f"{float(text):g}" if float(text) < 1e5 else text} if kind == "N" else value

    def get_item(self, *, TableName: str, Key: dict[str, Any], ConsistentRead: bool) -> dict[str, Any]:  # noqa: N803
        assert TableName
        assert ConsistentRead
        found = self.items.get(Key["replay_id"]["S"])
        return {"Item": found} if found else {}

    def get_paginator(self, operation: str) -> FakeDynamoDB:
        assert operation == "scan"
        return self

    def paginate(self, *, ProjectionExpression: str, ExpressionAttributeNames: dict[str, str], **_: str) -> Any:  # noqa: N803
        names = {ExpressionAttributeNames[alias] for alias in ProjectionExpression.split(", ")}
        items = [{name: item[name] for name in names if name in item} for item in self.items.values()]
        return [{"Items": items[at : at + 2]} for at in range(0, len(items), 2)] or [{"Items": []}]
