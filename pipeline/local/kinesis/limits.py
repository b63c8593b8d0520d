"""What a shard takes: 1,000 records and 1 MiB a second, partition keys included; what is beyond is refused.

AWS states the two figures (developer guide, "Quotas and limits") and that of a call only the records beyond them are
refused (API reference, PutRecords). How much a shard that was idle takes at once is not stated: here a second's worth.
"""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

RECORDS_PER_S = 1_000
BYTES_PER_S = 1 << 20
THROTTLED = "ProvisionedThroughputExceededException"
# Set to anything, the local cloud has the limits; without it, streams take all that they are sent.
SETTING = "WEIR_SHARD_LIMITS"


def of_environment() -> ShardLimits | None:
    """The limits when the setting asks for them, else None."""
    return ShardLimits() if os.environ.get(SETTING) else None


class ShardLimits:
    """Which records a shard takes now. `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buckets: dict[tuple[str, str], _Bucket] = {}
        self._lock = threading.Lock()

    def takes(self, stream: str, shard: str, size: int) -> bool:
        """Whether the shard takes a record of `size` bytes (data and key); what it takes, it has taken."""
        now = self._clock()
        with self._lock:
            bucket = self._buckets.setdefault((stream, shard), _Bucket(now))
            return bucket.takes(size, now)


def refusal(stream: str, shard: str, account: str) -> str:
    """The message of a refused record, in AWS's words."""
    return f"Rate exceeded for shard {shard} in stream {stream} under account {account}."


class _Bucket:
    """Tokens of a shard: they come back evenly, up to a second's worth."""

    def __init__(self, now: float) -> None:
        self._records = float(RECORDS_PER_S)
        self._bytes = float(BYTES_PER_S)
        self._at = now

    def takes(self, size: int, now: float) -> bool:
        passed = max(0.0, now - self._at)
        self._records = min(RECORDS_PER_S, self._records + passed * RECORDS_PER_S)
        self._bytes = min(BYTES_PER_S, self._bytes + passed * BYTES_PER_S)
        self._at = now
        # The greatest record and its key are more than a second's worth: a full shard takes them.
        if self._records < 1 or self._bytes < min(size, BYTES_PER_S):
            return False
        self._records -= 1
        self._bytes -= size
        return True
