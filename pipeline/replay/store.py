"""The replays table: one item a replay, written by its worker, read by everybody."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, fields, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline import stack
from pipeline.clients import aws_errors, client
from pipeline.replay.progress import DONE, LOST, REPLAY, RUNNING, Progress, Receipt

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# A worker writes each second, also while its target refuses everything; after so long it is gone.
LOST_AFTER = timedelta(seconds=30)
_ALL = sys.maxsize
_FIELDS = tuple(field.name for field in fields(Progress))
_FLOATS = {field.name for field in fields(Progress) if "float" in str(field.type)}


class Store:
    """Reads and writes the table. Raises errors of pipeline.errors when it does not answer."""

    def __init__(self, dynamodb: Any, table: str) -> None:  # noqa: ANN401 - boto3 makes its clients at run time
        self._dynamodb = dynamodb
        self._table = table

    def save(self, state: Progress, receipt: Receipt | None = None) -> None:
        """Write a replay's item; its worker is the only writer, so the whole item is replaced."""
        item = {name: _typed(value) for name, value in asdict(state).items() if value is not None}
        if receipt:
            item["receipt"] = {"S": json.dumps(asdict(receipt))}
        with aws_errors(f"Table {self._table}"):
            self._dynamodb.put_item(TableName=self._table, Item=item)

    def get(self, replay_id: str) -> Progress | None:
        """One replay, as it stands now; None when there is none of that id."""
        item = self._item(replay_id)
        return _progress(item) if item else None

    def receipt(self, replay_id: str) -> dict[str, Any] | None:
        """The receipt of a replay that has ended, with the names of Receipt."""
        item = self._item(replay_id)
        return json.loads(item["receipt"]["S"]) if item and "receipt" in item else None

    def recent(self, count: int = 20) -> list[Progress]:
        """The latest replays, the newest first."""
        found = sorted(map(_progress, self._scan()), key=lambda state: (state.started_at, state.replay_id))
        return found[::-1][:count]

    def finished_of(self, file_name: str) -> Progress | None:
        """The latest replay that brought all of a file of this name in, wherever the file lay."""
        for state in self.recent(_ALL):
            whole = (
                state.kind == REPLAY and state.status == DONE and not (state.failed or state.unknown or state.row_limit)
            )
            if whole and Path(state.file).name == file_name:
                return state
        return None

    def _item(self, replay_id: str) -> Mapping[str, Any]:
        with aws_errors(f"Table {self._table}"):
            answer = self._dynamodb.get_item(
                TableName=self._table, Key={"replay_id": {"S": replay_id}}, ConsistentRead=True
            )
        found: Mapping[str, Any] = answer.get("Item", {})
        return found

    def _scan(self) -> Iterator[Mapping[str, Any]]:
        """Every item without its receipt. One item a replay: a shop that replays daily has a page of them in years."""
        names = {f"#{at}": name for at, name in enumerate(_FIELDS)}  # `status` and others are DynamoDB's own words
        with aws_errors(f"Table {self._table}"):
            pages = self._dynamodb.get_paginator("scan").paginate(
                TableName=self._table, ProjectionExpression=", ".join(names), ExpressionAttributeNames=names
            )
            for page in pages:
                yield from page["Items"]


def of_stack(name: str) -> Store:
    """The replays table of the stack `name`."""
    return Store(client("dynamodb"), stack.outputs(name).replays_table)


def _typed(value: str | float) -> dict[str, str]:
    return {"S": value} if isinstance(value, str) else {"N": str(value)}


def _progress(item: Mapping[str, Mapping[str, str]]) -> Progress:
    state = Progress(**{name: _plain(name, item[name]) for name in _FIELDS if name in item})
    heard = datetime.fromisoformat(state.updated_at or state.started_at).replace(tzinfo=UTC)
    if state.status == RUNNING and datetime.now(UTC) - heard > LOST_AFTER:
        return replace(state, status=LOST)
    return state


def _plain(name: str, value: Mapping[str, str]) -> Any:  # noqa: ANN401 - the type of whichever field it is
    if "S" in value:
        return value["S"]
    return float(value["N"]) if name in _FLOATS else int(value["N"])
