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
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from pipeline.errors import CloudDownError, CloudError
from pipeline.replay.senders import Accepted, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pipeline.replay.rows import Record
    from pipeline.replay.senders import Outcome, Sender

    OnOutcomes = Callable[[Sequence[tuple[Record, Outcome]]], None]


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


class Delivery:
    """Takes records one by one (`add`), sends them in batches, reports each record's fate once.

    `on_outcomes` is called from the sending threads. Two batches a connection wait at most: then `add` blocks, and the
    reader with it, so that memory stays bounded however slow the target is. `linger` is how many seconds a record
    waits for company before `tick` sends its batch unfilled.
    """

    def __init__(
        self,
        sender: Sender,
        on_outcomes: OnOutcomes,
        *,
        connections: int = 4,
        patience: Patience | None = None,
        linger: float = 1.0,
    ) -> None:
        self.retried = 0  # records sent again, counted each time
        self._sender = sender
        self._limits = sender.limits
        self._on_outcomes = on_outcomes
        self._patience = patience or Patience()
        self._linger = linger
        self._batch: list[Record] = []
        self._bytes = 0
        self._since = 0.0
        self._pool = ThreadPoolExecutor(connections, thread_name_prefix="delivery")
        self._room = threading.BoundedSemaphore(2 * connections)
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
        size = len(record.data) + len(record.key.encode())
        if size > self._limits.record_bytes:
            refusal = Refused("TooLarge", f"{size} bytes; the target takes {self._limits.record_bytes}", retry=False)
            self._on_outcomes([(record, refusal)])
            return
        if len(self._batch) == self._limits.records or self._bytes + size > self._limits.bytes:
            self._send()
        if not self._batch:
            self._since = time.monotonic()
        self._batch.append(record)
        self._bytes += size
        self._raise()

    def tick(self) -> None:
        """Send a batch that is not full but has waited long enough; for callers that add slowly."""
        if self._batch and time.monotonic() - self._since >= self._linger:
            self._send()

    def hurry(self) -> None:
        """Give up on refused records soon, because the replay is to stop."""
        self._stop_at = time.monotonic() + self._patience.seconds_when_stopping
        self._stopping.set()

    def close(self) -> None:
        """Send what is left and wait until each record is taken or given up. Raises as `add` does."""
        self._finish()
        self._raise()

    def _finish(self) -> None:
        if self._batch:
            self._send()
        self._pool.shutdown()

    def _send(self) -> None:
        batch, self._batch, self._bytes = self._batch, [], 0
        self._room.acquire()
        self._pool.submit(self._deliver, batch).add_done_callback(self._done)

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
            outcomes = [(record, _marked(record, outcome, lost)) for record, outcome in self._put(waiting)]
            again = [
                (record, outcome) for record, outcome in outcomes if isinstance(outcome, Refused) and outcome.retry
            ]
            self._report([pair for pair in outcomes if not (isinstance(pair[1], Refused) and pair[1].retry)])
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
        if self._last_accepted < began and not self._stopping.is_set():
            last = again[-1][1]
            took = f"took no record for {time.monotonic() - began:.0f} s ({last.code}: {last.message})"
            raise CloudDownError(
                f"{self._sender.target} {took}. "
                "Replay the file again once it is back: what arrived before is not counted twice."
            )

    def _due(self, began: float) -> float:
        return min(began + self._patience.seconds, self._stop_at)

    def _put(self, records: list[Record]) -> list[tuple[Record, Outcome]]:
        if isinstance(self._error, CloudError):
            outcome: Outcome = Refused("NotSent", str(self._error), retry=False)
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
