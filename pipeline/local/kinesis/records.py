"""The records that a stream holds: small in memory, and on disk from a clean stop to the next start."""

from __future__ import annotations

import base64
import json
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_FOLDER = "kinesis-records"


class Record:
    """A record as MiniStack reads one, by names in brackets; half the size of a dictionary with base64 in it."""

    __slots__ = ("_arrival", "_data", "_key", "_number")

    def __init__(self, number: str, arrival: float, key: str, data: bytes) -> None:
        self._number = number
        self._arrival = arrival
        self._key = sys.intern(key)  # few keys for many records
        self._data = data

    def __getitem__(self, name: str) -> Any:
        if name == "SequenceNumber":
            return self._number
        if name == "ApproximateArrivalTimestamp":
            return self._arrival
        if name == "PartitionKey":
            return self._key
        if name == "Data":
            return base64.b64encode(self._data).decode()
        raise KeyError(name)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Record) and self.line() == other.line()

    def __hash__(self) -> int:
        return hash(self._number)

    def line(self) -> str:
        """All of it in one line; JSON leaves no tab in a key, and base64 none in the data."""
        return f"{self._number}\t{self._arrival}\t{json.dumps(self._key)}\t{base64.b64encode(self._data).decode()}\n"

    @classmethod
    def of(cls, line: str) -> Record:
        """The record of such a line."""
        number, arrival, key, data = line.split("\t")
        return cls(number, float(arrival), json.loads(key), base64.b64decode(data))


def install(kinesis: Any) -> None:
    """Save and load records beside MiniStack's state, which keeps everything else."""
    get_state, load = kinesis.get_state, kinesis.load_persisted_state

    def get_state_and_save_records() -> dict[str, Any]:
        folder = _folder()
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for name, shard in _shards(kinesis._streams.all_items()):
            with (folder / name).open("w", encoding="utf-8") as out:
                out.writelines(record.line() for record in shard["records"])
        return _without_records(kinesis, get_state)

    def load_with_records(state: dict[str, Any] | None) -> None:
        load(state)
        for name, shard in _shards(kinesis._streams.all_items()):
            saved = _folder() / name
            if saved.is_file():
                with saved.open(encoding="utf-8") as lines:
                    shard["records"] = list(map(Record.of, lines))

    kinesis.get_state = get_state_and_save_records
    kinesis.load_persisted_state = load_with_records


def _folder() -> Path:
    from ministack.core import persistence

    return Path(persistence.STATE_DIR) / _FOLDER


def _shards(streams: Iterable[tuple[tuple[str, str, str], dict[str, Any]]]) -> list[tuple[str, dict[str, Any]]]:
    """Each shard with a file name of its own; the names of streams and shards have no other characters than these."""
    return [("_".join((*scope, name)), shard) for scope, stream in streams for name, shard in stream["shards"].items()]


def _without_records(kinesis: Any, get_state: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """MiniStack's state; it would copy every record."""
    shards = [(shard, shard["records"]) for _name, shard in _shards(kinesis._streams.all_items())]
    try:
        for shard, _records in shards:
            shard["records"] = []
        return get_state()
    finally:
        for shard, records in shards:
            shard["records"] = records
