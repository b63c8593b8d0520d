"""What comes into each stream, is refused, and goes out, told to CloudWatch each 15 s.

Names from the developer guide, "Monitoring the Amazon Kinesis Data Streams service with Amazon CloudWatch". Functions
and delivery streams read records without a GetRecords call here; theirs count all the same, as on AWS.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from typing import TYPE_CHECKING

from pipeline.local import metrics

if TYPE_CHECKING:
    from pipeline.local.host import Host

_EVERY_S = 15.0
_streams: defaultdict[str, metrics.Sums] = defaultdict(metrics.Sums)  # by name


def put(stream: str, records: int, size: int, refused: int) -> None:
    """A call of PutRecords: how many records of how many bytes were taken, how many refused for a shard's limits."""
    _streams[stream].add(IncomingRecords=records, IncomingBytes=size, WriteProvisionedThroughputExceeded=refused)


def read(stream: str, records: int, age_s: float = 0.0) -> None:
    """Records that a consumer was given, and how long the last of them had waited."""
    if records:
        _streams[stream].add(GetRecords__Records=records, GetRecords__IteratorAgeMilliseconds=age_s * 1000)


def publish() -> None:
    """Tell CloudWatch what was counted since the last time. Call within the host's scope."""
    for name, sums in list(_streams.items()):
        metrics.publish("AWS/Kinesis", {"StreamName": name}, sums.take())


def install(host: Host) -> None:
    """Publish while the local cloud runs, and once more at its stop."""
    stopping = threading.Event()

    def run() -> None:
        with host.scope():
            while not stopping.wait(_EVERY_S):
                publish()
            publish()

    publisher = threading.Thread(target=run, name="kinesis-metrics", daemon=True)

    def stop() -> None:
        stopping.set()
        publisher.join()

    host.on_start(publisher.start)
    host.on_stop(stop)
