"""Counters in a DynamoDB table: each takes a record once, however often and in whatever batch it comes.

A shard hands its records over in their order, and comes again from the first that was not done with. So a counter that
remembers the last record it took has taken all before it, and an update adds records only on condition that all of
them lie after that one. Where the condition fails, some were counted by an earlier try: those are left out, and the
rest is added on the same condition. Two tries of one batch at the same time do no harm either: the condition is looked
at as the update is made.

A session needs no such care: it is put into a set, and is in it once.

Updates travel as transactions of up to 100, because one call for each counter would be a round trip for each page in
each batch, and BatchWriteItem knows no conditions. On AWS a transaction costs twice the write units.
"""

from __future__ import annotations

import random
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from pipeline.contracts import live_counter as live

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pipeline.functions.page_counter.counts import Batch, Key, View

UPDATES_PER_CALL = 100  # API reference, TransactWriteItems
ATTEMPTS = 10
_WORKERS = 4  # calls in flight; a call waits for the network most of its time
_FIRST_WAIT = 0.05  # seconds; doubles with each attempt
_LONGEST_WAIT = 2.0
_CANCELLED, _UNMET = "TransactionCanceledException", "ConditionalCheckFailed"
_LOST = "AnswerLost"  # what was sent may have counted all the same: the condition tells
# Codes of calls, and of single updates of a cancelled transaction, after which the same is tried again.
_AGAIN = {
    _LOST,
    _UNMET,
    "InternalServerError",
    "ProvisionedThroughputExceeded",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ServiceUnavailable",
    "ThrottlingError",
    "ThrottlingException",
    "TransactionConflict",
    "TransactionInProgressException",
}
_NAMES = {"#views": live.VIEWS, "#last": live.LAST_SEQ, "#expires": live.EXPIRES_AT}
_ADD = "ADD #views :count SET #last = :last, #expires = :expires"
_ALL_ARE_NEW = "attribute_not_exists(#last) OR #last < :first"


class DynamoDB(Protocol):
    """The one call of boto3's DynamoDB client that is made here."""

    def transact_write_items(self, *, TransactItems: Sequence[Mapping[str, Any]]) -> object:  # noqa: N803
        """TransactWriteItems: all or none; a cancelled one tells why, update by update."""


class Counters:
    """Adds batches to one table; `time_left` gives the seconds until the invocation ends."""

    def __init__(
        self,
        client: DynamoDB,
        table: str,
        *,
        time_left: Callable[[], float],
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._client = client
        self._table = table
        self._time_left = time_left
        self._sleep = sleep
        self._jitter = jitter

    def add(self, batch: Batch) -> dict[str, str]:
        """Count a batch; what was not counted, as the first sequence number missing in each counter -> why."""
        expires = {"N": str(int(batch.arrived) + live.KEPT_S)}
        keys: list[Key] = [*batch.counters, *batch.sessions]
        chunks = [keys[start : start + UPDATES_PER_CALL] for start in range(0, len(keys), UPDATES_PER_CALL)]
        missed: dict[str, str] = {}
        with ThreadPoolExecutor(max_workers=_WORKERS) as pool:
            for part in pool.map(lambda chunk: self._add_chunk(chunk, batch, expires), chunks):
                missed |= part
        return missed

    def _add_chunk(self, keys: Sequence[Key], batch: Batch, expires: dict[str, str]) -> dict[str, str]:
        work = _Waiting(batch, keys)
        for attempt in range(ATTEMPTS):
            if self._time_left() <= 0:
                return work.given_up("OutOfTime")
            why = self._call([self._update(key, batch, views, expires) for key, views in work.views.items()], work)
            if not work.views:
                break
            if why not in _AGAIN:
                return work.given_up(why)
            if why != _UNMET and attempt < ATTEMPTS - 1:
                wait = min(_LONGEST_WAIT, _FIRST_WAIT * 2**attempt) * (0.5 + self._jitter() / 2)
                self._sleep(min(wait, max(0.0, self._time_left())))
        return work.given_up(why)

    def _call(self, updates: list[dict[str, Any]], work: _Waiting) -> str:
        """Make the updates; `work` loses what is done with. Why anything is left."""
        try:
            self._client.transact_write_items(TransactItems=updates)
        except ClientError as error:
            why = str(error.response.get("Error", {}).get("Code", "Unknown"))
            return work.cancelled(error.response.get("CancellationReasons", [])) if why == _CANCELLED else why
        except BotoCoreError:
            return _LOST
        work.views.clear()
        return ""

    def _update(self, key: Key, batch: Batch, views: Sequence[View], expires: dict[str, str]) -> dict[str, Any]:
        slot, counter = key
        update: dict[str, Any] = {
            "TableName": self._table,
            "Key": {live.SLOT: {"S": slot}, live.COUNTER: {"S": counter}},
        }
        if not views:
            digests = sorted(batch.sessions[key])
            update["UpdateExpression"] = "ADD #sessions :ids SET #expires = :expires"
            update["ExpressionAttributeNames"] = {"#sessions": live.SESSIONS, "#expires": live.EXPIRES_AT}
            update["ExpressionAttributeValues"] = {":ids": {"BS": digests}, ":expires": expires}
            return {"Update": update}
        update["UpdateExpression"] = _ADD
        update["ConditionExpression"] = _ALL_ARE_NEW
        update["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        update["ExpressionAttributeNames"] = _NAMES
        update["ExpressionAttributeValues"] = {
            ":count": {"N": str(sum(view.views for view in views))},
            ":first": {"S": views[0].place},
            ":last": {"S": views[-1].place},
            ":expires": expires,
        }
        return {"Update": update}


class _Waiting:
    """The counters of one transaction that wait, each with the records it has not taken; a set has none."""

    def __init__(self, batch: Batch, keys: Sequence[Key]) -> None:
        self._batch = batch
        self._missed: dict[str, str] = {}
        self.views: dict[Key, list[View]] = {key: batch.counters.get(key, []) for key in keys}

    def cancelled(self, reasons: Sequence[Mapping[str, Any]]) -> str:
        """Let go of what was counted before and of what can never be; why the rest waits."""
        why = _UNMET
        for key, reason in zip(list(self.views), reasons, strict=False):
            code = str(reason.get("Code") or "None")
            if code == _UNMET:
                counted = str(reason.get("Item", {}).get(live.LAST_SEQ, {}).get("S", ""))
                self.views[key] = [view for view in self.views[key] if view.place > counted]
                if not self.views[key]:
                    del self.views[key]
            elif code in _AGAIN:
                why = code
            elif code != "None":
                self._missed[self._first(key)] = code
                del self.views[key]
        return why

    def given_up(self, why: str) -> dict[str, str]:
        """The first record that each counter misses -> why."""
        return self._missed | {self._first(key): why for key in self.views}

    def _first(self, key: Key) -> str:
        return self.views[key][0].number if self.views[key] else self._batch.first[key]
