"""Which fault meets which call: shares that a seed turns into a course of draws."""

from __future__ import annotations

import random
import threading
from collections import Counter
from dataclasses import dataclass
from enum import Enum, auto


class Fault(Enum):
    """What happens to one call; `LOST` does its work and its answer does not arrive."""

    NONE = auto()
    THROTTLED = auto()
    RESET = auto()
    LOST = auto()
    SLOW = auto()


@dataclass(frozen=True)
class Shares:
    """How often, 0 to 1: of all calls, and `refused` of the records within a call that works."""

    throttled: float = 0.0
    reset: float = 0.0
    lost: float = 0.0
    slow: float = 0.0
    refused: float = 0.0
    slowness_s: float = 0.25


class Plan:
    """Draws a fault for each call, the refused ones among its records, and counts what it drew.

    The draws depend on the seed alone; which call gets which depends on the threads that make the calls.
    """

    def __init__(self, shares: Shares, seed: int) -> None:
        self.shares = shares
        self.done: Counter[str] = Counter()
        self._random = random.Random(seed)  # noqa: S311 - chance that repeats
        self._lock = threading.Lock()

    def call(self) -> Fault:
        """The fault of the next call."""
        with self._lock:
            drawn = self._random.random()
            for fault in (Fault.THROTTLED, Fault.RESET, Fault.LOST, Fault.SLOW):
                share = getattr(self.shares, fault.name.lower())
                if drawn < share:
                    self.done[fault.name.lower()] += 1
                    return fault
                drawn -= share
            return Fault.NONE

    def refused(self, records: int) -> set[int]:
        """Which of a call's records are refused."""
        if not self.shares.refused:
            return set()
        with self._lock:
            found = {at for at in range(records) if self._random.random() < self.shares.refused}
            self.done["refused"] += len(found)
            return found
