"""A shard's own pace: nobody waits before a refusal, and after one hardly a record is sent in vain."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

from pipeline.local.kinesis.limits import ShardLimits
from pipeline.replay.delivery import Delivery
from pipeline.replay.pacing import Pace, cost
from pipeline.replay.rows import Record
from pipeline.replay.senders import Accepted, KinesisSender, Refused
from pipeline.replay.shards import Range, Shards

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.replay.senders import Outcome

THROTTLED = Refused("ProvisionedThroughputExceededException")


def records(count: int, key: str = "a", size: int = 10) -> list[Record]:
    return [Record(n, f"{key}-{n}", key, b"x" * size) for n in range(count)]


def outcomes(rows: Sequence[Record], outcome: Outcome) -> list[tuple[Record, Outcome]]:
    return [(row, outcome) for row in rows]


def test_a_record_costs_a_thousandth_of_a_second_or_its_bytes() -> None:
    assert cost(records(500)) == 0.5
    assert cost(records(2, size=(1 << 19) - 1)) == 1.0


def test_nobody_waits_before_a_refusal_and_all_do_after_one() -> None:
    now = [100.0]
    pace = Pace(lambda: now[0])
    rows = records(500)
    for _ in range(100):
        assert pace.wait(rows) == 0
        pace.heard(outcomes(rows, Accepted()))
    pace.heard(outcomes(rows, Refused("InternalFailure")))
    assert pace.wait(rows) == 0
    pace.heard(outcomes(rows, THROTTLED))
    assert [pace.wait(rows) for _ in range(3)] == [0.5, 1.0, 1.5]
    now[0] += 1.5
    assert pace.wait(rows) == 0.5
    now[0] += 3  # what the shard has saved up meanwhile goes at once
    assert pace.wait(rows) == 0
    now[0] += 11  # not refused for long
    assert [pace.wait(rows) for _ in range(9)] == [0] * 9


class Limited:
    """PutRecords of a stream whose shards have AWS's limits."""

    def __init__(self, shards: Shards) -> None:
        self.taken: list[bytes] = []
        self.sent = 0
        self._shards = shards
        self._limits = ShardLimits()
        self._lock = threading.Lock()

    def put_records(self, *, StreamName: str, Records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:  # noqa: N803
        with self._lock:
            self.sent += len(Records)
            return {"Records": [self._take(record) for record in Records]}

    def _take(self, record: Mapping[str, Any]) -> dict[str, str]:
        shard = self._shards.of(record["PartitionKey"])
        if not self._limits.takes("orders", shard, len(record["Data"])):
            return {"ErrorCode": THROTTLED.code, "ErrorMessage": f"Rate exceeded for shard {shard}"}
        self.taken.append(record["Data"])
        return {"ShardId": shard, "SequenceNumber": str(len(self.taken))}


def test_a_hot_shard_holds_nobody_back_and_gets_what_it_can_take() -> None:
    """Invoices of 200 lines, as long ones are: in a row in the file, all on one shard."""
    quarter = 1 << 126
    shards = Shards(Range(f"s{at}", at * quarter, (at + 1) * quarter - 1) for at in range(4))
    rows = [Record(n, str(n), str(n // 200), b"%d" % n) for n in range(16_000)]
    hottest = max(sum(shards.of(row.key) == one.shard for row in rows) for one in shards.ranges)
    kinesis = Limited(shards)
    accepted: list[str] = []

    def take(became: Sequence[tuple[Record, Outcome]]) -> None:
        accepted.extend(record.event_id for record, outcome in became if isinstance(outcome, Accepted))

    began = time.monotonic()
    with Delivery(KinesisSender(kinesis, "orders"), take, shards=shards) as delivery:
        for row in rows:
            delivery.add(row)
    seconds = time.monotonic() - began
    assert sorted(accepted) == sorted(row.event_id for row in rows)
    assert len(kinesis.taken) == 16_000
    # A shard's first 1,000 go at once. The rest is bound by the limits; a machine with other work is slower than that.
    assert (hottest - 1000) / 1000 / seconds > 0.8
    assert kinesis.sent < 1.25 * 16_000


def test_a_stream_that_is_resharded_under_way_gets_every_record() -> None:
    kinesis = Limited(Shards([Range("new", 0, 2**128 - 1)]))
    old = Shards([Range("old", 0, 2**127)])  # some keys belong to no shard that we know
    got: list[Record] = []
    with Delivery(
        KinesisSender(kinesis, "orders"), lambda became: got.extend(r for r, _ in became), shards=old
    ) as sent:
        for number in range(900):
            sent.add(Record(number, str(number), str(number), b"x"))
    assert sorted(record.line for record in got) == list(range(900))
