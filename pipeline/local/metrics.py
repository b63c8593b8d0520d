"""What happened to the streams of the local cloud, summed up for CloudWatch."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# By the end of a metric's name.
_UNITS = {
    "Bytes": "Bytes", "Records": "Count", "Exceeded": "Count", "DataFreshness": "Seconds", "Duration": "Seconds",
    "Milliseconds": "Milliseconds", "MillisBehindLatest": "Milliseconds",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric's sum over `samples` samples, each between `least` and `most`."""

    name: str
    unit: str
    total: float
    samples: int
    least: float
    most: float


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


class Sums:
    """Thread-safe sums of one stream's metrics, since they were last taken."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._new: dict[str, _Sum] = {}

    def add(self, **values: float) -> None:
        """Count one sample of each metric; `__` in a name stands for its dot (`DeliveryToS3__Records`)."""
        with self._lock:
            for name, value in values.items():
                self._new.setdefault(name.replace("__", "."), _Sum()).add(value)

    def take(self) -> list[Metric]:
        """What was counted since the last time."""
        with self._lock:
            new, self._new = self._new, {}
        return [
            Metric(name, _unit(name), entry.total, entry.samples, entry.least, entry.most)
            for name, entry in new.items()
        ]


def publish(namespace: str, dimensions: Mapping[str, str], metrics: Iterable[Metric]) -> None:
    """Put metrics as of now. Call within the host's scope."""
    from ministack.services import cloudwatch

    now = time.time()
    for metric in metrics:
        statistics = {
            "SampleCount": metric.samples,
            "Sum": metric.total,
            "Minimum": metric.least,
            "Maximum": metric.most,
        }
        cloudwatch._store_datum(
            namespace, metric.name, dict(dimensions), now, metric.unit, None, None, None, statistics
        )


def _unit(name: str) -> str:
    return next((unit for ending, unit in _UNITS.items() if name.endswith(ending)), "None")
