"""Which fault meets which call: shares that a seed turns into a course of draws, for each operation its own.

A share is kept exactly: of 20 calls of an operation in a row, 25 % are five, drawn by the seed. So no replay that makes
as many can miss its fault where it matters, on PutRecords, and meet it only on calls that the SDK repeats by itself.
"""

from __future__ import annotations

import random
import threading
from collections import Counter
from dataclasses import dataclass
from enum import Enum, auto

ROUND = 20  # calls
_EXACT = 1e-9


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
    """Draws a fault for each call, the refused ones among its records, and counts them by operation.

    The draws depend on the seed and the operation alone; which call gets which depends on the threads that make them.
    """

    def __init__(self, shares: Shares, seed: int) -> None:
        self.shares = shares
        self.done: Counter[str] = Counter()
        self._seed = seed
        self._chance: dict[str, random.Random] = {}
        self._waiting: dict[str, list[Fault]] = {}
        self._lock = threading.Lock()

    def call(self, operation: str) -> Fault:
        """The fault of the operation's next call."""
        with self._lock:
            waiting = self._waiting.setdefault(operation, [])
            if not waiting:
                waiting += _round(self.shares)
                self._of(operation).shuffle(waiting)
            fault = waiting.pop()
            if fault is not Fault.NONE:
                self.done[operation] += 1
            return fault

    def refused(self, operation: str, records: int) -> set[int]:
        """Which of a call's records are refused."""
        if not self.shares.refused:
            return set()
        with self._lock:
            chance = self._of(operation)
            found = {at for at in range(records) if chance.random() < self.shares.refused}
            self.done[operation] += len(found)
            return found

    def _of(self, operation: str) -> random.Random:
        if operation not in self._chance:
            self._chance[operation] = random.Random(f"{self._seed} {operation}")  # noqa: S311 - chance that repeats
        return self._chance[operation]


def _round(shares: Shares) -> list[Fault]:
    """The faults of ROUND calls, the others without one."""
    drawn = [fault for fault in Fault if fault is not Fault.NONE for _ in range(_of_round(shares, fault))]
    return drawn + [Fault.NONE] * (ROUND - len(drawn))


def _of_round(shares: Shares, fault: Fault) -> int:
    share = ROUND * float(getattr(shares, fault.name.lower()))
    assert abs(share - round(share)) < _EXACT, f"{fault.name} is no whole number of {ROUND} calls"
    return round(share)
