"""The invoice writer crashes, or cannot take a record: the real handler under the real event source mapping.

The template's own rules apply (batch size, bisecting, retries); the table is in memory, the clock stands still.
"""

from __future__ import annotations

import base64
import io
import random
from collections import Counter
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from pipeline.contracts import order_line
from pipeline.functions.invoice_writer import handler
from pipeline.local.event_batches import BEFORE_ALL, Outcome, Record, Rules, ShardConsumer
from pipeline.packaging import template
from tests.faults.verdict import Row
from tests.pipeline.functions.fakes import FakeDynamoDB

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

BEFORE, AFTER = "before", "after"
POSITIONS = 60  # records of a shard, in three calls of BatchWriteItem
_ENVIRONMENT = handler.Environment(invoices_table="invoices")
_STEPS = 100_000


class CrashError(BaseException):
    """The invocation ends here: no `except` of the function's own catches it."""


class CrashingTable(FakeDynamoDB):
    """Ends the invocation at the call that writes `victim`, before or after it acts, `times` times."""

    def __init__(self, victim: tuple[str, str], moment: str, times: float = 1) -> None:
        super().__init__()
        self._victim, self._moment, self._times = victim, moment, times

    def batch_write_item(self, *, RequestItems: Mapping[str, Any]) -> Mapping[str, Any]:  # noqa: N803 - boto3's name
        ((_, requests),) = RequestItems.items()
        if self._times < 1 or self._victim not in {self._key(request["PutRequest"]["Item"]) for request in requests}:
            return super().batch_write_item(RequestItems=RequestItems)
        self._times -= 1
        if self._moment == AFTER:
            super().batch_write_item(RequestItems=RequestItems)
        raise CrashError


@dataclass
class Shard:
    """Records of one shard taken to the function until none is left, and what became of them."""

    data: Sequence[bytes]
    table: FakeDynamoDB
    given: Counter[str] = field(default_factory=Counter)  # how often each record was handed to the function
    letters: list[str] = field(default_factory=list)  # sequence numbers of dead letters

    def drain(self) -> None:
        """Step after step, as the mapping does it, without its waits."""
        records = [_record(number, data) for number, data in enumerate(self.data, 1)]
        consumer = ShardConsumer(BEFORE_ALL, lambda checkpoint, limit: _after(records, checkpoint)[:limit])
        rules = _rules()
        for _ in range(_STEPS):
            if consumer.checkpoint == records[-1]["SequenceNumber"]:
                return
            consumer.step(rules, self._invoke, self._discard, now=1.0)
        raise AssertionError(f"it did not end; at {consumer.checkpoint}")

    def _invoke(self, records: Sequence[Record]) -> Outcome:
        self.given.update(record["SequenceNumber"] for record in records)
        event = {
            "Records": [
                {"kinesis": {"sequenceNumber": record["SequenceNumber"], "data": record["Data"], "partitionKey": "p"}}
                for record in records
            ]
        }
        try:
            with redirect_stdout(io.StringIO()):  # what Lambda would log
                answer = handler.write_batch(event, _ENVIRONMENT, self.table, time_left=lambda: 60.0)
            return Outcome(answer)
        except CrashError:
            return Outcome(error="Runtime exited")

    def _discard(self, records: Sequence[Record], condition: str, invocations: int, error: str | None) -> None:
        self.letters += [record["SequenceNumber"] for record in records]

    @property
    def repeats(self) -> int:
        """How often a record came again."""
        return self.given.total() - len(self.given)


def crashes(moment: str, seeds: int) -> Row:
    """One crash at each position of a batch, for each seed: everything is written once in the end."""
    row = Row(f"function crash {moment} its writes")
    for seed in range(seeds):
        events = _events(POSITIONS, seed)
        for event in events.values():
            shard = Shard([order_line.to_wire(event) for event in events.values()], CrashingTable(_key(event), moment))
            shard.drain()
            _count(row, shard, events, given_up=set())
    return row


def always(seeds: int) -> Row:
    """A crash at each position whenever that record comes: it alone is a dead letter, the others are written."""
    row = Row("function crash at one record, always")
    for seed in range(seeds):
        events = _events(POSITIONS, seed)
        for number, event in enumerate(events.values(), 1):
            table = CrashingTable(_key(event), BEFORE, times=float("inf"))
            shard = Shard([order_line.to_wire(event) for event in events.values()], table)
            shard.drain()
            assert shard.letters == [_sequence(number)]
            _count(row, shard, events, given_up={str(event["EventID"])})
    return row


def poison(seeds: int, records: int = 10_000) -> Row:
    """One record that is no event among thousands: all others are written, it is the one dead letter."""
    row = Row(f"one poison record among {records:,}")
    for seed in range(seeds):
        chance = random.Random(seed)  # noqa: S311 - a place that repeats
        events = _events(records, seed)
        bad = chance.randrange(records)
        data = [order_line.to_wire(event) for event in events.values()]
        data[bad] = data[bad][: chance.randrange(1, len(data[bad]) - 2)]  # cut off
        shard = Shard(data, FakeDynamoDB())
        shard.drain()
        assert shard.letters == [_sequence(bad + 1)]
        _count(row, shard, events, given_up={list(events)[bad]})
    return row


def _count(row: Row, shard: Shard, events: Mapping[str, Mapping[str, object]], given_up: set[str]) -> None:
    """Add a run. A dead letter is explained by itself: it is not lost."""
    held = {item["event_id"]["S"]: item["quantity"]["N"] for item in shard.table.items.values()}
    wanted = {event_id: str(event["Quantity"]) for event_id, event in events.items() if event_id not in given_up}
    row.runs += 1
    row.met += 1
    row.events += len(events)
    row.retried += shard.repeats
    row.lost += len(set(wanted) - set(held))
    row.double += len(set(held) - set(wanted)) + sum(held.get(name, wanted[name]) != wanted[name] for name in wanted)
    row.explained += sum(name in held for name in wanted) + len(shard.letters)


def _events(count: int, seed: int) -> dict[str, Mapping[str, object]]:
    chance = random.Random(seed)  # noqa: S311 - events that repeat
    events: dict[str, Mapping[str, object]] = {}
    for number in range(count):
        row = {
            "InvoiceNo": f"F{seed}N{number // 7}", "LineNo": number % 7 + 1, "StockCode": "85123A",
            "Description": "LAMP", "Quantity": chance.randint(-5, 50), "InvoiceDate": "1/2/1999 8:26",
            "UnitPrice": "2.55", "CustomerID": None, "Country": "Testland",
        }  # fmt: skip
        event = order_line.stamp(order_line.normalise(row), sent_at=f"2026-01-01 00:00:00.{number:06d}")
        events[str(event["EventID"])] = event
    return events


def _key(event: Mapping[str, object]) -> tuple[str, str]:
    return str(event["InvoiceNo"]), order_line.line_key(event)


def _record(number: int, data: bytes) -> Record:
    return {
        "SequenceNumber": _sequence(number), "ApproximateArrivalTimestamp": 1.0, "PartitionKey": "p",
        "Data": base64.b64encode(data).decode(),
    }  # fmt: skip


@cache
def _rules() -> Rules:
    return Rules.of(template()["Resources"]["InvoiceWriterSource"]["Properties"])


def _sequence(number: int) -> str:
    return f"{number:030d}"


def _after(records: list[Record], checkpoint: str) -> list[Record]:
    return records[int(checkpoint or 0) :]


SCENARIOS: tuple[Callable[[int], Row], ...] = (
    lambda seeds: crashes(BEFORE, seeds),
    lambda seeds: crashes(AFTER, seeds),
    always,
    poison,
)
