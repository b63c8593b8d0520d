"""The rows of a body that was refused: by the API as a whole, or by the processor of page views line by line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pipeline.contracts import event, order_line
from pipeline.contracts.posted import opened
from pipeline.quarantine.parsed import as_json, as_text, as_whole, from_base64
from pipeline.quarantine.rows import Row

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_WITH_ITS_LIST = "its list was refused: other rows of it break the contract"


def rows(common: Mapping[str, Any], body: bytes) -> Iterator[Row]:
    """The rows of an object as contracts.quarantine writes it; `common` are the fields of Row that its place tells."""
    note = as_json(body)
    if not isinstance(note, dict):
        return
    request, text = str(note.get("request_id", "")), str(note.get("body", ""))
    data = from_base64(text) if note.get("encoding") == "base64" else text.encode("utf-8", "surrogatepass")
    of_all = {
        **common, "kept_at": str(note.get("received_at", "")), "replay_id": as_text(note.get("replay_id")),
    }  # fmt: skip
    bad: dict[int, list[str]] = {}
    for one in note.get("rows") or []:
        reason = f"{one['field']}: {one['reason']}" if one.get("field") else str(one.get("reason"))
        bad.setdefault(int(one["index"]), []).append(reason)
    if not bad:
        # Refused as a whole: it is no JSON, too large, or names no rows.
        shown = data.decode(errors="backslashreplace")
        reasons = (str(note.get("reason", "")),)
        yield Row(number=0, shape="text", raw=shown, data=data, reasons=reasons, new_id=f"{request}-0", **of_all)
        return
    body_of, request = opened(data) or (data, request)
    posted = as_json(body_of)
    if posted is None and common["family"] == "page_views":
        yield from _lines(data, request, bad, of_all)
        return
    for number, posted_row in enumerate(posted if isinstance(posted, list) else [posted]):
        raw = json.dumps(posted_row, ensure_ascii=False)
        yield Row(
            number=number, shape="json", raw=raw, data=raw.encode("utf-8", "surrogatepass"), line=number + 1,
            reasons=tuple(bad.get(number, [_WITH_ITS_LIST])), event_id=_id_of(posted_row, common["family"]),
            new_id=f"{request}-{number}", **of_all,
        )  # fmt: skip


def _lines(data: bytes, request: str, bad: Mapping[int, list[str]], of_all: Mapping[str, Any]) -> Iterator[Row]:
    """What the processor refused: lines of JSON, of tabs, or of neither."""
    for number, line in enumerate(data.splitlines()):
        line, new_id = opened(line) or (line, f"{request}-{number}")  # noqa: PLW2901 - what it holds
        yield Row(
            number=number, shape="line", raw=line.decode(errors="backslashreplace"), data=line, line=number + 1,
            reasons=tuple(bad.get(number, ["no reason was kept"])), event_id=_id_of(as_json(line), "page_views"),
            new_id=new_id, **of_all,
        )  # fmt: skip


def _id_of(posted: object, family: str) -> str | None:
    """The EventID of a posted row, as the contract makes it of what the row names."""
    if not isinstance(posted, dict):
        return None
    given = posted.get("EventID")
    if family != "orders":
        try:
            return event.given_id(given)
        except ValueError:
            return None
    if isinstance(given, str) and given.strip():
        return given
    try:
        invoice, number = order_line.field("InvoiceNo", posted.get("InvoiceNo")), as_whole(posted.get("LineNo"))
    except ValueError:
        return None
    return None if invoice is None or number is None else order_line.event_id(str(invoice), number)
