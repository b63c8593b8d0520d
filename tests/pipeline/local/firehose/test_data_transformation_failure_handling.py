"""Developer guide: "Handle failure in data transformation"."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.local.firehose.services import Answer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:clean"
LOGGED = {"Enabled": True, "LogGroupName": "/weir/orders", "LogStreamName": "delivery"}


def stream(firehose: Any, **parameters: str) -> Any:
    config = firehose.s3(
        Prefix="out/", ProcessingConfiguration=firehose.processing(**parameters), CloudWatchLoggingOptions=LOGGED
    )
    return firehose.stream(config)


def answering(change: Callable[[list[dict[str, Any]]], Any]) -> Callable[[Mapping[str, Any]], Answer]:
    def function(event: Mapping[str, Any]) -> Answer:
        records = [
            {"recordId": record["recordId"], "result": "Ok", "data": record["data"]} for record in event["records"]
        ]
        return Answer(payload={"records": change(records)})

    return function


def test_processing_failed_goes_to_the_error_output(firehose: Any) -> None:
    firehose.cloud.function = answering(lambda records: [records[0], {**records[1], "result": "ProcessingFailed"}])
    firehose.deliver(stream(firehose), b"good", b"bad")
    assert firehose.cloud.one("out/2018/") == b"good"
    (document,) = firehose.cloud.documents("out/processing-failed/2018/08/27/10/")
    assert document.pop("attemptEndingTimestamp") > document["arrivalTimestamp"]
    assert document == {
        "attemptsMade": 1,
        "arrivalTimestamp": 1535366100250,
        "errorCode": "Lambda.ProcessingFailedStatus",
        "errorMessage": "ProcessingFailed status set for record",
        "rawData": base64.b64encode(b"bad").decode(),
        "lambdaArn": FUNCTION,
    }


@pytest.mark.parametrize(("retries", "attempts"), [({}, 4), ({"NumberOfRetries": "0"}, 1)])
def test_a_failing_function_is_retried_three_times_by_default_and_then_its_batch_is_skipped(
    firehose: Any, retries: dict[str, str], attempts: int
) -> None:
    firehose.cloud.function = lambda event: Answer(code="Lambda.FunctionError", message="division by zero")
    firehose.deliver(stream(firehose, **retries), b"a", b"b")
    assert len(firehose.cloud.invocations) == attempts
    documents = firehose.cloud.documents("out/processing-failed/")
    assert [document["attemptsMade"] for document in documents] == [attempts, attempts]
    assert {document["errorCode"] for document in documents} == {"Lambda.FunctionError"}
    assert firehose.cloud.under("out/2018/") == []


def test_a_function_that_recovers_loses_nothing(firehose: Any) -> None:
    answers = iter([Answer(code="Lambda.InvokeLimitExceeded", message="busy")])
    firehose.cloud.function = lambda event: next(answers, answering(lambda records: records)(event))
    firehose.deliver(stream(firehose), b"a")
    assert firehose.cloud.one("out/2018/") == b"a"
    assert len(firehose.cloud.invocations) == 2


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda records: records[:1], "Lambda.MissingRecordId"),
        (lambda records: [records[0], {**records[1], "recordId": "other"}], "Lambda.MissingRecordId"),
        (lambda records: [records[0], records[1], records[1]], "Lambda.DuplicatedRecordId"),
        (lambda records: [records[0], {**records[1], "result": "Fine"}], "Lambda.JsonProcessingException"),
        (lambda records: [records[0], {**records[1], "data": "?"}], "Lambda.JsonProcessingException"),
        (lambda records: [records[0], {**records[1], "data": None}], "Lambda.JsonProcessingException"),
    ],
)
def test_a_record_without_a_proper_answer_fails_and_does_not_pass_untransformed(
    firehose: Any, change: Callable[[Any], Any], code: str
) -> None:
    firehose.cloud.function = answering(change)
    firehose.deliver(stream(firehose), b"a", b"b")
    assert firehose.cloud.one("out/2018/") == b"a"
    (document,) = firehose.cloud.documents("out/processing-failed/")
    assert (document["errorCode"], base64.b64decode(document["rawData"])) == (code, b"b")


@pytest.mark.parametrize("payload", [None, "text", {"body": []}, {"records": "x"}, {"records": [1]}])
def test_an_answer_of_another_form_fails_the_batch(firehose: Any, payload: object) -> None:
    firehose.cloud.function = lambda event: Answer(payload=payload)
    firehose.deliver(stream(firehose), b"a", b"b")
    documents = firehose.cloud.documents("out/processing-failed/")
    assert [document["errorCode"] for document in documents] == ["Lambda.JsonProcessingException"] * 2


def test_an_answer_over_6_mb_fails_the_batch(firehose: Any) -> None:
    firehose.cloud.function = answering(lambda records: [{**records[0], "data": "A" * (7 << 20)}])
    firehose.deliver(stream(firehose), b"a")
    (document,) = firehose.cloud.documents("out/processing-failed/")
    assert document["errorCode"] == "Lambda.FunctionError"


def test_failures_are_told_to_the_error_log_once_a_batch(firehose: Any) -> None:
    firehose.cloud.function = lambda event: Answer(code="Lambda.FunctionError", message="division by zero")
    firehose.deliver(stream(firehose, NumberOfRetries="0"), b"a", b"b")
    assert firehose.cloud.lines == [
        (
            "delivery",
            {
                "deliveryStreamARN": "arn:aws:firehose:us-east-1:000000000000:deliverystream/orders",
                "destination": "arn:aws:s3:::lake",
                "deliveryStreamVersionId": 1,
                "message": "division by zero",
                "errorCode": "Lambda.FunctionError",
                "processor": FUNCTION,
            },
        )
    ]
