"""The function behind the stream, called by the event source mapping, with the table behind it."""

from __future__ import annotations

import base64
import json
import time
import uuid
from typing import TYPE_CHECKING, Any

from pipeline.clients import client
from pipeline.contracts import order_line
from pipeline.contracts.clock import CLOCK
from tests.conftest import eventually

if TYPE_CHECKING:
    from tests.conftest import Cloud


def wire(invoice_no: str, line: int, **changes: object) -> bytes:
    raw = {
        "InvoiceNo": invoice_no,
        "LineNo": line,
        "StockCode": "85123A",
        "Description": None,
        "Quantity": 1,
        "InvoiceDate": "1999-01-02 08:26:00",
        "UnitPrice": "0.0001",
        "CustomerID": None,
        "Country": "Testland",
    }
    return order_line.to_wire(order_line.stamp(order_line.normalise(raw | changes), sent_at=CLOCK.now()))


THROTTLED = "ProvisionedThroughputExceededException"


def put(cloud: Cloud, key: str, *records: bytes) -> list[str]:
    """Put records of one key and return their sequence numbers; what the shard's limit refuses is put again."""
    numbers: list[str] = []
    waiting = list(records)
    while waiting:
        rows = [{"Data": data, "PartitionKey": key} for data in waiting]
        answer = client("kinesis").put_records(StreamName=cloud.outputs.orders_stream, Records=rows)
        numbers += [record["SequenceNumber"] for record in answer["Records"] if "SequenceNumber" in record]
        refused = [row for row, record in zip(waiting, answer["Records"], strict=True) if "ErrorCode" in record]
        assert {record.get("ErrorCode") for record in answer["Records"]} <= {None, THROTTLED}
        waiting = refused
        time.sleep(0.2 if waiting else 0)
    return numbers


def items(cloud: Cloud, invoice_no: str) -> list[dict[str, Any]]:
    pages = (
        client("dynamodb")
        .get_paginator("query")
        .paginate(
            TableName=cloud.outputs.invoices_table,
            KeyConditionExpression="invoice_no = :number",
            ExpressionAttributeValues={":number": {"S": invoice_no}},
        )
    )
    return [item for page in pages for item in page["Items"]]


def test_a_poison_record_ends_as_a_dead_letter_and_no_other_is_lost(cloud: Cloud) -> None:
    invoice_no = f"T{uuid.uuid4().hex[:12]}"
    poison = b'{"InvoiceNo": "%s", "Quantity": "six"}\n' % invoice_no.encode()
    numbers = put(
        cloud, invoice_no, wire(invoice_no, 1), wire(invoice_no, 2), poison, wire(invoice_no, 3), wire(invoice_no, 4)
    )
    eventually(lambda: len(items(cloud, invoice_no)) == 4, "the lines around the poison record")

    def dead_letters() -> list[dict[str, Any]]:
        s3, bucket = client("s3"), cloud.outputs.dead_letter_bucket
        listed = s3.list_objects_v2(Bucket=bucket, Prefix="aws/lambda/").get("Contents", [])
        letters = [json.loads(s3.get_object(Bucket=bucket, Key=one["Key"])["Body"].read()) for one in listed]
        return [letter for letter in letters if invoice_no in str(decoded(letter))]

    def decoded(letter: dict[str, Any]) -> list[bytes]:
        return [base64.b64decode(record["kinesis"]["data"]) for record in json.loads(letter["payload"])["Records"]]

    eventually(lambda: bool(dead_letters()), "the dead letter", seconds=90)
    (letter,) = dead_letters()
    assert decoded(letter) == [poison]
    info = letter["KinesisBatchInfo"]
    assert info["startSequenceNumber"] == info["endSequenceNumber"] == numbers[2]
    put(cloud, invoice_no, wire(invoice_no, 5))
    eventually(lambda: len(items(cloud, invoice_no)) == 5, "a line after the dead letter")


def test_the_newest_version_of_a_line_is_the_one_that_stays(cloud: Cloud) -> None:
    invoice_no = f"T{uuid.uuid4().hex[:12]}"
    older, newer = wire(invoice_no, 1, Quantity=1), wire(invoice_no, 1, Quantity=2)
    put(cloud, invoice_no, newer, older)
    eventually(lambda: len(items(cloud, invoice_no)) == 1, "the line")
    assert items(cloud, invoice_no)[0]["quantity"] == {"N": "2"}


def test_a_key_of_many_lines_is_written_whole(cloud: Cloud) -> None:
    """The largest real invoice has 1,114 lines; all of them share a shard."""
    invoice_no = f"T{uuid.uuid4().hex[:12]}"
    lines = [wire(invoice_no, line) for line in range(1, 1201)]
    for start in range(0, len(lines), 400):
        put(cloud, invoice_no, *lines[start : start + 400])
    eventually(lambda: len(items(cloud, invoice_no)) == 1200, "1,200 lines")
    assert [item["line"]["S"] for item in items(cloud, invoice_no)] == [f"{line:06d}" for line in range(1, 1201)]
