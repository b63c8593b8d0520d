"""MiniStack's Kinesis with our parts in it, in this process."""

from __future__ import annotations

import base64
import json
from typing import Any, cast


class Stream:
    """MiniStack's Kinesis with our parts in it, and a stream `orders`."""

    def __init__(self, module: Any, taken: list[tuple[str, bytes]]) -> None:
        self.module = module
        self.taken = taken  # by delivery streams

    def call(self, operation: str, **request: Any) -> tuple[int, Any]:
        given = {"StreamName": "orders", **request}
        status, _headers, body = getattr(self.module, f"_{operation}")(given)
        return status, json.loads(body)

    def put(self, *records: tuple[str, bytes]) -> tuple[int, Any]:
        rows = [{"PartitionKey": key, "Data": base64.b64encode(data).decode()} for key, data in records]
        return self.call("put_records", Records=rows)

    def shards(self) -> dict[str, Any]:
        return cast("dict[str, Any]", self.module._streams.get("orders")["shards"])
