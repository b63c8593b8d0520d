"""What happened to a delivery stream's records, counted for CloudWatch and for those who ask.

Names and units from the developer guide, "Monitor Amazon Data Firehose with CloudWatch metrics".
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from pipeline.local.metrics import Sums


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums since the start, by metric; the last delivered object and when; the last error and when."""

    sums: dict[str, float] = field(default_factory=dict)
    delivered_key: str = ""
    delivered_at: float | None = None
    error: str = ""
    error_at: float | None = None


class Counters(Sums):
    """Thread-safe sums of one delivery stream."""

    def __init__(self) -> None:
        super().__init__()
        self._sums: defaultdict[str, float] = defaultdict(float)
        self._delivered: tuple[str, float | None] = ("", None)
        self._error: tuple[str, float | None] = ("", None)

    def add(self, **values: float) -> None:
        """Count one sample of each metric; `__` in a name stands for its dot (`DeliveryToS3__Records`)."""
        super().add(**values)
        with self._lock:
            for name, value in values.items():
                self._sums[name.replace("__", ".")] += value

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
