"""A batch of the stream of browse sessions: each enriched, and put to the USA or to the International stream.

Answers with `batchItemFailures`: what is no session, and what a stream refused to the end. Lambda comes again from the
lowest of them on, so sessions may be put twice; each keeps its EventID, and the lake counts it once.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from pipeline.contracts import session, stream
from pipeline.contracts.clock import CLOCK
from pipeline.functions.sessions_etl import enrich

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_RESERVE = 6.0  # seconds kept for the answer, and for a last call that times out
# API reference, PutRecords: 500 records and 5 MiB a call, keys included.
_MOST_RECORDS, _MOST_BYTES = 500, 5 << 20


@dataclass(frozen=True)
class Environment:
    """What the template sets for this function."""

    usa_stream: str
    international_stream: str

    @classmethod
    def read(cls, variables: Mapping[str, str]) -> Environment:
        """Raises KeyError for a variable that is not set."""
        return cls(variables["USA_STREAM"], variables["INTERNATIONAL_STREAM"])


@dataclass
class Way:
    """What goes to one stream: records for PutRecords, and the sequence number of the record behind each."""

    records: list[dict[str, Any]] = field(default_factory=list)
    numbers: list[str] = field(default_factory=list)

    def calls(self) -> Iterator[tuple[list[dict[str, Any]], list[str]]]:
        """In pieces that one call takes."""
        start, size = 0, 0
        for at, record in enumerate(self.records):
            more = len(record["Data"]) + len(record["PartitionKey"].encode())
            if at - start == _MOST_RECORDS or (at > start and size + more > _MOST_BYTES):
                yield self.records[start:at], self.numbers[start:at]
                start, size = at, 0
            size += more
        if self.records[start:]:
            yield self.records[start:], self.numbers[start:]


def handle(event: dict[str, Any], context: Any) -> dict[str, object]:  # noqa: ANN401 - Lambda's context has no type
    """Lambda's entry."""
    due = time.monotonic() + context.get_remaining_time_in_millis() / 1000 - _RESERVE
    return route(event, Environment.read(os.environ), _client(), time_left=lambda: due - time.monotonic())


def route(
    event: Mapping[str, Any], environment: Environment, kinesis: stream.Kinesis, *, time_left: Callable[[], float]
) -> dict[str, object]:
    """Put the sessions of a Kinesis event to their streams; the answer names those that are none and those refused."""
    ways = {environment.usa_stream: Way(), environment.international_stream: Way()}
    missed: dict[str, str] = {}
    for record in event["Records"]:
        number = str(record["kinesis"]["sequenceNumber"])
        try:
            found = enrich.read(_data(record), arrived=_arrival(record))
        except (session.InvalidSessionError, binascii.Error) as error:
            missed[number] = f"no session: {error}"
            continue
        usa = enrich.goes_to_usa(found)
        way = ways[environment.usa_stream if usa else environment.international_stream]
        data = enrich.to_wire(enrich.enriched(found, processed=CLOCK.now()))
        way.records.append({"Data": data, "PartitionKey": session.partition_key(found)})
        way.numbers.append(number)
    for name, way in ways.items():
        for records, numbers in way.calls():
            refused = stream.send(kinesis, name, records, time_left=time_left)
            missed |= {numbers[index]: code for index, code in refused.items()}
    counts = {name: len(way.records) for name, way in ways.items()}
    why = sorted({reason[:200] for reason in missed.values()})
    print(json.dumps({**counts, "missed": len(missed), "why": why}))  # noqa: T201 - Lambda's log
    return {"batchItemFailures": [{"itemIdentifier": number} for number in sorted(missed, key=int)]}


def _data(record: Mapping[str, Any]) -> bytes:
    return base64.b64decode(record["kinesis"]["data"], validate=True)


def _arrival(record: Mapping[str, Any]) -> str:
    moment = datetime.fromtimestamp(record["kinesis"]["approximateArrivalTimestamp"], UTC)
    return moment.replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")


@cache
def _client() -> stream.Kinesis:
    # Every retry is counted and bounded in `stream`.
    config = Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 1})
    client: stream.Kinesis = boto3.client("kinesis", config=config)
    return client
