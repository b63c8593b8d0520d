"""Files of one event a line: clicks or browse sessions as JSON, Wikipedia's clickstream as TSV.

Each line is an event ready to send, or rejected with its number and its reasons. An event whose line names none is
known by the file and the line: `<the file's sha256, 12 digits>-<line>`. So the same file again is the same events, and
two equal lines are two.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Self

from pipeline.contracts import page_view, session, values
from pipeline.contracts.clock import CLOCK, SentClock
from pipeline.contracts.event import InvalidEventError, Problem, parsed
from pipeline.errors import FileRefusedError
from pipeline.replay.families import PAGE_VIEWS, SESSIONS, WIKIPEDIA, Family
from pipeline.replay.rows import Record, Rejected
from pipeline.replay.source import Source

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_ID_DIGITS = 12
_LONGEST_RAW = 1 << 16  # characters kept of a rejected line
_TABS = (3, 6)  # of Wikipedia's columns, and with those that our own replays append


def family_of(line: str) -> Family | None:
    """What a file whose first line this is holds; None when it is none of these."""
    if line.lstrip().startswith("{"):
        try:
            first = json.loads(line)
        except ValueError:
            return PAGE_VIEWS  # its own reader tells what is wrong with the line
        return SESSIONS if isinstance(first, dict) and {"session_id", "browse_history"} & first.keys() else PAGE_VIEWS
    return WIKIPEDIA if line.count("\t") in _TABS and "InvoiceNo" not in line else None


class EventFile:
    """A file of one family's events, opened and found fit: `rows` gives its rows, once.

    With `shift_to` (a timestamp of the contracts) the times of clicks are moved, all by the same, so that the last one
    in the file is that. Raises FileRefusedError before any row is given.
    """

    columns: tuple[str, ...] = ()  # only a CSV has names for its cells

    def __init__(self, path: Path, family: Family, *, shift_to: str | None = None) -> None:
        self.family = family
        self.source = Source(path)
        self._shift = timedelta()
        try:
            self.source.check()
            if shift_to:
                self._shift = datetime.fromisoformat(shift_to) - _last(path)
            self._file_id = self.source.fingerprint()[:_ID_DIGITS]
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self.source.close()

    def rows(self, replay_id: str | None = None, *, clock: SentClock = CLOCK) -> Iterator[Record | Rejected]:
        """Each row, in the file's order. Raises FileRefusedError when the file can no longer be read."""
        read = {PAGE_VIEWS: self._click, WIKIPEDIA: self._tsv, SESSIONS: self._session}[self.family]
        for number, line in enumerate(self.source.lines(), 1):
            if not line.strip():
                continue
            try:
                yield read(line, number, replay_id, clock.now())
            except InvalidEventError as error:
                yield self._rejected(line, number, error.problems)

    def _click(self, line: str, number: int, replay_id: str | None, sent_at: str) -> Record:
        view = page_view.normalise(_json(line), new_id=self._id(number), arrived=sent_at)
        if self._shift:
            view["OccurredAt"] = _moved(str(view["OccurredAt"]), self._shift)
        data = page_view.to_wire(page_view.stamp(view, sent_at=sent_at, replay_id=replay_id))
        key = page_view.partition_key(view)
        return Record(number, str(view["EventID"]), key, data, str(view["OccurredAt"]), sent_at)

    def _tsv(self, line: str, number: int, replay_id: str | None, sent_at: str) -> Record:
        cells = page_view.from_tsv(line)
        view = page_view.normalise(cells, new_id=self._id(number), arrived=sent_at)
        columns = [*(str(cells[name]) for name in page_view.TSV_FIELDS[:4]), view["EventID"], replay_id or "", sent_at]
        data = "\t".join(map(str, columns)).encode() + b"\n"
        return Record(number, str(view["EventID"]), page_view.partition_key(view), data, "", sent_at)

    def _session(self, line: str, number: int, replay_id: str | None, sent_at: str) -> Record:
        found = session.normalise(_json(line))
        data = session.to_wire(session.stamp(found, sent_at=sent_at, replay_id=replay_id))
        return Record(number, str(found["EventID"]), session.partition_key(found), data, "", sent_at)

    def _id(self, number: int) -> str:
        return f"{self._file_id}-{number}"

    def _rejected(self, line: str, number: int, problems: list[Problem]) -> Rejected:
        kinds = tuple(_kind(problem) for problem in problems)
        # A session has no other name than its own; any other line is known by its place once it is mended.
        event_id = None if self.family is SESSIONS else self._id(number)
        return Rejected(number, event_id, tuple(problems), kinds, line.rstrip("\r\n")[:_LONGEST_RAW])


def _json(line: str) -> object:
    try:
        return parsed(line)
    except ValueError as error:
        raise InvalidEventError([Problem("", str(error))]) from error


def _kind(problem: Problem) -> str:
    """A problem without the value that it tells of: that comes first, as Python writes it."""
    reason = problem.reason
    if reason[:1] in {"'", '"'} and (end := reason.rfind(reason[0])) > 0:
        reason = reason[end + 1 :].strip()
    elif reason[:1].isdigit() or reason[:1] == "-":
        reason = reason.partition(" ")[2]
    return f"{problem.field}: {reason}" if problem.field else reason.partition(":")[0]


def _moved(moment: str, shift: timedelta) -> str:
    return (datetime.fromisoformat(moment) + shift).isoformat(sep=" ")


def _last(path: Path) -> datetime:
    """When the last click of a file happened; lines that are none are passed over.

    Raises FileRefusedError without any.
    """
    latest = ""
    source = Source(path)
    now = datetime.now(UTC)
    try:
        for line in source.lines():
            try:
                found = page_view.normalise(_only_time(json.loads(line)), new_id="x", now=now)
            except (ValueError, RecursionError):
                continue
            latest = max(latest, str(found["OccurredAt"]))
    finally:
        source.close()
    if not latest:
        raise FileRefusedError(f"{path} has no click whose time could be shifted: replay it without --shift-to-now.")
    return datetime.fromisoformat(latest)


def _only_time(click: object) -> Mapping[str, object]:
    """The times of a click; its other fields are the contract's business, not this one's."""
    if not isinstance(click, dict):
        raise TypeError(values.shown(click))
    names = ("OccurredAt", "created_at", "createdAt")
    return {"Page": "x"} | {name: click[name] for name in names if name in click}
