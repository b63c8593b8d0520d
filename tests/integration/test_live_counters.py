"""Views through the clicks stream into the live counters, on MiniStack's own tables, and into the lake."""

from __future__ import annotations

import base64
import random
import uuid
from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from pipeline.bench import views as bench
from pipeline.bench.percentile import percentile
from pipeline.cli.bench_views import of_lake
from pipeline.clients import client
from pipeline.contracts import live_counter as live
from pipeline.contracts import page_view
from pipeline.contracts.clock import CLOCK
from pipeline.functions.page_counter.handler import Environment, count_batch
from queries import sources
from queries.active import ActiveViews
from tests.conftest import eventually

if TYPE_CHECKING:
    import pytest

    from tests.conftest import Cloud

VIEWS = 2_000


def views(mark: str) -> list[dict[str, object]]:
    """Of three minutes that nobody else writes to; pages and sources of this test alone."""
    chance = random.Random(mark)  # noqa: S311 - no secret
    begin = datetime.now(UTC).replace(tzinfo=None, microsecond=0) - timedelta(days=3)
    return [
        page_view.stamp(
            page_view.normalise(
                {
                    "EventID": f"{mark}-{number}",
                    "OccurredAt": str(begin + timedelta(seconds=chance.randrange(180))),
                    "SessionID": f"{mark}-{chance.randrange(200)}",
                    "Page": f"{mark} {chance.randrange(40)}",
                    "Source": f"{mark} {chance.randrange(6)}",
                    "Kind": "menu",
                    "Count": chance.randrange(1, 4),
                }
            ),
            sent_at=CLOCK.now(),
            replay_id=mark,
        )
        for number in range(VIEWS)
    ]


def put(stream: str, sent: list[dict[str, object]]) -> None:
    rows = [{"Data": page_view.to_wire(one), "PartitionKey": page_view.partition_key(one)} for one in sent]
    for start in range(0, len(rows), 500):
        waiting = rows[start : start + 500]
        while waiting:
            answer = client("kinesis").put_records(StreamName=stream, Records=waiting)
            outcomes = zip(waiting, answer["Records"], strict=True)
            waiting = [row for row, outcome in outcomes if "ErrorCode" in outcome]


def items(cloud: Cloud, kind: str, minutes: set[str]) -> list[dict[str, Any]]:
    query = client("dynamodb").get_paginator("query")
    return [
        item
        for minute in sorted(minutes)
        for page in query.paginate(
            TableName=cloud.outputs.active_views_table,
            KeyConditionExpression=f"{live.SLOT} = :slot",
            ExpressionAttributeValues={":slot": {"S": live.slot(kind, minute)}},
        )
        for item in page["Items"]
    ]


def counted(cloud: Cloud, kind: str, minutes: set[str]) -> Counter[tuple[str, str]]:
    found: Counter[tuple[str, str]] = Counter()
    for item in items(cloud, kind, minutes):
        found[item[live.SLOT]["S"], live.name_of(item[live.COUNTER]["S"])] += int(item[live.VIEWS]["N"])
    return found


def added_up(sent: list[dict[str, Any]], kind: str, name: str) -> Counter[tuple[str, str]]:
    found: Counter[tuple[str, str]] = Counter()
    for one in sent:
        found[live.slot(kind, one["OccurredAt"]), one[name]] += one["Count"]
    return found


def test_counters_equal_what_the_streams_records_add_up_to(cloud: Cloud) -> None:
    mark = uuid.uuid4().hex[:8]
    sent = views(mark)
    put(cloud.outputs.clicks_stream, sent)
    minutes = {str(one["OccurredAt"])[:16] for one in sent}
    pages = added_up(sent, live.PAGE, "Page")
    eventually(lambda: counted(cloud, live.PAGE, minutes).total() >= pages.total(), "every view counted")
    assert counted(cloud, live.PAGE, minutes) == pages
    assert counted(cloud, live.SOURCE, minutes) == added_up(sent, live.SOURCE, "Source")
    sessions = {digest for item in items(cloud, live.SESSION, minutes) for digest in item[live.SESSIONS]["BS"]}
    assert sessions == {live.session_digest(str(one["SessionID"])) for one in sent}

    # The lake holds the same events: as many as were sent, each once, with the same sum of counts.
    lake = sources.of(cloud.settings).lake
    held = partial(of_lake, lake, mark, cloud.outputs.lake_from)
    eventually(lambda: held().events >= VIEWS, f"{VIEWS} views in page_views_once")
    assert held() == (VIEWS, VIEWS, pages.total())

    # The same batch again, grown by a record: the table's own conditions let in nothing but that one.
    records = [event(record["SequenceNumber"], record["Data"]) for record in mine(cloud, mark)]
    more = {**sent[0], "EventID": "more", "Count": 5}
    after = int(records[-1]["kinesis"]["sequenceNumber"]) + 1
    grown = [*records, event(str(after), page_view.to_wire(more))]
    table = Environment(cloud.outputs.active_views_table)
    for _ in range(2):
        answer = count_batch({"Records": grown}, table, client("dynamodb"), time_left=lambda: 60.0)
        assert answer == {"batchItemFailures": []}
    pages[live.slot(live.PAGE, str(more["OccurredAt"])), str(more["Page"])] += 5
    assert counted(cloud, live.PAGE, minutes) == pages


def event(number: str, data: bytes) -> dict[str, Any]:
    kinesis = {
        "sequenceNumber": number,
        "data": base64.b64encode(data).decode(),
        "approximateArrivalTimestamp": datetime.now(UTC).timestamp(),
    }
    return {"eventID": f"shardId-000000000000:{number}", "kinesis": kinesis}


def mine(cloud: Cloud, mark: str) -> list[dict[str, Any]]:
    """This test's records in the first shard."""
    kinesis, stream = client("kinesis"), cloud.outputs.clicks_stream
    where = kinesis.get_shard_iterator(
        StreamName=stream, ShardId="shardId-000000000000", ShardIteratorType="TRIM_HORIZON"
    )
    found = kinesis.get_records(ShardIterator=where["ShardIterator"], Limit=10_000)["Records"]
    return [record for record in found if mark.encode() in record["Data"]]


def test_from_a_post_to_being_counted(cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    """The figure is printed, not asserted: `bench views` measures it on a machine that does nothing else."""
    active = ActiveViews(client("dynamodb"), cloud.outputs.active_views_table)
    seconds = bench.latency(
        cloud.outputs.api_url, lambda page: page in {name for name, _views in active.now(5).pages}, 10, pause_s=0.1
    )
    with capsys.disabled():
        p95 = percentile(seconds, 0.95)
        print(f"\nfrom POST /page-views to being counted: p95 {p95:.2f} s of {len(seconds)} posts, looks each 0.1 s")
    assert len(seconds) == 10
