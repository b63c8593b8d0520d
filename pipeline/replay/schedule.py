"""When each row of a replay is due: by rate, by the events' own times, or at once."""

from __future__ import annotations

import time
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.replay.wishes import Tempo


class Schedule:
    """The due time of one row after the other; `clock` gives seconds.

    A row that is late does not move those behind it: the replay catches up. Times of events that go backwards cost
    nothing: the row is due with the one before.
    """

    def __init__(self, tempo: Tempo, clock: Callable[[], float] = time.monotonic) -> None:
        self.tempo = tempo
        self.paced = tempo.paced  # asked for each row
        self._clock = clock
        self._due: float | None = None  # of the row before
        self._text = ""
        self._latest: datetime | None = None  # of the events so far

    def wait(self) -> float:
        """Seconds until the latest row is due; less than 0: it is late by these."""
        return 0.0 if self._due is None else self._due - self._clock()

    def next(self, at: str) -> None:
        """The next row, whose event happened `at` (the contract's text; empty: with the one before)."""
        gap = self._gap(at)
        now = self._clock()
        if not self.tempo.paced:
            self._due = None
        elif self._due is None:
            self._due = now
        else:
            self._due += gap

    @property
    def lag(self) -> float:
        """Seconds behind the schedule; 0 without one."""
        return max(0.0, -self.wait())

    def change(self, tempo: Tempo) -> None:
        """Go by another tempo from the next row on, which is due as from now: what was late before is forgiven."""
        if tempo != self.tempo:
            self.tempo, self.paced = tempo, tempo.paced
            self._due = self._clock() if tempo.paced and self._due is not None else None

    def held(self, seconds: float) -> None:
        """The replay paused for so long: everything is due that much later."""
        if self._due is not None:
            self._due += seconds

    def _gap(self, at: str) -> float:
        """Seconds between the row before and this one, as the tempo has them."""
        if self.tempo.rate is not None:
            return 1 / self.tempo.rate
        if not at or at == self._text:
            return 0.0
        self._text = at
        moment = datetime.fromisoformat(at)
        before, self._latest = self._latest, moment if self._latest is None else max(self._latest, moment)
        if before is None or self.tempo.speed is None:
            return 0.0
        passed = (moment - before).total_seconds() / self.tempo.speed
        return min(max(0.0, passed), self.tempo.max_gap)
