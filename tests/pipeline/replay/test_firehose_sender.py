"""A delivery stream as a target: one outcome a record, and what each answer of Firehose means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError

from pipeline.errors import NotFoundError
from pipeline.replay.firehose_sender import FirehoseSender
from pipeline.replay.rows import Record
from pipeline.replay.senders import Accepted, Refused
from tests.pipeline.replay.fakes import client_error

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

RECORDS = [Record(number, f"v-{number}", "k", b"x\n") for number in range(3)]


class FakeFirehose:
    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def put_record_batch(self, *, DeliveryStreamName: str, Records: Sequence[Mapping[str, object]]) -> dict[str, Any]:  # noqa: N803
        assert DeliveryStreamName == "clicks"
        assert [record["Data"] for record in Records] == [b"x\n"] * 3
        if isinstance(self.answer, Exception):
            raise self.answer
        if isinstance(self.answer, dict):
            return self.answer
        return {"FailedPutCount": 0, "RequestResponses": list(self.answer)}


def put(answer: Any) -> list[object]:
    return list(FirehoseSender(FakeFirehose(answer), "clicks").put(RECORDS))


def test_each_record_has_its_outcome() -> None:
    refused = {"ErrorCode": "ServiceUnavailableException", "ErrorMessage": "Slow down."}
    assert put([{"RecordId": "a"}, refused, {"RecordId": "c"}]) == [
        Accepted("", "a"),
        Refused("ServiceUnavailableException", "Slow down."),
        Accepted("", "c"),
    ]


@pytest.mark.parametrize(
    ("error", "retry", "lost"),
    [
        (client_error("ServiceUnavailableException"), True, False),
        (client_error("ServiceUnavailableException", status=500), True, False),
        (client_error("InternalFailure", status=500), True, True),
        (client_error("InvalidArgumentException"), False, False),
        (ReadTimeoutError(endpoint_url="x"), True, True),
        (EndpointConnectionError(endpoint_url="x"), True, False),
    ],
)
def test_a_call_that_fails_refuses_all(error: Exception, retry: bool, lost: bool) -> None:
    outcomes = put(error)
    assert [(outcome.retry, outcome.lost) for outcome in outcomes if isinstance(outcome, Refused)] == [
        (retry, lost)
    ] * 3


@pytest.mark.parametrize(
    "answer",
    [{}, {"RequestResponses": None}, {"RequestResponses": [{}] * 3}, {"RequestResponses": [{"RecordId": "a"}]}],
)
def test_an_answer_without_an_outcome_a_record_tells_of_none(answer: dict[str, Any]) -> None:
    outcomes = put(answer)
    assert [(outcome.code, outcome.retry, outcome.lost) for outcome in outcomes if isinstance(outcome, Refused)] == [
        ("BadAnswer", True, True)
    ] * 3


def test_a_delivery_stream_that_is_not_there_ends_it() -> None:
    with pytest.raises(NotFoundError, match="Delivery stream clicks"):
        put(client_error("ResourceNotFoundException"))
