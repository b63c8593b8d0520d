"""Calls that carry several records: taken apart, so that some of them are refused while the call works."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

_THROTTLED = {"ErrorCode": "ProvisionedThroughputExceededException", "ErrorMessage": "Rate exceeded for shard"}
_UNAVAILABLE = {"ErrorCode": "ServiceUnavailableException", "ErrorMessage": "Slow down."}


def of(operation: str, body: bytes) -> _Batch | None:
    """The records of a call; None for a call that has none."""
    kinds: dict[str, type[_Batch]] = {
        "Kinesis.PutRecords": _PutRecords,
        "Firehose.PutRecordBatch": _PutRecordBatch,
        "DynamoDB.BatchWriteItem": _BatchWriteItem,
    }
    kind = kinds.get(operation)
    return kind(json.loads(body)) if kind else None


@dataclass
class _Batch:
    """`call` is the request as the service reads it."""

    call: dict[str, Any]

    @property
    def _all(self) -> list[Any]:
        found: list[Any] = self.call["Records"]
        return found

    @property
    def records(self) -> int:
        """How many there are."""
        return len(self._all)

    def without(self, refused: set[int]) -> bytes | None:
        """The call with the others only; None when none is left."""
        left = [record for at, record in enumerate(self._all) if at not in refused]
        return json.dumps(self._with(left)).encode() if left else None

    def answer(self, told: bytes | None, refused: set[int]) -> bytes:
        """What the service said of the others (None: it was not asked), and the refused ones in their places."""
        raise NotImplementedError

    def _with(self, records: list[Any]) -> dict[str, Any]:
        return self.call | {"Records": records}

    def _merged(self, outcomes: list[Any], refused: set[int], refusal: dict[str, str]) -> list[Any]:
        others = iter(outcomes)
        return [refusal if at in refused else next(others) for at in range(self.records)]


class _PutRecords(_Batch):
    def answer(self, told: bytes | None, refused: set[int]) -> bytes:
        said: dict[str, Any] = json.loads(told) if told else {"FailedRecordCount": 0, "Records": []}
        merged = self._merged(said["Records"], refused, _THROTTLED)
        failed = said["FailedRecordCount"] + len(refused)
        return json.dumps(said | {"FailedRecordCount": failed, "Records": merged}).encode()


class _PutRecordBatch(_Batch):
    def answer(self, told: bytes | None, refused: set[int]) -> bytes:
        said: dict[str, Any] = json.loads(told) if told else {"FailedPutCount": 0, "RequestResponses": []}
        merged = self._merged(said["RequestResponses"], refused, _UNAVAILABLE)
        failed = said["FailedPutCount"] + len(refused)
        return json.dumps(said | {"FailedPutCount": failed, "RequestResponses": merged}).encode()


class _BatchWriteItem(_Batch):
    """Of one table, as the invoice writer makes it."""

    @property
    def _all(self) -> list[Any]:
        ((_, requests),) = self.call["RequestItems"].items()
        return list(requests)

    def _with(self, records: list[Any]) -> dict[str, Any]:
        (table,) = self.call["RequestItems"]
        return self.call | {"RequestItems": {table: records}}

    def answer(self, told: bytes | None, refused: set[int]) -> bytes:
        (table,) = self.call["RequestItems"]
        said = json.loads(told) if told else {}
        left = [*said.get("UnprocessedItems", {}).get(table, []), *(self._all[at] for at in sorted(refused))]
        return json.dumps(said | {"UnprocessedItems": {table: left}}).encode()
