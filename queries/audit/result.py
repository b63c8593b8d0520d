"""What an audit finds."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Absent:
    """An event that a sink does not hold: missing, or late (it may still come), and the likely cause."""

    event_id: str
    line: int
    late: bool
    cause: str


@dataclass(frozen=True)
class Sink:
    """One sink: expected = present + missing + late. `absent` are the first of the missing and the late.

    `repeats` counts what the sink holds more than once, which is no fault. `window_s` is how long after its
    acknowledgement a row is late rather than missing.
    """

    expected: int
    present: int
    missing: int
    late: int
    repeats: int
    window_s: int
    seconds: float
    absent: tuple[Absent, ...] = ()


@dataclass(frozen=True)
class Audit:
    """One replay, against every sink. Counts are rows of the file; rows = accepted + rejected + failed + unknown.

    `reached` is how many rows the replay itself says that it read: more than `rows` while its ledger is not whole.
    """

    replay_id: str
    status: str
    rows: int
    accepted: int
    rejected: int
    failed: int
    unknown: int
    reached: int
    sinks: dict[str, Sink]
    asked_at: str
    seconds: float

    @property
    def verdict(self) -> str:
        """complete, late (nothing is missing, something may still come) or missing."""
        if any(sink.missing for sink in self.sinks.values()):
            return "missing"
        return "late" if any(sink.late for sink in self.sinks.values()) or self.rows < self.reached else "complete"

    def as_json(self) -> dict[str, Any]:
        """The same as plain values, with the verdict."""
        return asdict(self) | {"verdict": self.verdict}
