"""The invoice writer on the cloud itself: its process is killed at its writes, and one record is refused for good.

The stack's own function reaches DynamoDB through a proxy meanwhile; the event source mapping, its retries, its
bisecting and its dead letters are the cloud's. What was refused is redriven once DynamoDB takes it again.
"""

from __future__ import annotations

import base64
import json
import random
import threading
from collections import Counter
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import psutil

from pipeline import stack
from pipeline.clients import client
from pipeline.quarantine.listing import Filter, Kept
from pipeline.settings import running_cloud
from queries import sources
from queries.audit.run import Sinks, audit
from tests.conftest import eventually
from tests.faults import files, verdict, worker
from tests.faults.proxy import Answer, Call, Proxy, refusal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pipeline.settings import Settings
    from pipeline.stack import Outputs
    from queries.audit.result import Absent

BEFORE = "function killed before its writes, on the local cloud"
AFTER = "function killed after its writes, on the local cloud"
POISON = "one record that DynamoDB refuses: the one dead letter, redriven"
_WRITES = {"DynamoDB.BatchWriteItem", "DynamoDB.PutItem"}
_LIMIT_S = 240.0
# A function counts as behind for four minutes after it caught up, as far as `pipeline/health/lags.py` looks back, and
# what it was given until then counts as late. On a slow machine the retries alone make it fall behind.
_NAMED_S = 480.0


@dataclass
class Trouble:
    """Kills the function at one write of each event of `before` and `after`, refuses every one of `poison`."""

    cloud: psutil.Process
    before: set[str] = field(default_factory=set)
    after: set[str] = field(default_factory=set)
    poison: set[str] = field(default_factory=set)
    given: Counter[str] = field(default_factory=Counter)  # how often each event was to be written
    kills: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, call: Call, answer: Answer | None) -> Answer | None:
        if call.operation not in _WRITES:
            return None
        events = _events(call)
        with self._lock:
            if answer is None:
                self.given.update(events)
                if self.poison & events:
                    return refusal("ValidationException", "One or more parameter values were invalid.")
                if self._killed_at(self.before & events, call):
                    self.before.discard(min(self.before & events))
                    return refusal("InternalServerError", "Nobody reads this: the call was not made.")
            elif self._killed_at(self.after & events, call):
                self.after.discard(min(self.after & events))
        return None

    def again(self, prefix: str) -> int:
        """How often events of a prefix were to be written once more."""
        given = [count for event_id, count in self.given.items() if event_id.startswith(prefix)]
        return sum(given) - len(given)

    def _killed_at(self, events: set[str], call: Call) -> bool:
        """Whether there is such an event, and the process that made the call was killed for it.

        Its calls come from several threads: it may be dead already for another event of its batch.
        """
        for process in self.cloud.children(recursive=True) if events else ():
            with suppress(psutil.NoSuchProcess):
                if call.port in {connection.laddr.port for connection in process.net_connections() if connection.raddr}:
                    process.kill()
                    self.kills += 1
                    return True
        return False


def _events(call: Call) -> set[str]:
    """What a call writes."""
    asked = json.loads(call.body)
    puts = [request["PutRequest"] for requests in asked.get("RequestItems", {}).values() for request in requests]
    return {put["Item"]["event_id"]["S"] for put in puts or [asked]}


@contextmanager
def through(outputs: Outputs, proxy: Proxy) -> Iterator[None]:
    """Within the block the invoice writer reaches DynamoDB through the proxy."""
    functions, name = client("lambda"), outputs.invoice_writer
    usual = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]

    def settle(variables: dict[str, str]) -> None:
        functions.update_function_configuration(FunctionName=name, Environment={"Variables": variables})

    settle(usual | {"AWS_ENDPOINT_URL_DYNAMODB": proxy.url})
    try:
        yield
    finally:
        settle(usual)


def send(
    settings: Settings, folder: Path, prefix: str, seeds: int, rows: tuple[int, int, int]
) -> dict[str, list[verdict.Sent]]:
    """A file of so many rows for each: `seeds` kills before writes, as many after them, and one poison record."""
    outputs = stack.outputs(settings.stack)
    written = [
        files.write(folder / f"{prefix}{name}.csv", f"{prefix}{name}", rows=count, seed=7)
        for name, count in zip("BAP", rows, strict=True)
    ]
    chance = random.Random(seeds)  # noqa: S311 - events that repeat
    before, after, poison = (
        chance.sample(sorted(file.quantities), count) for file, count in zip(written, (seeds, seeds, 1), strict=True)
    )
    cloud = psutil.Process(int(running_cloud(settings.state)["pid"]))
    trouble = Trouble(cloud, set(before), set(after), set(poison))
    with Proxy(worker.endpoint(settings.state), watch=trouble) as proxy, through(outputs, proxy):
        replays = [_replayed(settings, file) for file in written]
        eventually(lambda: not (trouble.before or trouble.after), "every kill", _LIMIT_S)
        eventually(lambda: bool(_letters(outputs, f"{prefix}P")), "the dead letter", _LIMIT_S)
        _redriven(settings, replays[2], poison, trouble)
        assert _letters(outputs, f"{prefix}P") == poison
    assert trouble.kills == 2 * seeds
    assert not _letters(outputs, f"{prefix}B") + _letters(outputs, f"{prefix}A")
    return {
        fault: [verdict.Sent(file, replay_id, trouble.again(f"{prefix}{name}"), met=met)]
        for fault, file, replay_id, name, met in zip(
            (BEFORE, AFTER, POISON), written, replays, "BAP", (seeds, seeds, 1), strict=True
        )
    }


def _replayed(settings: Settings, file: files.Written) -> str:
    sent = worker.receipt(worker.start(settings.state, "replay", str(file.path), "--max", "--wait", "--json"))
    return str(sent["replay_id"])


def _redriven(settings: Settings, replay_id: str, poison: list[str], trouble: Trouble) -> None:
    """The audit names the record and where it is kept; once DynamoDB takes it, a redrive sends it and nothing else."""
    sinks = Sinks.of(sources.of(settings))
    kept = Kept(client("s3"), sinks.outputs)
    letters = Filter(places=("function",), replay_id=replay_id)
    told: list[Absent] = []

    def only_that_is_missing() -> bool:
        # What lay behind it in its shard is written once it was given up.
        told[:] = audit(sinks, replay_id).sinks["invoices"].absent
        return [one.event_id for one in told if not one.late] == poison == [one.event_id for one in told]

    try:
        eventually(only_that_is_missing, f"an audit that misses {poison} and nothing else", _NAMED_S)
    except AssertionError as error:
        error.add_note(f"The last audit told of {told}.")
        raise
    assert told[0].cause.startswith("dead-lettered by the invoice writer: s3://"), told[0]
    assert [row.event_id for row in kept.rows(letters)] == poison
    trouble.poison.clear()
    sent = worker.receipt(worker.start(settings.state, "redrive", replay_id, "--send", "--json"))
    assert (sent["event_ids"], sent["redrive"]["accepted"]) == (poison, 1), sent
    assert not list(kept.rows(letters))  # settled: the page lists it no longer


def _letters(outputs: Outputs, prefix: str) -> list[str]:
    """The events with such names in all dead letters of the invoice writer, each as often as it is there."""
    s3, found = client("s3"), []
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=outputs.dead_letter_bucket, Prefix="aws/lambda/")
    for listed in (one for page in pages for one in page.get("Contents", [])):
        letter: dict[str, Any] = json.loads(
            s3.get_object(Bucket=outputs.dead_letter_bucket, Key=listed["Key"])["Body"].read()
        )
        for record in json.loads(letter["payload"])["Records"]:
            with suppress(ValueError, KeyError, TypeError):  # other tests' records that are no events
                event_id = str(json.loads(base64.b64decode(record["kinesis"]["data"]))["EventID"])
                found += [event_id] if event_id.startswith(prefix) else []
    return found
