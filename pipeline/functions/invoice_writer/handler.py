"""A batch of the orders stream into the table of invoices, as the event source mapping calls it.

Answers with `batchItemFailures`: Lambda comes again from the lowest of them on, so records that were written may come
again too. That is no harm: an event's key is made of the event, and within a batch the greatest SentAt is written.
A shard brings an invoice in its order, so an older version never follows a newer one but by such a repeat, which ends
with the newer one again. Only a redrive sends what is older on purpose: its records are marked, and each is written on
the condition that the table holds nothing as new.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from pipeline.contracts.clock import CLOCK
from pipeline.functions.invoice_writer import items
from pipeline.functions.invoice_writer.table import DynamoDB, Writer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_RESERVE = 6.0  # seconds kept for the answer, and for a last call that times out


@dataclass(frozen=True)
class Environment:
    """What the template sets for this function."""

    invoices_table: str

    @classmethod
    def read(cls, variables: Mapping[str, str]) -> Environment:
        """Raises KeyError for a variable that is not set."""
        return cls(invoices_table=variables["INVOICES_TABLE"])


def handle(event: dict[str, Any], context: Any) -> dict[str, object]:  # noqa: ANN401 - Lambda's context has no type
    """Lambda's entry."""
    due = time.monotonic() + context.get_remaining_time_in_millis() / 1000 - _RESERVE
    return write_batch(event, Environment.read(os.environ), _client(), time_left=lambda: due - time.monotonic())


def write_batch(
    event: Mapping[str, Any], environment: Environment, client: DynamoDB, *, time_left: Callable[[], float]
) -> dict[str, object]:
    """Write the records of a Kinesis event; the answer names those that are no events and those not written."""
    batch = items.read(event["Records"], CLOCK.now())
    writer = Writer(client, environment.invoices_table, time_left=time_left)
    again = {key: batch.items[key] for key in batch.redriven}
    failed = writer.put({key: item for key, item in batch.items.items() if key not in again})
    failed |= writer.put_newer(again)
    missed = [*batch.poison, *(batch.sequence[key] for key in failed)]
    counts = {"records": len(event["Records"]), "items": len(batch.items), "poison": len(batch.poison)}
    counts["redriven"] = len(again)
    why = ", ".join(sorted(set(failed.values())))
    print(json.dumps({**counts, "not_written": len(failed), "why": why}))  # noqa: T201 - Lambda's log
    return {"batchItemFailures": [{"itemIdentifier": number} for number in sorted(missed, key=int)]}


@cache
def _client() -> DynamoDB:
    # Every retry is counted and bounded in `table`; the items are made to DynamoDB's form there, and checking 25 of
    # them takes botocore three times as long as sending them.
    config = Config(
        connect_timeout=2,
        read_timeout=5,
        retries={"mode": "standard", "total_max_attempts": 1},
        max_pool_connections=10,
        parameter_validation=False,
    )
    client: DynamoDB = boto3.client("dynamodb", config=config)
    return client
