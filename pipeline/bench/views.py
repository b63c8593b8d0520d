"""Live counters against the stream's own records, the lake against what was sent, and a post until it is counted.

The counters are asked item by item, past every reader of ours; the records are read from the stream, past every writer.
No part of it remembers events: memory grows with the pages and minutes, not with the views.
"""

from __future__ import annotations

import time
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import requests

from pipeline.contracts import live_counter as live
from pipeline.contracts import page_view
from pipeline.contracts.clock import CLOCK
from pipeline.errors import CloudError
from pipeline.replay import sample_clicks
from pipeline.tail import TRIM_HORIZON, Tail

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_Item = TypeVar("_Item")
_BATCH, _SENDERS = 500, 4
_QUIET_S = 60.0  # without a new one, no more come
_PATIENCE_S = 10.0
Counts = dict[str, Counter[tuple[str, str]]]  # by kind: slot and name (for minutes the minute) -> views


class Sent(NamedTuple):
    """What was put as replay `replay_id`: `events`, each with an id of its own, the `views` that they stand for.

    `seconds` is how long the acknowledgements took.
    """

    replay_id: str
    events: int
    views: int
    seconds: float


def send(kinesis: Any, stream: str, views: int, *, hours: float, seed: int = 1) -> Sent:  # noqa: ANN401 - boto3
    """Put generated views, the last of which occurs now; what a shard refuses is put again."""
    end = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
    walk = sample_clicks.views(views, seed=seed, start=end - timedelta(hours=hours), end=end)
    replay_id = f"bench-{uuid.uuid4().hex[:12]}"
    began = time.monotonic()
    events = counts = 0
    with ThreadPoolExecutor(_SENDERS) as pool:
        # A round at a time: a pool takes all that it is given into memory at once.
        for batches in _lists(_lists(walk, _BATCH), _SENDERS):
            for put in pool.map(partial(_put, kinesis, stream, replay_id), batches):
                events, counts = events + put[0], counts + put[1]
    return Sent(replay_id, events, counts, time.monotonic() - began)


def _lists(items: Iterator[_Item], length: int) -> Iterator[list[_Item]]:
    while found := list(islice(items, length)):
        yield found


def _put(kinesis: Any, stream: str, replay_id: str, batch: list[sample_clicks.View]) -> tuple[int, int]:  # noqa: ANN401 - boto3
    """Put a batch until all of it is acknowledged; its events, and the views that they stand for."""
    events = [
        page_view.stamp(page_view.normalise(view.event()), sent_at=CLOCK.now(), replay_id=replay_id) for view in batch
    ]
    waiting = [{"Data": page_view.to_wire(event), "PartitionKey": page_view.partition_key(event)} for event in events]
    while waiting:
        outcomes = kinesis.put_records(StreamName=stream, Records=waiting)["Records"]
        waiting = [row for row, outcome in zip(waiting, outcomes, strict=True) if outcome.get("ErrorCode")]
        time.sleep(0.1 if waiting else 0)
    return len(events), sum(_count(event) for event in events)


def _count(view: Mapping[str, object]) -> int:
    count = view["Count"]
    assert isinstance(count, int)  # noqa: S101 - the contract says so
    return count


def of_stream(kinesis: Any, stream: str, *, before: str) -> Counts:  # noqa: ANN401 - boto3
    """What the stream's records add up to, in minutes before `before` (`YYYY-MM-DD HH:MM`): read to the end."""
    found: Counts = {kind: Counter() for kind in (live.PAGE, live.SOURCE, live.MINUTE)}
    tail = Tail(kinesis, stream, TRIM_HORIZON)
    for seen in tail.records():
        if seen is None:
            if tail.at_end:
                return found
            continue
        view = page_view.from_wire(seen.data)
        at, count = str(view["OccurredAt"]), _count(view)
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


def await_all(known: Callable[[], int], expected: int, where: str) -> float:
    """Wait until `expected` views are `where`; seconds that it took. Raises CloudError when no more come."""
    began = changed = time.monotonic()
    found = known()
    while found < expected:
        time.sleep(1)
        now = known()
        if now != found:
            found, changed = now, time.monotonic()
        elif time.monotonic() - changed > _QUIET_S:
            raise CloudError(f"{found:,} of {expected:,} views are {where}, and no more come: see the logs.")
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
