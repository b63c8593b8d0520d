"""Items into a DynamoDB table, 25 a call: what was not processed, and only that, is sent again.

Items that may be older than what the table holds go one by one, for only PutItem takes a condition.
"""

from __future__ import annotations

import random
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pipeline.functions.invoice_writer.items import Item, Key

ITEMS_PER_CALL = 25
ATTEMPTS = 8
_WORKERS = 4  # calls in flight; a call waits for the network most of its time
_FIRST_WAIT = 0.05  # seconds; doubles with each attempt
_LONGEST_WAIT = 2.0
_THROTTLED = {
    "InternalServerError",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ServiceUnavailable",
    "ThrottlingException",
}


# A greater sent_at is newer; as texts they sort as the times do. Equal is the same send, there already.
_NEWER = "attribute_not_exists(sent_at) OR sent_at < :sent_at"
_OLDER = "ConditionalCheckFailedException"


class DynamoDB(Protocol):
    """The two calls of boto3's DynamoDB client that are made here."""

    def batch_write_item(self, *, RequestItems: Mapping[str, object]) -> Mapping[str, Any]:  # noqa: N803
        """BatchWriteItem: 200 does not mean written, see UnprocessedItems."""

    def put_item(
        self,
        *,
        TableName: str,  # noqa: N803
        Item: Item,  # noqa: N803
        ConditionExpression: str,  # noqa: N803
        ExpressionAttributeValues: Item,  # noqa: N803
    ) -> Mapping[str, Any]:
        """PutItem, under a condition."""


class Writer:
    """Puts items into one table; `time_left` gives the seconds until the invocation ends."""

    def __init__(
        self,
        client: DynamoDB,
        table: str,
        *,
        time_left: Callable[[], float],
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._client = client
        self._table = table
        self._time_left = time_left
        self._sleep = sleep
        self._jitter = jitter

    def put(self, items: Mapping[Key, Item]) -> dict[Key, str]:
        """Write all items; what was given up, key -> why. Each key comes once, as BatchWriteItem demands."""
        keys = list(items)
        chunks = [keys[start : start + ITEMS_PER_CALL] for start in range(0, len(keys), ITEMS_PER_CALL)]
        failed: dict[Key, str] = {}
        with ThreadPoolExecutor(max_workers=_WORKERS) as pool:
            for part in pool.map(lambda chunk: self._put_chunk(chunk, items), chunks):
                failed |= part
        return failed

    def put_newer(self, items: Mapping[Key, Item]) -> dict[Key, str]:
        """Write each item unless the table holds it as new or newer, which is no error; what was given up, key: why."""
        with ThreadPoolExecutor(max_workers=_WORKERS) as pool:
            whys = list(pool.map(self._put_if_newer, items.values()))
        return {key: why for key, why in zip(items, whys, strict=True) if why}

    def _put_if_newer(self, item: Item) -> str:
        def put() -> list[Any]:
            self._client.put_item(
                TableName=self._table,
                Item=item,
                ConditionExpression=_NEWER,
                ExpressionAttributeValues={":sent_at": item["sent_at"]},
            )
            return []

        _, why = self._until_done([item], lambda _: put())
        return "" if why == _OLDER else why

    def _put_chunk(self, keys: Sequence[Key], items: Mapping[Key, Item]) -> dict[Key, str]:
        def put(waiting: list[Any]) -> list[Any]:
            answer = self._client.batch_write_item(RequestItems={self._table: waiting})
            left: list[Any] = answer.get("UnprocessedItems", {}).get(self._table, [])
            return left

        waiting, why = self._until_done([{"PutRequest": {"Item": items[key]}} for key in keys], put)
        left = (request["PutRequest"]["Item"] for request in waiting)
        return {(item["invoice_no"]["S"], item["line"]["S"]): why for item in left}

    def _until_done(self, waiting: list[Any], put: Callable[[list[Any]], list[Any]]) -> tuple[list[Any], str]:
        """Call `put`, which gives what is left, until nothing is, or patience ends: what is left, and why."""
        why = "UnprocessedItems"
        for attempt in range(ATTEMPTS):
            if self._time_left() <= 0:
                return waiting, "OutOfTime"
            try:
                waiting = put(waiting)
            except ClientError as error:
                why = str(error.response.get("Error", {}).get("Code", "Unknown"))
                if why not in _THROTTLED:
                    break
            except BotoCoreError as error:
                why = type(error).__name__
            else:
                if not waiting:
                    return [], ""
                why = "UnprocessedItems"
            wait = min(_LONGEST_WAIT, _FIRST_WAIT * 2**attempt) * (0.5 + self._jitter() / 2)
            if attempt < ATTEMPTS - 1:
                self._sleep(min(wait, max(0.0, self._time_left())))
        return waiting, why
