"""What MiniStack knows of event source mappings for Kinesis: their streams, their shards, and how far each was read.

A checkpoint is a sequence number and lies where MiniStack keeps its positions, which are saved at a clean stop.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline.local.event_batches import BEFORE_ALL
from pipeline.local.kinesis import reshard

if TYPE_CHECKING:
    from pipeline.local.event_batches import Record


def mappings() -> list[dict[str, Any]]:
    """The event source mappings of Kinesis streams."""
    from ministack.services import lambda_svc

    return [found for found in lambda_svc._esms.values() if ":kinesis:" in found.get("EventSourceArn", "")]


def readable(mapping: str, stream: dict[str, Any]) -> list[str]:
    """The shards that a mapping reads now: not those that it has read to their end, and none before its parents."""
    shards = stream["shards"]
    done = {name for name, shard in shards.items() if is_done(mapping, shard, name)}
    # A parent that the stream holds no more has nothing left to read.
    return [
        name
        for name, shard in shards.items()
        if name not in done and all(parent in done or parent not in shards for parent in reshard.parents(shard))
    ]


def is_done(mapping: str, shard: dict[str, Any], name: str) -> bool:
    """Whether a shard takes no more records, and its last one is done with."""
    from ministack.services import lambda_svc

    if reshard.is_open(shard):
        return False
    place = lambda_svc._kinesis_positions.get(mapping, {}).get(name)
    records = shard["records"]
    return not records or (isinstance(place, str) and place >= sequence(records[-1]))


def stream_of(mapping: dict[str, Any]) -> dict[str, Any] | None:
    """The stream that a mapping reads; None when it is gone."""
    from ministack.services import kinesis

    found: dict[str, Any] | None = kinesis._streams.get(mapping["EventSourceArn"].rpartition("/")[2])
    return found


def records_of(mapping: dict[str, Any], shard: str) -> list[Record]:
    """What a shard holds, the earliest first."""
    stream = stream_of(mapping) or {}
    found: list[Record] = stream.get("shards", {}).get(shard, {}).get("records", [])
    return found


def sequence(record: Record) -> str:
    """Its sequence number; such texts sort as the numbers do."""
    return str(record["SequenceNumber"])


def settle_beginning(mapping: str, source: str, moment: float | None) -> None:
    """Let the shards that are there now be read from the first record at or after `moment` on, None: from the first.

    A shard that comes later is read from its beginning, whatever the mapping's starting position.
    """
    from ministack.services import kinesis, lambda_svc

    if moment is None:
        return
    stream = kinesis._streams.get(source.rpartition("/")[2])
    places = lambda_svc._kinesis_positions.setdefault(mapping, {})
    for shard, found in stream["shards"].items() if stream else ():
        earlier = [record for record in found["records"] if record["ApproximateArrivalTimestamp"] < moment]
        places[shard] = sequence(earlier[-1]) if earlier else BEFORE_ALL
