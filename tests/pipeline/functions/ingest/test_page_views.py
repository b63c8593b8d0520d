"""POST /page-views: the same way in as that of orders, for clicks in every shape of the contract."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pipeline.contracts import page_view, stream
from pipeline.functions.ingest import handler
from pipeline.functions.ingest.families import PAGE_VIEWS
from tests.pipeline.functions.fakes import Context, FakeKinesis, FakeS3

REQUEST = "5bd3a7a0-5c0b-4c46-9c4f-0d1f3e0c7a11"
CLICK = {
    "element_clicked": "entree_1",
    "time_spent": "67",
    "source_menu": "r",
    "createdAt": "2022\u201309\u201311 23:00:00",
}


class World:
    def __init__(self) -> None:
        self.kinesis = FakeKinesis(name="clicks")
        self.s3 = FakeS3()

    def post(self, value: object) -> tuple[int, dict[str, Any]]:
        clients = handler.Clients(kinesis=lambda: self.kinesis, s3=lambda: self.s3)
        environment = handler.Environment(stream="clicks", lake_bucket="lake")
        event = {"headers": {}, "body": json.dumps(value), "isBase64Encoded": False}
        answer = handler.post(PAGE_VIEWS, event, REQUEST, environment, clients, time_left=lambda: 20.0)
        return answer.status, answer.content

    def sent(self) -> list[dict[str, object]]:
        return [page_view.from_wire(data) for _key, data in self.kinesis.records]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(stream, "_FIRST_WAIT", 0.0)
    return World()


def test_one_object_or_a_list(world: World) -> None:
    assert world.post(CLICK) == (200, {"accepted": 1, "event_ids": [f"{REQUEST}-0"]})
    status, content = world.post([{**CLICK, "EventID": "a", "SessionID": "s-1"}, CLICK])
    assert (status, content["event_ids"]) == (200, ["a", f"{REQUEST}-1"])
    assert [view["OccurredAt"] for view in world.sent()] == ["2022-09-11 23:00:00"] * 3
    assert [key for key, _data in world.kinesis.records] == [f"{REQUEST}-0", "s-1", f"{REQUEST}-1"]


def test_all_or_nothing_and_what_is_refused_is_kept(world: World) -> None:
    status, content = world.post([CLICK, {**CLICK, "time_spent": -1, "element_clicked": None}])
    assert status == 400
    assert content["error"] == "1 of 2 rows are not page views; nothing was taken."
    assert [(row["index"], row["field"]) for row in content["rows"]] == [(1, "Page"), (1, "time_spent")]
    assert world.kinesis.records == []
    ((_bucket, key),) = world.s3.objects
    assert key.startswith("quarantine/page_views/20")


def test_what_the_stream_refuses_is_named(world: World) -> None:
    world.kinesis.refuses = lambda data, _attempt: b'"bad"' in data
    status, content = world.post([CLICK, {**CLICK, "EventID": "bad"}, CLICK])
    assert (status, content["indexes"]) == (503, [1])
    assert len(world.kinesis.records) == 2


def test_lambda_calls_it_with_an_event_of_the_gateway(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLICKS_STREAM", "clicks")
    monkeypatch.setenv("LAKE_BUCKET", "lake")
    monkeypatch.setattr(handler, "_CLIENTS", handler.Clients(kinesis=lambda: world.kinesis, s3=lambda: world.s3))
    event = {"body": json.dumps(CLICK), "headers": None, "requestContext": {"requestId": REQUEST}}
    assert handler.handle_page_views(event, Context())["statusCode"] == 200
    assert len(world.kinesis.records) == 1
