"""Live counters against the stream's own records, and the time from a post to being counted.

The counters are asked item by item, past every reader of ours; the records are read from the stream, past every writer.
"""

from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

import requests

from pipeline.contracts import live_counter as live
from pipeline.contracts import page_view
from pipeline.contracts.clock import CLOCK
from pipeline.errors import CloudError
from pipeline.replay import sample_clicks
from pipeline.tail import TRIM_HORIZON, Tail

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_BATCH, _SENDERS = 500, 4
_QUIET_S = 10.0  # without a new count, counting has stopped
_PATIENCE_S = 10.0
Counts = dict[str, Counter[tuple[str, str]]]  # by kind: slot and name (for minutes the minute) -> views


class Sent(NamedTuple):
    """What was put, and how long the acknowledgements took."""

    views: int
    seconds: float


def send(kinesis: Any, stream: str, views: int, *, hours: float, seed: int = 1) -> Sent:  # noqa: ANN401 - boto3
    """Put generated views, the last of which occurs now; what a shard refuses is put again."""
    end = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
    walk = sample_clicks.views(views, seed=seed, start=end - timedelta(hours=hours), end=end)
    began = time.monotonic()

    def put(batch: list[sample_clicks.View]) -> int:
        waiting = [_record(view) for view in batch]
        while waiting:
            outcomes = kinesis.put_records(StreamName=stream, Records=waiting)["Records"]
            waiting = [row for row, outcome in zip(waiting, outcomes, strict=True) if outcome.get("ErrorCode")]
            time.sleep(0.1 if waiting else 0)
        return len(batch)

    with ThreadPoolExecutor(_SENDERS) as pool:
        sent = sum(pool.map(put, _batches(walk)))
    return Sent(sent, time.monotonic() - began)


def _batches(walk: Iterator[sample_clicks.View]) -> Iterator[list[sample_clicks.View]]:
    while batch := list(islice(walk, _BATCH)):
        yield batch


def _record(view: sample_clicks.View) -> dict[str, Any]:
    event = page_view.stamp(page_view.normalise(view.event()), sent_at=CLOCK.now())
    return {"Data": page_view.to_wire(event), "PartitionKey": page_view.partition_key(event)}


def of_stream(kinesis: Any, stream: str, *, before: str) -> Counts:  # noqa: ANN401 - boto3
    """What the stream's records add up to, in minutes before `before` (`YYYY-MM-DD HH:MM`): read to the end."""
    found: Counts = {kind: Counter() for kind in (live.PAGE, live.SOURCE, live.MINUTE)}
    for seen in Tail(kinesis, stream, TRIM_HORIZON).records():
        if seen is None:
            return found
        view = page_view.from_wire(seen.data)
        at, count = str(view["OccurredAt"]), view["Count"]
        assert isinstance(count, int)  # noqa: S101 - the contract says so
        if at[: len(before)] < before:
            found[live.MINUTE][live.slot(live.MINUTE, at), at[: len(before)]] += count
            found[live.PAGE][live.slot(live.PAGE, at), str(view["Page"])] += count
            if view["Source"] is not None:
                found[live.SOURCE][live.slot(live.SOURCE, at), str(view["Source"])] += count
    message = "a tail has no end"
    raise AssertionError(message)


def of_table(dynamodb: Any, table: str, *, before: str) -> Counts:  # noqa: ANN401 - boto3
    """What the live counters say of the same minutes, the whole table read."""
    found: Counts = {kind: Counter() for kind in (live.PAGE, live.SOURCE, live.MINUTE)}
    for page in dynamodb.get_paginator("scan").paginate(TableName=table, ConsistentRead=True):
        for item in page["Items"]:
            slot, counter = item[live.SLOT]["S"], item[live.COUNTER]["S"]
            kind, _, moment = slot.partition(" ")
            if kind not in found:
                continue
            minute = live.minute_of(slot, counter) if kind == live.MINUTE else moment
            if minute < before:
                name = minute if kind == live.MINUTE else live.name_of(counter)
                found[kind][slot, name] += int(item[live.VIEWS]["N"])
    return found


def counted(dynamodb: Any, table: str, *, since: datetime) -> int:  # noqa: ANN401 - boto3
    """All views that occurred from the hour of `since` on, of the counters of minutes."""
    hours = (datetime.now(UTC) - since) // timedelta(hours=1) + 2
    slots = [live.slot(live.MINUTE, f"{since + timedelta(hours=hour):%Y-%m-%d %H:%M}") for hour in range(hours)]
    return sum(
        int(item[live.VIEWS]["N"])
        for slot in slots
        for page in dynamodb.get_paginator("query").paginate(
            TableName=table,
            KeyConditionExpression=f"{live.SLOT} = :slot",
            ExpressionAttributeValues={":slot": {"S": slot}},
        )
        for item in page["Items"]
    )


def differences(stream: Counts, table: Counts) -> int:
    """How many counters do not say what the records add up to."""
    return sum(
        stream[kind][key] != table[kind][key] for kind in stream for key in stream[kind].keys() | table[kind].keys()
    )


def await_counted(counted: Callable[[], int], views: int) -> float:
    """Wait until `views` are counted; seconds that it took. Raises CloudError when the count stands still."""
    began = changed = time.monotonic()
    known = counted()
    while known < views:
        time.sleep(1)
        now = counted()
        if now != known:
            known, changed = now, time.monotonic()
        elif time.monotonic() - changed > _QUIET_S * 6:
            raise CloudError(f"{known:,} of {views:,} views are counted, and no more come: see the function's log.")
    return time.monotonic() - began


def latency(api_url: str, shown: Callable[[str], bool], times: int, *, pause_s: float) -> list[float]:
    """Seconds from POST /page-views to `shown(page)` for each of `times` views; `pause_s` lies between two looks."""
    found = []
    for number in range(times):
        page = f"bench {time.time_ns()}-{number}"
        body = {"Page": page, "OccurredAt": f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}", "SessionID": page}
        began = time.monotonic()
        answer = requests.post(f"{api_url}/page-views", json=body, timeout=30)
        if not answer.ok:
            raise CloudError(f"POST /page-views was answered with {answer.status_code}: {answer.text[:200]}")
        while not shown(page):
            if time.monotonic() - began > _PATIENCE_S:
                raise CloudError(f"A view was not counted within {_PATIENCE_S:.0f} s.")
            time.sleep(pause_s)
        found.append(time.monotonic() - began)
    return found


def percentile(values: list[float], share: float) -> float:
    """The value that `share` (0 to 1) of the others do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(share * len(ordered) + 0.5) - 1)]
