"""Kept rows are sent again: edited ones as the contract wants them, dead letters as they were."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from pipeline.contracts import order_line
from pipeline.contracts.order_line import InvalidOrderLineError
from pipeline.errors import RowRejectedError
from pipeline.quarantine import cells, mend
from pipeline.quarantine.listing import Filter, Kept
from pipeline.quarantine.rows import Row
from pipeline.redrive import again
from pipeline.replay import delivery
from pipeline.replay.delivery import Patience
from pipeline.replay.senders import KinesisSender
from pipeline.replay.store import Store
from tests.pipeline.quarantine.kept import BATCH_KEY, CSV_KEY, EVIL, LETTER_KEY, REPLAY, bucket
from tests.pipeline.redrive.test_search import LAKE, OUTPUTS, SENT_AT
from tests.pipeline.replay.fakes import FakeDynamoDB, FakeKinesis, client_error

if TYPE_CHECKING:
    from tests.pipeline.buckets import FakeS3


@pytest.fixture(autouse=True)
def _little_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "Patience", lambda: Patience(attempts=2, first_wait=0.0, longest_wait=0.0))


class World:
    def __init__(self) -> None:
        self.s3: FakeS3 = bucket()
        self.kinesis = FakeKinesis()
        self.table = Store(FakeDynamoDB(), "replays")
        self.kept = Kept(self.s3, OUTPUTS)
        self.way = again.Way(KinesisSender(self.kinesis, "orders"), self.s3, LAKE, self.table)

    def row(self, event_id: str | None, place: str = "quarantine") -> Row:
        return next(row for row in self.kept.rows(Filter(places=(place,))) if row.event_id == event_id)


@pytest.fixture
def world() -> World:
    return World()


def test_an_edited_row_is_the_same_event_with_a_new_version(world: World) -> None:
    row = world.row("A-3")
    texts = cells.texts(row)
    assert texts["Quantity"] == "six"
    assert texts["Country"] == "Testland"
    receipt = mend.send_edited(row, texts | {"Quantity": "6"}, world.way)
    assert receipt.accepted == 1
    ((_, data),) = world.kinesis.taken
    line = order_line.from_wire(data)
    assert (line["EventID"], line["LineNo"], line["Quantity"], line["ReplayID"]) == ("A-3", 3, 6, receipt.replay_id)
    assert str(line["SentAt"]) > SENT_AT
    assert order_line.REDRIVEN not in line
    state = world.table.get(receipt.replay_id)
    assert state
    assert (state.kind, state.of, state.status) == ("resend", REPLAY, "done")


def test_once_sent_it_is_settled_with_what_was_sent(world: World) -> None:
    row = world.row("A-4")
    receipt = mend.send_edited(row, cells.texts(row) | {"Quantity": "6"}, world.way)
    assert [one.event_id for one in world.kept.of_object("quarantine", CSV_KEY)] == ["A-3", None]
    record = json.loads(world.s3.objects[LAKE, f"resolved/{CSV_KEY}/{receipt.replay_id}.json"][1])
    assert (record["rows"], record["how"], record["event_ids"]) == ([1], "edited", ["A-4"])
    assert EVIL in json.loads(record["texts"]["1"])["Description"]


def test_what_the_contract_refuses_is_not_sent_and_stays_open(world: World) -> None:
    row = world.row("A-3")
    with pytest.raises(RowRejectedError, match="Quantity: 'seven' is not a whole number"):
        mend.send_edited(row, cells.texts(row) | {"Quantity": "seven"}, world.way)
    assert world.kinesis.calls == []
    assert world.row("A-3")


def test_a_row_keeps_its_invoice_because_it_keeps_its_event() -> None:
    row = World().row("A-3")
    with pytest.raises(InvalidOrderLineError, match="InvoiceNo: the row is event A-3, and keeps its invoice"):
        cells.event(row, cells.texts(row) | {"Quantity": "6", "InvoiceNo": "Z"})


def test_a_row_without_an_event_becomes_the_same_new_one_each_time(world: World) -> None:
    row = world.row(None)
    line = cells.event(row, cells.texts(row) | {"InvoiceNo": "A"})
    assert line["EventID"] == f"A-{REPLAY}-6"
    assert cells.event(row, cells.texts(row) | {"InvoiceNo": "A"}) == line


def test_rows_of_a_posted_list(world: World) -> None:
    row = world.row("B-2")
    assert cells.texts(row)["Quantity"] == "x"
    line = cells.event(row, cells.texts(row) | {"Quantity": "2"})
    assert (line["EventID"], line["LineNo"], line["UnitPrice"]) == ("B-2", 2, 2)
    without = next(row for row in world.kept.rows(Filter()) if row.shape == "json" and row.event_id is None)
    assert cells.event(without, cells.texts(without))["EventID"] == "B-request-1-0"


def test_a_row_of_a_file_with_other_columns(world: World) -> None:
    row = world.row("A-3")
    turned = Row(**{**vars(row), "columns": ("Country", "Quantity"), "raw": "Testland,six"})
    assert cells.texts(turned)["Country"] == "Testland"
    torn = Row(**{**vars(row), "raw": 'A,1,"LAMP,6,1/2/1999 8:26'})
    assert cells.texts(torn)["Description"] == "LAMP,6,1/2/1999 8:26"
    binary = Row(**{**vars(row), "raw": "\0"})
    assert cells.texts(binary)["InvoiceNo"] in {"A", "\0"}


def test_a_dead_letter_goes_as_it_was_and_marked(world: World) -> None:
    letters = world.kept.of_object("replay", LETTER_KEY)
    sent = mend.send_as_they_were(letters, world.way)
    assert (sent.receipt.accepted, sent.refused) == (2, {})
    for row, (_, data) in zip(letters, world.kinesis.taken, strict=True):
        assert data == row.data.replace(b'"SentAt":', b'"Redriven":true,"SentAt":')
    assert world.kept.of_object("replay", LETTER_KEY) == []


def test_of_a_batch_the_good_go_and_the_poison_stays(world: World) -> None:
    batch = world.kept.of_object("function", BATCH_KEY)
    sent = mend.send_as_they_were(batch, world.way)
    assert world.kinesis.event_ids == ["A-11"]
    assert [row.raw for row in sent.refused] == ["poison"]
    (poison,) = world.kept.of_object("function", BATCH_KEY)
    with pytest.raises(RowRejectedError, match="Nothing was sent, for it breaks the contract: is not JSON"):
        mend.send_as_they_were([poison], world.way)
    texts = {
        "InvoiceNo": "A", "StockCode": "1", "Quantity": "1", "InvoiceDate": "2010-12-01 08:26:00",
        "UnitPrice": "1", "Country": "Testland",
    }  # fmt: skip
    assert mend.send_edited(poison, texts, world.way).accepted == 1
    assert world.kept.of_object("function", BATCH_KEY) == []


def test_what_the_stream_refuses_stays_open_and_is_accounted_for(world: World) -> None:
    world.kinesis.always = client_error("ProvisionedThroughputExceededException")
    row = world.row("A-3")
    receipt = mend.send_edited(row, cells.texts(row) | {"Quantity": "6"}, world.way)
    assert (receipt.accepted, receipt.failed) == (0, 1)
    assert world.row("A-3")
    assert world.row("A-3", "replay")  # a dead letter now, too


def test_what_a_redrive_sent_is_settled(world: World) -> None:
    assert mend.settle_redriven(world.kept, world.s3, REPLAY, "r-9", {"A-8", "A-11", "A-77"}) == 2
    assert [row.event_id for row in world.kept.rows(Filter(places=("replay", "function")))] == ["A-9", None]
