"""One delivery stream at work: its buffer, and the thread that delivers it.

A record that was taken is never dropped because something unforeseen went wrong: the batch is kept and tried again
until it is written. What a stop finds undelivered goes back to the caller, who keeps it on disk.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline.errors import WeirError
from pipeline.local.firehose.buffers import Batch, Buffer, Level
from pipeline.local.firehose.counters import Counters
from pipeline.local.firehose.destination import read
from pipeline.local.firehose.plan import plan
from pipeline.local.firehose.redshift import Loader, Staged

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from pipeline.local.firehose.buffers import Chunk
    from pipeline.local.firehose.counters import Totals
    from pipeline.local.firehose.destination import Destination, LogStream
    from pipeline.local.firehose.plan import Plan, Upload
    from pipeline.local.firehose.redshift import Copy
    from pipeline.local.firehose.services import Services

logger = logging.getLogger("weir.firehose")
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 30.0
# A stop tries this often before it leaves the rest to the next start.
_LAST_ATTEMPTS = 2


@dataclass(frozen=True, slots=True)
class Undelivered:
    """What a stop found: records that no object holds yet, and objects that the warehouse has not loaded."""

    records: Batch
    staged: tuple[Staged, ...]


def pause_s(attempt: int) -> float:
    """How long to wait after the `attempt`-th failure, in seconds."""
    return min(_FIRST_PAUSE_S * 2.0 ** min(attempt - 1, 10), _LONGEST_PAUSE_S)


class Delivery:
    """The buffer and the worker of one delivery stream; `stream` is MiniStack's own record, which it updates."""

    def __init__(
        self, stream: dict[str, Any], services: Services, copy: Copy, scope: Callable[[], AbstractContextManager[None]]
    ) -> None:
        self.stream = stream
        self.counters = Counters()
        self._services = services
        self._scope = scope
        self._buffer = Buffer()
        self._closing = threading.Event()
        self._current: Batch | None = None
        self._known: Destination | None = None
        self._loader = Loader(self._destination, services, copy, self.counters, self._report)
        name = f"firehose-{stream['name']}"
        self._threads = [
            threading.Thread(target=self._run, args=(work,), name=f"{name}-{what}", daemon=True)
            for what, work in (("deliver", self._deliver_all), ("copy", self._loader.run))
        ]

    def start(self, undelivered: Undelivered | None = None) -> None:
        """Start working, with what an earlier run left."""
        if undelivered is not None:
            for chunk in undelivered.records.chunks:
                self._buffer.add(chunk)
            self._loader.add(undelivered.staged)
        for thread in self._threads:
            thread.start()

    def ingest(self, chunk: Chunk) -> bool:
        """Take records; returns at once. False when this delivery has ended and did not take them."""
        if not self._buffer.add(chunk):
            return False
        if self.stream["type"] == "KinesisStreamAsSource":
            # Records are handed over as they are put: nothing is ever behind.
            self.counters.add(
                DataReadFromKinesisStream__Records=len(chunk.sizes),
                DataReadFromKinesisStream__Bytes=len(chunk.data),
                KinesisMillisBehindLatest=0,
            )
        self.counters.add(IncomingRecords=len(chunk.sizes), IncomingBytes=len(chunk.data))
        return True

    @property
    def level(self) -> Level:
        """What is taken and not delivered yet: the buffer and the batch on its way."""
        level, current = self._buffer.level, self._current
        if current is None:
            return level
        return Level(level.records + current.count, level.size + current.size, current.arrived)

    @property
    def totals(self) -> Totals:
        """What was counted since the start."""
        return self.counters.totals

    def publish(self) -> None:
        """Put the metrics of the time since the last call."""
        since = self.level.since
        if since is not None:
            self.counters.add(DeliveryToS3__DataFreshness=max(0.0, time.time() - since))
        if metrics := self.counters.take():
            self._services.publish(self.stream["name"], metrics)

    def stop(self, limit_s: float) -> Undelivered:
        """Deliver what is there, end, and return what could not be delivered within `limit_s` seconds."""
        deadline = time.monotonic() + limit_s
        self._closing.set()
        self._buffer.close()
        deliver, copy = self._threads
        _join(deliver, deadline)
        self._loader.close()
        _join(copy, deadline)
        stuck = self._current.chunks if self._current else ()
        return Undelivered(Batch(stuck + self._buffer.drain().chunks), self._loader.drain())

    def _run(self, work: Callable[[], None]) -> None:
        with self._scope():
            work()

    def _deliver_all(self) -> None:
        while (batch := self._buffer.wait(lambda: self._destination().hints)) is not None:
            self._current = batch
            if not self._deliver(batch):
                return  # it stays in _current for stop()
            self._current = None

    def _destination(self) -> Destination:
        """The configuration as it is now, or as it last could be read."""
        try:
            self._known = read(self.stream)
        except (AttributeError, LookupError, TypeError, ValueError):
            if self._known is None:
                raise
            logger.exception("%s: its configuration cannot be read", self.stream["name"])
        return self._known

    def _deliver(self, batch: Batch) -> bool:
        """Deliver a batch, however often it takes; False when a stop came first."""
        made: Plan | None = None
        written: set[str] = set()
        attempt = 0
        while True:
            destination = self._destination()
            try:
                if made is None or made.destination != destination:
                    made, written = plan(batch, destination, self._services), set()
                for upload in made.uploads:
                    if upload.key not in written:
                        self._put(upload)
                        written.add(upload.key)
            except Exception as error:  # noqa: BLE001 - whatever it is, records that were taken must not be lost by it
                attempt += 1
                if attempt == 1:
                    self._failed(destination, error)
                if self._closing.is_set() and attempt >= _LAST_ATTEMPTS:
                    return False
                self._closing.wait(pause_s(attempt))
                continue
            self._delivered(made)
            return True

    def _put(self, upload: Upload) -> None:
        try:
            self._services.put(upload.bucket, upload.key, upload.body)
        except BaseException:
            self.counters.add(DeliveryToS3__Success=0)
            raise
        self.counters.add(DeliveryToS3__Success=1)
        if upload.is_data:
            now = time.time()
            self.counters.add(
                DeliveryToS3__Records=upload.records,
                DeliveryToS3__Bytes=upload.size,
                DeliveryToS3__DataFreshness=max(0.0, now - upload.arrived),
            )
            self.counters.delivered(upload.key, now)

    def _delivered(self, made: Plan) -> None:
        if made.destination.redshift:
            self._loader.add(
                Staged(upload.bucket, upload.key, upload.records, upload.size)
                for upload in made.uploads
                if upload.is_data
            )
        self.counters.add(**made.counts)
        for code, message in made.problems:
            self._report(made.destination, made.destination.logs, code, message)

    def _failed(self, destination: Destination, error: Exception) -> None:
        """Say once per batch what keeps it from being delivered."""
        foreseen = isinstance(error, WeirError)
        name = self.stream["name"]
        logger.warning("%s: not delivered yet, will be tried again: %s", name, error, exc_info=not foreseen)
        code = "S3.NoSuchBucket" if "NoSuchBucket" in str(error) else "InternalError"
        self._report(destination, destination.s3.logs, code, f"Data was not delivered and will be retried. {error}")

    def _report(self, destination: Destination, where: LogStream | None, code: str, message: str) -> None:
        """Write an error line as Firehose does, where the stream's configuration says."""
        self.counters.failed(f"{code}: {message}", time.time())
        if where is None:
            return
        line = {
            "deliveryStreamARN": destination.arn,
            "destination": destination.name,
            "deliveryStreamVersionId": destination.version,
            "message": message,
            "errorCode": code,
        }
        if code.startswith("Lambda.") and destination.processing:
            line["processor"] = destination.processing.function
        try:
            self._services.log(where, json.dumps(line))
        except Exception:  # what cannot be logged must not stop what is being delivered
            logger.exception("%s: its error log cannot be written", self.stream["name"])


def _join(thread: threading.Thread, deadline: float) -> None:
    if thread.is_alive():
        thread.join(max(0.0, deadline - time.monotonic()))
