"""Lambda's event source mappings for Kinesis, in place of MiniStack's, which loses what a function reports as failed.

Each mapping reads each shard in a thread of its own, so that a shard whose batch keeps failing holds up no other; the
children of a shard that was split or merged wait until all of its records are done with. What happens to a batch is
told in `event_batches`, where shards and positions lie in `event_shards`. ParallelizationFactor is taken as 1.
"""

from __future__ import annotations

import bisect
import json
import logging
import math
import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pipeline.errors import LocalCloudError
from pipeline.local import event_failure, objects
from pipeline.local import event_shards as shards
from pipeline.local.event_batches import BEFORE_ALL, Outcome, Record, Rules, ShardConsumer
from pipeline.local.kinesis import metrics
from pipeline.settings import LOCAL_REGION

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.local.host import Host

_IDLE = 0.1  # seconds between looks at a shard without records; AWS looks once a second
_LOOK = 0.25  # seconds between looks for new mappings and shards
_STOPPING = 20.0  # seconds that invocations under way may take at a stop
_AFTER_FAULT = 5.0
_METRIC_EACH = 1.0

logger = logging.getLogger("weir.local.event_source")


def install(host: Host) -> None:
    """Take Kinesis out of MiniStack's poller and into ours."""
    from ministack.services import lambda_svc

    poller = Poller(host)
    anchor, create = lambda_svc._init_stream_position, lambda_svc._create_esm
    moment: float | None = None  # of AT_TIMESTAMP, which MiniStack does not hand on while it makes a mapping

    def init_stream_position(mapping: str, source: str, starting: str) -> None:
        anchor(mapping, source, starting)
        if ":kinesis:" in source:
            shards.settle_beginning(mapping, source, math.inf if starting == "LATEST" else moment)

    def create_esm(data: dict[str, Any]) -> Any:
        nonlocal moment
        moment = data.get("StartingPositionTimestamp")
        try:
            return create(data)
        finally:
            moment = None

    lambda_svc._poll_kinesis = lambda: False
    lambda_svc._init_stream_position = init_stream_position
    lambda_svc._create_esm = create_esm
    host.on_start(poller.start)
    host.on_stop(poller.stop)


class Poller:
    """The threads that read shards; they come and go with mappings and shards."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._stopped = threading.Event()
        self._next_metric: dict[tuple[str, str], float] = {}  # when one is due, by mapping and shard
        self._threads: dict[tuple[str, str], threading.Thread] = {}
        self._supervisor = threading.Thread(target=self._supervise, name="event-sources", daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._supervisor.start()

    def stop(self) -> None:
        """Wait for the invocations under way; what a slow one was given comes again after the next start."""
        self._stopped.set()
        if self._supervisor.is_alive():
            self._supervisor.join()
        deadline = time.monotonic() + _STOPPING
        for thread in self._threads.values():
            thread.join(max(0.0, deadline - time.monotonic()))

    def _supervise(self) -> None:
        with self._host.scope():
            while not self._stopped.is_set():
                for mapping in shards.mappings():
                    stream = shards.stream_of(mapping)
                    for shard in shards.readable(mapping["UUID"], stream) if stream else ():
                        self._ensure_reader(mapping["UUID"], shard)
                self._stopped.wait(_LOOK)

    def _ensure_reader(self, mapping: str, shard: str) -> None:
        known = self._threads.get((mapping, shard))
        if known is None or not known.is_alive():
            thread = threading.Thread(target=self._read, args=(mapping, shard), name=f"{mapping}/{shard}", daemon=True)
            self._threads[mapping, shard] = thread
            thread.start()

    def _read(self, mapping: str, shard: str) -> None:
        """Read one shard until the mapping, the shard or the local cloud ends."""
        with self._host.scope():
            reader: _Reader | None = None
            while not self._stopped.is_set():
                settings = next((found for found in shards.mappings() if found["UUID"] == mapping), None)
                stream = shards.stream_of(settings) if settings else None
                if settings is None or stream is None or shard not in stream["shards"]:
                    return
                if shards.is_done(mapping, stream["shards"][shard], shard):
                    return
                try:
                    reader = reader or _Reader(settings, shard)
                    wait = reader.step(settings) if _enabled(settings) else _LOOK
                    self._tell_age(settings, shard, reader.iterator_age)
                except Exception:
                    # A thread that ended would be a shard that nobody reads; whatever it is, the records stay.
                    logger.exception("Reading %s for mapping %s failed and is tried again.", shard, mapping)
                    wait = _AFTER_FAULT
                if wait:
                    self._stopped.wait(wait)

    def _tell_age(self, mapping: Mapping[str, Any], shard: str, age: float) -> None:
        """The metric that Lambda gives for each batch, once a second at most; none where nothing is read."""
        from ministack.services import cloudwatch

        key = mapping["UUID"], shard
        if age and time.monotonic() >= self._next_metric.get(key, 0.0):
            self._next_metric[key] = time.monotonic() + _METRIC_EACH
            of = {"FunctionName": mapping["FunctionName"]}
            cloudwatch._store_datum(
                "AWS/Lambda", "IteratorAge", of, time.time(), "Milliseconds", age * 1000, None, None, None
            )


class _Reader:
    """One shard for one mapping: MiniStack's records, function and store of positions around a ShardConsumer."""

    def __init__(self, mapping: dict[str, Any], shard: str) -> None:
        from ministack.services import lambda_svc

        self._mapping = mapping
        self._shard = shard
        places = lambda_svc._kinesis_positions.setdefault(mapping["UUID"], {})
        if not isinstance(places.get(shard), str):
            places[shard] = BEFORE_ALL
        self._places = places
        self._consumer = ShardConsumer(places[shard], self._after)

    def step(self, mapping: dict[str, Any]) -> float:
        self._mapping = mapping
        wait = self._consumer.step(Rules.of(mapping), self._invoke, self._discard, time.time(), _IDLE)
        before, now = self._places[self._shard], self._consumer.checkpoint
        if before != now:
            metrics.read(mapping["EventSourceArn"].rpartition("/")[2], self._count(before, now), self.iterator_age)
            self._places[self._shard] = now
            mapping["LastProcessingResult"] = "OK"
        return wait

    @property
    def iterator_age(self) -> float:
        """Seconds that the last record of the last batch had waited; 0 when there is nothing to read."""
        return self._consumer.iterator_age

    def _after(self, checkpoint: str, limit: int) -> list[Record]:
        records = shards.records_of(self._mapping, self._shard)
        start = bisect.bisect_right(records, checkpoint, key=shards.sequence)
        return records[start : start + limit]

    def _count(self, after: str, upto: str) -> int:
        records = shards.records_of(self._mapping, self._shard)
        first, last = (bisect.bisect_right(records, place, key=shards.sequence) for place in (after, upto))
        return last - first

    def _invoke(self, records: Sequence[Record]) -> Outcome:
        from ministack.services import lambda_svc

        function, config = lambda_svc._get_func_record_for_qualifier(
            self._mapping["FunctionName"], self._mapping.get("Qualifier")
        )
        if function is None:
            return Outcome(invoked=False)
        event = {"Records": lambda_svc._apply_filter_criteria(self._events(records), self._mapping)}
        if not event["Records"]:
            return Outcome()
        result = lambda_svc._execute_function(lambda_svc._execution_record_for_config(function, config), event)
        if result.get("throttle"):
            return Outcome(invoked=False)
        if not result.get("error"):
            return Outcome(result.get("body"))
        error = json.dumps(result.get("body"))
        self._mapping["LastProcessingResult"] = "PROBLEM: Function call failed"
        logger.warning(
            "%s failed on %d records of %s: %s", self._mapping["FunctionName"], len(records), self._shard, error
        )
        return Outcome(error=error)

    def _events(self, records: Sequence[Record]) -> list[dict[str, Any]]:
        source, role = self._mapping["EventSourceArn"], self._mapping["FunctionArn"]
        return [
            {
                "kinesis": {
                    "kinesisSchemaVersion": "1.0",
                    "partitionKey": record["PartitionKey"],
                    "sequenceNumber": record["SequenceNumber"],
                    "data": record["Data"],
                    "approximateArrivalTimestamp": record["ApproximateArrivalTimestamp"],
                },
                "eventSource": "aws:kinesis",
                "eventVersion": "1.0",
                "eventID": f"{self._shard}:{record['SequenceNumber']}",
                "eventName": "aws:kinesis:record",
                "invokeIdentityArn": role,
                "awsRegion": LOCAL_REGION,
                "eventSourceARN": source,
            }
            for record in records
        ]

    def _discard(self, records: Sequence[Record], condition: str, invocations: int, error: str | None) -> None:
        """Give up records: to the OnFailure bucket if there is one, with what AWS writes there."""
        destination = ((self._mapping.get("DestinationConfig") or {}).get("OnFailure") or {}).get("Destination", "")
        count, name = len(records), self._mapping["FunctionName"]
        logger.warning("%d records of %s are given up for %s: %s", count, self._shard, name, condition)
        if not destination:
            return
        if not destination.startswith("arn:aws:s3:::"):
            message = f"{destination} cannot take failed batches here: only an S3 bucket can."
            raise LocalCloudError(message)
        now = datetime.now(UTC)
        written = event_failure.document(
            self._mapping,
            self._shard,
            self._events(records),
            condition=condition,
            invocations=invocations,
            error=error,
            now=now,
        )
        key = event_failure.key(self._mapping, self._shard, now)
        objects.put(destination.removeprefix("arn:aws:s3:::"), key, written, "application/json")


def _enabled(mapping: dict[str, Any]) -> bool:
    return str(mapping.get("Enabled", True)).lower() == "true"
