"""A batch of the clicks stream into the live counters, as the event source mapping calls it.

Answers with `batchItemFailures`: Lambda comes again from the lowest of them on, so records that were counted come
again too, alone, with later ones or split in two. `table` tells why each is counted once all the same.
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

from pipeline.functions.page_counter import counts
from pipeline.functions.page_counter.table import Counters, DynamoDB

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_RESERVE = 6.0  # seconds kept for the answer, and for a last call that times out


@dataclass(frozen=True)
class Environment:
    """What the template sets for this function."""

    active_views_table: str

    @classmethod
    def read(cls, variables: Mapping[str, str]) -> Environment:
        """Raises KeyError for a variable that is not set."""
        return cls(active_views_table=variables["ACTIVE_VIEWS_TABLE"])


def handle(event: dict[str, Any], context: Any) -> dict[str, object]:  # noqa: ANN401 - Lambda's context has no type
    """Lambda's entry."""
    due = time.monotonic() + context.get_remaining_time_in_millis() / 1000 - _RESERVE
    return count_batch(event, Environment.read(os.environ), _client(), time_left=lambda: due - time.monotonic())


def count_batch(
    event: Mapping[str, Any], environment: Environment, client: DynamoDB, *, time_left: Callable[[], float]
) -> dict[str, object]:
    """Count the records of a Kinesis event; the answer names those that are no views and those not counted."""
    batch = counts.read(event["Records"])
    missed = Counters(client, environment.active_views_table, time_left=time_left).add(batch)
    numbers = {"records": len(event["Records"]), "counters": len(batch.counters), "poison": len(batch.poison)}
    why = ", ".join(sorted(set(missed.values())))
    print(json.dumps({**numbers, "not_counted": len(missed), "why": why}))  # noqa: T201 - Lambda's log
    failures = sorted({*batch.poison, *missed}, key=int)
    return {"batchItemFailures": [{"itemIdentifier": number} for number in failures]}


@cache
def _client() -> DynamoDB:
    # Every retry is counted and bounded in `table`; the updates are made to DynamoDB's form there.
    config = Config(
        connect_timeout=2,
        read_timeout=5,
        retries={"mode": "standard", "total_max_attempts": 1},
        max_pool_connections=10,
        parameter_validation=False,
    )
    client: DynamoDB = boto3.client("dynamodb", config=config)
    return client
