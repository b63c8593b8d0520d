"""Splits, merges and UpdateShardCount, with no record lost by them.

As the developer guide has it ("Reshard a stream", "Routing, data persistence and shard state after a reshard"): a
parent is closed and takes no more records; those that it has stay readable until the stream's retention is over, after
which it is gone; its children take the keys that were its own. UpdateShardCount is a series of splits and merges.
Changes are done at once here, where AWS takes its time (UPDATING).
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.local.kinesis.put import Answer

ENDED, CLOSED_AT = "ending_sequence_number", "closed_at"
_HASHES = 2**128
Shard = dict[str, Any]


class RefusedError(Exception):
    """A change that the API refuses, by its code."""

    def __init__(self, message: str, code: str = "InvalidArgumentException") -> None:
        super().__init__(message)
        self.code = code


def install(kinesis: Any) -> None:
    """Put these operations in the place of MiniStack's, which drop the records of the shards that they replace."""
    shard_out = kinesis._shard_out

    def shard_out_with_end(name: str, shard: Shard) -> dict[str, Any]:
        told: dict[str, Any] = shard_out(name, shard)
        if ENDED in shard:
            told["SequenceNumberRange"]["EndingSequenceNumber"] = shard[ENDED]
        return told

    kinesis._shard_out = shard_out_with_end
    kinesis._split_shard = _operation(kinesis, _split)
    kinesis._merge_shards = _operation(kinesis, _merge)
    kinesis._update_shard_count = _operation(kinesis, _update)
    _install_summary(kinesis)
    _install_list(kinesis)
    _install_updates_of_stacks()


def is_open(shard: Mapping[str, Any]) -> bool:
    """Whether a shard takes records."""
    return ENDED not in shard


def open_shards(stream: Mapping[str, Any]) -> list[tuple[str, Shard]]:
    """Those that take records, by the hash keys that they take."""
    found = [(name, shard) for name, shard in stream["shards"].items() if is_open(shard)]
    return sorted(found, key=lambda one: int(one[1]["starting_hash_key"]))


def parents(shard: Mapping[str, Any]) -> list[str]:
    """The names of a shard's parents: none, one after a split, two after a merge."""
    return [name for name in (shard.get("parent_shard_id"), shard.get("adjacent_parent_shard_id")) if name]


def children(stream: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """What GetRecords tells at the end of a closed shard."""
    return [
        {
            "ShardId": child,
            "ParentShards": parents(shard),
            "HashKeyRange": {
                "StartingHashKey": shard["starting_hash_key"],
                "EndingHashKey": shard["ending_hash_key"],
            },
        }
        for child, shard in list(stream["shards"].items())
        if name in parents(shard)
    ]


def forget_expired(stream: dict[str, Any]) -> None:
    """Let go of closed shards whose last record's time is over."""
    limit = time.time() - stream["RetentionPeriodHours"] * 3600
    gone = [name for name, shard in stream["shards"].items() if shard.get(CLOSED_AT, limit) < limit]
    if gone:
        stream["shards"] = {name: shard for name, shard in stream["shards"].items() if name not in gone}


def split(kinesis: Any, stream: dict[str, Any], name: str, at: int) -> list[str]:
    """Close a shard; its keys from `at` on go to the second of two children. Raises RefusedError."""
    shard = _open(stream, name)
    first, last = int(shard["starting_hash_key"]), int(shard["ending_hash_key"])
    if not first < at <= last:
        message = f"NewStartingHashKey {at} used in SplitShard() on shard {name} is not both greater than one plus the"
        raise RefusedError(f"{message} shard's StartingHashKey {first} and less than its EndingHashKey {last}.")
    _close(kinesis, shard)
    return [_add(kinesis, stream, low, high, name) for low, high in ((first, at - 1), (at, last))]


def merge(kinesis: Any, stream: dict[str, Any], name: str, adjacent: str) -> str:
    """Close two shards whose keys lie side by side; one child takes the keys of both. Raises RefusedError."""
    one, other = _open(stream, name), _open(stream, adjacent)
    low, high = sorted((one, other), key=lambda shard: int(shard["starting_hash_key"]))
    if int(low["ending_hash_key"]) + 1 != int(high["starting_hash_key"]):
        message = f"Shards {name} and {adjacent} in stream {stream['StreamName']} are not adjacent."
        raise RefusedError(message)
    for shard in (one, other):
        _close(kinesis, shard)
    return _add(kinesis, stream, int(low["starting_hash_key"]), int(high["ending_hash_key"]), name, adjacent)


def scale(kinesis: Any, stream: dict[str, Any], target: int) -> None:
    """Split and merge until `target` shards share the keys evenly. Raises RefusedError."""
    current = len(open_shards(stream))
    # UpdateShardCount's own limits, API reference.
    if not current / 2 <= target <= current * 2:
        message = f"TargetShardCount {target} is not from half to double of the {current} open shards"
        raise RefusedError(f"{message} of stream {stream['StreamName']}.")
    starts = [_HASHES // target * place for place in range(target)]
    for start in starts[1:]:
        name, shard = next(one for one in open_shards(stream) if int(one[1]["ending_hash_key"]) >= start)
        if int(shard["starting_hash_key"]) != start:
            split(kinesis, stream, name, start)
    for start in starts:
        end = next((other for other in starts if other > start), _HASHES)
        while True:
            pieces = [name for name, shard in open_shards(stream) if start <= int(shard["starting_hash_key"]) < end]
            if len(pieces) == 1:
                break
            merge(kinesis, stream, pieces[0], pieces[1])


def _open(stream: Mapping[str, Any], name: str) -> Shard:
    shard = stream["shards"].get(name)
    if shard is None:
        message = f"Could not find shard {name} in stream {stream['StreamName']}."
        raise RefusedError(message, "ResourceNotFoundException")
    if not is_open(shard):
        raise RefusedError(f"Shard {name} in stream {stream['StreamName']} has already been merged or split.")
    return cast("Shard", shard)


def _close(kinesis: Any, shard: Shard) -> None:
    shard[ENDED] = kinesis._next_sequence_number()
    shard[CLOSED_AT] = time.time()


def _add(kinesis: Any, stream: dict[str, Any], first: int, last: int, *of: str) -> str:
    name = f"shardId-{kinesis._max_shard_index(stream) + 1:012d}"
    parent, adjacent = (*of, None)[:2]
    shard = {
        "records": [],
        "starting_hash_key": str(first),
        "ending_hash_key": str(last),
        "starting_sequence_number": kinesis._next_sequence_number(),
        "parent_shard_id": parent,
        "adjacent_parent_shard_id": adjacent,
    }
    # A new mapping: who looks at the shards in another thread keeps those that there were.
    stream["shards"] = {**stream["shards"], name: shard}
    return name


def _operation(kinesis: Any, change: Any) -> Any:
    def operation(data: dict[str, Any]) -> Answer:
        name, stream = kinesis._resolve_stream(data)
        if not stream:
            message = f"Stream {name} not found"
            return cast("Answer", kinesis.error_response_json("ResourceNotFoundException", message, 400))
        try:
            return cast("Answer", kinesis.json_response(change(kinesis, stream, data)))
        except RefusedError as refused:
            return cast("Answer", kinesis.error_response_json(refused.code, str(refused), 400))

    return operation


def _split(kinesis: Any, stream: dict[str, Any], data: Mapping[str, Any]) -> dict[str, Any]:
    at = str(data.get("NewStartingHashKey", ""))
    if not at.isascii() or not at.isdigit():
        raise RefusedError("NewStartingHashKey is no whole number.", "ValidationException")
    split(kinesis, stream, str(data.get("ShardToSplit")), int(at))
    return {}


def _merge(kinesis: Any, stream: dict[str, Any], data: Mapping[str, Any]) -> dict[str, Any]:
    merge(kinesis, stream, str(data.get("ShardToMerge")), str(data.get("AdjacentShardToMerge")))
    return {}


def _update(kinesis: Any, stream: dict[str, Any], data: Mapping[str, Any]) -> dict[str, Any]:
    target = int(data.get("TargetShardCount") or 0)
    if target < 1 or data.get("ScalingType") != "UNIFORM_SCALING":
        message = "TargetShardCount must be 1 or more, and ScalingType UNIFORM_SCALING."
        raise RefusedError(message, "ValidationException")
    current = len(open_shards(stream))
    scale(kinesis, stream, target)
    return {
        "StreamName": stream["StreamName"],
        "StreamARN": stream["StreamARN"],
        "CurrentShardCount": current,
        "TargetShardCount": target,
    }


def _install_summary(kinesis: Any) -> None:
    summary = kinesis._describe_stream_summary

    def counted(data: dict[str, Any]) -> Answer:
        status, headers, body = summary(data)
        _name, stream = kinesis._resolve_stream(data)
        if stream:
            told = kinesis.json.loads(body)
            told["StreamDescriptionSummary"]["OpenShardCount"] = len(open_shards(stream))
            body = kinesis.json.dumps(told).encode()
        return status, headers, body

    kinesis._describe_stream_summary = counted


def _install_list(kinesis: Any) -> None:
    listing = kinesis._list_shards

    def filtered(data: dict[str, Any]) -> Answer:
        """ListShards with AT_LATEST, which leaves closed shards out, and AFTER_SHARD_ID; other filters take all."""
        wanted = data.get("ShardFilter") or {}
        _name, stream = kinesis._resolve_stream(data)
        if stream and wanted.get("Type") == "AT_LATEST":
            told = [kinesis._shard_out(name, shard) for name, shard in sorted(open_shards(stream))]
            return cast("Answer", kinesis.json_response({"Shards": told}))
        if wanted.get("Type") == "AFTER_SHARD_ID":
            data = {**data, "ExclusiveStartShardId": wanted.get("ShardId")}
        return cast("Answer", listing(data))

    kinesis._list_shards = filtered


def _install_updates_of_stacks() -> None:
    """CloudFormation calls UpdateShardCount when a template's ShardCount changes; MiniStack leaves it as it is."""
    from ministack.services import kinesis
    from ministack.services.cloudformation import provisioners

    handlers = provisioners._RESOURCE_HANDLERS["AWS::Kinesis::Stream"]
    update = handlers["update"]

    def update_and_scale(physical_id: str, old: dict[str, Any], new: dict[str, Any], stack: str) -> Any:
        answer = update(physical_id, old, new, stack)
        stream = kinesis._streams.get(physical_id)
        target = int(new.get("ShardCount") or 0)
        if stream and target and target != len(open_shards(stream)):
            scale(kinesis, stream, target)
        return answer

    handlers["update"] = update_and_scale
