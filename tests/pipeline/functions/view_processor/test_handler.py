"""Firehose's processor: every line of a record becomes a page view, or is kept with its reason."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.contracts import page_view
from pipeline.functions.view_processor import handler, lines
from tests.pipeline.functions.fakes import Context, FakeS3, client_error

ARRIVED = 1_767_323_045_678  # 2026-01-02 03:04:05.678
AT = "2026-01-02 03:04:05.678000"
CLICK = {"element_clicked": "entree_1", "time_spent": 67, "source_menu": "r", "created_at": "2022-09-11 23:00:00"}


class World:
    def __init__(self) -> None:
        self.s3 = FakeS3()

    def process(self, *records: bytes) -> list[dict[str, Any]]:
        event = {
            "invocationId": "call-1",
            "records": [
                {"recordId": f"r{index}", "approximateArrivalTimestamp": ARRIVED, "data": base64.b64encode(data)}
                for index, data in enumerate(records)
            ],
        }
        answers: Any = handler.process(event, handler.Environment("lake"), self.s3)["records"]
        assert [answer["recordId"] for answer in answers] == [f"r{index}" for index in range(len(records))]
        return list(answers)

    def views(self, *records: bytes) -> list[dict[str, object]]:
        data = b"".join(base64.b64decode(answer["data"]) for answer in self.process(*records) if "data" in answer)
        return [page_view.from_wire(line) for line in data.splitlines()]

    def kept(self) -> dict[str, Any]:
        ((_bucket, key),) = self.s3.objects
        assert key.startswith("quarantine/page_views/20")
        found: dict[str, Any] = json.loads(self.s3.objects["lake", key])
        return found


@pytest.fixture
def world() -> World:
    return World()


def line(value: object) -> bytes:
    return json.dumps(value).encode() + b"\n"


def test_a_click_of_the_api_is_named_by_its_request(world: World) -> None:
    forged = {**CLICK, "ReplayID": "theirs", "SentAt": "1999-01-01 00:00:00"}
    (view,) = world.views(line({"Click": forged, "RequestId": "req-1"}))
    assert (view["EventID"], view["Page"], view["SentAt"], view["ReplayID"]) == ("req-1", "entree_1", AT, None)
    several = world.views(line({"Click": [CLICK, CLICK], "RequestId": "req-2"}))
    assert [view["EventID"] for view in several] == ["req-2-0", "req-2-1"]


@pytest.mark.parametrize(
    "body",
    [
        b'{},"Page":"forged","OccurredAt":"2026-01-01 00:00:00","EventID":"v1-0-0","SentAt":"2099-01-01 00:00:00"',
        b'{"a":1},"Click":%s' % json.dumps(CLICK).encode(),
        b'%s,"RequestId":"theirs"}' % json.dumps(CLICK).encode(),
        b"",
    ],
)
def test_a_body_that_is_json_only_between_our_words_is_refused(world: World, body: bytes) -> None:
    assert world.views(b'{"Click":%s,"RequestId":"req-1"}\n' % body) == []
    assert [row["reason"].partition(":")[0] for row in world.kept()["rows"]] == ["is not JSON"]


def test_a_click_that_api_gateway_could_not_read_is_refused(world: World) -> None:
    click = json.dumps({**CLICK, "element_clicked": "caf\N{REPLACEMENT CHARACTER}"}, ensure_ascii=False)
    assert world.views(b'{"Click":%s,"RequestId":"req-1"}\n' % click.encode()) == []
    assert world.kept()["rows"][0]["reason"].startswith("is not UTF-8")


def test_a_click_put_directly_is_named_by_its_record_and_line(world: World) -> None:
    views = world.views(line(CLICK) + line({**CLICK, "EventID": "mine"}), line([CLICK]))
    assert [view["EventID"] for view in views] == ["r0-0", "mine", "r1-0-0"]


def test_a_document_over_several_lines_is_one_click(world: World) -> None:
    assert [view["EventID"] for view in world.views(json.dumps(CLICK, indent=2).encode())] == ["r0-0"]


def test_wikipedias_lines(world: World) -> None:
    views = world.views(b"A\tB\tlink\t12\r\nother-search\tC\xc3\xa9\texternal\t7\n\n")
    assert [(view["Source"], view["Page"], view["Kind"], view["Count"]) for view in views] == [
        ("A", "B", "link", 12),
        ("other-search", "Cé", "external", 7),
    ]
    assert [(view["EventID"], view["OccurredAt"]) for view in views] == [("r0-0", AT), ("r0-1", AT)]


def test_a_replay_of_ours_brings_its_own_id_and_stamps(world: World) -> None:
    sent = "2026-01-01 00:00:00.000001"
    own = page_view.to_wire(page_view.stamp(page_view.normalise(CLICK, new_id="c-1"), sent_at=sent, replay_id="r-1"))
    views = world.views(f"A\tB\tlink\t12\tw-7\tr-1\t{sent}\n".encode(), own)
    assert [(view["EventID"], view["ReplayID"], view["SentAt"]) for view in views] == [
        ("w-7", "r-1", sent),
        ("c-1", "r-1", sent),
    ]


def test_the_same_record_again_is_the_same_views(world: World) -> None:
    data = line(CLICK) + b"A\tB\tlink\t12\n"
    assert world.process(data) == world.process(data)


def test_a_bad_line_is_kept_with_its_reason_and_the_good_ones_go_on(world: World) -> None:
    bad = [b"A\tB\tlink", b"A\tB\tlink\t", b"A\tB\tlink\tmany", b'{"time_spent": -1}', b"{", b"\xff\xfe"]
    (answer,) = world.process(b"\n".join([b"A\tB\tlink\t1", *bad, b"A\tC\tlink\t2"]))
    assert answer["result"] == "Ok"
    assert base64.b64decode(answer["data"]).count(b"\n") == 2
    kept = world.kept()
    assert base64.b64decode(kept["body"]).split(b"\n") == bad
    assert {row["index"] for row in kept["rows"]} == set(range(6))
    reasons = " / ".join(row["reason"] for row in kept["rows"])
    for why in (
        "has 3 columns",
        "is missing",
        "'many' is not a whole number",
        "is negative",
        "is not JSON",
        "is not UTF-8",
    ):
        assert why in reasons


@pytest.mark.parametrize(
    "click",
    [
        {**CLICK, "element_clicked": None},
        {**CLICK, "element_clicked": "x" * 300_000},
        {**CLICK, "time_spent": -5},
        {**CLICK, "created_at": "1890-01-01 00:00:00"},
        {**CLICK, "created_at": "2090-01-01 00:00:00"},
        [],
        "text",
        None,
    ],
)
def test_a_record_without_a_view_is_dropped_here_because_it_is_kept_there(world: World, click: object) -> None:
    (answer,) = world.process(line({"Click": click, "RequestId": "req-1"}))
    assert answer == {"recordId": "r0", "result": "Dropped"}
    assert world.kept()["rows"][0]["reason"]


def test_what_cannot_be_kept_fails_the_invocation(world: World) -> None:
    """Firehose calls again, and writes the records to its error prefix in the end."""
    world.s3.raises = client_error("SlowDown")
    with pytest.raises(Exception, match="SlowDown"):
        world.process(b"bad")


def test_an_answer_stays_below_what_lambda_returns(world: World) -> None:
    record = b"".join(b"A\tB\tlink\t%d\n" % number for number in range(1, 20_000))
    answers = world.process(record, record, b"A\tB\tlink\t1\n")
    assert [answer["result"] for answer in answers] == ["Ok", "ProcessingFailed", "Ok"]
    assert len(json.dumps(answers)) < 6_000_000


def test_lambda_calls_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAKE_BUCKET", "lake")
    monkeypatch.setattr(handler, "_s3", lambda: world.s3)
    assert handler.handle({"invocationId": "x", "records": []}, Context()) == {"records": []}


_LINES = st.lists(
    st.binary(max_size=60)
    | st.text(max_size=60).map(lambda text: text.encode(errors="replace"))
    | st.dictionaries(st.sampled_from([*page_view.FIELDS, *CLICK]), st.text(max_size=9) | st.integers()).map(line)
    | st.sampled_from([line(CLICK), b"A\tB\tlink\t12\n"]),
    max_size=6,
)


@settings(max_examples=200, deadline=None)
@given(_LINES)
def test_no_bytes_are_too_much_and_no_line_is_swallowed(parts: list[bytes]) -> None:
    record = b"\n".join(parts)
    views = lines.read("r0", ARRIVED, record)
    for wire in views.good:
        page_view.from_wire(wire)
    whole = [part for part in record.splitlines() if part.strip()]
    assert len(views.good) + len(views.bad) >= min(1, len(whole))
    if len(views.bad) + len(views.good) < len(whole):  # it was one JSON document over several lines
        json.loads(record)
