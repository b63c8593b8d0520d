"""How fast a replay is just now, and how long it should take from here."""

from __future__ import annotations

from collections import deque

_WINDOW_S = 10.0
_LEAST_S = 1.5  # of history before anything is foretold


class Meter:
    """Looks at (seconds, rows worked off, share of the whole), of which the last 10 s count."""

    def __init__(self) -> None:
        self._looks: deque[tuple[float, int, float]] = deque()

    def look(self, now: float, rows: int, share: float) -> None:
        """How far it is `now`."""
        self._looks.append((now, rows, share))
        while now - self._looks[0][0] > _WINDOW_S:
            self._looks.popleft()

    def forget(self) -> None:
        """Begin anew, after a pause or when the tempo changed."""
        self._looks.clear()

    @property
    def rows_per_s(self) -> float | None:
        """Rows/s of late; None while that is not known."""
        passed = self._passed
        return None if passed is None else (self._looks[-1][1] - self._looks[0][1]) / passed

    @property
    def left_s(self) -> float | None:
        """Seconds until everything is read at the pace of late; None while that is not known."""
        passed = self._passed
        if passed is None:
            return None
        gained = self._looks[-1][2] - self._looks[0][2]
        return (1 - self._looks[-1][2]) / gained * passed if gained > 0 else None

    @property
    def _passed(self) -> float | None:
        passed = self._looks[-1][0] - self._looks[0][0] if self._looks else 0.0
        return passed if passed >= _LEAST_S else None
