"""Event source mappings on MiniStack's own stores; the function is ours, what it is called with is as AWS gives it."""

from __future__ import annotations

import base64
import json
import time
from typing import TYPE_CHECKING, Any, cast

import pytest

from pipeline.errors import LocalCloudError
from pipeline.local import event_source, objects
from pipeline.local import kinesis as ours
from pipeline.local.host import Host
from pipeline.local.kinesis import metrics

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

STREAM = "arn:aws:kinesis:us-east-1:000000000000:stream/orders"
FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:writer"


class Cloud:
    """MiniStack's Kinesis and Lambda in this process, with a stream `orders` and a function `writer`."""

    def __init__(self, host: Host, monkeypatch: pytest.MonkeyPatch, shards: int) -> None:
        from ministack.services import kinesis, lambda_svc
        from ministack.services.cloudformation import provisioners

        handlers = provisioners._RESOURCE_HANDLERS["AWS::Kinesis::Stream"]
        monkeypatch.setitem(handlers, "update", handlers["update"])
        self.host, self.kinesis, self.lambda_svc = host, kinesis, lambda_svc
        self.events: list[dict[str, Any]] = []
        self.function: Callable[[list[str]], object] = lambda _texts: None
        for module, name in (
            (lambda_svc, "_poll_kinesis"),
            (lambda_svc, "_init_stream_position"),
            (lambda_svc, "_create_esm"),
            *((kinesis, name) for name in ours.REPLACED),
        ):
            monkeypatch.setattr(module, name, getattr(module, name))  # put back what install replaces
        monkeypatch.setattr(lambda_svc, "_poller_started", True)
        monkeypatch.setattr(lambda_svc, "_execute_function", self._execute)
        monkeypatch.setattr(event_source, "_AFTER_FAULT", 0.05)
        ours.install(host)
        event_source.install(host)
        with host.scope():
            kinesis._create_stream({"StreamName": "orders", "ShardCount": shards})
            lambda_svc._functions["writer"] = {"config": {"FunctionName": "writer", "FunctionArn": FUNCTION}}

    def _execute(self, _function: object, event: dict[str, Any]) -> dict[str, Any]:
        self.events.append(event)
        texts = [base64.b64decode(record["kinesis"]["data"]).decode() for record in event["Records"]]
        try:
            return {"body": self.function(texts)}
        except RuntimeError as error:
            return {"error": True, "body": {"errorMessage": str(error)}}

    def put(self, *texts: str, key: str = "k") -> list[str]:
        records = [{"Data": base64.b64encode(text.encode()).decode(), "PartitionKey": key} for text in texts]
        with self.host.scope():
            status, _headers, body = self.kinesis._put_records({"StreamName": "orders", "Records": records})
        assert status == 200
        return [record["SequenceNumber"] for record in json.loads(body)["Records"]]

    def map(self, **settings: Any) -> str:
        given = {"EventSourceArn": STREAM, "FunctionName": "writer", "StartingPosition": "TRIM_HORIZON", **settings}
        with self.host.scope():
            status, _headers, body = self.lambda_svc._create_esm(given)
        assert status == 202, body
        return str(json.loads(body)["UUID"])

    def mapping(self, uuid: str) -> dict[str, Any]:
        with self.host.scope():
            return cast("dict[str, Any]", self.lambda_svc._esms.get(uuid))

    def seen(self) -> list[str]:
        return [
            base64.b64decode(record["kinesis"]["data"]).decode()
            for event in list(self.events)
            for record in event["Records"]
        ]

    def until(self, condition: Callable[[], bool], seconds: float = 10.0) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"it did not come to that; seen {self.seen()}"
            time.sleep(0.01)

    def restart(self) -> None:
        """A clean stop, MiniStack's own saving and loading, and a start."""
        from ministack.core import persistence

        self.host.stop()
        saved = json.dumps(self.lambda_svc._kinesis_positions, default=persistence._json_default)
        self.lambda_svc._kinesis_positions.clear()
        loaded = json.loads(saved, object_hook=persistence._json_object_hook)
        self.lambda_svc._restore_esm_positions(self.lambda_svc._kinesis_positions, loaded)
        self.host = Host(self.host.state, self.host.endpoint, self.host.warehouse)
        event_source.install(self.host)
        self.host.start()


@pytest.fixture
def clouds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], Cloud]]:
    from ministack.services import kinesis, lambda_svc

    made: list[Cloud] = []

    def make(shards: int) -> Cloud:
        cloud = Cloud(Host(tmp_path, "http://127.0.0.1:0", cast("Any", None)), monkeypatch, shards)
        cloud.host.start()
        made.append(cloud)
        return cloud

    yield make
    for cloud in made:
        cloud.host.stop()
    kinesis.reset()
    for store in (lambda_svc._esms, lambda_svc._functions, lambda_svc._kinesis_positions):
        store.clear()


@pytest.fixture
def cloud(clouds: Callable[[int], Cloud]) -> Cloud:
    return clouds(1)


def test_the_function_gets_records_as_the_developer_guide_shows_them(cloud: Cloud) -> None:
    """Lambda developer guide, "Using Lambda to process records from Amazon Kinesis Data Streams": the example event."""
    (sequence,) = cloud.put("Hello", key="1")
    cloud.map()
    cloud.until(lambda: bool(cloud.events))
    (record,) = cloud.events[0]["Records"]
    arrival = record["kinesis"].pop("approximateArrivalTimestamp")
    assert abs(arrival - time.time()) < 10
    assert record == {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": "1",
            "sequenceNumber": sequence,
            "data": "SGVsbG8=",
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"shardId-000000000000:{sequence}",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": FUNCTION,
        "awsRegion": "us-east-1",
        "eventSourceARN": STREAM,
    }


@pytest.mark.parametrize(("position", "expected"), [("TRIM_HORIZON", ["a", "b"]), ("LATEST", ["b"])])
def test_the_starting_position(cloud: Cloud, position: str, expected: list[str]) -> None:
    """API reference, CreateEventSourceMapping: StartingPosition."""
    cloud.put("a")
    cloud.map(StartingPosition=position)
    cloud.put("b")
    cloud.until(lambda: len(cloud.seen()) == len(expected))
    assert cloud.seen() == expected


def test_a_starting_moment(cloud: Cloud) -> None:
    """API reference, CreateEventSourceMapping: AT_TIMESTAMP with StartingPositionTimestamp."""
    cloud.put("a")
    time.sleep(0.02)
    moment = time.time()
    time.sleep(0.02)
    cloud.put("b")
    cloud.map(StartingPosition="AT_TIMESTAMP", StartingPositionTimestamp=moment)
    cloud.until(lambda: bool(cloud.seen()))
    assert cloud.seen() == ["b"]


def test_a_shard_that_comes_later_is_read_from_its_beginning(cloud: Cloud) -> None:
    """ "Polling and batching streams": also a mapping from LATEST misses nothing of a new shard."""
    cloud.map(StartingPosition="LATEST")
    with cloud.host.scope():
        cloud.kinesis._update_shard_count(
            {"StreamName": "orders", "TargetShardCount": 2, "ScalingType": "UNIFORM_SCALING"}
        )
    cloud.put("a", key="1")
    cloud.put("b", key="2")
    cloud.until(lambda: sorted(cloud.seen()) == ["a", "b"])


def test_a_reported_record_and_what_follows_comes_again(cloud: Cloud) -> None:
    """ "Configuring partial batch response": MiniStack's own poller would lose `b`."""
    tried: list[list[str]] = []
    numbers = cloud.put("a", "b", "c")

    def function(texts: list[str]) -> object:
        tried.append(texts)
        return {"batchItemFailures": [{"itemIdentifier": numbers[1]}]} if len(tried) == 1 else None

    cloud.function = function
    uuid = cloud.map(FunctionResponseTypes=["ReportBatchItemFailures"])
    cloud.until(lambda: len(tried) == 2)
    assert tried == [["a", "b", "c"], ["b", "c"]]
    cloud.until(lambda: cloud.mapping(uuid)["LastProcessingResult"] == "OK")


def test_one_shard_never_blocks_another(clouds: Callable[[int], Cloud]) -> None:
    """A batch that fails for ever stops its own shard only."""
    cloud = clouds(2)
    keys = {"shardId-000000000000": "", "shardId-000000000001": ""}
    for letter in "abcdefgh":
        cloud.put("probe", key=letter)
    with cloud.host.scope():
        for name, shard in cloud.kinesis._streams.get("orders")["shards"].items():
            keys[name] = shard["records"][0]["PartitionKey"]
            shard["records"] = []

    def function(texts: list[str]) -> object:
        if "bad" in texts:
            raise RuntimeError("no")
        return None

    cloud.function = function
    cloud.map()
    cloud.put("bad", key=keys["shardId-000000000000"])
    cloud.until(lambda: cloud.seen().count("bad") > 1)
    cloud.put("good", key=keys["shardId-000000000001"])
    cloud.until(lambda: "good" in cloud.seen())


def test_the_place_survives_a_restart_and_nothing_comes_twice(cloud: Cloud) -> None:
    cloud.put("a", "b")
    cloud.map()
    cloud.until(lambda: len(cloud.seen()) == 2)
    cloud.restart()
    cloud.put("c")
    cloud.until(lambda: len(cloud.seen()) == 3)
    assert cloud.seen() == ["a", "b", "c"]


def test_the_checkpoint_holds_when_older_records_expire(cloud: Cloud) -> None:
    """A place in a list would skip records once the list gets shorter."""
    cloud.put("a", "b", "c")
    cloud.map()
    cloud.until(lambda: len(cloud.seen()) == 3)
    with cloud.host.scope():
        stream = cloud.kinesis._streams.get("orders")
        for record in stream["shards"]["shardId-000000000000"]["records"][:2]:
            record._arrival -= 25 * 3600
    cloud.put("d")
    cloud.until(lambda: len(cloud.seen()) == 4)
    assert cloud.seen()[-1] == "d"
    assert len(stream["shards"]["shardId-000000000000"]["records"]) == 2


def test_a_stop_waits_for_the_invocation_under_way(cloud: Cloud) -> None:
    def slow(_texts: list[str]) -> object:
        time.sleep(0.5)
        return None

    cloud.function = slow
    cloud.put("a")
    uuid = cloud.map()
    cloud.until(lambda: bool(cloud.events))
    cloud.host.stop()
    with cloud.host.scope():
        assert list(cloud.lambda_svc._kinesis_positions.get(uuid).values()) != [""]


def test_a_disabled_mapping_rests_and_a_deleted_one_ends(cloud: Cloud) -> None:
    uuid = cloud.map(Enabled=False)
    cloud.put("a")
    time.sleep(0.6)
    assert cloud.seen() == []
    with cloud.host.scope():
        cloud.lambda_svc._update_esm(uuid, {"Enabled": True})
    cloud.until(lambda: cloud.seen() == ["a"])
    with cloud.host.scope():
        cloud.lambda_svc._delete_esm(uuid)
    time.sleep(0.4)
    cloud.put("b")
    time.sleep(0.4)
    assert cloud.seen() == ["a"]


def test_a_function_that_is_not_there_yet_costs_nothing(cloud: Cloud) -> None:
    with cloud.host.scope():
        uuid = cloud.map(MaximumRetryAttempts=0)
        function = cloud.lambda_svc._functions.pop("writer")
        cloud.put("a")
        time.sleep(0.5)
        cloud.lambda_svc._functions["writer"] = function
    cloud.until(lambda: cloud.seen() == ["a"])
    assert cloud.mapping(uuid)["LastProcessingResult"] != "PROBLEM: Function call failed"


def test_given_up_records_lie_in_the_bucket_whole(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """ "Retain discarded batch records for a Kinesis Data Streams event source in Lambda": the S3 example."""
    kept: dict[str, bytes] = {}
    faults = [LocalCloudError("full disk")]

    def put(bucket: str, key: str, body: bytes, _content_type: str) -> None:
        if faults:
            raise faults.pop()
        assert bucket == "dead-letter"
        kept[key] = body

    def function(texts: list[str]) -> object:
        if "bad" in texts:
            raise RuntimeError("no")
        return None

    monkeypatch.setattr(objects, "put", put)
    cloud.function = function
    numbers = cloud.put("a", "bad", "c")
    uuid = cloud.map(
        MaximumRetryAttempts=0,
        BisectBatchOnFunctionError=True,
        DestinationConfig={"OnFailure": {"Destination": "arn:aws:s3:::dead-letter"}},
    )
    cloud.until(lambda: bool(kept) and "c" in cloud.seen())
    ((key, body),) = kept.items()
    day = time.strftime("%Y/%m/%d/%Y-%m-%dT", time.gmtime())
    assert key.startswith(f"aws/lambda/{uuid}/shardId-000000000000/{day}")
    written = json.loads(body)
    assert written["version"] == "1.0"
    assert written["requestContext"]["functionArn"] == FUNCTION
    assert written["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert written["responseContext"] == {
        "statusCode": 200,
        "executedVersion": "$LATEST",
        "functionError": "Unhandled",
    }
    info = written["KinesisBatchInfo"]
    assert info["approximateArrivalOfFirstRecord"] == info["approximateArrivalOfLastRecord"]
    assert info["approximateArrivalOfFirstRecord"].endswith("Z")
    assert (info["shardId"], info["batchSize"], info["streamArn"]) == ("shardId-000000000000", 1, STREAM)
    assert info["startSequenceNumber"] == info["endSequenceNumber"] == numbers[1]
    (record,) = json.loads(written["payload"])["Records"]
    assert base64.b64decode(record["kinesis"]["data"]) == b"bad"


def test_what_has_no_destination_that_can_take_it_stays(cloud: Cloud) -> None:
    def function(_texts: list[str]) -> object:
        raise RuntimeError("no")

    cloud.function = function
    cloud.put("a")
    queue = {"OnFailure": {"Destination": "arn:aws:sqs:us-east-1:000000000000:q"}}
    cloud.map(MaximumRetryAttempts=0, DestinationConfig=queue)
    cloud.until(lambda: cloud.seen().count("a") > 2)


def test_a_filter_keeps_records_from_the_function(cloud: Cloud) -> None:
    """ "Using event filtering with a Kinesis event source": what does not match counts as done."""
    pattern = json.dumps({"data": {"Country": ["France"]}})
    cloud.put('{"Country": "Spain"}', '{"Country": "France"}')
    cloud.map(FilterCriteria={"Filters": [{"Pattern": pattern}]})
    cloud.until(lambda: bool(cloud.seen()))
    assert cloud.seen() == ['{"Country": "France"}']


def test_children_are_read_after_their_parents_to_the_last_record(clouds: Callable[[int], Cloud]) -> None:
    """Lambda developer guide: records are processed in order, also across a split or a merge."""
    cloud = clouds(1)
    failing = ["parent 2"]
    cloud.function = lambda texts: fail() if failing and failing[0] in texts else None
    cloud.put("parent 1", "parent 2")
    cloud.map(BatchSize=1)
    cloud.until(lambda: "parent 2" in cloud.seen())
    with cloud.host.scope():
        cloud.kinesis._split_shard(
            {"StreamName": "orders", "ShardToSplit": "shardId-000000000000", "NewStartingHashKey": str(2**127)}
        )
    keys = ("a", "b", "c", "d", "e", "f")
    for key in keys:
        cloud.put(f"child {key}", key=key)
    before = len(cloud.events)
    cloud.until(lambda: len(cloud.events) > before + 1)  # the parent's record is tried again and again
    assert set(cloud.seen()) == {"parent 1", "parent 2"}
    failing.clear()
    cloud.until(lambda: {f"child {key}" for key in keys} <= set(cloud.seen()))
    shards = {event["Records"][0]["eventID"].partition(":")[0] for event in cloud.events}
    assert shards == {"shardId-000000000000", "shardId-000000000001", "shardId-000000000002"}
    with cloud.host.scope():
        cloud.kinesis._merge_shards(
            {
                "StreamName": "orders",
                "ShardToMerge": "shardId-000000000001",
                "AdjacentShardToMerge": "shardId-000000000002",
            }
        )
    cloud.put("grandchild")
    cloud.until(lambda: "grandchild" in cloud.seen())
    assert len(cloud.seen()) == len(set(cloud.seen())) + cloud.seen().count("parent 2") - 1


def test_a_mapping_made_after_a_split_reads_the_parent_first(clouds: Callable[[int], Cloud]) -> None:
    cloud = clouds(1)
    cloud.put("first", "second")
    with cloud.host.scope():
        cloud.kinesis._update_shard_count(
            {"StreamName": "orders", "TargetShardCount": 2, "ScalingType": "UNIFORM_SCALING"}
        )
    cloud.put("third")
    cloud.map()
    cloud.until(lambda: len(cloud.seen()) == 3)
    assert cloud.seen() == ["first", "second", "third"]


def fail() -> None:
    raise RuntimeError("not now")


def test_the_age_of_what_a_function_gets_is_a_metric(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lambda developer guide, "Types of metrics for Lambda functions": IteratorAge, of the last record of a batch."""
    from ministack.services import cloudwatch

    told: list[tuple[Any, ...]] = []
    # The streams tell of themselves, too.
    monkeypatch.setattr(
        cloudwatch, "_store_datum", lambda *datum: told.append(datum) if datum[0] == "AWS/Lambda" else None
    )
    cloud.put("a")
    time.sleep(0.05)
    cloud.map()
    cloud.until(lambda: bool(told))
    namespace, name, dimensions, _when, unit, value = told[0][:6]
    assert (namespace, name, dimensions, unit) == (
        "AWS/Lambda", "IteratorAge", {"FunctionName": "writer"}, "Milliseconds",
    )  # fmt: skip
    assert 50 <= value < 60_000


def test_what_a_function_is_done_with_counts_as_read_once(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[tuple[str, int]] = []
    monkeypatch.setattr(metrics, "read", lambda stream, records, _age: read.append((stream, records)))
    failing = iter([True, True])

    def function(_texts: list[str]) -> None:
        if next(failing, False):
            fail()

    cloud.function = function
    cloud.put("a", "b", "c")
    cloud.map()
    cloud.until(lambda: sum(records for _, records in read) >= 3)
    assert (sum(records for _, records in read), {stream for stream, _ in read}) == (3, {"orders"})
    assert len(cloud.seen()) == 9
