"""A bucket with one of each kind of thing that did not get through."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any

from pipeline.contracts import quarantine
from pipeline.local import event_failure
from tests.pipeline.buckets import FakeS3
from tests.pipeline.redrive.test_search import LAKE, LETTERS, NOW, wire

REPLAY = "r-20260102-030405-9f3a"
CSV_KEY = f"quarantine/orders/{REPLAY}-0001.jsonl.gz"
LETTER_KEY = f"dead-letter/replay/{REPLAY}-0001.jsonl.gz"
BATCH_KEY = "aws/lambda/uuid/shardId-000000000000/2026/01/02/2026-01-02T03.04.05-x"
EVIL = "<script>alert(1)</script>'; drop table order_lines; --"


def note(line: int, event_id: str | None, reason: str, raw: str, **more: object) -> dict[str, Any]:
    return {
        "replay_id": REPLAY, "file": "/data/orders.csv", "line": line, "event_id": event_id, "reasons": [reason],
        "kept_at": "2026-01-02 03:04:05.678", "raw": raw, **more,
    }  # fmt: skip


def part(*notes: dict[str, Any]) -> bytes:
    return gzip.compress(b"".join(json.dumps(one).encode() + b"\n" for one in notes))


def posted(*rows: object) -> bytes:
    return json.dumps(rows).encode()


def bucket(lake: str = LAKE, letters_of_writer: str = LETTERS) -> FakeS3:
    """Three rejected rows, one refused list and one body that is no JSON, two letters, a batch with a poison record."""
    s3 = FakeS3()
    rejected = part(
        note(4, "A-3", "Quantity: 'six' is not a whole number", "A,1,LAMP,six,1/2/1999 8:26,2.55,,Testland"),
        note(5, "A-4", "Quantity: 'six' is not a whole number", f'A,1,"{EVIL}",six,1/2/1999 8:26,2.55,,Testland'),
        note(6, None, "InvoiceNo: is missing", ",1,LAMP,6,1/2/1999 8:26,2.55,,Testland"),
    )
    s3.put_object(Bucket=lake, Key=CSV_KEY, Body=rejected)
    good = {"InvoiceNo": "B", "StockCode": "1", "Quantity": 1, "InvoiceDate": "2010-12-01 08:26:00", "UnitPrice": 2,
            "Country": "Testland"}  # fmt: skip
    bad = [{"index": 1, "field": "Quantity", "reason": "'x' is not a whole number"}]
    body = posted(good, good | {"Quantity": "x", "LineNo": 2})
    quarantine.keep(
        s3,
        lake,
        "orders",
        body,
        quarantine.Note("request-1", None, 400, "1 of 2 rows are not order lines.", bad),
    )
    broken = quarantine.Note("request-2", "r-2", 400, "The body is not JSON: Expecting value.", [])
    quarantine.keep(s3, lake, "orders", b"\xff{", broken)
    letters = part(
        *(
            note(at, f"A-{at}", "Throttled: Rate exceeded", wire(at, replay_id=REPLAY).decode(), key="A")
            for at in (8, 9)
        )
    )
    s3.put_object(Bucket=lake, Key=LETTER_KEY, Body=letters)
    records = [
        {
            "kinesis": {
                "sequenceNumber": str(number),
                "data": base64.b64encode(data).decode(),
                "approximateArrivalTimestamp": NOW.timestamp(),
            }
        }
        for number, data in enumerate((wire(11, replay_id=REPLAY), b"poison"), start=1)
    ]
    mapping = {"UUID": "uuid", "FunctionArn": "f", "EventSourceArn": "s"}
    letter = event_failure.document(
        mapping, "shardId-000000000000", records, condition="RetryAttemptsExhausted", invocations=9, error=None, now=NOW
    )
    s3.put_object(Bucket=letters_of_writer, Key=BATCH_KEY, Body=letter)
    return s3
