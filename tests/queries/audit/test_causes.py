"""Causes are found in what is kept, as plain text, in gzip and in base64 within JSON within JSON."""

from __future__ import annotations

import base64
import gzip
import io
import json
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd

from pipeline.stack import Outputs
from queries.audit.causes import Causes
from tests.pages.fakes import FakeEngine

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
BETWEEN = NOW - timedelta(minutes=1), NOW + timedelta(hours=7)
OUTPUTS = Outputs(**{field.name: field.name for field in fields(Outputs)})


class FakeS3:
    def __init__(self, objects: dict[tuple[str, str], tuple[datetime, bytes]]) -> None:
        self._objects = objects

    def get_paginator(self, _operation: str) -> FakeS3:
        return self

    def paginate(self, *, Bucket: str, Prefix: str) -> Any:  # noqa: N803
        yield {
            "Contents": [
                {"Key": key, "LastModified": at, "Size": len(body)}
                for (bucket, key), (at, body) in self._objects.items()
                if bucket == Bucket and key.startswith(Prefix)
            ]
        }

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803
        return {"Body": io.BytesIO(self._objects[Bucket, Key][1])}


def causes(warehouse: FakeEngine | None = None, **objects: bytes) -> Causes:
    names = {
        "letters": ("lake_bucket", "dead-letter/replay/r-1-0001.jsonl.gz"),
        "errors": ("lake_bucket", "errors/orders/format-conversion-failed/2026/01/02/03/x"),
        "batch": ("dead_letter_bucket", "aws/lambda/x"),
        "quarantine": ("lake_bucket", "quarantine/orders/x.json"),
        "raw": ("lake_bucket", "raw/orders/2026/01/02/03/x.gz"),
    }
    kept = {names[name]: (NOW, body) for name, body in objects.items()}
    kept["lake_bucket", "quarantine/orders/old.json"] = (NOW - timedelta(days=1), b'"A-9"')
    engine = warehouse or FakeEngine({"load_errors": lambda _: pd.DataFrame({"file_name": []})})
    return Causes(FakeS3(kept), engine, OUTPUTS, "r-1", BETWEEN)


def wire(event_id: str) -> bytes:
    return json.dumps({"EventID": event_id}).encode()


def test_each_sinks_own_place_comes_first() -> None:
    batch = {"Records": [{"kinesis": {"data": base64.b64encode(wire("A-1")).decode()}}]}
    found = causes(
        errors=json.dumps({"rawData": base64.b64encode(wire("A-1")).decode()}).encode(),
        batch=json.dumps({"payload": json.dumps(batch)}).encode(),
        letters=gzip.compress(json.dumps({"event_id": "A-2", "raw": wire("A-2").decode()}).encode()),
        quarantine=json.dumps({"body": wire("A-3").decode()}).encode(),
    )
    ids = {"A-1", "A-2", "A-3", "A-9", "A-10"}
    assert found.of("lake", ids) == {
        "A-1": "Firehose could not convert it: s3://lake_bucket/errors/orders/format-conversion-failed/2026/01/02/03/x",
        "A-2": "dead-lettered by the replay: s3://lake_bucket/dead-letter/replay/r-1-0001.jsonl.gz",
        "A-3": "in quarantine: s3://lake_bucket/quarantine/orders/x.json",
    }
    assert found.of("invoices", {"A-1"}) == {
        "A-1": "dead-lettered by the invoice writer: s3://dead_letter_bucket/aws/lambda/x"
    }
    assert found.of("lake", set()) == {}


def test_every_object_of_the_replays_time_is_looked_into_and_no_other() -> None:
    kept = {
        ("lake_bucket", f"errors/orders/x/{number:04d}"): (NOW + timedelta(seconds=number), wire(f"A-{number}"))
        for number in range(-100, 1200)
    }
    kept["lake_bucket", "errors/orders/x/later"] = (NOW + timedelta(hours=8), wire("A-later"))
    engine = FakeEngine({})
    found = Causes(FakeS3(kept), engine, OUTPUTS, "r-1", BETWEEN).of("lake", {"A--99", "A-0", "A-1199", "A-later"})
    assert set(found) == {"A-0", "A-1199"}


def test_an_id_is_not_found_in_a_longer_one() -> None:
    assert causes(quarantine=b'{"body": "A-11 XA-1 B-A-1"}').of("lake", {"A-1"}) == {}


def test_a_name_of_other_letters_and_quotes_is_found_as_json_writes_it() -> None:
    kept = gzip.compress(b"\n".join(json.dumps({"event_id": name}).encode() for name in ("\u00c91-1", 'A"B-1')))
    plain = json.dumps({"EventID": "\u00c92-1"}, ensure_ascii=False).encode()
    looked = causes(letters=kept, errors=plain)
    sought = {"\u00c91-1", 'A"B-1', "\u00c92-1"}
    assert set(looked.of("lake", sought)) == sought
    assert looked.of("lake", {"1-1", "2-1"}) == {}  # the ends of those names


def test_a_row_that_copy_refused_is_told_with_its_error() -> None:
    refused = pd.DataFrame(
        [
            {"file_name": "s3://lake_bucket/raw/orders/2026/01/02/03/x.gz", "line_number": number,
             "column_name": "unit_price", "error_message": "Numeric overflow"}
            for number in (2, 99)
        ]
    )  # fmt: skip
    engine = FakeEngine({"load_errors": lambda _: refused})
    raw = gzip.compress(wire("A-1") + b"\n" + wire("A-2") + b"\n")
    assert causes(engine, raw=raw).of("warehouse", {"A-1", "A-2"}) == {
        "A-2": "COPY error in s3://lake_bucket/raw/orders/2026/01/02/03/x.gz line 2, unit_price: Numeric overflow"
    }
