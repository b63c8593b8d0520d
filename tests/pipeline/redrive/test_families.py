"""Page views, Wikipedia's lines and sessions are found and sent again as they were, byte for byte."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from pipeline.contracts.event import InvalidEventError
from pipeline.redrive import wire as wires
from pipeline.redrive.search import Origin, Search, Wanted
from pipeline.replay.families import OF_NAME
from pipeline.replay.opening import open_file
from pipeline.replay.rows import Record
from tests.pipeline.buckets import FakeS3
from tests.pipeline.redrive.test_search import LAKE, LETTERS, NOW, OUTPUTS, letters, payload

if TYPE_CHECKING:
    from pathlib import Path

CLICK = {
    "element_clicked": "entree_1",
    "time_spent": 67,
    "source_menu": "Caf\u00e9",
    "created_at": "2022-09-11 23:00:00",
}
SESSION = {"session_id": "s-%d", "customer_number": 1, "city": "M", "country": "USA", "credit_limit": 1.5,
           "browse_history": [{"product_code": "p", "quantity": "2", "in_shopping_cart": True}]}  # fmt: skip
LINES = {
    "page_views": lambda at: json.dumps(CLICK | {"time_spent": at}),
    "wikipedia": lambda at: f"other-search\tCaf\u00e9_{at}\texternal\t{at + 10}",
    "sessions": lambda at: json.dumps(SESSION | {"session_id": f"s-{at}"}),
}


def sent(tmp_path: Path, family: str, shift_to: str | None = None) -> tuple[Path, str, list[Record]]:
    """A file of three rows, its SHA-256, and the records that replay r-1 made of it."""
    path = tmp_path / "events"
    path.write_text("".join(LINES[family](at) + "\n" for at in range(3)))
    with open_file(path, shift_to=shift_to) as file:
        assert file.family.name == family
        return path, file.source.sha256(), [row for row in file.rows("r-1") if isinstance(row, Record)]


def search(
    s3: FakeS3, family: str, records: list[Record], file: tuple[Path, str], shift_to: str | None = None
) -> Search:
    origin = Origin("r-1", NOW - timedelta(minutes=1), *file, OF_NAME[family], shift_to)
    return Search(s3, OUTPUTS, origin, {record.event_id: Wanted(record.line, record.sent_at) for record in records})


def failed(*records: bytes) -> bytes:
    return b"\n".join(json.dumps({"rawData": base64.b64encode(one).decode()}).encode() for one in records)


@pytest.mark.parametrize("family", LINES)
def test_what_is_kept_is_found_and_sent_as_it_was(tmp_path: Path, family: str) -> None:
    path, _, records = sent(tmp_path, family)
    errors = f"errors/{OF_NAME[family].errors[0]}/"
    kept = {
        "dead-letter/replay/": (LAKE, "dead-letter/replay/r-1-0001.jsonl.gz", letters),
        "the dead-letter bucket": (LETTERS, "aws/lambda/x/shard/2026/01/02/y", payload),
        errors: (LAKE, f"{errors}processing-failed/2026/01/02/03/x", failed),
    }
    for place, (bucket, key, packed) in kept.items():
        s3 = FakeS3()
        s3.put_object(Bucket=bucket, Key=key, Body=packed(*(record.data for record in records)))
        found = search(s3, family, records[1:], (path, "0" * 64))
        assert [(name, (one.line, one.event_id, one.data, one.sent_at)) for name, one in found.records()] == [
            (place, (one.line, one.event_id, one.data, one.sent_at)) for one in records[1:]
        ]
        assert found.wanted == {}


@pytest.mark.parametrize(
    ("family", "shift_to"),
    [("page_views", None), ("page_views", "2022-09-12 03:00:00"), ("wikipedia", None), ("sessions", None)],
)
def test_the_file_is_read_as_it_was_read_then(tmp_path: Path, family: str, shift_to: str | None) -> None:
    path, sha256, records = sent(tmp_path, family, shift_to)
    found = search(FakeS3(), family, records[1:], (path, sha256), shift_to)
    assert [(name, one.data, one.key) for name, one in found.records()] == [
        ("the file", one.data, one.key) for one in records[1:]
    ]
    assert list(search(FakeS3(), family, records[1:], (path, "0" * 64)).records()) == []


def test_a_line_of_wikipedia_without_our_columns_is_nobodys_event() -> None:
    for data in (b"a\tb\tlink\t1\n", b"a\tb\tlink\tmany\te\tr-1\t2026-01-01 00:00:00\n", b"\xff\tb\tlink\t1\n"):
        with pytest.raises(InvalidEventError):
            wires.OF["wikipedia"].read(data)
