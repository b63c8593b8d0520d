"""Items into a DynamoDB table, 25 a call: what was not processed, and only that, is sent again."""

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


class DynamoDB(Protocol):
    """The one call of boto3's DynamoDB client that is made here."""

    def batch_write_item(self, *, RequestItems: Mapping[str, object]) -> Mapping[str, Any]:  # noqa: N803
        """BatchWriteItem: 200 does not mean written, see UnprocessedItems."""


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

    def _put_chunk(self, keys: Sequence[Key], items: Mapping[Key, Item]) -> dict[Key, str]:
        waiting: list[Any] = [{"PutRequest": {"Item": items[key]}} for key in keys]
        why = "UnprocessedItems"
        for attempt in range(ATTEMPTS):
            if self._time_left() <= 0:
                why = "OutOfTime"
                break
            try:
                answer = self._client.batch_write_item(RequestItems={self._table: waiting})
            except ClientError as error:
                why = str(error.response.get("Error", {}).get("Code", "Unknown"))
                if why not in _THROTTLED:
                    break
            except BotoCoreError as error:
                why = type(error).__name__
            else:
                waiting = answer.get("UnprocessedItems", {}).get(self._table, [])
                if not waiting:
                    return {}
                why = "UnprocessedItems"
            wait = min(_LONGEST_WAIT, _FIRST_WAIT * 2**attempt) * (0.5 + self._jitter() / 2)
            if attempt < ATTEMPTS - 1:
                self._sleep(min(wait, max(0.0, self._time_left())))
        put = (request["PutRequest"]["Item"] for request in waiting)
        return {(item["invoice_no"]["S"], item["line"]["S"]): why for item in put}
