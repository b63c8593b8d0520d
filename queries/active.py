"""What is being viewed now, from the live counters that the clicks stream's function keeps.

Asked by minute, one query for each minute and kind: what it costs depends on the minutes asked for and on how many
pages were viewed in them, never on how long the table has been kept. Minutes that are over hardly change (a view may
come late), and are asked again after a while only.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from pipeline.clients import aws_errors
from pipeline.contracts import live_counter as live
from pipeline.errors import BadInputError
from queries.definitions import ACTIVE_MINUTES_MOST

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

HOUR = 60  # minutes
# Items of one minute and kind that are read: a page of the table a megabyte, at 100 bytes an item.
MOST_ITEMS = 20_000
_WORKERS = 8
_CHANGING = timedelta(minutes=2)  # how long a minute is asked anew at each look after it is over
_SETTLED_FOR_S = 20.0
_MINUTE = "%Y-%m-%d %H:%M"


@dataclass(frozen=True)
class Now:
    """What was viewed since `since` (UTC), the start of the minute in which the last `minutes` minutes began.

    `pages` and `sources` are names with their views, the most viewed first; `complete` is false when there were more
    counters in a minute than are read.
    """

    minutes: int
    since: datetime
    asked_at: datetime
    pages: tuple[tuple[str, int], ...]
    sources: tuple[tuple[str, int], ...]
    sessions: int
    complete: bool


@dataclass(frozen=True)
class Course:
    """Views by minute, the oldest first: `minutes` (UTC) and `views`; the last minute has only begun."""

    minutes: tuple[datetime, ...]
    views: tuple[int, ...]

    @property
    def last_full(self) -> int:
        """Views of the last minute that is over."""
        return self.views[-2]


@dataclass(frozen=True)
class _Slot:
    items: Sequence[dict[str, Any]]
    complete: bool
    asked_at: float


class ActiveViews:
    """Asks the table of live counters; safe to share between threads. `dynamodb` is a boto3 client."""

    def __init__(self, dynamodb: Any, table: str, *, clock: Callable[[], float] = time.monotonic) -> None:  # noqa: ANN401 - boto3 makes its clients at run time
        self._dynamodb = dynamodb
        self._table = table
        self._clock = clock
        self._lock = threading.Lock()
        self._settled: dict[str, _Slot] = {}

    def now(self, minutes: int, at: datetime | None = None) -> Now:
        """What was viewed within the last `minutes` minutes, 1 to 60. Raises BadInputError and CloudError."""
        if not 1 <= minutes <= ACTIVE_MINUTES_MOST:
            raise BadInputError(f"Active within {minutes} minutes: choose 1 to {ACTIVE_MINUTES_MOST} minutes.")
        at = at or datetime.now(UTC)
        since = _floor(at - timedelta(minutes=minutes))
        steps = [since + timedelta(minutes=step) for step in range(int((at - since).total_seconds()) // 60 + 1)]
        kinds = (live.PAGE, live.SOURCE, live.SESSION)
        found = self._slots([(kind, step) for kind in kinds for step in steps], at)
        names: dict[str, Counter[str]] = {live.PAGE: Counter(), live.SOURCE: Counter()}
        sessions: set[bytes] = set()
        for (kind, _step), slot in found.items():
            for item in slot.items:
                if kind == live.SESSION:
                    sessions.update(bytes(digest) for digest in item[live.SESSIONS]["BS"])
                else:
                    names[kind][live.name_of(item[live.COUNTER]["S"])] += int(item[live.VIEWS]["N"])
        return Now(
            minutes,
            since,
            at,
            _ranked(names[live.PAGE]),
            _ranked(names[live.SOURCE]),
            len(sessions),
            all(slot.complete for slot in found.values()),
        )

    def last_hour(self, at: datetime | None = None) -> Course:
        """Views by minute over the last hour and the minute that has begun. Raises CloudError."""
        at = at or datetime.now(UTC)
        last = _floor(at)
        minutes = [last - timedelta(minutes=back) for back in range(HOUR, -1, -1)]
        hours = sorted({minute.replace(minute=0) for minute in minutes})
        views: Counter[str] = Counter()
        for slot in self._slots([(live.MINUTE, hour) for hour in hours], at).values():
            for item in slot.items:
                minute = live.minute_of(item[live.SLOT]["S"], item[live.COUNTER]["S"])
                views[minute] += int(item[live.VIEWS]["N"])
        return Course(tuple(minutes), tuple(views[minute.strftime(_MINUTE)] for minute in minutes))

    def _slots(self, wanted: Sequence[tuple[str, datetime]], at: datetime) -> dict[tuple[str, datetime], _Slot]:
        with ThreadPoolExecutor(max_workers=_WORKERS) as pool:
            return dict(zip(wanted, pool.map(lambda one: self._slot(one[0], one[1], at), wanted), strict=True))

    def _slot(self, kind: str, step: datetime, at: datetime) -> _Slot:
        key = live.slot(kind, step.strftime(_MINUTE))
        length = timedelta(hours=1) if kind == live.MINUTE else timedelta(minutes=1)
        if at - step < length + _CHANGING:
            return self._ask(key)
        with self._lock:
            known = self._settled.get(key)
        if known is None or self._clock() - known.asked_at > _SETTLED_FOR_S:
            known = self._ask(key)
            with self._lock:
                self._settled[key] = known
                while len(self._settled) > 4 * HOUR:
                    del self._settled[next(iter(self._settled))]
        return known

    def _ask(self, key: str) -> _Slot:
        items: list[dict[str, Any]] = []
        with aws_errors(f"Table {self._table}"):
            pages = self._dynamodb.get_paginator("query").paginate(
                TableName=self._table,
                KeyConditionExpression="#slot = :slot",
                ExpressionAttributeNames={"#slot": live.SLOT},
                ExpressionAttributeValues={":slot": {"S": key}},
            )
            for page in pages:
                items += page["Items"]
                if len(items) >= MOST_ITEMS:
                    return _Slot(items[:MOST_ITEMS], complete=False, asked_at=self._clock())
        return _Slot(items, complete=True, asked_at=self._clock())


def _floor(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(second=0, microsecond=0)


def _ranked(views: Counter[str]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(views.items(), key=lambda found: (-found[1], found[0])))
