"""The ledger as it was written, read again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from pipeline.errors import NotFoundError
from pipeline.replay.ledger import Ledger
from pipeline.replay.rows import Record
from pipeline.replay.senders import Accepted, Refused
from queries.audit import sent
from tests.pipeline.replay.fakes import FakeBucket

if TYPE_CHECKING:
    from pipeline.replay.senders import Outcome

AT = "2026-01-02 03:04:05.123456"


def fate(line: int, outcome: str) -> tuple[Record, Outcome]:
    record = Record(line, f"A-{line - 1}", "A", b'{"SentAt":"%s"}\n' % AT.encode(), sent_at=AT)
    return record, Accepted() if outcome == "accepted" else Refused("why", lost=outcome == "unknown")


def test_a_ledger_is_read_as_it_was_written() -> None:
    bucket = FakeBucket()
    ledger = Ledger(bucket, "lake", "r-1")
    ledger.add([fate(2, "accepted"), fate(4, "failed"), fate(5, "unknown")])
    ledger.reject(3, "A-2", "why")
    ledger.close()
    found = sent.read(bucket, "lake", "r-1")
    assert found.counts == {"rows": 4, "accepted": 1, "rejected": 1, "failed": 1, "unknown": 1}
    assert list(found.expected["event_id"]) == ["A-1", "A-3", "A-4"]
    moment = datetime.now(UTC) - timedelta(minutes=1)
    fates = found.fates({"A-1", "A-2", "A-3", "A-4"})
    assert {name: (found.line, found.outcome, found.reason) for name, found in fates.items()} == {
        "A-1": (2, "accepted", None),
        "A-3": (4, "failed", "why"),
        "A-4": (5, "unknown", "why"),
    }
    assert fates["A-1"].may_arrive(moment)
    assert not fates["A-1"].may_arrive(moment + timedelta(minutes=2))
    assert not fates["A-3"].may_arrive(moment)
    assert fates["A-4"].may_arrive(moment)


def test_a_row_of_a_resumed_replay_counts_once_and_accepted_wins() -> None:
    bucket = FakeBucket()
    for outcomes in ("accepted", "failed"), ("failed", "accepted"):
        ledger = Ledger(bucket, "lake", "r-1")
        ledger.add([fate(2, outcomes[0]), fate(3, outcomes[1])])
        ledger.close()
    assert len(bucket.objects) == 2
    assert sent.read(bucket, "lake", "r-1").counts["accepted"] == 2


def test_a_bucket_that_takes_nothing_loses_no_entry() -> None:
    bucket = FakeBucket()
    ledger = Ledger(bucket, "lake", "r-1")
    bucket.down = True
    ledger.add([fate(2, "accepted")])
    with pytest.raises(Exception, match="ledger/replay_id=r-1"):
        ledger.close()
    bucket.down = False
    ledger.close()
    assert sent.read(bucket, "lake", "r-1").counts["rows"] == 1


def test_a_replay_without_a_ledger_is_told_in_words() -> None:
    with pytest.raises(NotFoundError, match="has no ledger"):
        sent.read(FakeBucket(), "lake", "r-2")
