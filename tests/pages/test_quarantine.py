"""The Quarantine page: by reason, row by row, edited and sent again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pages.parts import kept_rows
from pipeline.quarantine import listing
from pipeline.quarantine.listing import Filter, Kept
from pipeline.redrive import again
from pipeline.replay.senders import KinesisSender
from pipeline.replay.store import Store
from tests.pages.test_redrives import press
from tests.pipeline.quarantine.kept import EVIL, REPLAY, bucket
from tests.pipeline.redrive.test_search import OUTPUTS
from tests.pipeline.replay.fakes import FakeDynamoDB, FakeKinesis

if TYPE_CHECKING:
    from streamlit.testing.v1 import AppTest

    from tests.pages.conftest import World

LAKE = "weir-lake-bucket"


@pytest.fixture
def kinesis(world: World, monkeypatch: pytest.MonkeyPatch) -> FakeKinesis:
    """A stack in which things are kept back; what is sent goes into this stream."""
    s3 = bucket(LAKE, "weir-dead-letter-bucket")
    world.services["s3"] = s3  # type: ignore[assignment] # a service all the same
    stream = FakeKinesis()
    way = again.Way(KinesisSender(stream, "orders"), s3, LAKE, Store(FakeDynamoDB(), "replays"))
    monkeypatch.setattr(again, "way_to", lambda _outputs, _family: way)
    return stream


def choose(app: AppTest, label: str, option: str) -> AppTest:
    box = next(box for box in app.selectbox if box.label == label)
    return box.set_value(next(value for value in box.options if option in value)).run()


def select_row(app: AppTest, number: int) -> AppTest:
    box = next(box for box in app.selectbox if box.label == "Mend or send again")
    return box.select_index(number).run()


def test_what_is_kept_is_told_by_reason(world: World, kinesis: FakeKinesis) -> None:
    app = world.open("quarantine")
    assert not app.exception
    reasons = app.table[0].value
    assert next(zip(reasons["Open rows"], reasons["Reason"], strict=True)) == (3, "Quantity: is not a whole number")
    assert app.subheader[0].value == "10 open rows"


def test_what_is_out_of_sight_is_not_said_to_be_nothing(
    world: World, kinesis: FakeKinesis, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = world.open("quarantine", replay="r-0")
    assert not app.success
    assert "Nothing that is kept back is like that" in app.info[0].value
    monkeypatch.setattr(listing, "_MOST_BYTES", 0)  # every object is too large
    app = world.open("quarantine", events="orders")
    assert not app.success
    assert "There is more" in app.info[0].value


def test_raw_text_is_text(world: World, kinesis: FakeKinesis) -> None:
    app = world.open("quarantine", place="quarantine", replay=REPLAY)
    rows = list(app.table[1].value["Raw text"])
    assert any(r"\<script\>" in raw for raw in rows)  # Markdown's own escape
    app = select_row(app, 1)
    assert EVIL in app.code[0].value
    assert not app.exception


def test_filters_are_in_the_address(world: World, kinesis: FakeKinesis) -> None:
    app = choose(world.open("quarantine"), "Kept as", "Dead letters of replays")
    assert app.query_params["place"] == "replay"
    assert app.subheader[0].value == "2 open rows"
    app = choose(app, "Kept as", "all")
    app = choose(app, "Reason", "InvoiceNo")
    assert app.query_params["reason"] == "InvoiceNo: is missing"
    assert app.subheader[0].value == "1 open row"


def test_an_address_that_makes_no_sense_lists_all(world: World, kinesis: FakeKinesis) -> None:
    app = world.open("quarantine", place="nowhere", **{"from": "-3"})
    assert app.subheader[0].value == "10 open rows"


def test_an_edited_row_is_checked_sent_and_gone(world: World, kinesis: FakeKinesis) -> None:
    app = select_row(world.open("quarantine", place="quarantine", replay=REPLAY), 0)
    assert "InvoiceNo" not in {box.label for box in app.text_input}  # it is event A-3
    app = press(app, "Check and send")
    assert "Quantity: 'six' is not a whole number" in app.error[0].value
    assert not app.exception
    assert kinesis.calls == []
    next(box for box in app.text_input if box.label == "Quantity").set_value("6")
    app = press(app, "Check and send")
    assert kinesis.event_ids == ["A-3"]
    assert not app.exception
    assert "1 event was sent by" in app.success[0].value
    assert app.subheader[0].value == "2 open rows"


def test_a_dead_letter_goes_as_it_was(world: World, kinesis: FakeKinesis) -> None:
    app = select_row(world.open("quarantine", place="replay"), 0)
    app = press(app, "Send this whole dead letter again")
    assert sorted(kinesis.event_ids) == ["A-8", "A-9"]
    assert "2 events were sent by" in app.success[0].value
    assert "Nothing that is kept back is like that" in app.info[-1].value


def test_poison_is_not_sent_as_it_was(world: World, kinesis: FakeKinesis) -> None:
    app = select_row(world.open("quarantine", place="function"), 1)
    app = press(app, "Send it again as it was")
    assert "Edit it first" in app.error[0].value
    assert kinesis.calls == []


def test_exports_are_safe_in_a_spreadsheet_and_raw_as_lines() -> None:
    s3 = bucket()
    body = b'=cmd|" /C calc"!A0'
    from pipeline.contracts import quarantine

    note = quarantine.Note("r", None, 400, "@reason", [])
    quarantine.keep(s3, OUTPUTS.lake_bucket, "orders", body, note)
    kept = Kept(s3, OUTPUTS)
    import pandas as pd

    from queries import export

    found = export.csv([pd.DataFrame(list(kept_rows._plain(kept, Filter(kind="@reason"))))]).decode()
    assert "'=cmd" in found
    assert "'@reason" in found
    (line,) = kept_rows._lines(kept, Filter(kind="@reason")).splitlines()
    assert b'"raw": "=cmd|' in line
