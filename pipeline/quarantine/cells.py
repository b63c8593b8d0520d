"""A kept row's values for people to edit, by the names of its family's contract, and the event that they make."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline.contracts import order_line, page_view, session
from pipeline.contracts.event import InvalidEventError, Problem
from pipeline.contracts.order_line import InvalidOrderLineError
from pipeline.quarantine.parsed import as_json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pipeline.quarantine.rows import Row

    Event = Mapping[str, object]

_VIEW_FIELDS = page_view.FIELDS[1:-2]
_SESSION_FIELDS = session.FIELDS[1:-2]
HISTORY = "browse_history"  # edited as JSON


@dataclass(frozen=True)
class Contract:
    """One family's: what is edited, the field that a row which is an event keeps, and how texts become an event.

    `event` takes the values, None for those that are empty, and raises InvalidEventError with every problem. `write`
    and `key` make a record of the stamped event.
    """

    fields: tuple[str, ...]
    kept: str | None
    event: Callable[[Row, Mapping[str, str | None]], dict[str, object]]
    write: Callable[[Event], bytes]
    key: Callable[[Event], str]


def of(row: Row) -> Contract:
    """The contract that a row is held to."""
    return _OF[row.family]


def texts(row: Row) -> dict[str, str]:
    """The row's values by the contract's names, as far as they can be made out; empty where they cannot."""
    values = _values(row)
    found = {name: _text(values.get(name)) for name in of(row).fields}
    if row.family == "orders":
        return found | {"InvoiceNo": found["InvoiceNo"] or (row.event_id or "").rpartition("-")[0]}
    if row.family == "sessions":
        return found | {"session_id": found["session_id"] or row.event_id or ""}
    if not found["OccurredAt"] and "\t" in row.raw:
        found["OccurredAt"] = row.kept_at  # Wikipedia's lines know no time: it is that of their arrival
    return found


def event(row: Row, given: Mapping[str, str]) -> dict[str, object]:
    """The row with these values, as an event of the contract: the same event where it had an EventID.

    Raises InvalidEventError with every problem.
    """
    contract = of(row)
    return contract.event(row, {name: given.get(name) or None for name in contract.fields})


def _values(row: Row) -> Mapping[str, Any]:
    if row.shape == "csv":
        try:
            parsed = next(csv.reader([row.raw]), [])
        except csv.Error:
            parsed = []
        return dict(zip(row.columns, parsed, strict=False))
    held = as_json(row.data)
    if row.family not in {"page_views", "wikipedia"}:
        return held if isinstance(held, dict) else {}
    try:
        return page_view.named(held if isinstance(held, dict) else page_view.cells(row.raw))
    except InvalidEventError:
        return {}


def _text(value: object) -> str:
    if value is None:
        return ""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else str(value)


def _order(row: Row, given: Mapping[str, str | None]) -> dict[str, object]:
    raw: dict[str, object] = dict(given)
    if row.event_id is not None:
        raw["EventID"] = row.event_id
        invoice_no, _, number = row.event_id.rpartition("-")
        if number.isdecimal() and raw["InvoiceNo"] == invoice_no:
            raw["LineNo"] = int(number)
        if raw["InvoiceNo"] and not row.event_id.startswith(f"{raw['InvoiceNo']}-"):
            problem = Problem("InvoiceNo", f"the row is event {row.event_id}, and keeps its invoice")
            raise InvalidOrderLineError([problem])
    return order_line.normalise(raw, new_id=row.new_id)


def _view(row: Row, given: Mapping[str, str | None]) -> dict[str, object]:
    return page_view.normalise({**given, "EventID": row.event_id}, new_id=row.new_id)


def _session(row: Row, given: Mapping[str, str | None]) -> dict[str, object]:
    history = given[HISTORY]
    told = as_json(history) if history else None
    made = session.normalise({**given, HISTORY: history if told is None else told})
    if row.event_id is not None and made["EventID"] != row.event_id:
        raise InvalidEventError([Problem("session_id", f"the row is session {row.event_id}, and stays it")])
    return made


_PAGE_VIEWS = Contract(_VIEW_FIELDS, None, _view, page_view.to_wire, page_view.partition_key)
_OF = {
    "orders": Contract(order_line.CSV_FIELDS, "InvoiceNo", _order, order_line.to_wire, order_line.partition_key),
    "page_views": _PAGE_VIEWS,
    "wikipedia": _PAGE_VIEWS,  # the processor takes the contract's form of them, too
    "sessions": Contract(_SESSION_FIELDS, "session_id", _session, session.to_wire, session.partition_key),
}
