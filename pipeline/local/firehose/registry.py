"""The deliveries of all delivery streams, and what is kept of them between a stop and the next start."""

from __future__ import annotations

import json
import logging
import threading
import time
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING, Any

from pipeline.local.firehose.buffers import Batch, Chunk, Record
from pipeline.local.firehose.delivery import Delivery, Undelivered
from pipeline.local.firehose.redshift import Staged

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from pipeline.local.firehose.redshift import Copy
    from pipeline.local.firehose.services import Services

logger = logging.getLogger("weir.firehose")
_PUBLISH_EVERY_S = 5.0
_STOP_LIMIT_S = 60.0
_DELETE_LIMIT_S = 10.0


class Registry:
    """All deliveries. `folder` holds what a stop could not deliver; `scope` enters MiniStack's account."""

    def __init__(
        self, services: Services, copy: Copy, scope: Callable[[], AbstractContextManager[None]], folder: Path
    ) -> None:
        self._services = services
        self._copy = copy
        self._scope = scope
        self._folder = folder
        self._lock = threading.Lock()
        self._deliveries: dict[str, Delivery] = {}
        self._stopping = threading.Event()
        self._publisher = threading.Thread(target=self._publish, name="firehose-metrics", daemon=True)

    def start(self) -> None:
        """Take up what the last stop left, and publish metrics from now on."""
        with self._scope():
            for path in sorted(self._folder.glob("*.jsonl")):
                self._restore(path)
        self._publisher.start()

    def stop(self) -> None:
        """Deliver what is buffered; keep what cannot be delivered now on disk, for the next start."""
        self._stopping.set()
        with self._lock:
            deliveries = dict(self._deliveries)
        deadline = time.monotonic() + _STOP_LIMIT_S
        for arn, delivery in deliveries.items():
            self._keep(arn, delivery.stop(max(1.0, deadline - time.monotonic())))

    def ingest(self, stream: dict[str, Any], chunk: Chunk) -> None:
        """Take records for a delivery stream; after a stop they go to disk."""
        if self._stopping.is_set() or not self.delivery(stream).ingest(chunk):
            self._keep(stream["arn"], Undelivered(Batch((chunk,)), ()))

    def delivery(self, stream: dict[str, Any]) -> Delivery:
        """The delivery of MiniStack's record of a delivery stream."""
        found = self._deliveries.get(stream["arn"])
        if found is not None and found.stream is stream:
            return found
        with self._lock:
            found = self._deliveries.get(stream["arn"])
            if found is None or found.stream is not stream:
                found = self._deliveries[stream["arn"]] = self._new(stream)
                found.start()
            return found

    def forget(self, arn: str) -> None:
        """Deliver what a deleted delivery stream still holds, then drop the rest."""
        with self._lock:
            delivery = self._deliveries.pop(arn, None)
        if delivery is None:
            return
        left = delivery.stop(_DELETE_LIMIT_S)
        if left.records.count or left.staged:
            logger.warning(
                "%s was deleted: %d records and %d staged objects were not delivered",
                arn,
                left.records.count,
                len(left.staged),
            )

    def _new(self, stream: dict[str, Any]) -> Delivery:
        return Delivery(stream, self._services, self._copy, self._scope)

    def _publish(self) -> None:
        with self._scope():
            while not self._stopping.wait(_PUBLISH_EVERY_S):
                self._publish_once()
            self._publish_once()

    def _publish_once(self) -> None:
        with self._lock:
            deliveries = list(self._deliveries.values())
        for delivery in deliveries:
            try:
                delivery.publish()
            except Exception:  # metrics must never be what stops a delivery
                logger.exception("%s: metrics were not published", delivery.stream["name"])

    def _keep(self, arn: str, left: Undelivered) -> None:
        if not left.records.count and not left.staged:
            return
        logger.warning("%s: %d records wait for the next start", arn, left.records.count)
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"{arn.rpartition('/')[2]}.jsonl"
        with self._lock, path.open("a") as file:
            if path.stat().st_size == 0:
                file.write(json.dumps({"arn": arn}) + "\n")
            for record in left.records:
                data = b64encode(record.data).decode()
                file.write(json.dumps({"arrived": record.arrived, "id": record.id, "data": data}) + "\n")
            for staged in left.staged:
                file.write(json.dumps({"staged": [staged.bucket, staged.key, staged.records, staged.size]}) + "\n")

    def _restore(self, path: Path) -> None:
        with path.open() as file:
            arn = json.loads(file.readline())["arn"]
            lines = [json.loads(line) for line in file]
        stream = self._services.stream(arn)
        if stream is None:
            logger.warning("%s is gone: what waited for it in %s is dropped", arn, path)
        else:
            records = Batch.of(
                Record(b64decode(line["data"]), line["arrived"], line["id"]) for line in lines if "data" in line
            )
            staged = tuple(Staged(*line["staged"]) for line in lines if "staged" in line)
            with self._lock:
                delivery = self._deliveries[arn] = self._new(stream)
            delivery.start(Undelivered(records, staged))
        path.unlink()
