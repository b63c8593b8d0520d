"""Records into a target: batches, several calls in flight, and again what was refused, only that, within bounds.

Transport is at least once. A resend can overtake later records of its invoice, and an answer that got lost makes a
record come twice: both are harmless, because an event is known by its EventID and the greatest SentAt wins in every
sink, wherever in the shard it stands.
"""

from __future__ import annotations

import random
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from pipeline.errors import CloudDownError, CloudError
from pipeline.replay.pacing import Pace
from pipeline.replay.senders import Accepted, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pipeline.replay.rows import Record
    from pipeline.replay.senders import Outcome, Sender
    from pipeline.replay.shards import Shards

    OnOutcomes = Callable[[Sequence[tuple[Record, Outcome]]], None]


_NOT_SENT = "NotSent"  # given up without a call, after the target was found to be gone for good
_MOST_PACED = 32  # shards with a pace of their own: each may have two batches waiting


@dataclass(frozen=True)
class Patience:
    """How long a refused record is tried: at most `attempts` calls and `seconds`, whichever ends first.

    The wait before attempt n is random between 0 and `first_wait` * 2**n, at most `longest_wait` ("full jitter",
    https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/). Once the replay is told to stop,
    `seconds_when_stopping` are left.
    """

    attempts: int = 20
    seconds: float = 120
    first_wait: float = 0.1
    longest_wait: float = 3
    seconds_when_stopping: float = 5


@dataclass
class _Batch:
    """Records that wait for company, their bytes, and since when."""

    since: float
    records: list[Record] = field(default_factory=list)
    bytes: int = 0


class Delivery:
    """Takes records one by one (`add`), sends them in batches, reports each record's fate once.

    `on_outcomes` is called from the sending threads, before the connection of the call is used again: what was
    acknowledged and not yet reported is one batch a connection at most. What takes longer belongs into `afterwards`,
    which is called once the connection is free. Two batches a connection wait at most, and two a shard of
    `shards`: then `add` blocks, and the reader with it, so that memory stays bounded however slow the target is.
    `linger` is how many seconds a record waits for company before `tick` sends its batch unfilled. With `shards` each
    has batches of its own, at its own pace, so that a hot one does not hold the others back.
    """

    def __init__(
        self,
        sender: Sender,
        on_outcomes: OnOutcomes,
        *,
        connections: int = 4,
        patience: Patience | None = None,
        linger: float = 1.0,
        shards: Shards | None = None,
        afterwards: Callable[[], None] = lambda: None,
    ) -> None:
        self.retried = 0  # records sent again, counted each time
        self.refused = 0  # refusals of records, likewise
        self._sender = sender
        self._limits = sender.limits
        self._on_outcomes = on_outcomes
        self._patience = patience or Patience()
        self._linger = linger
        self._shards = shards
        self._afterwards = afterwards
        self._batches: dict[str, _Batch] = {}
        names = [one.shard for one in shards.ranges[:_MOST_PACED]] if shards else []
        self._paces = {name: Pace() for name in names}
        waiting = 2 * connections + 2 * len(names)
        # Who waits for a shard does not keep a connection from the others.
        self._pool = ThreadPoolExecutor(waiting if names else connections, thread_name_prefix="delivery")
        self._calls = threading.BoundedSemaphore(connections)
        self._room = threading.BoundedSemaphore(waiting)
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._stop_at = float("inf")
        self._last_accepted = 0.0
        self._error: BaseException | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind:
            self.hurry()
        self._finish()
        if not kind:
            self._raise()

    def add(self, record: Record) -> None:
        """Take a record. Raises CloudError once the target is found to be out of reach for good.

        The record is taken then, too: like every other one it is reported by the end of `close`.
        """
        key = record.key
        size = len(record.data) + (len(key) if key.isascii() else len(key.encode()))
        if size > self._limits.record_bytes:
            refusal = Refused("TooLarge", f"{size} bytes; the target takes {self._limits.record_bytes}", retry=False)
            self._on_outcomes([(record, refusal)])
            return
        lane = self._lane(key)
        batch = self._batches.get(lane)
        if batch and (len(batch.records) == self._limits.records or batch.bytes + size > self._limits.bytes):
            self._send(lane)
            self.tick()  # batches that fill slowly go in the company of those that fill fast
            batch = None
        if not batch:
            batch = self._batches[lane] = _Batch(time.monotonic())
        batch.records.append(record)
        batch.bytes += size
        if self._error:
            raise self._error

    def tick(self) -> None:
        """Send the batches that are not full but have waited long enough; for callers that add slowly."""
        due = time.monotonic() - self._linger
        for lane in [lane for lane, batch in self._batches.items() if batch.since <= due]:
            self._send(lane)

    def hurry(self) -> None:
        """Give up on refused records soon, because the replay is to stop."""
        self._stop_at = time.monotonic() + self._patience.seconds_when_stopping
        self._stopping.set()

    def close(self) -> None:
        """Send what is left and wait until each record is taken or given up. Raises as `add` does."""
        self._finish()
        self._raise()

    def _finish(self) -> None:
        for lane in list(self._batches):
            self._send(lane)
        self._pool.shutdown()

    def _send(self, lane: str) -> None:
        batch = self._batches.pop(lane).records
        self._room.acquire()
        self._pool.submit(self._deliver, batch).add_done_callback(self._done)

    def _lane(self, key: str) -> str:
        """Which batch a record of this key belongs to: that of its shard, if the shard has a pace of its own."""
        shard = self._shards.find(key) if self._shards else ""
        return shard if shard in self._paces else ""

    def _done(self, future: Future[None]) -> None:
        self._room.release()
        self._error = self._error or future.exception()

    def _raise(self) -> None:
        if self._error:
            raise self._error

    def _deliver(self, batch: list[Record]) -> None:
        began = time.monotonic()
        waiting = batch
        lost: set[str] = set()  # what the target may have all the same, whatever it says of a later attempt
        for attempt in range(1, self._patience.attempts + 1):
            again = self._attempt(waiting, lost)
            self._afterwards()
            if not again:
                return
            wait = random.uniform(0, min(self._patience.longest_wait, self._patience.first_wait * 2**attempt))  # noqa: S311
            if attempt == self._patience.attempts or self._due(began) < time.monotonic() + wait:
                break
            with self._lock:
                self.retried += len(again)
            # When told to stop, the wait is cut short once; from then on the waits are bounded by _due.
            if self._stopping.is_set():
                time.sleep(wait)
            else:
                self._stopping.wait(wait)
            waiting = [record for record, _ in again]
        self._report(again)
        self._afterwards()
        if self._last_accepted < began and not self._stopping.is_set():
            last = again[-1][1]
            took = f"took no record for {time.monotonic() - began:.0f} s ({last.code}: {last.message})"
            raise CloudDownError(
                f"{self._sender.target} {took}. "
                "Once it is back, resume the replay or replay the file again: nothing is counted twice."
            )

    def _due(self, began: float) -> float:
        return min(began + self._patience.seconds, self._stop_at)

    def _attempt(self, records: list[Record], lost: set[str]) -> list[tuple[Record, Refused]]:
        """One call, what is decided by it reported; the records to send again."""
        pace = self._paces.get(self._lane(records[0].key))
        if pace and not isinstance(self._error, CloudError):
            time.sleep(pace.wait(records))
        with self._calls:
            outcomes = self._put(records)
            if {type(outcome) for _, outcome in outcomes} == {Accepted}:
                self._report(outcomes)
                return []
            outcomes = [(record, _marked(record, outcome, lost)) for record, outcome in outcomes]
            again = [
                (record, outcome) for record, outcome in outcomes if isinstance(outcome, Refused) and outcome.retry
            ]
            with self._lock:
                self.refused += sum(isinstance(pair[1], Refused) and pair[1].code != _NOT_SENT for pair in outcomes)
            self._report([pair for pair in outcomes if not (isinstance(pair[1], Refused) and pair[1].retry)])
        if pace:
            pace.heard(outcomes)
        return again

    def _put(self, records: list[Record]) -> list[tuple[Record, Outcome]]:
        if isinstance(self._error, CloudError):
            outcome: Outcome = Refused(_NOT_SENT, str(self._error), retry=False)
            return [(record, outcome) for record in records]
        try:
            return list(zip(records, self._sender.put(records), strict=True))
        except CloudError as error:
            self._error = error
            outcome = Refused(type(error).__name__, str(error), retry=False)
            return [(record, outcome) for record in records]

    def _report(self, outcomes: Sequence[tuple[Record, Outcome]]) -> None:
        if any(isinstance(outcome, Accepted) for _, outcome in outcomes):
            self._last_accepted = time.monotonic()
        if outcomes:
            self._on_outcomes(outcomes)


def _marked(record: Record, outcome: Outcome, lost: set[str]) -> Outcome:
    """The outcome, a refusal marked as lost once an answer about the record was."""
    if isinstance(outcome, Accepted):
        return outcome
    if outcome.lost:
        lost.add(record.event_id)
    return outcome._replace(lost=record.event_id in lost)
