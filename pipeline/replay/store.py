"""The replays table: one item a replay, written by its worker, read by everybody."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from pipeline import stack
from pipeline.clients import aws_errors, client, error_code
from pipeline.errors import BadInputError, BusyError, NotFoundError
from pipeline.replay.progress import ALIVE, DONE, LOST, REPLAY, RUNNING, Progress, Receipt, utc_now, who
from pipeline.replay.wishes import Tempo, Wish

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# A worker writes each second, also while its target refuses everything; after so long it is gone.
LOST_AFTER_S = 30.0
_ALL = sys.maxsize
_OLDER_TO_RESUME = 5
# What people wish of a replay: attributes that its worker reads and never writes.
_STATE, _TEMPO = "wished_state", "wished_tempo"
_SAME_LIFE = "#life = :life"
_OURS = f"attribute_not_exists(#life) OR {_SAME_LIFE}"
_FIELDS = tuple(field.name for field in fields(Progress))
_FLOATS = {field.name for field in fields(Progress) if "float" in str(field.type)}


class _ChangedError(Exception):
    """The item is not as the caller knows it."""


class Store:
    """Reads and writes the table. Raises errors of pipeline.errors when it does not answer."""

    def __init__(self, dynamodb: Any, table: str) -> None:  # noqa: ANN401 - boto3 makes its clients at run time
        self._dynamodb = dynamodb
        self._table = table

    def save(self, state: Progress, receipt: Receipt | None = None) -> Wish | None:
        """Write a replay's item, and give what people wish of it, which the item keeps.

        Its worker is the only writer: raises BusyError once the replay was resumed, because another one is that now.
        """
        values = {name: None if value is None else _typed(value) for name, value in asdict(state).items()}
        if receipt:
            values["receipt"] = {"S": json.dumps(asdict(receipt))}
        try:
            return _wish(self._update(state.replay_id, values, _OURS, state.life))
        except _ChangedError as error:
            raise BusyError(f"Replay {state.replay_id} was resumed by somebody else, who goes on with it.") from error

    def wish(self, replay_id: str, wished: Wish) -> None:
        """Tell the worker of a replay what is wished of it; it hears that within a second or two.

        Raises NotFoundError for an unknown replay, BadInputError for one that no worker is at.
        """
        state = self.known(replay_id)
        if state.status not in ALIVE:
            hint = " `python -m pipeline replay --resume` goes on with it." if state.resumable else ""
            raise BadInputError(f"Replay {replay_id} is {state.status}: no worker is at it.{hint}")
        values: dict[str, dict[str, str] | None] = {}
        if wished.state:
            values[_STATE] = {"S": wished.state}
        if wished.tempo:
            values[_TEMPO] = {"S": json.dumps(asdict(wished.tempo))}
        try:
            self._update(replay_id, values, _SAME_LIFE, state.life)
        except _ChangedError as error:
            raise BusyError(f"Replay {replay_id} was just resumed: try again.") from error

    def claim(self, state: Progress) -> Progress:
        """Make this process's worker the one that goes on with a replay, seen in `state`; how it stands then.

        Raises BadInputError for a replay that cannot be resumed, BusyError when somebody was quicker.
        """
        replay_id = state.replay_id
        if not state.resumable:
            now = "still runs" if state.status in ALIVE else f"is {state.status}: nothing of it is left to send"
            raise BadInputError(f"Replay {replay_id} {now}.")
        ours = replace(
            state, status=RUNNING, life=state.life + 1, updated_at=utc_now(), ended_at=None, error=None, lag_s=0.0,
            left_s=None, who=who(), pid=os.getpid(),
        )  # fmt: skip
        values = {name: None if value is None else _typed(value) for name, value in asdict(ours).items()}
        forgotten: dict[str, dict[str, str] | None] = {_STATE: None, _TEMPO: None, "receipt": None}
        try:
            self._update(replay_id, values | forgotten, _OURS, state.life)
        except _ChangedError as error:
            raise BusyError(f"Replay {replay_id} was just resumed by somebody else.") from error
        return ours

    def known(self, replay_id: str) -> Progress:
        """One replay, as it stands now. Raises NotFoundError when there is none of that id."""
        found = self.get(replay_id)
        if found is None:
            raise NotFoundError(f"There is no replay {replay_id!r}: the Replay page lists those there are.")
        return found

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

    def open_and_recent(self, count: int = 20) -> list[Progress]:
        """The latest replays and, behind them, all older ones that are under way and some that can be resumed."""
        found = self.recent(_ALL)
        older = found[count:]
        resumable = [state for state in older if state.resumable]
        return found[:count] + [state for state in older if state.status in ALIVE] + resumable[:_OLDER_TO_RESUME]

    def finished_of(self, file_name: str) -> Progress | None:
        """The latest replay that brought all of a file of this name in, wherever the file lay."""
        for state in self.recent(_ALL):
            part = state.failed or state.unknown or state.row_limit or state.since
            whole = state.kind == REPLAY and state.status == DONE and not part
            if whole and Path(state.file).name == file_name:
                return state
        return None

    def _update(
        self, replay_id: str, values: Mapping[str, dict[str, str] | None], condition: str, life: int
    ) -> Mapping[str, Any]:
        """Set attributes, remove those that are None, if the condition holds; the whole item as it is then."""
        values = {name: value for name, value in values.items() if name != "replay_id"}
        names = {f"#{at}": name for at, name in enumerate(values)}
        places = {name: f":{at}" for at, name in enumerate(values)}
        sets = [f"{alias} = {places[name]}" for alias, name in names.items() if values[name] is not None]
        gone = [alias for alias, name in names.items() if values[name] is None]
        parts = ([f"SET {', '.join(sets)}"] if sets else []) + ([f"REMOVE {', '.join(gone)}"] if gone else [])
        given = {places[name]: value for name, value in values.items() if value is not None}
        with aws_errors(f"Table {self._table}"):
            try:
                answer = self._dynamodb.update_item(
                    TableName=self._table,
                    Key={"replay_id": {"S": replay_id}},
                    UpdateExpression=" ".join(parts),
                    ConditionExpression=condition,
                    ExpressionAttributeNames=names | {"#life": "life"},
                    ExpressionAttributeValues=given | {":life": {"N": str(life)}},
                    ReturnValues="ALL_NEW",
                )
            except ClientError as error:
                if error_code(error) == "ConditionalCheckFailedException":
                    raise _ChangedError from error
                raise
        found: Mapping[str, Any] = answer["Attributes"]
        return found

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


def _wish(item: Mapping[str, Any]) -> Wish | None:
    if _STATE not in item and _TEMPO not in item:
        return None
    tempo = Tempo(**json.loads(item[_TEMPO]["S"])) if _TEMPO in item else None
    return Wish(item[_STATE]["S"] if _STATE in item else None, tempo)


def _typed(value: str | float) -> dict[str, str]:
    return {"S": value} if isinstance(value, str) else {"N": str(value)}


def _progress(item: Mapping[str, Mapping[str, str]]) -> Progress:
    state = Progress(**{name: _plain(name, item[name]) for name in _FIELDS if name in item})
    if state.status in ALIVE and state.silent_s > LOST_AFTER_S:
        return replace(state, status=LOST)
    return state


def _plain(name: str, value: Mapping[str, str]) -> Any:  # noqa: ANN401 - the type of whichever field it is
    if "S" in value:
        return value["S"]
    return float(value["N"]) if name in _FLOATS else int(value["N"])
