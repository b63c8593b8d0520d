"""A batch of the orders stream as items of the `invoices` table."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from pipeline.contracts import order_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# DynamoDB's own form of a value, made by hand: boto3's serializer takes longer than all the rest together.
Attribute = dict[str, str]
Item = dict[str, Attribute]
Key = tuple[str, str]  # invoice_no, line

WRITTEN_AT = "written_at"  # ours alone: no event has it
_ATTRIBUTES = (
    ("event_id", "EventID", "S"),
    ("invoice_no", "InvoiceNo", "S"),
    ("line_no", "LineNo", "N"),
    ("stock_code", "StockCode", "S"),
    ("description", "Description", "S"),
    ("quantity", "Quantity", "N"),
    ("invoice_date", "InvoiceDate", "S"),
    ("unit_price", "UnitPrice", "N"),
    ("customer_id", "CustomerID", "N"),
    ("country", "Country", "S"),
    ("replay_id", "ReplayID", "S"),
    ("sent_at", "SentAt", "S"),
)


@dataclass
class Batch:
    """What a batch of records asks for.

    `items`: per key the event with the greatest SentAt, `sequence` the number of the record that brought it.
    `redriven`: the keys whose event is marked as sent again: it may be older than what the table holds.
    `poison`: sequence numbers of records that are no events.
    """

    items: dict[Key, Item] = field(default_factory=dict)
    sequence: dict[Key, str] = field(default_factory=dict)
    redriven: set[Key] = field(default_factory=set)
    poison: list[str] = field(default_factory=list)


def read(records: Iterable[Mapping[str, Any]], written_at: str) -> Batch:
    """The records of a Kinesis event; each item keeps `written_at`, the time of this writing (UTC, microseconds)."""
    batch = Batch()
    for record in records:
        number = str(record["kinesis"]["sequenceNumber"])
        try:
            event = order_line.from_wire(base64.b64decode(record["kinesis"]["data"], validate=True))
        except (order_line.InvalidOrderLineError, binascii.Error):
            batch.poison.append(number)
            continue
        key = str(event["InvoiceNo"]), order_line.line_key(event)
        known = batch.items.get(key)
        if known is None or known["sent_at"]["S"] <= str(event["SentAt"]):
            batch.items[key] = item(event, key[1], written_at)
            batch.sequence[key] = number
            (batch.redriven.add if event.get(order_line.REDRIVEN) else batch.redriven.discard)(key)
    return batch


def item(event: Mapping[str, object], line: str, written_at: str) -> Item:
    """One order line as an item; what is null is left out, so that the index over customers stays sparse."""
    made = {"line": {"S": line}, WRITTEN_AT: {"S": written_at}}
    for name, source, kind in _ATTRIBUTES:
        value = event[source]
        if value is not None:
            made[name] = {kind: format(value, "f") if isinstance(value, Decimal) else str(value)}
    return made
