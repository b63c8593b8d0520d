"""A trace on fakes: there, due, and not there with the reason."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from boto3.dynamodb.types import TypeSerializer

from pipeline.cli.trace import written
from pipeline.errors import BadInputError, NotFoundError
from pipeline.replay.ledger import Ledger
from pipeline.replay.rows import Record
from pipeline.replay.senders import Accepted, Refused
from queries.audit import windows
from queries.audit.run import Sinks
from queries.audit.windows import Windows
from queries.trace import run
from tests.pages.fakes import FakeEngine, FakeService
from tests.pipeline.buckets import FakeS3
from tests.pipeline.redrive.test_search import LAKE, LETTERS, OUTPUTS, parquet, wire
from tests.queries.audit.test_ranges import FakeConnection

if TYPE_CHECKING:
    from pipeline.replay.senders import Outcome
    from queries.trace.result import Trace

WINDOW = timedelta(seconds=20)
STAMP = "%Y-%m-%d %H:%M:%S.%f"
_typed = TypeSerializer().serialize


class World:
    """Replay r-1 has sent A-1 a moment ago; nothing has arrived."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC).replace(tzinfo=None)
        self.sent_at = self.now - timedelta(seconds=1)
        self.s3 = FakeS3()
        self.s3.now = datetime.now(UTC)
        self.item: dict[str, Any] = {}
        self.rows: list[dict[str, Any]] = []
        self.replays: list[dict[str, Any]] = []
        self.merges = FakeConnection(audit_last_merge=[])

    def data(self) -> bytes:
        return wire(1, sent_at=self.sent_at.strftime(STAMP))

    def send(self, outcome: Outcome | None = None, replay_id: str = "r-1", **more: str) -> None:
        started = self.sent_at.strftime(STAMP)[:-3]
        state = {"replay_id": replay_id, "file": "/data/orders.csv", "target": "kinesis", "status": "done",
                 "started_at": started, "updated_at": started, **more}  # fmt: skip
        self.replays.append({name: _typed(value) for name, value in state.items()})
        ledger = Ledger(self.s3, LAKE, replay_id)
        record = Record(2, "A-1", "A", self.data(), sent_at=self.sent_at.strftime(STAMP))
        ledger.add([(record, outcome or Accepted("shard-0", "77"))])
        ledger.close()

    def arrive(self) -> None:
        hour = self.now.strftime("%Y/%m/%d/%H")
        times = {"sent_at": self.sent_at, "written_at": self.now + timedelta(minutes=1)}
        self.s3.put_object(Bucket=LAKE, Key=f"orders/{hour}/x.parquet", Body=parquet(self.data(), wire(2)))
        self.item = {"event_id": {"S": "A-1"}} | {name: {"S": at.strftime(STAMP)} for name, at in times.items()}
        landed = self.now + timedelta(seconds=2)
        merged = landed + timedelta(seconds=3)
        self.rows = [self.row("merged", landed, merged)]

    def row(self, place: str, landed: datetime, merged: datetime | None = None) -> dict[str, Any]:
        return {"place": place, "sent_at": self.sent_at, "landed_at": landed, "merged_at": merged, "replay_id": "r-1"}

    def trace(self, event_id: str = "A-1") -> Trace:
        columns = ["place", "sent_at", "landed_at", "merged_at", "replay_id"]
        warehouse = FakeEngine(
            {
                "trace_event": lambda asked: pd.DataFrame(
                    self.rows if asked["event_id"] == "A-1" else [], columns=columns, dtype=object
                ),
                "load_errors": lambda _: pd.DataFrame({"file_name": []}),
            }
        )
        services = {
            "s3": self.s3,
            "dynamodb": FakeService(
                {
                    "scan": {"Items": self.replays},
                    "get_item": lambda asked: (
                        {"Item": self.item} if self.item and asked["Key"]["invoice_no"]["S"] == "A" else {}
                    ),
                }
            ),
        }
        sinks = Sinks(FakeEngine(), warehouse, services.__getitem__, OUTPUTS, lambda _outputs: self.merges)
        return run.trace(sinks, event_id)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(windows, "of_stack", lambda *_: Windows(WINDOW, WINDOW, WINDOW, WINDOW))
    return World()


def states(found: Trace) -> dict[str, str]:
    return {hop.name: hop.state for hop in found.hops}


def late(world: World) -> None:
    world.sent_at -= timedelta(minutes=5)


def test_everything_is_there_with_its_time(world: World) -> None:
    world.send()
    world.arrive()
    found = world.trace()
    assert states(found) == dict.fromkeys(("File", "Accepted", "Lake", "Invoices", "Landed", "Merged"), "there")
    hops = {hop.name: hop for hop in found.hops}
    assert hops["Accepted"].what == "r-1 to kinesis: shard shard-0, sequence number 77"
    assert "line 2 of /data/orders.csv" in hops["File"].what
    assert hops["Lake"].what.startswith(f"s3://{LAKE}/orders/")
    assert hops["Merged"].lag_s == 3.0
    assert hops["Invoices"].at == (world.now + timedelta(minutes=1)).strftime(STAMP)
    assert 0 < (hops["Invoices"].lag_s or 0) <= 60  # from the acknowledgement on, which the clock tells
    assert hops["Invoices"].what == "item A, 000001"
    assert (found.replay_id, found.looked_in, found.others) == ("r-1", ("r-1",), ())
    assert "Merged" in written(found)


def test_an_item_that_keeps_no_time_of_writing_says_so(world: World) -> None:
    world.send()
    world.arrive()
    del world.item["written_at"]
    hop = next(hop for hop in world.trace().hops if hop.name == "Invoices")
    assert (hop.state, hop.at, hop.lag_s) == ("there", None, None)
    assert hop.what == "item A, 000001; it was written before items kept the time of their writing"


def test_what_may_still_come_is_due(world: World) -> None:
    world.send()
    found = world.trace()
    assert states(found) == {
        "File": "there", "Accepted": "there", "Lake": "due", "Invoices": "due", "Landed": "due", "Merged": "not there",
    }  # fmt: skip
    lake = next(hop for hop in found.hops if hop.name == "Lake")
    assert lake.due_s is not None
    assert 0 < lake.due_s <= WINDOW.total_seconds()
    assert "due within 00:" in written(found)


def test_what_has_landed_waits_for_the_merge(world: World) -> None:
    world.send()
    world.rows = [world.row("landed", datetime.now(UTC).replace(tzinfo=None))]
    assert states(world.trace())["Merged"] == "due"
    world.rows = [world.row("landed", world.now - timedelta(minutes=9))]
    assert states(world.trace())["Merged"] == "not there"


def test_what_has_landed_is_due_however_long_a_merge_takes(world: World) -> None:
    world.send()
    world.rows = [world.row("landed", world.now - timedelta(minutes=9))]
    world.merges = FakeConnection(merging=True)
    hop = world.trace().hops[-1]
    assert (hop.name, hop.state, hop.what, hop.due_s) == ("Merged", "due", "a merge is under way", None)
    world.merges = FakeConnection(audit_last_merge=[(datetime.now(UTC).replace(tzinfo=None),)])
    hop = world.trace().hops[-1]
    assert hop.state == "due"
    assert 0 < (hop.due_s or 0) <= WINDOW.total_seconds()


def test_what_is_over_has_its_reason(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(windows, "of_stack", lambda *_: Windows(*[timedelta()] * 4))
    world.send()
    batch = {"Records": [{"kinesis": {"data": base64.b64encode(world.data()).decode()}}]}
    world.s3.put_object(Bucket=LETTERS, Key="aws/lambda/x", Body=json.dumps({"payload": json.dumps(batch)}).encode())
    hops = {hop.name: hop for hop in world.trace().hops}
    assert hops["Invoices"].what == f"dead-lettered by the invoice writer: s3://{LETTERS}/aws/lambda/x"
    assert "nothing that is kept names it" in hops["Lake"].what
    assert {hops[name].state for name in ("Lake", "Invoices", "Landed", "Merged")} == {"not there"}


def test_what_was_given_up_says_so(world: World) -> None:
    world.send(Refused("Throttled", "Rate exceeded"))
    hops = {hop.name: hop for hop in world.trace().hops}
    assert hops["Accepted"].state == "not there"
    assert "failed: Throttled: Rate exceeded; kept in dead-letter/replay/r-1-" in hops["Accepted"].what
    assert hops["Lake"].state == "not there"


def test_a_rejected_row_ends_in_quarantine(world: World) -> None:
    world.send()
    ledger = Ledger(world.s3, LAKE, "r-1")
    ledger.reject(3, "A-9", "Quantity: 'six' is not a whole number")
    ledger.close()
    found = world.trace("A-9")
    assert states(found) == {"File": "there", "Accepted": "not there"}
    assert "rejected: Quantity: 'six' is not a whole number; in quarantine/orders/r-1-" in found.hops[1].what


def test_of_several_sends_the_greatest_sent_at_is_followed(world: World) -> None:
    late(world)
    world.send()
    world.sent_at += timedelta(minutes=5)
    world.send(replay_id="r-2")
    world.send(replay_id="r-3", kind="redrive", of="r-2")
    found = world.trace()
    assert found.replay_id == "r-2"
    assert len(found.others) == 2
    assert any(other.startswith("r-3 (redrive of r-2), line 2: accepted") for other in found.others)


def test_an_older_version_in_a_sink_is_not_it(world: World) -> None:
    late(world)
    world.arrive()
    world.sent_at += timedelta(minutes=5)
    world.send()
    found = world.trace()
    assert (states(found)["Invoices"], states(found)["Landed"]) == ("due", "due")
    assert "the item is of SentAt" in next(hop.what for hop in found.hops if hop.name == "Invoices")


def test_an_event_that_no_ledger_knows_is_followed_by_what_the_sinks_say(world: World) -> None:
    world.arrive()
    found = world.trace()
    assert found.replay_id is None
    assert states(found)["Lake"] == "there"
    assert "keeps no ledger" in found.hops[0].what


def test_what_nobody_knows_is_not_found(world: World) -> None:
    world.send()
    with pytest.raises(NotFoundError, match="newest 1 replays"):
        world.trace("Z-1")
    with pytest.raises(NotFoundError, match="any sink"):
        world.trace("nonsense")
    with pytest.raises(BadInputError, match="is no EventID"):
        world.trace(" ")


def test_page_views_and_sessions_have_the_lake_alone(world: World) -> None:
    world.send(family="page_views")
    assert states(world.trace()) == {"File": "there", "Accepted": "there", "Lake": "due"}
    hour = world.now.strftime("%Y/%m/%d/%H")
    world.s3.put_object(Bucket=LAKE, Key=f"page_views/{hour}/x.parquet", Body=parquet(world.data()))
    lake = world.trace().hops[-1]
    assert (lake.state, lake.what) == ("there", f"s3://{LAKE}/page_views/{hour}/x.parquet, arrival hour {hour}")


def test_a_session_is_in_one_of_two_tables(world: World) -> None:
    world.send(family="sessions")
    hour = world.now.strftime("%Y/%m/%d/%H")
    world.s3.put_object(Bucket=LAKE, Key=f"sessions_international/{hour}/x.parquet", Body=parquet(world.data()))
    assert world.trace().hops[-1].what.startswith(f"s3://{LAKE}/sessions_international/")


def test_a_page_view_that_no_ledger_knows_is_found_in_the_lake(world: World) -> None:
    hour = world.now.strftime("%Y/%m/%d/%H")
    world.s3.put_object(Bucket=LAKE, Key=f"page_views/{hour}/x.parquet", Body=parquet(wire(2)))
    found = world.trace("A-2")
    assert states(found) == {"Accepted": "there", "Lake": "there"}
    assert found.hops[0].at is None
