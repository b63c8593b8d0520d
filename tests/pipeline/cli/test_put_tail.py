"""What the verbs put and tail make of their arguments and records."""

from __future__ import annotations

import argparse
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from pipeline.cli import put, streams, tail
from pipeline.errors import BadInputError
from pipeline.tail import LATEST, TRIM_HORIZON, Seen


def test_events_are_checked_and_stamped() -> None:
    (found,) = put._wires("clicks", '{"element_clicked": "entree_1", "createdAt": "2022\u201309\u201311 23:00:00"}')
    data, key, event_id = found
    sent = json.loads(data)
    assert (sent["Page"], sent["OccurredAt"], sent["EventID"]) == ("entree_1", "2022-09-11 23:00:00", event_id)
    assert key == event_id
    assert sent["SentAt"]
    rows = put._wires(
        "sessions", '[{"session_id": "a", "browse_history": []}, {"session_id": "b", "browse_history": []}]'
    )
    assert [key for _data, key, _id in rows] == ["a", "b"]
    (order,) = put._wires(
        "orders",
        '{"InvoiceNo": "1", "LineNo": 2, "StockCode": "a", "Quantity": 1, "InvoiceDate": "2011-12-09 12:50:00", '
        '"UnitPrice": 2.55, "Country": "Nowhere"}',
    )
    assert order[1:] == ("1", "1-2")


@pytest.mark.parametrize(
    ("stream", "text", "said"),
    [
        ("clicks", "{", "not JSON"),
        ("clicks", "{}", "Page: is missing"),
        ("sessions", '[{"session_id": "a", "browse_history": []}, {}]', "Record 1: session_id: is missing"),
        ("orders", "[[]]", "Record 0: "),
    ],
)
def test_what_is_no_event_is_refused_before_anything_is_sent(stream: str, text: str, said: str) -> None:
    with pytest.raises(BadInputError, match=said):
        put._wires(stream, text)


def test_other_streams_take_any_json() -> None:
    ((data, _key, _id),) = put._wires("mine", '{"a": "é"}')
    assert data == '{"a": "é"}\n'.encode()


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("latest", LATEST),
        ("TRIM_HORIZON", TRIM_HORIZON),
        ("2026-11-22T14:00", datetime(2026, 11, 22, 14, tzinfo=UTC)),
        ("2026-11-22 14:00+02:00", datetime(2026, 11, 22, 12, tzinfo=UTC)),
    ],
)
def test_where_to_begin(text: str, start: object) -> None:
    assert tail._start(text) == start


def test_another_beginning_is_refused() -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        tail._start("yesterday")


def seen(data: bytes) -> Seen:
    return Seen("shardId-000000000001", "4963", datetime(2026, 11, 22, tzinfo=UTC), "k", data, 0.25, 0.0)


def test_a_line_cannot_steer_the_terminal() -> None:
    assert tail._line(seen(b'{"a": "\\u001b[2J\\u202e"}')) == (
        'shardId-000000000001 4963 lag 0.2 s  {"a": "\\u001b[2J\\u202e"}'
    )
    assert "\x1b" not in tail._line(seen(b"\x1b[2J plain\n"))


@pytest.mark.parametrize(
    ("data", "expected"), [(b'{"a": 1}\n', {"a": 1}), (b"text", "text"), (b"\xff\x00", {"base64": "/wA="})]
)
def test_records_are_decoded(data: bytes, expected: Any) -> None:
    assert streams.decoded(data) == expected
    assert json.loads(tail._as_json(seen(data)))["record"] == expected
