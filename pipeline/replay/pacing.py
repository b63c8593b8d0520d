"""Each shard at its own pace once it has refused records: what is sent then is what it can take.

A shard takes 1,000 records and 1 MiB a second. As long as nothing is refused nobody waits, whatever the limits are.
After a refusal the shard's records wait until they are due, so that hardly one is sent in vain; other shards' go on.
A while without refusals ends that: shards may have been split, or other producers have gone.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from pipeline.replay.senders import Refused
from pipeline.replay.shards import BYTES_PER_S, RECORDS_PER_S

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pipeline.replay.rows import Record
    from pipeline.replay.senders import Outcome

_THROTTLED = "ProvisionedThroughputExceededException"
_SAVED_UP = 0.9  # seconds' worth that a shard keeps for later while it is sent less than it takes
_FORGET_AFTER = 10.0  # seconds


class Pace:
    """When batches of one shard are due. Safe to call from several threads; `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._next = 0.0  # when the shard will have taken all that was let through
        self._refused_at: float | None = None

    def wait(self, records: Sequence[Record]) -> float:
        """Seconds until these records may be sent; they count as sent then."""
        with self._lock:
            now = self._clock()
            if self._refused_at is None or now - self._refused_at > _FORGET_AFTER:
                self._refused_at = None
                return 0.0
            # All of them are taken only once there is room for the last one.
            self._next = max(self._next, now - _SAVED_UP) + cost(records)
            return max(0.0, self._next - now)

    def heard(self, outcomes: Sequence[tuple[Record, Outcome]]) -> None:
        """What became of a batch: a refusal says that the shard has nothing left now."""
        if any(isinstance(outcome, Refused) and outcome.code == _THROTTLED for _, outcome in outcomes):
            with self._lock:
                now = self._clock()
                if self._refused_at is None:
                    self._next = now
                self._refused_at = now


def cost(records: Sequence[Record]) -> float:
    """Seconds of a shard that these records take."""
    size = sum(len(record.data) + len(record.key.encode()) for record in records)
    return max(len(records) / RECORDS_PER_S, size / BYTES_PER_S)
