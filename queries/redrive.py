"""What a redrive would send: the events that sinks miss of a replay, and where they are kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import BadInputError
from pipeline.redrive.search import Origin, Search, Wanted
from pipeline.replay.families import OF_NAME
from pipeline.replay.progress import REDRIVE
from pipeline.replay.store import Store
from queries.audit import sent
from queries.audit.run import Sinks, audit

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from pipeline.replay.progress import Progress
    from pipeline.replay.rows import Record

SINKS = ("lake", "invoices", "warehouse")


@dataclass(frozen=True)
class Missing:
    """The events that each sink misses of a replay, in the order of their lines; late ones are counted alone.

    One stream feeds every sink: what one of them misses goes through it again, and the others take it once. Page views
    and sessions have one sink, the lake.
    """

    replay: Progress
    sinks: dict[str, list[str]]
    late: int
    wanted: dict[str, Wanted]


@dataclass(frozen=True)
class DryRun:
    """What would be sent: how many events are found at which place, and those that are kept nowhere."""

    missing: Missing
    places: dict[str, int] = field(default_factory=dict)
    nowhere: tuple[str, ...] = ()

    @property
    def event_ids(self) -> list[str]:
        """The events that would be sent, in the order of their lines."""
        lost = set(self.nowhere)
        return [event_id for event_id in self.missing.wanted if event_id not in lost]

    def as_json(self) -> dict[str, Any]:
        """The same as plain values."""
        return {
            "replay_id": self.missing.replay.replay_id,
            "missing": self.missing.sinks,
            "late": self.missing.late,
            "events": len(self.event_ids),
            "event_ids": self.event_ids,
            "places": self.places,
            "nowhere": list(self.nowhere),
        }


def missing(asked: Sinks, replay_id: str, only: Collection[str] = SINKS) -> Missing:
    """What the sinks of `only` miss of a replay, every event of it.

    Raises BadInputError for a sink that is none, or takes no such events, NotFoundError for an unknown replay or one
    without a ledger, CloudError and QueryError.
    """
    if unknown := set(only) - set(SINKS):
        raise BadInputError(f"There is no sink {', '.join(sorted(unknown))}: there are {', '.join(SINKS)}.")
    found = audit(asked, replay_id, every=True)
    absent = {
        name: [one.event_id for one in sorted(sink.absent, key=lambda one: one.line) if not one.late]
        for name, sink in found.sinks.items()
        if name in only
    }
    if not absent:
        raise BadInputError(f"What replay {replay_id} sent goes to no such sink: {', '.join(found.sinks)} has it.")
    replay = Store(asked.client("dynamodb"), asked.outputs.replays_table).get(replay_id)
    assert replay is not None  # noqa: S101 - the audit has found it
    every = set().union(*absent.values())
    stamps = sent.read(asked.client("s3"), asked.outputs.lake_bucket, replay_id).stamps(every) if every else {}
    wanted = {event_id: Wanted(*stamp) for event_id, stamp in sorted(stamps.items(), key=lambda one: one[1])}
    return Missing(replay, absent, sum(found.sinks[name].late for name in absent), wanted)


def search(asked: Sinks, found: Missing) -> Search:
    """Looks for what is missing where it is kept."""
    replays = Store(asked.client("dynamodb"), asked.outputs.replays_table)
    # What a redrive sent was sent before, by the replay that it mends, which may be a redrive itself. What people
    # edited and sent again is in no file.
    first = found.replay
    while first.kind == REDRIVE and first.of and (mended := replays.get(first.of)):
        first = mended
    origin = Origin(
        found.replay.replay_id,
        datetime.fromisoformat(first.started_at).replace(tzinfo=UTC) - timedelta(minutes=1),
        Path(first.file),
        first.sha256,
        OF_NAME[found.replay.family],
        first.shift_to,
        first.replay_id,
    )
    return Search(asked.client("s3"), asked.outputs, origin, found.wanted)


def counted(looking: Search, places: dict[str, int]) -> Iterator[Record]:
    """The records that a search finds; `places` counts where."""
    for place, record in looking.records():
        places[place] = places.get(place, 0) + 1
        yield record


def dry_run(asked: Sinks, replay_id: str, only: Collection[str] = SINKS) -> DryRun:
    """What a redrive would send now; nothing is sent. Raises as `missing` does."""
    found = missing(asked, replay_id, only)
    looking = search(asked, found)
    places: dict[str, int] = {}
    for _ in counted(looking, places):
        pass
    return DryRun(found, places, tuple(looking.wanted))
