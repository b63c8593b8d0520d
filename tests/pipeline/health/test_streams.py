from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from pipeline.errors import NotFoundError
from pipeline.health import streams
from tests.pages.fakes import FakeService
from tests.pages.services import services

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.health.streams import Stream

DELIVERIES = ("weir-lake-delivery", "weir-warehouse-delivery")


def look(found: dict[str, FakeService]) -> Stream:
    client: Callable[[str], Any] = found.__getitem__
    return streams.look(client, "weir-orders", streams.readers(client, DELIVERIES))


def freshness(found: dict[str, FakeService]) -> tuple[timedelta | None, ...]:
    return streams.freshness(found.__getitem__, look(found))


def test_a_stream_that_is_read() -> None:
    found = services(busy=True)
    stream = look(found)
    assert stream.status == "ACTIVE"
    assert [shard.share for shard in stream.shards] == [0.5, 0.5]
    assert {consumer.name for consumer in stream.consumers} == {"weir-invoice-writer", *DELIVERIES}
    assert (stream.incoming.total, stream.outgoing.total, stream.refused.total) == (60, 60, 0)
    assert stream.behind_s == 0.03
    assert freshness(found) == (timedelta(minutes=1),) * 2
    assert stream.verdict.state == "healthy"


def test_a_stream_without_records_is_healthy_and_says_so() -> None:
    found = services(busy=False)
    stream = look(found)
    assert stream.verdict.state == "healthy"
    assert freshness(found) == (None, None)
    assert stream.incoming.counts == ()


def with_answers(service: str, **answers: Any) -> dict[str, FakeService]:
    found = services(busy=True)
    found[service] = FakeService({**found[service]._answers, **answers})
    return found


def test_closed_shards_are_left_out() -> None:
    open_and_closed = {
        "Shards": [
            {
                "ShardId": "s-0",
                "HashKeyRange": {"StartingHashKey": "0", "EndingHashKey": str(2**128 - 1)},
                "SequenceNumberRange": more,
            }
            for more in ({"StartingSequenceNumber": "1"}, {"StartingSequenceNumber": "1", "EndingSequenceNumber": "2"})
        ]
    }
    (shard,) = look(with_answers("kinesis", list_shards=open_and_closed)).shards
    assert shard.share == 1


@pytest.mark.parametrize(
    ("mappings", "state", "word"),
    [
        ([{"FunctionArn": "arn:aws:lambda:us-east-1:0:function:f", "State": "Disabled"}], "degraded", "Not reading: f"),
        (
            [{"FunctionArn": "arn:aws:lambda:us-east-1:0:function:f", "State": "Enabled"}],
            "healthy",
            "every consumer reads",
        ),
    ],
)
def test_a_sleeping_consumer_degrades(mappings: list[dict[str, str]], state: str, word: str) -> None:
    stream = look(with_answers("lambda", list_event_source_mappings={"EventSourceMappings": mappings}))
    assert stream.verdict.state == state
    assert word in stream.verdict.why


def test_refused_records_degrade() -> None:
    def metric_data(request: dict[str, Any]) -> dict[str, Any]:
        return {
            "MetricDataResults": [
                {
                    "Id": asked["Id"],
                    "Timestamps": [datetime.now(UTC)],
                    "Values": [1200.0 if "Exceeded" in asked["Label"] else 0.0],
                }
                for asked in request["MetricDataQueries"]
            ]
        }

    verdict = look(with_answers("cloudwatch", get_metric_data=metric_data)).verdict
    assert verdict.state == "degraded"
    assert "1,200 records were refused" in verdict.why


def test_a_consumer_that_is_far_behind_degrades_by_its_name() -> None:
    def metric_data(request: dict[str, Any]) -> dict[str, Any]:
        of = request["MetricDataQueries"][0]["MetricStat"]["Metric"]["Dimensions"][0]["Value"]
        late = 90_000.0 if of == "weir-warehouse-delivery" else 0.0
        return {
            "MetricDataResults": [
                {
                    "Id": asked["Id"],
                    "Timestamps": [datetime.now(UTC)],
                    "Values": [late if "Latest" in asked["Label"] else 0],
                }
                for asked in request["MetricDataQueries"]
            ]
        }

    stream = look(with_answers("cloudwatch", get_metric_data=metric_data))
    assert stream.behind_s == 90
    assert stream.verdict.why == "weir-warehouse-delivery is 90 s behind."


def test_a_missing_stream_is_named() -> None:
    missing = ClientError({"Error": {"Code": "ResourceNotFoundException", "Message": "no"}}, "DescribeStreamSummary")
    with pytest.raises(NotFoundError, match="Stream weir-orders"):
        look(with_answers("kinesis", describe_stream_summary=missing))


@pytest.mark.parametrize(
    ("minutes_ago", "within"),
    [
        (0.5, timedelta(minutes=1)),
        (5, timedelta(minutes=10)),
        (30, timedelta(hours=1)),
        (600, timedelta(days=1)),
        (3000, None),
    ],
)
def test_a_shards_newest_record_is_found_in_few_reads(minutes_ago: float, within: timedelta | None) -> None:
    newest = datetime.now(UTC) - timedelta(minutes=minutes_ago)
    reads = []

    def records(request: dict[str, Any]) -> dict[str, Any]:
        reads.append(request)
        since = datetime.fromisoformat(request["ShardIterator"])
        return {"Records": [{}] if newest >= since else [], "MillisBehindLatest": 0}

    found = with_answers(
        "kinesis",
        get_shard_iterator=lambda request: {"ShardIterator": request["Timestamp"].isoformat()},
        get_records=records,
    )
    assert freshness(found)[0] == within
    assert len(reads) <= 2 * 4


def test_an_empty_answer_that_is_behind_is_asked_on() -> None:
    answers = iter(
        [{"Records": [], "MillisBehindLatest": 5, "NextShardIterator": "y"}, {"Records": [{}], "MillisBehindLatest": 0}]
        * 2
    )
    found = with_answers("kinesis", get_records=lambda _request: next(answers))
    assert freshness(found)[0] == timedelta(minutes=1)
