"""How the events of each family travel: a record read as the event it is, and made again as it was."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.contracts import event, order_line, page_view, session
from pipeline.contracts.event import InvalidEventError, Problem
from pipeline.replay.rows import Record

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Event = Mapping[str, object]


@dataclass(frozen=True)
class Wire:
    """A family's form: `read` gives a stamped event or raises InvalidEventError; `write` and `key` make its record."""

    read: Callable[[bytes], Event]
    write: Callable[[Event], bytes]
    key: Callable[[Event], str]

    def record(self, found: Event, line: int) -> Record:
        """What sends a stamped event again, with its SentAt and ReplayID; `line` is its line in the file."""
        return Record(line, str(found["EventID"]), self.key(found), self.write(found), sent_at=str(found["SentAt"]))


def _marked(line: Event) -> bytes:
    """Order lines alone are marked: only the invoice writer must know, the lake takes the greatest SentAt anyway."""
    return order_line.to_wire(order_line.redriven(line))


def _from_tsv(data: bytes) -> Event:
    """A line of Wikipedia's clickstream with the columns that our replays append."""
    try:
        cells = page_view.from_tsv(data.decode())
    except UnicodeDecodeError as error:
        raise InvalidEventError([Problem("", f"is not UTF-8: byte {error.start}")]) from error
    replay_id, sent_at, problems = event.stamps(cells)
    if problems:
        raise InvalidEventError(problems)
    page_view.normalise(cells, arrived=sent_at)
    return event.stamp(cells, sent_at=sent_at, replay_id=replay_id)


def _to_tsv(cells: Event) -> bytes:
    return "\t".join(str(cells[name] or "") for name in page_view.TSV_FIELDS).encode() + b"\n"


# By family name, see pipeline.replay.families.
OF: Mapping[str, Wire] = {
    "orders": Wire(order_line.from_wire, _marked, order_line.partition_key),
    "page_views": Wire(page_view.from_wire, page_view.to_wire, page_view.partition_key),
    "wikipedia": Wire(_from_tsv, _to_tsv, lambda cells: str(cells["EventID"])[: event.MAX_PARTITION_KEY]),
    "sessions": Wire(session.from_wire, session.to_wire, session.partition_key),
}
