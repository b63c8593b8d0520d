"""Browse sessions: what is added, which way each goes, and what comes again."""

from __future__ import annotations

import base64
import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.contracts import session
from pipeline.functions.sessions_etl.handler import Environment, route
from tests.pipeline.functions.fakes import client_error

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

ENVIRONMENT = Environment("usa", "international")
THROTTLED = "ProvisionedThroughputExceededException"


class FakeStreams:
    """PutRecords with its limits; `refuses(session_id, attempt)` says what is throttled at which attempt."""

    def __init__(self, refuses: Callable[[str, int], bool] = lambda _id, _attempt: False) -> None:
        self.refuses = refuses
        self.taken: dict[str, list[dict[str, Any]]] = {"usa": [], "international": []}
        self.keys: list[str] = []
        self.calls: list[int] = []
        self._tried: Counter[str] = Counter()

    def put_records(self, *, StreamName: str, Records: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:  # noqa: N803
        size = sum(len(record["Data"]) + len(record["PartitionKey"]) for record in Records)
        if not 1 <= len(Records) <= 500 or size > 5 << 20:
            raise client_error("ValidationException")
        self.calls.append(len(Records))
        outcomes = []
        for record in Records:
            assert record["Data"].endswith(b"}\n")
            found = json.loads(record["Data"])
            self._tried[found["session_id"]] += 1
            if self.refuses(found["session_id"], self._tried[found["session_id"]]):
                outcomes.append({"ErrorCode": THROTTLED, "ErrorMessage": "Rate exceeded"})
            else:
                self.taken[StreamName].append(found)
                self.keys.append(record["PartitionKey"])
                outcomes.append({"SequenceNumber": "1", "ShardId": "shardId-000000000000"})
        return {"FailedRecordCount": 0, "Records": outcomes}


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _seconds: None)


def browse(session_id: str, country: str | None = "USA", **changes: object) -> dict[str, object]:
    history = [
        {"product_code": "S10_1678", "quantity": "2", "in_shopping_cart": True},
        {"product_code": "S10_1949", "quantity": 3, "in_shopping_cart": False},
        {"product_code": "S10_1678", "quantity": 4, "in_shopping_cart": "true"},
    ]
    raw = {"session_id": session_id, "customer_number": "17", "city": "Nantes", "country": country}
    return raw | {"credit_limit": 118200.5, "browse_history": history} | changes


def record(number: int, content: object) -> dict[str, Any]:
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    kinesis = {
        "sequenceNumber": str(number),
        "data": base64.b64encode(data).decode(),
        "approximateArrivalTimestamp": 1_795_000_000.25,
    }
    return {"eventID": f"shardId-000000000000:{number}", "kinesis": kinesis}


def failures(streams: FakeStreams, *records: dict[str, Any], seconds: float = 60) -> list[str]:
    answer: Any = route({"Records": records}, ENVIRONMENT, streams, time_left=lambda: seconds)
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def test_a_session_is_enriched_and_keeps_its_id() -> None:
    streams = FakeStreams()
    assert failures(streams, record(1, browse("a"))) == []
    (found,) = streams.taken["usa"]
    assert found.pop("processing_timestamp")[:2] == "20"
    assert found == {
        "EventID": "a",
        "session_id": "a",
        "customer_number": 17,
        "city": "Nantes",
        "country": "USA",
        "credit_limit": 118200.5,
        "browse_history": [
            {"product_code": "S10_1678", "quantity": 2, "in_shopping_cart": True},
            {"product_code": "S10_1949", "quantity": 3, "in_shopping_cart": False},
            {"product_code": "S10_1678", "quantity": 4, "in_shopping_cart": True},
        ],
        "overall_product_quantity": 9,
        "overall_in_shopping_cart": 6,
        "total_different_products": 2,
        "ReplayID": None,
        "SentAt": "2026-11-18 11:06:40.250000",  # when it arrived
    }
    assert streams.keys == ["a"]


def test_what_our_senders_stamped_stays() -> None:
    streams = FakeStreams()
    sent = session.stamp(session.normalise(browse("a")), sent_at="2026-11-22 10:00:00.000001", replay_id="r-1")
    assert failures(streams, record(1, session.to_wire(sent))) == []
    (found,) = streams.taken["usa"]
    assert (found["SentAt"], found["ReplayID"]) == ("2026-11-22 10:00:00.000001", "r-1")


@pytest.mark.parametrize(
    ("country", "way"),
    [("USA", "usa"), (" USA ", "usa"), ("usa", "international"), ("France", "international"), (None, "international")],
)
def test_usa_goes_one_way_and_all_else_the_other(country: str | None, way: str) -> None:
    streams = FakeStreams()
    assert failures(streams, record(1, browse("a", country))) == []
    assert [found["session_id"] for found in streams.taken[way]] == ["a"]


def test_an_empty_history_adds_up_to_nothing() -> None:
    streams = FakeStreams()
    assert failures(streams, record(1, browse("a", browse_history=[]))) == []
    (found,) = streams.taken["usa"]
    assert [found[name] for name in ("overall_product_quantity", "total_different_products")] == [0, 0]


def test_poison_is_named_and_the_rest_goes_on() -> None:
    streams = FakeStreams()
    assert failures(
        streams, record(1, browse("a")), record(2, b"{"), record(3, browse("b", "France")), record(4, {"session_id": 1})
    ) == ["2", "4"]
    assert len(streams.taken["usa"]) == len(streams.taken["international"]) == 1


def test_only_what_was_refused_is_sent_again_and_what_stays_refused_is_named() -> None:
    streams = FakeStreams(lambda session_id, attempt: session_id == "never" or (session_id == "late" and attempt < 3))
    records = [record(at, browse(name)) for at, name in enumerate(("never", "a", "late", "b"), start=1)]
    assert failures(streams, *records) == ["1"]
    assert sorted(found["session_id"] for found in streams.taken["usa"]) == ["a", "b", "late"]


def test_large_batches_travel_in_calls_that_kinesis_takes() -> None:
    streams = FakeStreams()
    long = [{"product_code": "x" * 1000, "quantity": 1, "in_shopping_cart": False}] * 400
    records = [record(at, browse(f"{at}", browse_history=long if at < 20 else [])) for at in range(1, 1101)]
    assert failures(streams, *records) == []
    assert len(streams.taken["usa"]) == 1100
    assert max(streams.calls) <= 500
