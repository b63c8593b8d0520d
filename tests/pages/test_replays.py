"""Replays on the pages: steered while they run, gone on with when their worker is gone, accounted for at the end."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.replay import launch
from pipeline.replay.progress import DONE, PAUSED, RUNNING, STOPPED, Counted, Progress, Receipt, Rejection
from pipeline.replay.store import Store
from pipeline.replay.wishes import GO_ON, PAUSE, STOP, Tempo, Wish
from tests.pages.test_pages import text
from tests.pipeline.replay.fakes import FakeDynamoDB

if TYPE_CHECKING:
    from streamlit.testing.v1 import AppTest

    from tests.pages.conftest import World

RUNS = Progress(
    replay_id="r-1", file="/data/shop.csv.gz", target="kinesis", started_at="2026-01-02 03:04:05.678",
    updated_at="2999-01-01 00:00:00.000", bytes_read=250, bytes_total=1000, rows_read=5002, accepted=5000, rejected=2,
    retried=7, refused=8, rows_per_s=20.0, rate=20.0, lag_s=12.3, left_s=150.0, who="ann@elsewhere", sha256="ab" * 32,
)  # fmt: skip
ENDED = replace(
    RUNS, status=DONE, ended_at="2026-01-02 03:09:05.678", bytes_read=1000, seconds=250.1, lag_s=0.0, left_s=None,
    rate=None, speed=60.0, since="2010-12-05 00:00:00", row_limit=5002, life=1,
)  # fmt: skip
RECEIPT = Receipt(
    "r-1", DONE, RUNS.file, 1000, "ab" * 32, "ISO-8859-1", "kinesis", 5002, 5000, 2, 0, 7, 250.1, 20.0,
    RUNS.started_at, str(ENDED.ended_at), [Counted("Quantity: is not a whole number", 2)],
    [Rejection(3, "536365-2", ["Quantity: 'six' is not a whole number"])], [],
    ["quarantine/orders/r-1-0001.jsonl.gz"], [], resumed=1,
)  # fmt: skip


@pytest.fixture
def table(world: World) -> Store:
    """A replays table that keeps what is written to it."""
    dynamodb: Any = FakeDynamoDB()
    world.services["dynamodb"] = dynamodb
    return Store(dynamodb, "weir-replays-table")


def click(app: AppTest, label: str) -> AppTest:
    return next(button for button in app.button if button.label == label).click().run()


def test_a_running_replay_tells_all_about_itself(world: World, table: Store) -> None:
    table.save(RUNS)
    said = text(world.open("replay"))
    assert "shop.csv.gz to kinesis" in said
    assert "by ann@elsewhere, 20 rows/s" in said
    for figure in ("Acknowledged 5,000", "Refused 8", "Sent again 7", "Rejected 2", "Given up 0"):
        assert figure in said


def test_how_far_it_is(world: World, table: Store) -> None:
    from pages.parts.replays import _how_far

    assert _how_far(RUNS) == "25% of the file, 20 rows/s, 12 s behind its pace, about 2 minutes left"


def test_buttons_tell_its_worker_what_is_wished(world: World, table: Store) -> None:
    table.save(RUNS)
    app = world.open("replay")
    click(app, "Pause")
    assert table.save(replace(RUNS, status=PAUSED)) == Wish(PAUSE)
    app.run()
    assert "Pause" not in [button.label for button in app.button]
    click(app, "Go on")
    assert table.save(RUNS) == Wish(GO_ON)
    app.run()
    click(app, "Stop")
    assert table.save(RUNS) == Wish(STOP)


def test_its_pace_can_be_changed(world: World, table: Store) -> None:
    table.save(RUNS)
    app = world.open("replay")
    app.selectbox("change r-1 pace").select("Event time").run()
    app.number_input("change r-1 speed").set_value(120.0).run()
    app.number_input("change r-1 gap").set_value(2.0).run()
    click(app, "Change")
    assert table.save(RUNS) == Wish(tempo=Tempo(speed=120, max_gap=2))
    app.selectbox("change r-1 pace").select("As fast as it goes").run()
    click(app, "Change")
    assert table.save(RUNS) == Wish(tempo=Tempo())


def test_one_that_was_stopped_or_lost_can_be_resumed(
    world: World, table: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    resumed: list[str] = []
    monkeypatch.setattr(launch, "resume", lambda replay_id, *_: resumed.append(replay_id))
    table.save(replace(RUNS, status=STOPPED))
    table.save(replace(RUNS, replay_id="r-2", status=RUNNING, updated_at=RUNS.started_at))
    table.save(replace(RUNS, replay_id="r-3", status=DONE))
    app = world.open("replay")
    buttons = [button.key for button in app.button if button.label == "Resume"]
    assert sorted(map(str, buttons)) == ["Resume r-1", "Resume r-2"]
    app.button("Resume r-2").click().run()
    assert resumed == ["r-2"]
    assert not app.error


def test_what_cannot_be_resumed_is_told_in_words(world: World, table: Store) -> None:
    table.save(replace(RUNS, status=STOPPED))
    app = click(world.open("replay"), "Resume")
    assert "/data/shop.csv.gz does not exist" in app.error[0].value


def test_a_replay_is_started_with_its_tempo_and_its_date(
    world: World, table: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    from datetime import date

    started: list[launch.Wanted] = []
    monkeypatch.setattr(launch, "start", lambda _path, _settings, wanted: started.append(wanted))
    app = world.open("replay")
    next(field for field in app.date_input if field.label == "From").set_value(date(2011, 6, 1)).run()
    app.selectbox("start pace").select("Event time").run()
    click(app, "Start")
    app.selectbox("start pace").select("Rows/s").run()
    app.number_input("start rate").set_value(50.0).run()
    click(app, "Start")
    next(switch for switch in app.toggle if switch.label == "Clicks end now").set_value(True)
    next(box for box in app.selectbox if box.label == "Target").select("firehose").run()
    click(app, "Start")
    views = started.pop()
    assert (views.target, views.tempo) == ("firehose", Tempo(rate=50))
    assert views.shift_to is not None
    assert started == [
        launch.Wanted("kinesis", Tempo(speed=3600), None, "2011-06-01 00:00:00"),
        launch.Wanted("kinesis", Tempo(rate=50), None, "2011-06-01 00:00:00"),
    ]


def test_a_receipt_accounts_for_everything(world: World, table: Store) -> None:
    table.save(ENDED, RECEIPT)
    app = world.open("receipt", replay="r-1")
    assert not app.exception
    assert not app.error
    said = text(app)
    for figure in ("Rows 5,002", "Accepted 5,000", "Rejected 2", "250.1 s at 20 rows/s"):
        assert figure in said
    for told in (
        "ab" * 32, "60 x event time, gaps of 5 s at most", "2010-12-05 00:00:00", "ISO-8859-1", "1 time",
        "Quantity: is not a whole number", "Quantity: 'six' is not a whole number",
        "s3://weir-lake-bucket/quarantine/orders/r-1-0001.jsonl.gz", "(/audit?replay=r-1)", "Warehouse",
    ):  # fmt: skip
        assert told in said, told
    assert app.query_params["replay"] == "r-1"


def test_a_receipt_that_is_not_written_yet(world: World, table: Store) -> None:
    table.save(RUNS)
    app = world.open("receipt", replay="r-1")
    assert "still under way" in app.info[0].value
    assert "Rows 5,002" in text(app)
    table.save(replace(RUNS, updated_at=RUNS.started_at))
    app = world.open("receipt", replay="r-1")
    assert "killed before it wrote a receipt" in app.info[0].value
    assert [button.label for button in app.button if button.label == "Resume"]


def test_a_receipt_that_nobody_knows(world: World, table: Store) -> None:
    app = world.open("receipt", replay="r-9")
    assert "There is no replay" in app.error[0].value
    app = world.open("receipt")
    assert "No receipts yet" in app.info[0].value
