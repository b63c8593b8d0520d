"""A batch of the clicks stream as what it adds to each counter."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from pipeline.contracts import live_counter as live
from pipeline.contracts import page_view

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Key = tuple[str, str]  # slot, counter


class View(NamedTuple):
    """One record for one counter: where it lies in its shard, as a text that sorts, and how many views it is."""

    place: str
    views: int
    number: str  # the sequence number as Lambda gave it


@dataclass
class Batch:
    """What a batch of records asks for.

    `counters`: per counter its records, in the shard's order. `sessions`: per set the digests to be in it. `first`:
    per set the sequence number of its first record. `poison`: sequence numbers of records that are no views.
    `arrived`: seconds since 1970 at which the last record came.
    """

    counters: dict[Key, list[View]] = field(default_factory=dict)
    sessions: dict[Key, set[bytes]] = field(default_factory=dict)
    first: dict[Key, str] = field(default_factory=dict)
    poison: list[str] = field(default_factory=list)
    arrived: float = 0.0


def read(records: Iterable[Mapping[str, Any]]) -> Batch:
    """The records of a Kinesis event, all of one shard."""
    batch = Batch()
    # A shard's order, whatever the order of the event: a counter must never skip a record that comes later.
    for record in sorted(records, key=lambda one: live.sequence(str(one["kinesis"]["sequenceNumber"]))):
        number = str(record["kinesis"]["sequenceNumber"])
        batch.arrived = max(batch.arrived, float(record["kinesis"]["approximateArrivalTimestamp"]))
        try:
            view = page_view.from_wire(base64.b64decode(record["kinesis"]["data"], validate=True))
        except (page_view.InvalidPageViewError, binascii.Error):
            batch.poison.append(number)
            continue
        shard = str(record["eventID"]).partition(":")[0]
        _add(batch, view, shard, number)
    return batch


def _add(batch: Batch, view: Mapping[str, object], shard: str, number: str) -> None:
    at = str(view["OccurredAt"])
    count = view["Count"]
    assert isinstance(count, int)  # noqa: S101 - the contract says so
    counted = View(live.sequence(number), count, number)
    keys = [
        (live.slot(live.MINUTE, at), live.minute_counter(shard, at)),
        (live.slot(live.PAGE, at), live.counter(shard, str(view["Page"]))),
    ]
    if view["Source"] is not None:
        keys.append((live.slot(live.SOURCE, at), live.counter(shard, str(view["Source"]))))
    for key in keys:
        batch.counters.setdefault(key, []).append(counted)
    if view["SessionID"] is not None:
        digest = live.session_digest(str(view["SessionID"]))
        key = live.slot(live.SESSION, at), live.counter(shard, live.bucket(digest))
        batch.sessions.setdefault(key, set()).add(digest)
        batch.first.setdefault(key, number)
