"""The clock behind SentAt: never the same twice, never backwards, within one process."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime

_SECOND = 1_000_000


class SentClock:
    """Gives `YYYY-MM-DD HH:MM:SS.ffffff` in UTC, strictly increasing from call to call, from any thread.

    When the machine's clock stands still or is set back, the last value plus one microsecond is given. The
    text sorts as the time does: the greatest SentAt of an event wins, also where it is compared as a text.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0  # microseconds since 1970
        self._second = 0  # where the second of `_prefix` begins, likewise
        self._prefix = "1970-01-01 00:00:00."

    def now(self) -> str:
        """The next stamp."""
        with self._lock:
            micros = time.time_ns() // 1000
            if micros <= self._last:
                micros = self._last + 1
            self._last = micros
            fraction = micros - self._second
            if not 0 <= fraction < _SECOND:
                fraction = micros % _SECOND
                self._second = micros - fraction
                self._prefix = datetime.fromtimestamp(micros // _SECOND, UTC).strftime("%Y-%m-%d %H:%M:%S.")
            return self._prefix + str(fraction).zfill(6)  # the quickest way: each sent row pays for this


CLOCK = SentClock()
