"""Where a redrive looks: at what the replay that read the file sent, however often it was sent again since."""

from __future__ import annotations

import hashlib
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.contracts import order_line
from pipeline.contracts.order_line import CSV_FIELDS
from pipeline.redrive.search import Wanted
from pipeline.replay.progress import FAILED, REDRIVE, RESEND, Progress, utc_now
from pipeline.replay.store import Store
from pipeline.stack import Outputs
from queries import redrive
from queries.audit.run import Sinks
from tests.pages.fakes import FakeEngine
from tests.pipeline.buckets import FakeS3
from tests.pipeline.replay.fakes import FakeDynamoDB

if TYPE_CHECKING:
    from pathlib import Path

OUTPUTS = Outputs(**{field.name: field.name for field in fields(Outputs)})
SENT_AT = "2026-01-02 03:04:05.000001"


@pytest.fixture
def first(tmp_path: Path) -> Progress:
    """A replay of a file of one row whose worker was killed: it has no receipt."""
    path = tmp_path / "orders.csv"
    path.write_text(f"{','.join(CSV_FIELDS)}\nA,85123A,LAMP,1,12/1/2010 8:26,2.55,,Testland\n")
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    return Progress("r-1", str(path), "kinesis", utc_now(), status=FAILED, sha256=sha256)


def found_by(*replays: Progress) -> list[tuple[str, str, Any]]:
    """What is found of the last of them: the place, the event and the ReplayID that it has."""
    table, engine = FakeDynamoDB(), FakeEngine({})
    for replay in replays:
        Store(table, OUTPUTS.replays_table).save(replay)
    clients: dict[str, Any] = {"dynamodb": table, "s3": FakeS3()}
    sinks = Sinks(engine, engine, clients.__getitem__, OUTPUTS)
    looking = redrive.search(sinks, redrive.Missing(replays[-1], {}, 0, {"A-1": Wanted(2, SENT_AT)}))
    return [
        (place, record.event_id, order_line.from_wire(record.data)["ReplayID"]) for place, record in looking.records()
    ]


def test_the_file_of_a_replay_without_a_receipt_is_read(first: Progress) -> None:
    assert found_by(first) == [("the file", "A-1", "r-1")]


def test_the_file_is_found_through_redrives_of_redrives(first: Progress) -> None:
    second = Progress("r-2", first.file, "kinesis", utc_now(), kind=REDRIVE, of="r-1")
    third = Progress("r-3", first.file, "kinesis", utc_now(), kind=REDRIVE, of="r-2")
    assert found_by(first, second, third) == [("the file", "A-1", "r-1")]


def test_an_edited_row_is_not_sent_as_the_file_has_it(first: Progress) -> None:
    resent = Progress("r-2", "dead-letter/replay/r-1-0001.jsonl.gz", "kinesis", utc_now(), kind=RESEND, of="r-1")
    assert found_by(first, resent) == []


def test_another_file_of_that_name_is_left_alone(first: Progress) -> None:
    assert found_by(replace(first, sha256="0" * 64)) == []
