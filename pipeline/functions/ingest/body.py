"""What was posted, as events; or why not, row by row."""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.contracts.event import InvalidEventError, stamp

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pipeline.functions.ingest.families import Family

MAX_ROWS = 500  # also what one PutRecords call takes
MAX_BODY_BYTES = 1024 * 1024
REPLAY_HEADER = "x-weir-replay-id"

_REPLAY_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_REPLACED = "\N{REPLACEMENT CHARACTER}"


@dataclass(frozen=True, slots=True)
class BadRow:
    """One thing that is wrong with one row; the field is empty when the row as a whole is wrong."""

    index: int
    field: str
    reason: str


class RefusedError(Exception):
    """A request that is not taken, as a whole: the HTTP status, the reason, and every bad row and field."""

    def __init__(self, status: int, reason: str, rows: list[BadRow] | None = None) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.rows = rows or []


def raw_bytes(event: Mapping[str, object]) -> bytes:
    """The body as it was sent, as far as API Gateway left it so (it replaces what is not UTF-8 unless binary)."""
    body = event.get("body")
    if not isinstance(body, str):
        return b""
    if event.get("isBase64Encoded"):
        try:
            return base64.b64decode(body, validate=True)
        except (binascii.Error, ValueError):
            pass  # kept as it came; it is not JSON either and is refused as such
    return body.encode("utf-8", "surrogatepass")


def replay_id(event: Mapping[str, object]) -> str | None:
    """The replay that our own sender works for, from the header X-Weir-Replay-Id; raises RefusedError.

    A header and not a field of the rows: whatever a foreign file has in a column ReplayID is no replay of ours.
    """
    headers = event.get("headers")
    given = headers.items() if isinstance(headers, dict) else ()
    value = next((value for name, value in given if name.lower() == REPLAY_HEADER), None)
    if value is None:
        return None
    if not isinstance(value, str) or not _REPLAY_ID.fullmatch(value):
        raise RefusedError(400, "X-Weir-Replay-Id takes 1 to 64 letters, digits, dots, dashes or underscores.")
    return value


def events(
    body: bytes, family: Family, *, request_id: str, replay: str | None, now: Callable[[], str], exact: bool = True
) -> list[dict[str, object]]:
    """The posted rows as stamped events, in their order; raises RefusedError when any of them is bad.

    `now` gives an ever greater SentAt, so that of two rows with one EventID the later one wins. `exact` is false when
    API Gateway may have put U+FFFD in the place of bytes that it could not read.
    """
    rows = _rows(body, family, exact=exact)
    taken: list[dict[str, object]] = []
    bad: list[BadRow] = []
    for index, row in enumerate(rows):
        try:
            event = family.normalise(row, f"{request_id}-{index}")
        except InvalidEventError as error:
            bad += [BadRow(index, field, reason) for field, reason in error.problems]
        else:
            taken.append(stamp(event, sent_at=now(), replay_id=replay))
    if bad:
        count = len({row.index for row in bad})
        raise RefusedError(400, f"{count} of {len(rows)} rows are not {family.name}; nothing was taken.", bad)
    return taken


def _rows(body: bytes, family: Family, *, exact: bool) -> list[object]:
    if len(body) > MAX_BODY_BYTES:
        raise RefusedError(413, f"The body has {len(body)} bytes; at most {MAX_BODY_BYTES} are taken at once.")
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RefusedError(400, f"The body is not UTF-8: byte {error.start} cannot be read.") from error
    if not exact and _REPLACED in text:
        raise RefusedError(400, "The body is not UTF-8, or holds U+FFFD, the sign for a character already lost.")
    if not text.strip():
        raise RefusedError(400, f"The body is empty; send {family.name} as JSON, one or a list.")
    try:
        posted = json.loads(text)
    except RecursionError as error:
        raise RefusedError(400, "The body is nested too deeply.") from error
    except ValueError as error:  # also a number of more digits than Python converts
        raise RefusedError(400, f"The body is not JSON: {error}.") from error
    rows = posted if isinstance(posted, list) else [posted]
    if not isinstance(posted, list | dict):
        raise RefusedError(400, "The body is neither a JSON object nor a list of them.")
    if not 1 <= len(rows) <= MAX_ROWS:
        raise RefusedError(400, f"The list has {len(rows)} rows; 1 to {MAX_ROWS} are taken at once.")
    return rows
