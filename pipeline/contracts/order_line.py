"""The order line: one row of an invoice, one event.

The names are the data set's own. `normalise` takes a row as people post it and gives the contract's values;
`to_wire` gives the bytes that travel. Unknown names are passed over (pandas adds an index): a mis-spelt name
shows as the missing field. Packaged with the functions: nothing but the standard library.

    EventID      text: InvoiceNo, a dash and something more
    InvoiceNo    text
    LineNo       int from 1, or None
    StockCode    text
    Description  text or None
    Quantity     int32
    InvoiceDate  text, UTC `YYYY-MM-DD HH:MM:SS`
    UnitPrice    Decimal in GBP, up to 4 decimals, within decimal(12,4)
    CustomerID   int from 1 to 2**63 - 1, or None
    Country      text
    ReplayID     text or None; set by our own code, never taken from the sender of a row
    SentAt       text, UTC `YYYY-MM-DD HH:MM:SS.ffffff`; likewise
    Redriven     true on an event that a redrive sends again, before SentAt; not there on any other

A redriven event keeps the SentAt that it was sent with, so that it never beats a correction that came later.

Texts hold at most 1,000 bytes of UTF-8.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from pipeline.contracts import event, values
from pipeline.contracts.event import MAX_PARTITION_KEY, MISSING, InvalidEventError, Problem, fragment, stamp
from pipeline.contracts.values import MAX_TEXT_BYTES

if TYPE_CHECKING:
    from decimal import Decimal

__all__ = [
    "CSV_FIELDS",
    "FIELDS",
    "MAX_TEXT_BYTES",
    "InvalidOrderLineError",
    "Problem",
    "assemble",
    "event_id",
    "field",
    "fragment",
    "from_wire",
    "line_key",
    "member",
    "normalise",
    "partition_key",
    "redriven",
    "stamp",
    "to_wire",
]

CSV_FIELDS = (
    "InvoiceNo",
    "StockCode",
    "Description",
    "Quantity",
    "InvoiceDate",
    "UnitPrice",
    "CustomerID",
    "Country",
)
FIELDS = (
    "EventID", "InvoiceNo", "LineNo", "StockCode", "Description", "Quantity",
    "InvoiceDate", "UnitPrice", "CustomerID", "Country", "ReplayID", "SentAt",
)  # fmt: skip
OPTIONAL = frozenset({"Description", "CustomerID"})
REDRIVEN = "Redriven"

# InvoiceNo (1,000 bytes), a dash and 99 more; as a DynamoDB sort key the rest may have 1,024.
MAX_EVENT_ID_BYTES = 1100
_MAX_REST_BYTES = 99
_LINE_KEY_DIGITS = 6

_RULES: Mapping[str, Callable[[object], str | int | Decimal]] = {
    "InvoiceNo": values.key_text,
    "StockCode": values.key_text,
    "Description": values.prose,
    "Quantity": lambda raw: values.whole_number(raw, -values.INT32_MAX - 1, values.INT32_MAX),
    "InvoiceDate": values.timestamp,
    "UnitPrice": values.price,
    "CustomerID": lambda raw: values.whole_number(raw, 1, values.INT64_MAX),
    "Country": values.key_text,
}


class InvalidOrderLineError(InvalidEventError):
    """A row that the contract refuses."""


def field(name: str, raw: object) -> str | int | Decimal | None:
    """The contract's value of one of CSV_FIELDS.

    Raises ValueError, its text the reason.
    """
    if values.is_missing(raw):
        if name in OPTIONAL:
            return None
        raise ValueError(MISSING)
    return _RULES[name](raw)


def normalise(raw: object, *, new_id: str | None = None) -> dict[str, object]:
    """The contract's values of a posted row: every name of FIELDS but ReplayID and SentAt.

    EventID is the given one, or InvoiceNo-LineNo, or InvoiceNo-`new_id` for a row with neither; it is None
    when there is no `new_id` either. What normalise gives, it takes and gives again unchanged.

    Raises InvalidOrderLineError with every problem.
    """
    if not isinstance(raw, Mapping):
        raise InvalidOrderLineError([Problem("", f"{values.shown(raw)} is not a JSON object")])
    problems: list[Problem] = []
    row: dict[str, object] = dict.fromkeys(FIELDS[:-2])
    for name in CSV_FIELDS:
        try:
            row[name] = field(name, raw.get(name))
        except ValueError as error:
            problems.append(Problem(name, str(error)))
    try:
        row["LineNo"] = _line_no(raw.get("LineNo"))
    except ValueError as error:
        problems.append(Problem("LineNo", str(error)))
    invoice_no = row["InvoiceNo"]
    if isinstance(invoice_no, str):
        try:
            row["EventID"] = _event_id(raw.get("EventID"), invoice_no, row["LineNo"], new_id)
        except ValueError as error:
            problems.append(Problem("EventID", str(error)))
    if problems:
        raise InvalidOrderLineError(problems)
    return row


def redriven(line: Mapping[str, object]) -> dict[str, object]:
    """A stamped order line with the mark of what is sent again; its SentAt and ReplayID stay."""
    return {**line, REDRIVEN: True}


def to_wire(event: Mapping[str, object]) -> bytes:
    """A stamped event as one line of JSON in UTF-8, newline at its end, money in exact decimal digits.

    Characters beyond ASCII travel as themselves, not as escapes: every reader of JSON agrees on those.
    """
    if event["EventID"] is None or event["SentAt"] is None:
        message = "an event needs an EventID and a SentAt before it is sent"
        raise ValueError(message)
    members = [member(name, event[name]) for name in FIELDS]
    if event.get(REDRIVEN):
        members.insert(-1, member(REDRIVEN, True))  # noqa: FBT003 - a value of the event
    return assemble(*members)


def from_wire(data: bytes | str) -> dict[str, object]:
    """A record of the stream as a stamped event.

    Raises InvalidOrderLineError for anything that `to_wire` does not write.
    """
    try:
        raw = event.parsed(data)
    except ValueError as error:
        raise InvalidOrderLineError([Problem("", str(error))]) from error
    line = normalise(raw)
    assert isinstance(raw, Mapping)  # noqa: S101 - normalise takes nothing else
    problems = [] if line["EventID"] is not None else [Problem("EventID", MISSING)]
    replay_id, sent_at, bad_stamps = event.stamps(raw)
    problems += bad_stamps
    mark = raw.get(REDRIVEN)
    if mark is not None and not isinstance(mark, bool):
        problems.append(Problem(REDRIVEN, f"{values.shown(mark)} is neither true nor false"))
    if problems:
        raise InvalidOrderLineError(problems)
    stamped = stamp(line, sent_at=sent_at, replay_id=replay_id)
    return redriven(stamped) if mark else stamped


def event_id(invoice_no: str, line_no: int) -> str:
    """The identity of a file's row: the same file again is the same events. Never made from the content."""
    return f"{invoice_no}-{line_no}"


def partition_key(event: Mapping[str, object]) -> str:
    """InvoiceNo: invoices spread over the shards and each stays whole; cut to what Kinesis allows."""
    return str(event["InvoiceNo"])[:MAX_PARTITION_KEY]


def line_key(event: Mapping[str, object]) -> str:
    """The sort key in `invoices`: what follows the InvoiceNo in EventID, a number padded to 6 digits."""
    rest = str(event["EventID"])[len(str(event["InvoiceNo"])) + 1 :]
    return rest.zfill(_LINE_KEY_DIGITS) if rest.isascii() and rest.isdigit() else rest


def member(name: str, value: object) -> str:
    """One field on the wire, as `assemble` takes it."""
    return f'"{name}":{fragment(value)},'


def assemble(*members: str) -> bytes:
    """The wire line of members in the order of FIELDS."""
    return f"{{{''.join(members)[:-1]}}}\n".encode()


def _line_no(raw: object) -> int | None:
    return None if values.is_missing(raw) else values.whole_number(raw, 1, values.INT32_MAX)


def _event_id(raw: object, invoice_no: str, line_no: object, new_id: str | None) -> str | None:
    if values.is_missing(raw):
        if isinstance(line_no, int):
            return event_id(invoice_no, line_no)
        return None if new_id is None else f"{invoice_no}-{new_id}"
    if not isinstance(raw, str):
        raise values.refused(raw, "is not a text")
    prefix = invoice_no + "-"
    if not raw.startswith(prefix):
        raise values.refused(raw, f"does not start with {values.shown(prefix)}, the InvoiceNo and a dash")
    given = raw[len(prefix) :]
    rest = values.key_text(given)
    if not rest or rest != given or len(rest.encode()) > _MAX_REST_BYTES:
        raise values.refused(raw, f"needs 1 to {_MAX_REST_BYTES} bytes after {values.shown(prefix)}, no outer spaces")
    if rest.isascii() and rest.isdigit() and rest != str(int(rest)):
        # 7 and 007 would be two events in the warehouse and one item, padded, in `invoices`.
        raise values.refused(raw, "has leading zeros in its line number")
    return raw
