"""What became of a replay's rows, counted."""

from __future__ import annotations

import threading
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from pipeline.replay.progress import Counted, Rejection
from pipeline.replay.senders import Accepted, Refused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.replay.rows import Record, Rejected
    from pipeline.replay.senders import Outcome

_SHOWN_REJECTIONS = 20
_KINDS = 100  # reasons counted apart; a file of noise must not fill the memory


class Counts(NamedTuple):
    """Rows by what became of them."""

    accepted: int = 0
    rejected: int = 0
    failed: int = 0
    unknown: int = 0

    @property
    def rows(self) -> int:
        """All of them."""
        return sum(self)


class Tally:
    """Begins with what earlier workers of the replay counted.

    Rejections come from one thread, outcomes from several.
    """

    def __init__(self, counts: Counts | None = None, failures: Counter[str] | None = None) -> None:
        counts = counts or Counts()
        self._lock = threading.Lock()
        self._accepted = counts.accepted
        self._rejected = counts.rejected
        self._unknown = counts.unknown
        self._failures = Counter(failures or {})
        self._reasons: Counter[str] = Counter()
        self.rejections: list[Rejection] = []

    @property
    def counts(self) -> Counts:
        """As they are now."""
        with self._lock:
            given_up = self._failures.total()
            return Counts(self._accepted, self._rejected, given_up - self._unknown, self._unknown)

    @property
    def reasons(self) -> list[Counted]:
        """Rejections by field and reason, the most frequent first; a row with two bad fields counts under both."""
        return [Counted(reason, rows) for reason, rows in self._reasons.most_common()]

    @property
    def failures(self) -> list[Counted]:
        """Rows given up by the target's code, likewise."""
        with self._lock:
            return [Counted(code, rows) for code, rows in self._failures.most_common()]

    def reject(self, row: Rejected) -> None:
        """A row was rejected."""
        with self._lock:
            self._rejected += 1
        self.note(row)

    def note(self, row: Rejected) -> None:
        """Why a row was rejected, which is counted already."""
        full = len(self._reasons) >= _KINDS
        self._reasons.update({kind if kind in self._reasons or not full else "other reasons" for kind in row.kinds})
        if len(self.rejections) < _SHOWN_REJECTIONS:
            self.rejections.append(Rejection(row.line, row.event_id, [str(problem) for problem in row.problems]))

    def take(self, outcomes: Sequence[tuple[Record, Outcome]]) -> list[tuple[Record, Refused]]:
        """What became of records; those of them that were given up."""
        refused = [(record, outcome) for record, outcome in outcomes if not isinstance(outcome, Accepted)]
        with self._lock:
            self._accepted += len(outcomes) - len(refused)
            self._unknown += sum(outcome.lost for _, outcome in refused)
            self._failures.update(outcome.code for _, outcome in refused)
        return refused
