"""Which events the invoices table lacks: by a key-only read of its pages, by its export to S3, or by their keys."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline.clients import aws_errors
from pipeline.contracts import order_line
from queries.audit import export

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_SEGMENTS = 4
_KEYS_PER_CALL = 100  # https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
_FEW = 2_000  # events that are always asked for by their keys
_SCANNED_PER_ASKED = 20  # items that a scan reads in the time that one key takes
_LOOKED_TWICE = 10_000
_EXPORTED_FROM = 1_000_000  # items; below, a scan is over before an export has begun
_ATTEMPTS = 10


@dataclass(frozen=True)
class Exports:
    """Where a table's export goes, on a cloud that can make one."""

    s3: Any  # a boto3 client
    bucket: str


def absent(dynamodb: Any, table: str, expected: Iterable[str], exports: Exports | None = None) -> set[str]:  # noqa: ANN401 - boto3
    """Those of the EventIDs that the table has no item for. Raises CloudError and QueryTimeoutError.

    What was not found is asked for once more by its key: an item may be written behind the scan's back, or after the
    export's moment.
    """
    left = set(expected)
    with aws_errors(f"Table {table}"):
        described = dynamodb.describe_table(TableName=table)["Table"]
        items = int(described.get("ItemCount", 0))
        if len(left) <= max(_FEW, items // _SCANNED_PER_ASKED):
            return left - _by_key(dynamodb, table, sorted(left))
        if exports and items >= _EXPORTED_FROM:
            for held in export.event_ids(dynamodb, exports.s3, described["TableArn"], exports.bucket):
                left -= held
            return left - _by_key(dynamodb, table, sorted(left)[:_LOOKED_TWICE])
        with ThreadPoolExecutor(_SEGMENTS) as pool:
            for _ in pool.map(lambda segment: _scan(dynamodb, table, segment, left), range(_SEGMENTS)):
                pass
        again = sorted(left)[:_LOOKED_TWICE]
        return left - _by_key(dynamodb, table, again)


def _scan(dynamodb: Any, table: str, segment: int, left: set[str]) -> None:  # noqa: ANN401 - boto3
    pages = dynamodb.get_paginator("scan").paginate(
        TableName=table, ProjectionExpression="event_id", Segment=segment, TotalSegments=_SEGMENTS, ConsistentRead=True
    )
    for page in pages:
        # One call on the set, so that the segments need no lock.
        left.difference_update([item["event_id"]["S"] for item in page["Items"] if "event_id" in item])


def places(event_id: str) -> list[tuple[str, str]]:
    """The keys - invoice_no, line - under which an event may lie, the likeliest first.

    An EventID does not tell where its InvoiceNo ends: `A-r-1-6` may be line r-1-6 of A, or line 6 of A-r-1.
    """
    cuts = [at for at, char in enumerate(event_id) if char == "-" and 0 < at < len(event_id) - 1]
    invoices = [event_id[:at] for at in reversed(cuts)]
    return [
        (invoice_no, order_line.line_key({"EventID": event_id, "InvoiceNo": invoice_no})) for invoice_no in invoices
    ]


def _by_key(dynamodb: Any, table: str, event_ids: Sequence[str]) -> set[str]:  # noqa: ANN401 - boto3
    keys = list(dict.fromkeys(place for event_id in event_ids for place in places(event_id)))
    chunks = [keys[at : at + _KEYS_PER_CALL] for at in range(0, len(keys), _KEYS_PER_CALL)]
    with ThreadPoolExecutor(_SEGMENTS) as pool:
        return set().union(*pool.map(lambda chunk: _batch(dynamodb, table, chunk), chunks))


def _batch(dynamodb: Any, table: str, keys: Sequence[tuple[str, str]]) -> set[str]:  # noqa: ANN401 - boto3
    """The EventIDs of the items that lie there."""
    wanted = [{"invoice_no": {"S": invoice_no}, "line": {"S": line}} for invoice_no, line in keys]
    request: dict[str, Any] = {
        table: {"Keys": wanted, "ProjectionExpression": "event_id", "ConsistentRead": True}
    }  # fmt: skip
    found: set[str] = set()
    for attempt in range(_ATTEMPTS):
        answer = dynamodb.batch_get_item(RequestItems=request)
        found.update(item["event_id"]["S"] for item in answer["Responses"].get(table, []))
        request = answer.get("UnprocessedKeys") or {}
        if not request:
            break
        time.sleep(min(1.0, 0.05 * 2**attempt))
    return found
