"""Events are found where they are kept, as they were sent, each once."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.contracts import order_line
from pipeline.contracts.order_line import CSV_FIELDS
from pipeline.errors import CloudDownError
from pipeline.redrive.search import Origin, Search, Wanted
from pipeline.stack import Outputs
from tests.pipeline.buckets import FakeS3

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.replay.rows import Record

OUTPUTS = Outputs(**{field.name: field.name for field in fields(Outputs)})
LAKE, LETTERS = OUTPUTS.lake_bucket, OUTPUTS.dead_letter_bucket
SENT_AT = "2026-01-02 03:04:05.000001"
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
RAW = "raw/orders/2026/01/02/03/x.gz"
ROW: dict[str, Any] = {
    "InvoiceNo": "A",
    "StockCode": "85123A",
    "Description": 'LAMP, "big" é',
    "Quantity": -1,
    "InvoiceDate": "2010-12-01 08:26:00",
    "UnitPrice": "2.5555",
    "CustomerID": None,
    "Country": "Testland",
}


def wire(number: int = 1, *, sent_at: str = SENT_AT, replay_id: str = "r-1", **changes: object) -> bytes:
    line = order_line.normalise(ROW | {"LineNo": number} | changes)
    return order_line.to_wire(order_line.stamp(line, sent_at=sent_at, replay_id=replay_id))


def again(data: bytes) -> bytes:
    return data.replace(b'"SentAt":', b'"Redriven":true,"SentAt":')


def letters(*records: bytes) -> bytes:
    lines = [json.dumps({"event_id": "?", "raw": data.decode()}).encode() for data in records]
    return gzip.compress(b"\n".join(lines))


def payload(*records: bytes) -> bytes:
    batch = {"Records": [{"kinesis": {"data": base64.b64encode(data).decode()}} for data in records]}
    return json.dumps({"payload": json.dumps(batch)}).encode()


def parquet(*records: bytes) -> bytes:
    rows = [order_line.from_wire(data) for data in records]
    columns = {
        "event_id": "EventID", "invoice_no": "InvoiceNo", "line_no": "LineNo", "stock_code": "StockCode",
        "description": "Description", "quantity": "Quantity", "customer_id": "CustomerID", "country": "Country",
        "replay_id": "ReplayID",
    }  # fmt: skip
    table = pa.table(
        {column: [row[name] for row in rows] for column, name in columns.items()}
        | {"unit_price": [float(str(row["UnitPrice"])) for row in rows]}
        | {
            column: pa.array([datetime.fromisoformat(str(row[name])) for row in rows], pa.timestamp("us"))
            for column, name in (("invoice_date", "InvoiceDate"), ("sent_at", "SentAt"))
        }
    )
    file = io.BytesIO()
    pq.write_table(table, file)
    return file.getvalue()


def searching(s3: FakeS3, *numbers: int, file: Path | None = None, sha256: str | None = None) -> Search:
    from pathlib import Path

    origin = Origin("r-1", NOW - timedelta(minutes=1), file or Path("/nowhere.csv"), sha256)
    return Search(s3, OUTPUTS, origin, {f"A-{number}": Wanted(number + 1, SENT_AT) for number in numbers})


def found(search: Search) -> list[tuple[str, Record]]:
    return list(search.records())


PLACES = {
    "dead-letter/replay/": (LAKE, "dead-letter/replay/r-1-0001.jsonl.gz", letters),
    "raw/orders/": (LAKE, RAW, lambda *records: gzip.compress(b"".join(records))),
    "orders/": (LAKE, "orders/2026/01/02/03/x.parquet", parquet),
    "the dead-letter bucket": (LETTERS, "aws/lambda/x/shard/2026/01/02/y", payload),
    "errors/orders/": (
        LAKE,
        "errors/orders/format-conversion-failed/2026/01/02/03/x",
        lambda *records: b"\n".join(
            json.dumps({"rawData": base64.b64encode(one).decode()}).encode() for one in records
        ),
    ),
}


@pytest.mark.parametrize("place", PLACES)
def test_an_event_is_found_at_each_place_and_sent_as_it_was(place: str) -> None:
    bucket, key, packed = PLACES[place]
    s3 = FakeS3()
    s3.put_object(Bucket=bucket, Key=key, Body=packed(wire(1), wire(2), wire(3)))
    search = searching(s3, 1, 3, 9)
    records = found(search)
    assert [(name, record.event_id, record.line, record.key) for name, record in records] == [
        (place, "A-1", 2, "A"),
        (place, "A-3", 4, "A"),
    ]
    assert [record.data for _, record in records] == [again(wire(1)), again(wire(3))]
    assert list(search.wanted) == ["A-9"]


def test_each_event_is_given_once_from_the_first_place_that_has_it() -> None:
    s3 = FakeS3()
    for bucket, key, packed in PLACES.values():
        s3.put_object(Bucket=bucket, Key=key, Body=packed(wire(1), wire(1)))
    assert [name for name, _ in found(searching(s3, 1))] == ["dead-letter/replay/"]
    assert s3.read == ["dead-letter/replay/r-1-0001.jsonl.gz"]


def test_what_somebody_else_sent_is_not_what_the_replay_sent() -> None:
    """A correction has another SentAt and another replay; it stays where it is."""
    s3 = FakeS3()
    correction = wire(1, sent_at="2026-01-02 03:05:00.000000", replay_id="r-2", Quantity=7)
    s3.put_object(Bucket=LAKE, Key=RAW, Body=gzip.compress(correction))
    assert found(searching(s3, 1)) == []


def test_behind_the_api_the_replays_name_tells_what_it_sent() -> None:
    s3 = FakeS3()
    stamped = wire(1, sent_at="2026-01-02 03:04:09.000000")
    s3.put_object(Bucket=LAKE, Key=RAW, Body=stamped)
    assert [record.data for _, record in found(searching(s3, 1))] == [again(stamped)]


def test_what_was_redriven_before_is_found_again() -> None:
    s3 = FakeS3()
    s3.put_object(Bucket=LAKE, Key=RAW, Body=gzip.compress(again(wire(1))))
    assert [record.data for _, record in found(searching(s3, 1))] == [again(wire(1))]


def test_what_is_broken_is_passed_over() -> None:
    s3 = FakeS3()
    s3.put_object(Bucket=LAKE, Key="dead-letter/replay/r-1-0001.jsonl.gz", Body=b"\x1f\x8bno gzip")
    s3.put_object(Bucket=LAKE, Key=RAW, Body=gzip.compress(wire(1))[:20])
    s3.put_object(
        Bucket=LAKE, Key="raw/orders/2026/01/02/03/y", Body=b'{"EventID":"A-1"}\n\n[]\n\xff\n' + wire(1)[:-20]
    )
    s3.put_object(Bucket=LAKE, Key="orders/2026/01/02/03/x", Body=b"no parquet")
    s3.put_object(Bucket=LETTERS, Key="aws/lambda/x", Body=b'"data": "AAAAA"')
    s3.put_object(Bucket=LAKE, Key="raw/orders/errors/manifests/x", Body=wire(1))
    assert found(searching(s3, 1)) == []
    assert len(s3.read) == 5


def test_older_hours_and_older_objects_are_not_read() -> None:
    s3 = FakeS3()
    s3.put_object(Bucket=LAKE, Key="raw/orders/2025/12/31/03/x.gz", Body=gzip.compress(wire(1)))
    s3.now -= timedelta(hours=1)
    s3.put_object(Bucket=LAKE, Key="raw/orders/2026/01/02/02/x.gz", Body=gzip.compress(wire(1)))
    assert found(searching(s3, 1)) == []
    assert s3.read == []


def test_a_bucket_that_is_down_is_told() -> None:
    s3 = FakeS3()
    s3.down = True
    with pytest.raises(CloudDownError):
        found(searching(s3, 1))


@pytest.mark.parametrize("same", [True, False])
def test_the_file_is_the_last_place_and_must_be_the_same_one(tmp_path: Path, same: bool) -> None:
    path = tmp_path / "orders.csv"
    rows = [f"A,85123A,LAMP,{quantity},12/1/2010 8:26,2.55,,Testland" for quantity in ("1", "six", "3")]
    path.write_text("\n".join([",".join(CSV_FIELDS), *rows]) + "\n")
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    search = searching(FakeS3(), 1, 3, file=path, sha256=sha256 if same else "0" * 64)
    records = found(search)
    if not same:
        assert records == []
        return
    assert [(name, record.event_id, record.line) for name, record in records] == [
        ("the file", "A-1", 2),
        ("the file", "A-3", 4),
    ]
    assert {order_line.from_wire(record.data)["SentAt"] for _, record in records} == {SENT_AT}
    assert all(order_line.from_wire(record.data)[order_line.REDRIVEN] for _, record in records)
    assert search.wanted == {}
