"""One audit: what a replay sent, by its ledger, against the lake, the invoices and the warehouse."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from pipeline.errors import NotFoundError
from pipeline.replay.families import OF_NAME
from pipeline.replay.ledger import FAILED, UNKNOWN
from pipeline.replay.progress import REPLAY
from pipeline.replay.store import Store
from pipeline.warehouse.connect import open_connection
from queries.audit import keys, ranges, sent, windows
from queries.audit.causes import Causes
from queries.audit.result import Absent, Audit, Sink
from queries.loader import load

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Set as AbstractSet

    from pipeline.replay.progress import Progress
    from pipeline.stack import Outputs
    from queries.audit.sent import Fate, Sent
    from queries.audit.windows import Windows
    from queries.figure import Engine
    from queries.sources import Sources

SHOWN = 100
_LATEST = 1_000  # replays looked through for one of a file: redrives are replays too
_SQL = load("lake")
# By what the lake's tables hold.
_COUNTS = {"orders": "audit_counts", "page_views": "audit_counts_page_views", "sessions": "audit_counts_sessions"}
_ABSENT = {"orders": "audit_absent", "page_views": "audit_absent_page_views", "sessions": "audit_absent_sessions"}
_HOUR = "%Y/%m/%d/%H"
_MOMENT = "%Y-%m-%d %H:%M:%S"
_WAITING = "still on its way: acknowledged less than {} s ago"
_LANDED = "landed, and not merged yet"
_UNKNOWN = "unknown"
# The longest that a record is tried before it is given up - the event source mapping's six hours - and some more.
_TRIED_FOR = timedelta(hours=7)


@dataclass(frozen=True)
class Sinks:
    """What an audit asks: the engines, the services' clients, the stack's names."""

    lake: Engine
    warehouse: Engine
    client: Callable[[str], Any]
    outputs: Outputs
    connect: Callable[[Outputs], Any] = open_connection
    exports: bool = False  # whether the cloud exports tables to S3: AWS does

    @classmethod
    def of(cls, asked: Sources) -> Sinks:
        """From everything that the pages ask."""
        return cls(asked.lake, asked.warehouse, asked.client, asked.outputs, exports=not asked.settings.local)


def audit(sinks: Sinks, replay_id: str | None = None, *, every: bool = False) -> Audit:
    """Audit a replay, the latest without an id. With `every` each absent event is named, and no cause is looked for.

    Raises NotFoundError for an unknown replay or one without a ledger, CloudError and QueryError.
    """
    began = time.monotonic()
    replay = _replay(sinks, replay_id)
    now = datetime.now(UTC)
    with ThreadPoolExecutor(4) as pool:
        allowed = pool.submit(windows.of_stack, sinks.client, sinks.outputs)
        ledger = sent.read(sinks.client("s3"), sinks.outputs.lake_bucket, replay.replay_id)
        look = _Look(sinks, replay, ledger, allowed.result(), now, every=every)
        names = ("lake",) if look.family.lake_only else ("lake", "invoices", "warehouse")
        found = {name: pool.submit(getattr(look, name)) for name in names}
        held = {name: future.result() for name, future in found.items()}
    return Audit(
        replay.replay_id,
        replay.status,
        **ledger.counts,
        reached=replay.rows_read,
        sinks=held,
        asked_at=now.strftime(_MOMENT),
        seconds=round(time.monotonic() - began, 3),
    )


def _replay(sinks: Sinks, replay_id: str | None) -> Progress:
    table = Store(sinks.client("dynamodb"), sinks.outputs.replays_table)
    if replay_id is None:
        latest = next((replay for replay in table.recent(_LATEST) if replay.kind == REPLAY), None)
        if latest is None:
            raise NotFoundError("There is no replay to audit yet: `python -m pipeline replay FILE` makes one.")
        return latest
    found = table.get(replay_id)
    if found is None:
        raise NotFoundError(f"There is no replay {replay_id!r}: the Replay page lists those there are.")
    return found


class _Look:
    """The look at each sink, for one replay at one moment."""

    def __init__(
        self, sinks: Sinks, replay: Progress, ledger: Sent, allowed: Windows, now: datetime, *, every: bool
    ) -> None:
        self._sinks = sinks
        self._every = every
        self._shown = len(ledger.rows) + 1 if every else SHOWN
        self._ledger = ledger
        self._allowed = allowed
        self._now = now
        self._replay_id = replay.replay_id
        self.family = OF_NAME[replay.family]
        self._started = datetime.fromisoformat(replay.started_at).replace(tzinfo=UTC)
        ended = datetime.fromisoformat(replay.ended_at).replace(tzinfo=UTC) if replay.ended_at else now
        between = self._started - timedelta(minutes=1), ended + _TRIED_FOR
        self._causes = Causes(
            sinks.client("s3"), sinks.warehouse, sinks.outputs, replay.replay_id, between, self.family
        )

    def lake(self) -> Sink:
        """An anti-join in Athena: in the hours since the replay began, and for what is not there in all hours."""
        began = time.monotonic()
        window = self._allowed.lake
        # Firehose names the hour by its own clock.
        asked = partial(
            self._sinks.lake.ask,
            replay_id=self._replay_id,
            last=(self._now + timedelta(hours=1)).strftime(_HOUR),
            due=(self._now - window).strftime(_MOMENT),
        )
        first = max((self._started - timedelta(hours=1)).strftime(_HOUR), self._sinks.outputs.lake_from)
        counts = _whole(asked(_SQL[_COUNTS[self.family.kept]], first=first).row)
        repeats = counts["repeats"]
        if counts["present"] < counts["expected"] and first > self._sinks.outputs.lake_from:
            first = self._sinks.outputs.lake_from
            counts = _whole(asked(_SQL[_COUNTS[self.family.kept]], first=first).row)
        late = counts["late"]
        missing = counts["expected"] - counts["present"] - late
        absent: tuple[Absent, ...] = ()
        if missing or late:
            rows = asked(_SQL[_ABSENT[self.family.kept]], first=first, most=self._shown).frame
            absent = self._explained("lake", {str(row.event_id): bool(row.late) for row in rows.itertuples()}, window)
        took = round(time.monotonic() - began, 3)
        return Sink(
            counts["expected"], counts["present"], missing, late, repeats, int(window.total_seconds()), took, absent
        )

    def invoices(self) -> Sink:
        """A key-only read of the table's pages; on AWS the export of a large table."""
        began = time.monotonic()
        outputs = self._sinks.outputs
        exports = keys.Exports(self._sinks.client("s3"), outputs.results_bucket) if self._sinks.exports else None
        expected = self._ledger.expected["event_id"]
        absent = keys.absent(self._sinks.client("dynamodb"), outputs.invoices_table, expected, exports)
        return self._sink("invoices", absent, began)

    def warehouse(self) -> Sink:
        """A join in the warehouse with the runs of lines that were sent."""
        began = time.monotonic()
        connect = partial(self._sinks.connect, self._sinks.outputs)
        absent, landed, merging = ranges.absent(connect, self._ledger)
        goes_on = merging.go_on(self._now, self._allowed.merge)
        return self._sink("warehouse", absent, began, landed, landed_is_late=goes_on)

    def _sink(
        self,
        name: str,
        absent: set[str],
        began: float,
        landed: AbstractSet[str] = frozenset(),
        *,
        landed_is_late: bool = False,
    ) -> Sink:
        window: timedelta = getattr(self._allowed, name)
        due = self._now - window
        fates = self._ledger.fates(absent)
        late = {
            event_id: (landed_is_late or fate.may_arrive(due - self._allowed.merge))
            if event_id in landed
            else fate.may_arrive(due)
            for event_id, fate in fates.items()
        }
        expected, waiting = len(self._ledger.expected), sum(late.values())
        first = sorted(fates, key=lambda event_id: (late[event_id], fates[event_id].line))[: self._shown]
        found = Sink(
            expected, expected - len(fates), len(fates) - waiting, waiting, 0, int(window.total_seconds()),
            0.0, self._explained(name, {event_id: late[event_id] for event_id in first}, window, landed),
        )  # fmt: skip
        return replace(found, seconds=round(time.monotonic() - began, 3))

    def _explained(
        self, sink: str, late: dict[str, bool], window: timedelta, landed: AbstractSet[str] = frozenset()
    ) -> tuple[Absent, ...]:
        fates = self._ledger.fates(set(late))
        known = {event_id: _LANDED for event_id in late if event_id in landed}
        if not self._every:
            known |= self._causes.of(sink, {event_id for event_id, waits in late.items() if not waits} - set(known))
        waiting = _WAITING.format(int(window.total_seconds()))
        told = {name: waiting if waits else _of(fates[name]) for name, waits in late.items()} | known
        return tuple(Absent(name, fates[name].line, waits, told[name]) for name, waits in late.items())


def _of(fate: Fate) -> str:
    """What the ledger itself tells."""
    if fate.outcome == FAILED:
        return f"the replay gave it up: {fate.reason}"
    return f"{_UNKNOWN}: sent, and the answer got lost ({fate.reason})" if fate.outcome == UNKNOWN else _UNKNOWN


def _whole(row: dict[str, Any]) -> dict[str, int]:
    return {name: int(value) for name, value in row.items()}
