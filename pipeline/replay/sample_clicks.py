"""Generated clicks: shoppers' walks through the shop, one JSON line a view in the contract's own names, of any size.

Everything but the times depends on the seed alone, `EventID` (`v<seed>-<session>-<step>`) too. Lines are in the order
of their times; as many visits are open at a time as there would be.
"""

from __future__ import annotations

import heapq
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

from pipeline.replay.sample_walks import Rhythm, Shoppers
from pipeline.replay.samples import whole

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pipeline.replay.sample_walks import Step

_STEPS = 3.48  # views of a visit, on average: how many visits fill a file


class View(NamedTuple):
    """One view: when (UTC), whose, which step of the visit."""

    at: datetime
    session: str
    number: int
    step: Step

    def event(self) -> dict[str, object]:
        """As senders write it, with the contract's own names."""
        return {
            "EventID": f"v{self.session[1:]}-{self.number}",
            "OccurredAt": _moment(self.at),
            "SessionID": self.session,
            "Page": self.step.page,
            "Source": self.step.source,
            "Kind": self.step.kind,
            "TimeSpent": self.step.stay,
        }


@dataclass
class Sums:
    """What a file of clicks holds: views by page, sessions, the span."""

    rows: int = 0
    sessions: int = 0
    pages: Counter[str] = field(default_factory=Counter)
    first_at: datetime | None = None
    last_at: datetime | None = None


def write(path: Path, *, rows: int, seed: int, start: datetime, end: datetime) -> Sums:
    """Write exactly `rows` views that happened from `start` to `end` (UTC, naive); gzip for a name in .gz.

    The same arguments give the same bytes. The file appears when it is whole.
    """
    sums = Sums()
    sessions: set[str] = set()
    with whole(path) as file:
        for view in views(rows, seed=seed, start=start, end=end):
            file.write(_line(view))
            sums.rows += 1
            sums.pages[view.step.page] += 1
            sessions.add(view.session)
            sums.first_at, sums.last_at = sums.first_at or view.at, view.at
    sums.sessions = len(sessions)
    return sums


def views(rows: int, *, seed: int, start: datetime, end: datetime) -> Iterator[View]:
    """Exactly `rows` views in the order of their times, none after `end`."""
    rhythm, shoppers = Rhythm(start, end, seed), Shoppers(seed)
    visits = max(1.0, rows / _STEPS)
    waiting: list[tuple[datetime, int, View]] = []
    order, given = count(), 0
    for number in count():
        # More visits than expected end up in the last moment: their steps are cut to `end`.
        begins, burst = rhythm.at(min(1.0, number / visits))
        while waiting and waiting[0][0] <= begins and given < rows:
            yield heapq.heappop(waiting)[2]
            given += 1
        if given + len(waiting) >= rows:
            break
        at = begins
        for step_number, step in enumerate(shoppers.walk(burst=burst)):
            view = View(min(at, end), f"s{seed}-{number}", step_number, step)
            heapq.heappush(waiting, (view.at, next(order), view))
            at += timedelta(seconds=step.stay or 0)
    for _ in range(rows - given):
        yield heapq.heappop(waiting)[2]


def _line(view: View) -> bytes:
    # By hand: json.dumps takes three times as long, and none of these texts needs an escape.
    step = view.step
    return (
        f'{{"EventID":"v{view.session[1:]}-{view.number}","OccurredAt":"{_moment(view.at)}",'
        f'"SessionID":"{view.session}","Page":"{step.page}","Source":"{step.source}","Kind":"{step.kind}",'
        f'"TimeSpent":{"null" if step.stay is None else step.stay}}}\n'
    ).encode()


def _moment(at: datetime) -> str:
    return at.isoformat(sep=" ", timespec="milliseconds")
