"""The open rows of what is kept, the newest first, in pages: memory is bounded however much is kept."""

from __future__ import annotations

import heapq
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline.clients import aws_errors
from pipeline.quarantine import places as kept
from pipeline.quarantine import settled

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from pipeline.quarantine.places import Place
    from pipeline.quarantine.rows import Row
    from pipeline.stack import Outputs

MOST_OBJECTS = 300  # with open rows, the newest
MOST_LOOKED_INTO = 1_000  # objects, the settled ones among them
MOST_ROWS = 100_000  # read in one look
PAGE = 15
_MOST_KINDS = 100
_OTHER = "other reasons"
_MOST_BYTES = 32 << 20  # of one object as it lies there


@dataclass(frozen=True)
class Filter:
    """What to list: places of rows.PLACES (empty: all), a replay, a reason's kind, events as in Row.events."""

    places: tuple[str, ...] = ()
    replay_id: str | None = None
    kind: str | None = None
    events: str | None = None

    def passes(self, row: Row) -> bool:
        """Whether the row is to be listed."""
        if self.events not in (None, row.events):
            return False
        return self.replay_id in (None, row.replay_id) and (self.kind is None or self.kind in row.kinds)


@dataclass(frozen=True)
class Look:
    """One look: `reasons` counts open rows by events, place and kind, `replays` by replay, without the filter's own.

    `rows` are one page of the filter's, `start` counts those before it, `total` all. `objects` are those looked into;
    `whole` is false when there are more of them: then counts are of the newest rows.
    """

    reasons: dict[tuple[str, str, str], int]
    replays: dict[str, int]
    rows: tuple[Row, ...]
    start: int
    total: int
    objects: int
    whole: bool


@dataclass
class _Walk:
    """The objects to look into, the newest first, whether they are all that there are, and how far a look has come."""

    objects: list[tuple[Any, Place, str]]
    whole: bool
    looked_into: int = 0


class Kept:
    """Reads what is kept. Methods raise CloudError."""

    def __init__(self, s3: Any, outputs: Outputs) -> None:  # noqa: ANN401 - boto3
        self._s3 = s3
        self._places = {place.name: place for place in kept.places(outputs)}

    def look(self, wanted: Filter, *, start: int = 0, size: int = PAGE) -> Look:
        """Rows `start` to `start + size` of those that pass, and how many there are of each reason."""
        reasons: Counter[tuple[str, str, str]] = Counter()
        replays: Counter[str] = Counter()
        page: list[Row] = []
        total = 0
        walk = _Walk(*self._objects(wanted))
        for row in self._rows_of(walk):
            if wanted.events not in (None, row.events):
                continue
            if wanted.replay_id in (None, row.replay_id):
                full = len(reasons) >= _MOST_KINDS
                names = [(row.events, row.place, kind) for kind in row.kinds]
                reasons.update({name if name in reasons or not full else (*name[:2], _OTHER) for name in names})
            if row.replay_id and (wanted.kind is None or wanted.kind in row.kinds):
                replays[row.replay_id] += 1
            if wanted.passes(row):
                if start <= total < start + size:
                    page.append(row)
                total += 1
        return Look(
            dict(reasons.most_common()), dict(replays.most_common(_MOST_KINDS)), tuple(page), start, total,
            walk.looked_into, walk.whole,
        )  # fmt: skip

    def rows(self, wanted: Filter) -> Iterator[Row]:
        """Every open row that passes, the newest object first; MOST_ROWS at most."""
        for row in self._rows_of(_Walk(*self._objects(wanted))):
            if wanted.passes(row):
                yield row

    def of_object(self, place: str, key: str) -> list[Row]:
        """The open rows of one object. Raises NotFoundError when it is not there."""
        return next(self._open([(None, self._places[place], key)]))

    def _objects(self, wanted: Filter) -> tuple[list[tuple[Any, Place, str]], bool]:
        """The newest objects, and whether these are all."""
        seen = 0

        def listed() -> Iterator[tuple[datetime, str, str]]:
            nonlocal seen
            for name in wanted.places or tuple(self._places):
                place = self._places[name]
                with aws_errors(f"s3://{place.bucket}/{place.prefix}"):
                    pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=place.bucket, Prefix=place.prefix)
                    for page in pages:
                        for found in page.get("Contents", []):
                            if not place.may_hold(found["Key"], wanted.events):
                                continue
                            seen += 1
                            if found["Size"] <= _MOST_BYTES:
                                yield found["LastModified"], name, str(found["Key"])

        newest = heapq.nlargest(MOST_LOOKED_INTO, listed())
        return [(at, self._places[name], key) for at, name, key in newest], seen == len(newest)

    def _rows_of(self, walk: _Walk) -> Iterator[Row]:
        """Open rows of the newest objects, until enough of these had some."""
        rows = with_rows = 0
        for found in self._open(walk.objects):
            if with_rows >= MOST_OBJECTS:
                walk.whole = False
                return
            walk.looked_into += 1
            with_rows += bool(found)
            for row in found:
                if rows >= MOST_ROWS:
                    walk.whole = False
                    return
                rows += 1
                yield row

    def _open(self, objects: list[tuple[Any, Place, str]]) -> Iterator[list[Row]]:
        """The open rows of each object; what is settled is listed once."""
        records: dict[tuple[str, str], list[str]] = {}
        for place in {place.name: place for _, place, _ in objects}.values():
            keys = [key for _, of, key in objects if of is place]
            # One object needs no look at what all others became.
            prefix = place.prefix if len(keys) > 1 else f"{keys[0]}/"
            for key, found in settled.records(self._s3, place.bucket, prefix, keys).items():
                records[place.bucket, key] = found
        for _, place, key in objects:
            with aws_errors(f"s3://{place.bucket}/{key}"):
                body = self._s3.get_object(Bucket=place.bucket, Key=key)["Body"].read()
            done = settled.numbers(self._s3, place.bucket, records.get((place.bucket, key), ()))
            yield [row for row in place.read(place, key, body) if row.number not in done]
