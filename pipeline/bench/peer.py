"""One other producer for Python over the same records; run by the interpreter of an environment that has it.

`python peer.py NAME ENDPOINT STREAM FILE`: FILE holds one JSON list `[key, data]` a line. Prints the seconds from the
first record to the last acknowledgement, and how many records were acknowledged, as JSON. It imports nothing of ours.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import sys
import time
from pathlib import Path
from typing import Any

_FLUSHED_WITHIN_S = 120.0
_REGION = "us-east-1"
_BUFFERED_MS = 2_000.0  # with its 100 ms records are overdue on a busy machine, and go out two or three a call


async def aiokpl(endpoint: str, stream: str, rows: list[tuple[str, str]]) -> tuple[float, int]:
    """With aggregation off: an aggregated record is not one event a record, which the functions read."""
    library: Any = importlib.import_module("aiokpl")
    fast = 1e9  # it would hold itself back to a shard's limits
    config = library.Config(
        region=_REGION, endpoint_url=endpoint, aggregation_enabled=False, record_max_buffered_time_ms=_BUFFERED_MS,
        rate_limit_records_per_sec_per_shard=fast, rate_limit_bytes_per_sec_per_shard=fast,
    )  # fmt: skip
    async with library.Producer(config) as producer:
        began = time.perf_counter()
        waiting = [
            await producer.put_record(stream=stream, partition_key=key, data=data.encode()) for key, data in rows
        ]
        await producer.flush()
        results = [await outcome.wait() for outcome in waiting]
        return time.perf_counter() - began, sum(bool(result.success) for result in results)


async def kinesis(endpoint: str, stream: str, rows: list[tuple[str, str]]) -> tuple[float, int]:
    """async-kinesis, its own limits far away; it tells no outcomes: what left without an error counts."""
    library: Any = importlib.import_module("kinesis")
    far = 1_000_000
    async with library.Producer(
        stream_name=stream, endpoint_url=endpoint, region_name=_REGION, processor=library.StringProcessor(),
        put_rate_limit_per_shard=far, put_bandwidth_limit_per_shard=far,
    ) as producer:  # fmt: skip
        began = time.perf_counter()
        for key, data in rows:
            await producer.put(data, partition_key=key)
        while producer.queue.qsize() or producer.overflow:
            await producer.flush()
            if time.perf_counter() - began > _FLUSHED_WITHIN_S:
                break
        return time.perf_counter() - began, len(rows) - producer.queue.qsize() - len(producer.overflow)


def main(name: str, endpoint: str, stream: str, file: str) -> None:
    """Measure one of them."""
    with Path(file).open(encoding="utf-8") as lines:
        rows = [(key, data) for key, data in map(json.loads, lines)]
    seconds, taken = asyncio.run({"aiokpl": aiokpl, "async-kinesis": kinesis}[name](endpoint, stream, rows))
    sys.stdout.write(json.dumps({"seconds": seconds, "taken": taken}) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
