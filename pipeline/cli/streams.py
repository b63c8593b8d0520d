"""The streams of the stack by the names that people type, and what their records hold."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from pipeline import stack

if TYPE_CHECKING:
    from pipeline.settings import Settings

HELP = f"one of the stack's ({', '.join(stack.STREAMS)}), or any stream's own name"


def full_name(settings: Settings, name: str) -> str:
    """A stream's own name. Raises CloudError when the stack cannot be asked."""
    if name not in stack.STREAMS:
        return name
    return stack.outputs(settings.stack).streams[name]


def decoded(data: bytes) -> Any:  # noqa: ANN401 - whatever JSON holds
    """A record's JSON, else its text, else its bytes in base64 as {"base64": ...}."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(data).decode()}
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def printable(text: str) -> str:
    """A text that cannot steer a terminal: what has no glyph is escaped."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)
