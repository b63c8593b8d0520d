"""Page views and sessions that did not get through: listed beside orders, edited, and sent again."""

from __future__ import annotations

import base64
import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.contracts import event, page_view, quarantine, session
from pipeline.errors import RowRejectedError
from pipeline.functions.view_processor import handler as processor
from pipeline.functions.view_processor import lines
from pipeline.quarantine import cells, mend
from pipeline.quarantine.listing import Filter, Kept
from pipeline.redrive import again
from pipeline.replay.families import OF_NAME
from pipeline.replay.senders import KinesisSender
from pipeline.replay.store import Store
from tests.pipeline.buckets import FakeS3
from tests.pipeline.quarantine.kept import part
from tests.pipeline.redrive.test_search import LAKE, LETTERS, OUTPUTS, SENT_AT
from tests.pipeline.replay.fakes import FakeDynamoDB, FakeKinesis

if TYPE_CHECKING:
    from pipeline.quarantine.rows import Row

CLICK = {
    "element_clicked": "entree_1",
    "time_spent": "long",
    "source_menu": "menu",
    "created_at": "2022-09-11 23:00:00",
}
SESSION = {"session_id": "s-1", "customer_number": 1, "city": "Madrid", "country": "Spain", "credit_limit": 1.5,
           "browse_history": [{"product_code": "p", "quantity": "two", "in_shopping_cart": True}]}  # fmt: skip
GOOD_SESSION = SESSION | {"browse_history": [{"product_code": "p", "quantity": 2, "in_shopping_cart": True}]}


def stamped_view() -> bytes:
    view = page_view.normalise(CLICK | {"time_spent": 1}, new_id="v-1")
    return page_view.to_wire(event.stamp(view, sent_at=SENT_AT, replay_id="r-1"))


def stamped_session() -> bytes:
    return session.to_wire(event.stamp(session.normalise(GOOD_SESSION), sent_at=SENT_AT, replay_id="r-1"))


def noted(line: int, event_id: str | None, raw: str, family: str, reason: str = "TimeSpent: 'x' is no number") -> Any:
    return {
        "replay_id": "r-1", "file": "/data/x", "family": family, "line": line, "event_id": event_id,
        "reasons": [reason], "kept_at": "2022-09-12 03:04:05.678", "raw": raw,
    }  # fmt: skip


class World:
    """A lake in which one of each kind is kept, and a way for each family."""

    def __init__(self) -> None:
        self.s3 = FakeS3()
        self.kinesis = FakeKinesis()
        self.table = Store(FakeDynamoDB(), "replays")
        self.way = again.Way(KinesisSender(self.kinesis, "clicks"), self.s3, LAKE, self.table)
        self.kept = Kept(self.s3, OUTPUTS)

    def put(self, key: str, body: bytes, bucket: str = LAKE) -> None:
        self.s3.put_object(Bucket=bucket, Key=key, Body=body)

    def rows(self, **wanted: Any) -> list[Row]:
        return list(self.kept.rows(Filter(**wanted)))

    def wire(self) -> bytes:
        ((_, data),) = self.kinesis.taken
        return data


@pytest.fixture
def world() -> World:
    return World()


def test_a_rejected_click_of_a_file_is_mended_as_the_event_that_it_is(world: World) -> None:
    world.put("quarantine/page_views/r-1-0001.jsonl.gz", part(noted(2, "f-2", json.dumps(CLICK), "page_views")))
    (row,) = world.rows(events="page_views")
    assert (row.family, row.shape, row.event_id, row.line) == ("page_views", "line", "f-2", 2)
    texts = cells.texts(row)
    assert texts == {
        "OccurredAt": "2022-09-11 23:00:00", "SessionID": "", "Page": "entree_1", "Source": "menu", "Kind": "",
        "Count": "", "TimeSpent": "long",
    }  # fmt: skip
    with pytest.raises(RowRejectedError, match="TimeSpent: 'long'"):
        mend.send_edited(row, texts, world.way)
    receipt = mend.send_edited(row, texts | {"TimeSpent": "67", "Kind": "menu"}, world.way)
    view = page_view.from_wire(world.wire())
    assert (view["EventID"], view["Page"], str(view["TimeSpent"]), view["ReplayID"]) == (
        "f-2", "entree_1", "67", receipt.replay_id,
    )  # fmt: skip
    state = world.table.known(receipt.replay_id)
    assert (state.family, state.kind, state.of) == ("page_views", "resend", "r-1")
    assert world.rows() == []


def test_a_line_of_wikipedia_is_a_view_of_the_time_when_it_came(world: World) -> None:
    world.put("quarantine/page_views/r-1-0001.jsonl.gz", part(noted(3, "f-3", "a\tb\tlink\tmany", "wikipedia")))
    (row,) = world.rows(events="page_views")
    texts = cells.texts(row)
    assert (texts["Source"], texts["Page"], texts["Kind"], texts["Count"]) == ("a", "b", "link", "many")
    made = cells.event(row, texts | {"Count": "7"})
    assert (made["EventID"], made["Count"], made["OccurredAt"]) == ("f-3", 7, "2022-09-12 03:04:05.678000")
    assert not OF_NAME[row.family].stream  # it goes the way it came: no live counter counts it


def test_lines_that_the_processor_refused_are_rows_of_their_own(world: World) -> None:
    envelope = {"Click": CLICK, "RequestId": "q-1"}
    bad = lines.read("record-1", 0, json.dumps(CLICK).encode() + b"\na\tb\n" + json.dumps(envelope).encode()).bad
    processor.keep(world.s3, LAKE, "invocation-1", bad)
    first, second, third = world.rows(places=("quarantine",))
    assert first.raw == json.dumps(CLICK)
    assert first.reasons == ("time_spent: 'long' is not a decimal number",)
    assert (second.raw, cells.texts(second)["Page"]) == ("a\tb", "")
    assert cells.event(third, cells.texts(third) | {"TimeSpent": "1", "Kind": "menu"})["EventID"] == "q-1"


def test_of_a_body_that_posed_as_two_clicks_both_are_shown(world: World) -> None:
    posed = b'{"page": "a"},"Click":{"page": "b"}'
    bad = lines.read("record-1", 0, b'{"Click":%s,"RequestId":"q-1"}\n' % posed).bad
    processor.keep(world.s3, LAKE, "invocation-1", bad)
    (row,) = world.rows(places=("quarantine",))
    assert (row.raw, row.new_id) == (posed.decode(), "q-1")


def test_a_line_of_tabs_without_a_number_is_edited_where_it_is_empty(world: World) -> None:
    processor.keep(world.s3, LAKE, "invocation-1", lines.read("record-1", 0, b"a\tb\tlink\t").bad)
    (row,) = world.rows(places=("quarantine",))
    texts = cells.texts(row)
    assert (row.reasons, texts["Page"], texts["Count"]) == (("n: is missing",), "b", "")
    assert cells.event(row, texts | {"Count": "7"})["Count"] == 7


def test_a_list_that_the_api_refused(world: World) -> None:
    body = json.dumps([CLICK | {"time_spent": 1, "EventID": "mine"}, CLICK]).encode()
    bad: list[dict[str, object]] = [{"index": 1, "field": "time_spent", "reason": "'long' is not a number"}]
    quarantine.keep(world.s3, LAKE, "page_views", body, quarantine.Note("q-2", None, 400, "1 of 2", bad))
    good, wrong = world.rows(events="page_views")
    assert (good.event_id, good.reasons) == ("mine", ("its list was refused: other rows of it break the contract",))
    assert cells.event(wrong, cells.texts(wrong) | {"TimeSpent": "1", "Kind": "menu"})["EventID"] == "q-2-1"


def test_a_session_keeps_its_name_and_is_edited_with_its_history(world: World) -> None:
    raw = json.dumps(SESSION)
    reason = "browse_history[0].quantity: 'two' is not a whole number"
    world.put("quarantine/sessions/r-1-0001.jsonl.gz", part(noted(1, None, raw, "sessions", reason)))
    (row,) = world.rows(events="sessions")
    texts = cells.texts(row)
    assert (texts["session_id"], texts["credit_limit"]) == ("s-1", "1.5")
    with pytest.raises(RowRejectedError, match="quantity"):
        mend.send_edited(row, texts, world.way)
    mend.send_edited(row, texts | {"browse_history": texts["browse_history"].replace('"two"', "2")}, world.way)
    assert session.from_wire(world.wire())["browse_history"] == GOOD_SESSION["browse_history"]
    with pytest.raises(RowRejectedError, match="is not a list"):
        mend.send_edited(row, texts | {"browse_history": "two of p"}, world.way)


def failure(data: bytes) -> bytes:
    told = {
        "attemptsMade": 4, "errorCode": "Lambda.FunctionError", "errorMessage": "it failed",
        "attemptEndingTimestamp": 1_767_323_045_000, "rawData": base64.b64encode(data).decode(),
    }  # fmt: skip
    return json.dumps(told).encode() + b"\n"


def batch(function: str, data: bytes) -> bytes:
    letter = {
        "requestContext": {
            "functionArn": f"arn:aws:lambda:eu-west-1:1:function:weir-{function}:$LATEST",
            "condition": "RetryAttemptsExhausted",
            "approximateInvokeCount": 9,
        },
        "payload": json.dumps(
            {"Records": [{"kinesis": {"sequenceNumber": "7", "data": base64.b64encode(data).decode()}}]}
        ),
    }
    return json.dumps(letter).encode()


@pytest.mark.parametrize(
    ("bucket", "key", "body", "family", "event_id"),
    [
        (LAKE, "dead-letter/replay/r-1-0001.jsonl.gz",
         part(noted(5, "v-1", stamped_view().decode(), "page_views")), "page_views", "v-1"),
        (LAKE, "errors/page_views/processing-failed/2026/01/02/03/x", failure(stamped_view()), "page_views", "v-1"),
        (LAKE, "errors/clicks/processing-failed/2026/01/02/03/x", failure(stamped_view()), "page_views", "v-1"),
        (LAKE, "errors/sessions_usa/format-conversion-failed/2026/01/02/03/x", failure(stamped_session()), "sessions",
         "s-1"),
        (LETTERS, "aws/lambda/u/s/x", batch("page-counter", stamped_view()), "page_views", "v-1"),
        (LETTERS, "aws/lambda/u/s/x", batch("sessions-etl", stamped_session()), "sessions", "s-1"),
    ],
)  # fmt: skip
def test_a_record_that_was_given_up_goes_as_it_was(
    world: World, bucket: str, key: str, body: bytes, family: str, event_id: str
) -> None:
    world.put(key, body, bucket)
    (row,) = world.rows(events=OF_NAME[family].kept)
    assert (row.shape, row.family, row.event_id) == ("record", family, event_id)
    assert mend.send_as_they_were([row], world.way).receipt.accepted == 1
    assert world.wire() == row.data
    assert world.rows() == []


def test_what_is_no_event_of_its_family_says_so(world: World) -> None:
    world.put("errors/page_views/processing-failed/2026/01/02/03/x", failure(b"\xff") + b"no JSON\n{}\n")
    world.put("errors/strange/x", failure(stamped_view()))
    world.put("quarantine/page_views/r-1-0001.jsonl.gz", gzip.compress(b"[]\nno\n"))
    (row,) = world.rows()
    assert row.reasons[0].startswith("no page view: is not JSON")
    assert row.kept_at == "2026-01-02 03:04:05"
    with pytest.raises(RowRejectedError, match="Edit it first"):
        mend.send_as_they_were([row], world.way)


def test_events_are_told_apart(world: World) -> None:
    world.put("errors/clicks/x", failure(stamped_view()))
    world.put("errors/orders/x", failure(b"{}"))
    look = world.kept.look(Filter(events="page_views"))
    assert look.reasons == {("page_views", "delivery", "Lambda.FunctionError"): 1}
    assert (look.total, look.objects, look.whole) == (1, 1, True)
    assert {events for events, *_ in world.kept.look(Filter()).reasons} == {"page_views", "orders"}


def test_a_redrive_settles_what_firehose_had_kept(world: World) -> None:
    world.put("errors/page_views/processing-failed/2026/01/02/03/x", failure(stamped_view()) + failure(b"{}"))
    assert mend.settle_redriven(world.kept, world.s3, "r-1", "r-2", {"v-1"}) == 1
    assert [row.event_id for row in world.rows()] == [None]
