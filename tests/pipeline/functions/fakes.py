"""AWS in memory, as far as the functions call it; it fails in the ways in which AWS fails."""

# ruff: noqa: N803 - the arguments have the names that boto3 gives them

from __future__ import annotations

import hashlib
import threading
from collections import Counter
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

HASHES = 2**128


def client_error(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": code}}, "Operation")


class FakeKinesis:
    """PutRecords with per-record outcomes; `refuses(data, attempt)` says what is throttled at which attempt."""

    def __init__(
        self,
        shards: int = 4,
        refuses: Callable[[bytes, int], bool] = lambda _data, _attempt: False,
        name: str = "orders",
    ) -> None:
        self.name = name
        self.shards = shards
        self.refuses = refuses
        self.records: list[tuple[str, bytes]] = []
        self.calls: list[int] = []
        self.raises: list[Exception] = []
        self._tried: Counter[bytes] = Counter()

    def put_records(self, *, StreamName: str, Records: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
        assert StreamName == self.name
        assert 1 <= len(Records) <= 500
        self.calls.append(len(Records))
        if self.raises:
            raise self.raises.pop(0)
        outcomes: list[dict[str, str]] = []
        for record in Records:
            data = record["Data"]
            self._tried[data] += 1
            if self.refuses(data, self._tried[data]):
                message = "Rate exceeded for shard shardId-000000000001 in stream orders"
                outcomes.append({"ErrorCode": "ProvisionedThroughputExceededException", "ErrorMessage": message})
            else:
                self.records.append((record["PartitionKey"], data))
                outcomes.append({"SequenceNumber": str(len(self.records)), "ShardId": self.shard(record)})
        failed = sum("ErrorCode" in outcome for outcome in outcomes)
        return {"FailedRecordCount": failed, "Records": outcomes}

    def shard(self, record: Mapping[str, Any]) -> str:
        digest = int(hashlib.md5(record["PartitionKey"].encode()).hexdigest(), 16)  # noqa: S324 - Kinesis's own hash
        return f"shardId-{digest * self.shards // HASHES:012d}"


class FakeS3:
    def __init__(self) -> None:
        self.objects: dict[tuple[str, str], bytes] = {}
        self.raises: Exception | None = None

    def put_object(self, *, Bucket: str, Key: str, Body: bytes, ContentType: str) -> object:
        if self.raises:
            raise self.raises
        assert ContentType == "application/json"
        self.objects[Bucket, Key] = Body
        return {}


class FakeDynamoDB:
    """BatchWriteItem, PutItem, Query with their limits; `unprocessed(item, attempt)` says what is not written when."""

    def __init__(
        self, unprocessed: Callable[[Mapping[str, Any], int], bool] = lambda _item, _attempt: False, page: int = 3
    ) -> None:
        self.unprocessed = unprocessed
        self.page = page
        self.items: dict[tuple[str, str], dict[str, dict[str, str]]] = {}
        self.writes: Counter[tuple[str, str]] = Counter()
        self.raises: list[Exception] = []
        self.calls = 0
        self._tried: Counter[tuple[str, str]] = Counter()
        self._lock = threading.Lock()

    def batch_write_item(self, *, RequestItems: Mapping[str, Any]) -> Mapping[str, Any]:
        with self._lock:
            self.calls += 1
            if self.raises:
                raise self.raises.pop(0)
            ((table, requests),) = RequestItems.items()
            if not 1 <= len(requests) <= 25:
                raise client_error("ValidationException")
            items = [request["PutRequest"]["Item"] for request in requests]
            keys = [self._key(item) for item in items]
            if len(set(keys)) < len(keys):  # "Provided list of item keys contains duplicates"
                raise client_error("ValidationException")
            left = []
            for key, item in zip(keys, items, strict=True):
                self._tried[key] += 1
                if self.unprocessed(item, self._tried[key]):
                    left.append({"PutRequest": {"Item": item}})
                else:
                    self.items[key] = item
                    self.writes[key] += 1
            return {"UnprocessedItems": {table: left} if left else {}}

    def put_item(self, *, TableName: str, Item: Mapping[str, Any], **condition: Any) -> Mapping[str, Any]:
        """With the one condition that is asked here; a condition that fails writes nothing."""
        assert condition == {
            "ConditionExpression": "attribute_not_exists(sent_at) OR sent_at < :sent_at",
            "ExpressionAttributeValues": {":sent_at": Item["sent_at"]},
        }
        with self._lock:
            self.calls += 1
            if self.raises:
                raise self.raises.pop(0)
            key = self._key(Item)
            held = self.items.get(key)
            if held and not held["sent_at"]["S"] < Item["sent_at"]["S"]:
                raise client_error("ConditionalCheckFailedException")
            self.items[key] = dict(Item)
            self.writes[key] += 1
            return {}

    def query(self, **query: Any) -> Mapping[str, Any]:
        if self.raises:
            raise self.raises.pop(0)
        ((name, attribute),) = query["ExpressionAttributeNames"].items()
        assert query["KeyConditionExpression"] == f"{name} = :key"
        value = query["ExpressionAttributeValues"][":key"]
        found = sorted((item for item in self.items.values() if item.get(attribute) == value), key=self._key)
        assert query.get("IndexName") == ("customer" if attribute == "customer_id" else None)
        start = query.get("ExclusiveStartKey")
        if start:
            found = [item for item in found if self._key(item) > self._key(start)]
        page = found[: self.page]
        answer: dict[str, Any] = {"Items": page, "Count": len(page)}
        if len(found) > self.page:
            answer["LastEvaluatedKey"] = {name: page[-1][name] for name in ("invoice_no", "line")}
        return answer

    @staticmethod
    def _key(item: Mapping[str, Any]) -> tuple[str, str]:
        return item["invoice_no"]["S"], item["line"]["S"]


class Context:
    """Lambda's context, as far as the functions read it."""

    aws_request_id = "00000000-0000-4000-8000-000000000000"

    def __init__(self, milliseconds: int = 29_000) -> None:
        self.milliseconds = milliseconds

    def get_remaining_time_in_millis(self) -> int:
        return self.milliseconds
