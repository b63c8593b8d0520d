"""After a fault: what each sink holds of what was sent, and whether the audit explains every event."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from queries import sources
from queries.audit.run import Sinks, audit
from tests.faults import held

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.settings import Settings
    from queries.audit.result import Audit
    from tests.faults.files import Written

_AT_ONCE = 2  # audits
_SINKS = ("lake", "invoices", "warehouse")
_TOLD = 2_000  # characters of an audit that is not clean


@dataclass
class Sent:
    """One file sent under a fault: the replay that tells of it, the records sent again, the faults that it met.

    `puts` are those that fell on PutRecords, None where that says nothing.
    """

    written: Written
    replay_id: str
    retried: int = 0
    met: int = 0
    puts: int | None = None


@dataclass
class Row:
    """One line of the table of faults. `runs` are seeds or kills, `lost` and `double` events in any sink."""

    fault: str
    runs: int = 0
    met: int = 0
    puts: int | None = None
    events: int = 0
    retried: int = 0
    lost: int = 0
    double: int = 0
    explained: int = 0
    told: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Whether nothing was lost or doubled and everything is explained."""
        return self.runs > 0 and not (self.lost or self.double) and self.explained == self.events


def judge(settings: Settings, prefix: str, runs: Mapping[str, list[Sent]], *, seconds: float = 120) -> list[Row]:
    """Wait until the sinks have what they will get, then look: a row for each fault.

    `prefix` begins the names of all invoices of the runs, and of no others.
    """
    asked = sources.of(settings)
    sinks = Sinks.of(asked)
    everything = {name for sent in runs.values() for run in sent for name in run.written.quantities}
    deadline = time.monotonic() + seconds
    while held.landed(asked.outputs, prefix) < len(everything) and time.monotonic() < deadline:
        time.sleep(0.3)  # what is not there when time is over counts as lost
    replays = [run.replay_id for sent in runs.values() for run in sent]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = pool.map(lambda replay_id: _settled(sinks, replay_id, deadline), replays)
        audits = dict(zip(replays, found, strict=True))
    holds = held.ask(asked.outputs, prefix)
    strangers = {name for sink in holds.values() for name in sink.counted} - everything
    assert not strangers, f"events that nobody sent: {sorted(strangers)[:5]}"
    return [_row(fault, sent, audits, holds) for fault, sent in runs.items()]


def _row(fault: str, sent: list[Sent], audits: Mapping[str, Audit], holds: Mapping[str, held.Held]) -> Row:
    row = Row(fault, len(sent))
    lost: set[str] = set()
    doubled: set[str] = set()
    for run in sent:
        found = audits[run.replay_id]
        row.met += run.met
        row.puts = row.puts if run.puts is None else (row.puts or 0) + run.puts
        row.events += run.written.rows
        row.retried += run.retried
        row.explained += explained(found, run.written)
        if found.verdict != "complete" or found.rows != run.written.rows:
            row.told.append(f"{run.written.path.name}: {found.as_json()}"[:_TOLD])
        for name, sink in holds.items():
            missing, more = sink.lost(run.written.quantities), sink.doubled(run.written.quantities)
            if missing or more:
                row.told.append(f"{name}: lost {sorted(missing)[:5]}, doubled {sorted(more)[:5]}")
            lost |= missing
            doubled |= more
    row.lost, row.double = len(lost), len(doubled)
    return row


def explained(found: Audit, written: Written) -> int:
    """Rows of the file that the audit accounts for: rejected, in every sink, or absent with a cause that it knows."""
    absent = {one.event_id: one for name in _SINKS for one in found.sinks[name].absent}
    unknown = {name for name, one in absent.items() if one.late or one.cause.startswith("unknown")}
    most = max(found.sinks[name].missing + found.sinks[name].late for name in _SINKS)
    untold = max(0, most - len(absent))  # beyond the first hundred
    return min(found.rows, written.rows) - len(unknown) - untold


def _settled(sinks: Sinks, replay_id: str, deadline: float) -> Audit:
    while True:
        found = audit(sinks, replay_id)
        if found.verdict != "late" or time.monotonic() > deadline:
            return found
        time.sleep(0.5)


def table(rows: list[Row]) -> str:
    """The rows for a terminal and for the documentation."""
    head = ("fault", "runs", "met", "on PutRecords", "events", "sent again", "lost", "double", "explained")
    cells = [
        (
            row.fault, f"{row.runs:,}", f"{row.met:,}", "" if row.puts is None else f"{row.puts:,}",
            f"{row.events:,}", f"{row.retried:,}", f"{row.lost:,}", f"{row.double:,}", f"{row.explained:,}",
        )
        for row in rows
    ]  # fmt: skip
    widths = [max(map(len, column)) for column in zip(head, *cells, strict=True)]
    lines = [head, tuple("-" * width for width in widths), *cells]
    return "\n".join(
        "| " + " | ".join(f"{text:<{width}}" for text, width in zip(line, widths, strict=True)) + " |" for line in lines
    )
