"""What a worker leaves in the table, whenever it is killed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.errors import BusyError
from pipeline.replay.account import Account
from pipeline.replay.progress import DONE, FAILED, RUNNING
from pipeline.replay.store import Store
from pipeline.replay.wishes import STOP, Control, Wish
from tests.pipeline.replay.fakes import FakeDynamoDB
from tests.pipeline.replay.test_store import ALIVE, RECEIPT, STATE


def status(store: Store) -> str:
    return store.known(STATE.replay_id).status


def test_a_replay_is_never_done_without_its_receipt() -> None:
    """A worker killed between the two would leave one that nobody can resume, and that has no receipt."""
    store = Store(FakeDynamoDB(), "replays")
    account = Account(store, Control())
    account.tell(ALIVE)
    account.tell(replace(ALIVE, status=DONE))
    assert status(store) == RUNNING
    account.end(RECEIPT)
    assert status(store) == DONE
    assert store.receipt(STATE.replay_id)


def test_what_broke_off_is_told_at_once() -> None:
    store = Store(FakeDynamoDB(), "replays")
    Account(store, Control()).tell(replace(ALIVE, status=FAILED, error="broke off"))
    assert store.known(STATE.replay_id).resumable


def test_wishes_are_heard() -> None:
    store, control = Store(FakeDynamoDB(), "replays"), Control()
    account = Account(store, control)
    account.tell(ALIVE)
    store.wish(STATE.replay_id, Wish(STOP))
    account.tell(ALIVE)
    assert control.stopping.is_set()


@pytest.mark.parametrize("late", [True, False])
def test_a_worker_that_was_taken_over_says_nothing_more(late: bool) -> None:
    store, control = Store(FakeDynamoDB(), "replays"), Control()
    account = Account(store, control)
    account.tell(ALIVE)
    store.save(replace(ALIVE, status=FAILED))
    store.claim(store.known(STATE.replay_id))
    if not late:
        account.tell(ALIVE)
        assert control.stopping.is_set()
    account.tell(replace(ALIVE, status=DONE))
    with pytest.raises(BusyError):
        account.end(RECEIPT)
    assert (status(store), store.receipt(STATE.replay_id)) == (RUNNING, None)
