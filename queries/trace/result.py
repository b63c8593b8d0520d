"""What a trace finds."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

State = Literal["there", "due", "not there"]


@dataclass(frozen=True)
class Hop:
    """One step: `at` is when (UTC, `YYYY-MM-DD HH:MM:SS[.ffffff]`), where a time is kept; `what` tells where and how.

    A step that is `due` may still come, within `due_s` seconds where that is known; one that is `not there` has its
    reason in `what`.
    """

    name: str
    state: State
    what: str
    at: str | None = None
    lag_s: float | None = None
    due_s: float | None = None


@dataclass(frozen=True)
class Trace:
    """The way of the version with the greatest SentAt. `others` are further sends of the event, in words.

    `looked_in` are the replays whose ledgers were read, the newest first.
    """

    event_id: str
    replay_id: str | None
    hops: tuple[Hop, ...]
    others: tuple[str, ...]
    looked_in: tuple[str, ...]
    seconds: float

    def as_json(self) -> dict[str, Any]:
        """The same as plain values."""
        return asdict(self)
