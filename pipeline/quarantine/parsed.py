"""What is kept, read without trust: what is broken is nothing, and never an error."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any


def as_json(text: bytes | str) -> Any:  # noqa: ANN401 - whatever it holds
    """What it says; None for what is no JSON."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def from_base64(text: str) -> bytes:
    """Its bytes; those of the text itself where it is none."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return text.encode()


def as_text(value: object) -> str | None:
    """None stays that."""
    return None if value is None else str(value)


def as_whole(value: object) -> int | None:
    """None for what is no whole number."""
    try:
        return None if value is None or isinstance(value, bool) else int(value)  # type: ignore[call-overload]
    except (TypeError, ValueError):
        return None
