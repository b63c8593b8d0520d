"""The clock behind SentAt: never the same twice, never backwards, within one process."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime


class SentClock:
    """Gives `YYYY-MM-DD HH:MM:SS.ffffff` in UTC, strictly increasing from call to call, from any thread.

    When the machine's clock stands still or is set back, the last value plus one microsecond is given. The
    text sorts as the time does: the greatest SentAt of an event wins, also where it is compared as a text.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0  # microseconds since 1970
        self._second = -1
        self._prefix = ""

    def now(self) -> str:
        """The next stamp."""
        with self._lock:
            self._last = max(time.time_ns() // 1000, self._last + 1)
            second, micros = divmod(self._last, 1_000_000)
            if second != self._second:
                self._second = second
                self._prefix = datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%d %H:%M:%S.")
            return f"{self._prefix}{micros:06d}"


CLOCK = SentClock()
