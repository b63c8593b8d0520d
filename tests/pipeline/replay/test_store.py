"""The replays table: what is written is read, by anyone, and a worker that is gone is seen to be."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from pipeline.errors import BadInputError, BusyError, CloudDownError, NotFoundError
from pipeline.replay.progress import DONE, LOST, PAUSED, RUNNING, STOPPED, Counted, Progress, Receipt, utc_now
from pipeline.replay.store import Store
from pipeline.replay.wishes import GO_ON, PAUSE, STOP, Tempo, Wish
from tests.pipeline.replay.fakes import FakeDynamoDB

STATE = Progress(
    replay_id="r-20260102-030405-abcd",
    file="/data/orders.csv.gz",
    target="kinesis",
    started_at="2026-01-02 03:04:05.678",
    status=DONE,
    updated_at="2026-01-02 03:05:05.678",
    ended_at="2026-01-02 03:05:05.678",
    rows_read=541_909,
    bytes_read=7_444_817,
    bytes_total=7_444_817,
    accepted=541_909,
    rows_per_s=21_340.5,
)
RECEIPT = Receipt(
    STATE.replay_id, DONE, STATE.file, 7_444_817, "0" * 64, "ISO-8859-1", "kinesis", 541_909, 541_909, 0, 0, 12,
    25.4, 21_340.5, STATE.started_at, str(STATE.ended_at), [Counted("Quantity: is missing", 2)], [], [], [], [],
)  # fmt: skip


def test_what_is_saved_is_read() -> None:
    store = Store(FakeDynamoDB(), "replays")
    for state in (STATE, replace(STATE, rate=20.0, row_limit=5, error="broke off", rows_per_s=0.0, ended_at=None)):
        store.save(state)
        assert store.get(state.replay_id) == state
        assert store.recent() == [state]
    assert store.get("r-other") is None


def test_receipts_are_kept_and_left_out_of_lists() -> None:
    store = Store(FakeDynamoDB(), "replays")
    store.save(STATE)
    assert store.receipt(STATE.replay_id) is None
    store.save(STATE, RECEIPT)
    kept = store.receipt(STATE.replay_id)
    assert kept
    assert kept["reasons"] == [{"reason": "Quantity: is missing", "rows": 2}]
    assert store.recent() == [STATE]
    assert store.receipt("r-other") is None


def test_the_newest_come_first_over_all_pages() -> None:
    store = Store(FakeDynamoDB(), "replays")
    for day in (3, 9, 1, 7, 5):
        store.save(replace(STATE, replay_id=f"r-{day}", started_at=f"2026-01-0{day} 00:00:00.000"))
    assert [state.replay_id for state in store.recent(3)] == ["r-9", "r-7", "r-5"]
    assert len(store.recent()) == 5


def test_one_that_runs_is_listed_however_many_began_since() -> None:
    store = Store(FakeDynamoDB(), "replays")
    for name, day, status in (("old", 1, DONE), ("stopped", 2, STOPPED), ("runs", 3, RUNNING)):
        started = f"2026-01-0{day} 00:00:00.000"
        store.save(replace(STATE, replay_id=name, started_at=started, status=status, updated_at=utc_now()))
    for number in range(21):
        store.save(replace(STATE, replay_id=f"r-{number}", started_at=f"2026-02-01 00:00:{number:02}.000"))
    assert [state.replay_id for state in store.open_and_recent()][20:] == ["runs", "stopped"]


def test_a_worker_not_heard_of_for_half_a_minute_is_lost() -> None:
    store = Store(FakeDynamoDB(), "replays")
    long_ago = (datetime.now(UTC) - timedelta(seconds=31)).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
    for heard, seen in ((utc_now(), RUNNING), (long_ago, LOST)):
        store.save(replace(STATE, status=RUNNING, ended_at=None, updated_at=heard))
        found = store.get(STATE.replay_id)
        assert found
        assert found.status == seen
    store.save(replace(STATE, status=STOPPED, updated_at=long_ago))
    assert store.recent()[0].status == STOPPED


def test_the_latest_replay_that_worked_a_file_through() -> None:
    store = Store(FakeDynamoDB(), "replays")
    assert store.finished_of("orders.csv.gz") is None
    store.save(replace(STATE, replay_id="r-1", status=STOPPED))
    store.save(replace(STATE, replay_id="r-2", file="/data/other.csv"))
    store.save(replace(STATE, replay_id="r-2a", row_limit=100))
    store.save(replace(STATE, replay_id="r-2b", failed=1))
    assert store.finished_of("orders.csv.gz") is None
    store.save(replace(STATE, replay_id="r-3"))
    found = store.finished_of("orders.csv.gz")
    assert found
    assert found.replay_id == "r-3"


def test_a_table_that_does_not_answer_is_a_named_error() -> None:
    table = FakeDynamoDB()
    table.down = True
    with pytest.raises(CloudDownError, match="Table replays"):
        Store(table, "replays").save(STATE)


def test_the_share_is_of_the_file_or_of_the_row_limit() -> None:
    assert replace(STATE, bytes_read=0).share == 0
    assert replace(STATE, bytes_read=STATE.bytes_total // 4).share == pytest.approx(0.25)
    assert replace(STATE, bytes_read=0, rows_read=50, row_limit=100).share == pytest.approx(0.5)
    assert replace(STATE, bytes_total=0).share == 0


ALIVE = replace(STATE, status=RUNNING, ended_at=None, updated_at="2999-01-01 00:00:00.000")


def test_wishes_reach_the_worker_and_outlive_its_saves() -> None:
    store = Store(FakeDynamoDB(), "replays")
    assert store.save(ALIVE) is None
    store.wish(ALIVE.replay_id, Wish(PAUSE))
    assert store.save(ALIVE) == Wish(PAUSE)
    store.wish(ALIVE.replay_id, Wish(tempo=Tempo(speed=60, max_gap=1)))
    assert store.save(replace(ALIVE, status=PAUSED)) == Wish(PAUSE, Tempo(speed=60, max_gap=1))
    store.wish(ALIVE.replay_id, Wish(GO_ON))
    assert store.save(ALIVE) == store.save(ALIVE) == Wish(GO_ON, Tempo(speed=60, max_gap=1))
    assert store.get(ALIVE.replay_id) == ALIVE


def test_only_a_replay_with_a_worker_hears_wishes() -> None:
    store = Store(FakeDynamoDB(), "replays")
    with pytest.raises(NotFoundError, match="no replay 'r-other'"):
        store.wish("r-other", Wish(STOP))
    store.save(replace(STATE, status=STOPPED))
    with pytest.raises(BadInputError, match=r"no worker is at it.*--resume"):
        store.wish(STATE.replay_id, Wish(PAUSE))


def test_a_claim_begins_another_life_and_shuts_the_old_worker_out() -> None:
    store = Store(FakeDynamoDB(), "replays")
    stopped = replace(STATE, status=STOPPED, error="broke off", sha256="ab", pid=1)
    store.save(ALIVE)
    store.wish(ALIVE.replay_id, Wish(STOP, Tempo(5)))
    store.save(stopped, RECEIPT)
    claimed = store.claim(stopped)
    assert (claimed.status, claimed.life, claimed.error, claimed.sha256, claimed.accepted) == (
        RUNNING, 1, None, "ab", STATE.accepted,
    )  # fmt: skip
    assert claimed.pid != 1
    assert store.get(STATE.replay_id) == claimed
    assert store.receipt(STATE.replay_id) is None
    assert store.save(claimed) is None  # old wishes are forgotten
    with pytest.raises(BusyError, match="resumed by somebody else"):
        store.save(stopped)
    with pytest.raises(BusyError, match="just resumed"):
        store.claim(stopped)
    with pytest.raises(BadInputError, match="still runs"):
        store.claim(claimed)
    with pytest.raises(BadInputError, match="nothing of it is left"):
        store.claim(replace(claimed, status=DONE))
