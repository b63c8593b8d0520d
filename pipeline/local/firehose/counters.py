"""What happened to a delivery stream's records, counted for CloudWatch and for those who ask.

Names and units from the developer guide, "Monitor Amazon Data Firehose with CloudWatch metrics".
"""

from __future__ import annotations

import threading
from collections import defaultdict
from dataclasses import dataclass, field

from pipeline.local.firehose.services import Metric

_UNITS = {"Bytes": "Bytes", "Records": "Count", "DataFreshness": "Seconds", "Duration": "Seconds"}


@dataclass(slots=True)
class _Sum:
    total: float = 0.0
    samples: int = 0
    least: float = 0.0
    most: float = 0.0

    def add(self, value: float) -> None:
        self.least = min(self.least, value) if self.samples else value
        self.most = max(self.most, value) if self.samples else value
        self.total += value
        self.samples += 1


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums since the start, by metric; the last delivered object and when; the last error and when."""

    sums: dict[str, float] = field(default_factory=dict)
    delivered_key: str = ""
    delivered_at: float | None = None
    error: str = ""
    error_at: float | None = None


class Counters:
    """Thread-safe sums of one delivery stream."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._new: dict[str, _Sum] = {}
        self._sums: defaultdict[str, float] = defaultdict(float)
        self._delivered: tuple[str, float | None] = ("", None)
        self._error: tuple[str, float | None] = ("", None)

    def add(self, **values: float) -> None:
        """Count one sample of each metric; `__` in a name stands for its dot (`DeliveryToS3__Records`)."""
        with self._lock:
            for name, value in values.items():
                metric = name.replace("__", ".")
                self._new.setdefault(metric, _Sum()).add(value)
                self._sums[metric] += value

    def delivered(self, key: str, when: float) -> None:
        """Note the last object delivered."""
        with self._lock:
            self._delivered = (key, when)

    def failed(self, error: str, when: float) -> None:
        """Note the last error."""
        with self._lock:
            self._error = (error, when)

    @property
    def totals(self) -> Totals:
        """Everything since the start."""
        with self._lock:
            return Totals(dict(self._sums), *self._delivered, *self._error)

    def take(self) -> list[Metric]:
        """What was counted since the last time."""
        with self._lock:
            new, self._new = self._new, {}
        return [
            Metric(name, _unit(name), entry.total, entry.samples, entry.least, entry.most)
            for name, entry in new.items()
        ]


def _unit(name: str) -> str:
    return next((unit for ending, unit in _UNITS.items() if name.endswith(ending)), "None")
