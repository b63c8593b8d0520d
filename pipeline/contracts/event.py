"""What the contracts of all event families share: problems, the stamp, and JSON exact to the digit."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from json.encoder import encode_basestring
from typing import NamedTuple

from pipeline.contracts import values

MAX_PARTITION_KEY = 256  # characters; Kinesis refuses the whole call for a longer one
MISSING = "is missing"
STAMPS = ("ReplayID", "SentAt")  # what our own code sets


class Problem(NamedTuple):
    """What is wrong with one field; the field is empty when the event as a whole is wrong."""

    field: str
    reason: str

    def __str__(self) -> str:
        """E.g. `Quantity: 'six' is not a whole number`."""
        return f"{self.field}: {self.reason}" if self.field else self.reason


class InvalidEventError(ValueError):
    """An event that its contract refuses; `problems` names every bad field, not only the first."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = problems


def stamp(event: Mapping[str, object], *, sent_at: str, replay_id: str | None = None) -> dict[str, object]:
    """The event with what our own code sets; `sent_at` from clock.CLOCK.now()."""
    return {**event, "ReplayID": replay_id, "SentAt": sent_at}


def parsed(data: bytes | str) -> object:
    """What a record says as JSON, decimals kept exact.

    Raises ValueError, its text the reason.
    """
    try:
        return json.loads(data, parse_float=Decimal)
    except (ValueError, RecursionError) as error:  # broken JSON, bytes that are no UTF-8, a number of 5,000 digits
        message = f"is not JSON: {error}"
        raise ValueError(message) from error


def stamps(raw: Mapping[str, object]) -> tuple[str | None, str, list[Problem]]:
    """ReplayID and SentAt of a record of ours, and what is wrong with them."""
    problems: list[Problem] = []
    replay_id, sent_at = None, ""
    try:
        replay_id = None if raw.get("ReplayID") is None else values.key_text(raw["ReplayID"])
    except ValueError as error:
        problems.append(Problem("ReplayID", str(error)))
    try:
        sent_at = micros(values.timestamp(raw.get("SentAt")))
    except ValueError as error:
        problems.append(Problem("SentAt", str(error)))
    return replay_id, sent_at, problems


def micros(moment: str) -> str:
    """A timestamp of the contract with six decimals of a second: such texts sort as the times do."""
    return datetime.fromisoformat(moment).isoformat(sep=" ", timespec="microseconds")


def given_id(raw: object) -> str:
    """An EventID as a sender gives it: kept to the letter, or refused with a ValueError."""
    if not isinstance(raw, str):
        raise values.refused(raw, "is not a text")
    if values.key_text(raw) != raw:
        raise values.refused(raw, "has outer spaces")
    return raw


def fragment(value: object) -> str:
    """One contract value as JSON, numbers in exact decimal digits, characters beyond ASCII as themselves."""
    if value is None:
        return "null"
    if isinstance(value, str):
        return encode_basestring(value)
    if isinstance(value, int):
        return str(value) if type(value) is int else "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    return _nested(value)


def _nested(value: object) -> str:
    if isinstance(value, list):
        return "[" + ",".join(map(fragment, value)) + "]"
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{encode_basestring(name)}:{fragment(held)}" for name, held in value.items()) + "}"
    return str(value)
