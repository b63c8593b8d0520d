"""Developer guide: "Transform source data in Amazon Data Firehose"."""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.local.firehose.rules import RefusedError, check
from pipeline.local.firehose.services import Answer

if TYPE_CHECKING:
    from collections.abc import Mapping


def shout(event: Mapping[str, Any]) -> Answer:
    """Upper case; drops what is empty; fails what says so."""
    records = []
    for record in event["records"]:
        text = b64decode(record["data"])
        result = "Dropped" if text == b"drop" else "ProcessingFailed" if text == b"fail" else "Ok"
        records.append({"recordId": record["recordId"], "result": result, "data": b64encode(text.upper()).decode()})
    return Answer(payload={"records": records})


def stream(firehose: Any, **parameters: str) -> Any:
    return firehose.stream(firehose.s3(Prefix="out/", ProcessingConfiguration=firehose.processing(**parameters)))


def test_ok_delivers_what_came_back_and_dropped_delivers_nothing(firehose: Any) -> None:
    firehose.cloud.function = shout
    firehose.deliver(stream(firehose), b"a", b"drop", b"b")
    assert firehose.cloud.one("out/2018/") == b"AB"
    assert list(firehose.cloud.objects) == firehose.cloud.under("out/2018/")


def test_the_event(firehose: Any) -> None:
    firehose.deliver(stream(firehose), b"a", ids=["0001"])
    (event,) = firehose.cloud.invocations
    assert event["deliveryStreamArn"] == "arn:aws:firehose:us-east-1:000000000000:deliverystream/orders"
    assert event["region"] == "us-east-1"
    assert event["invocationId"]
    assert event["records"] == [
        {"recordId": "0001", "approximateArrivalTimestamp": 1535366100250, "data": b64encode(b"a").decode()}
    ]


def test_the_event_of_a_kinesis_source(firehose: Any) -> None:
    source = "arn:aws:kinesis:us-east-1:000000000000:stream/orders"
    config = firehose.s3(ProcessingConfiguration=firehose.processing())
    firehose.deliver(firehose.stream(config, source=source), b"a")
    (event,) = firehose.cloud.invocations
    assert event["sourceKinesisStreamArn"] == source
    assert event["records"][0]["kinesisRecordMetadata"]["sequenceNumber"] == "49600"
    assert event["records"][0]["recordId"]


def test_batches_keep_to_the_size_hint(firehose: Any) -> None:
    firehose.deliver(stream(firehose, BufferSizeInMBs="0.2"), *[b"x" * 100_000] * 5)
    assert [len(event["records"]) for event in firehose.cloud.invocations] == [2, 2, 1]


def test_batches_keep_below_the_payload_of_a_synchronous_invocation(firehose: Any) -> None:
    firehose.deliver(stream(firehose, BufferSizeInMBs="3"), *[b"x"] * 40_000)
    assert [len(event["records"]) > 0 for event in firehose.cloud.invocations] == [True, True]
    assert sum(len(event["records"]) for event in firehose.cloud.invocations) == 40_000


def test_conversion_takes_what_the_function_gave_back(firehose: Any) -> None:
    firehose.cloud.function = shout
    config = firehose.s3(
        Prefix="out/",
        ProcessingConfiguration=firehose.processing(),
        DataFormatConversionConfiguration=firehose.conversion(),
    )
    firehose.deliver(firehose.stream(config), b'{"id": "a"}')
    assert firehose.cloud.rows("out/2018/") == [{"id": "A", "quantity": None}]


def test_a_delimiter_can_be_appended(firehose: Any) -> None:
    config = firehose.processing()
    config["Processors"].append(
        {"Type": "AppendDelimiterToRecord", "Parameters": [{"ParameterName": "Delimiter", "ParameterValue": "\\n"}]}
    )
    firehose.deliver(firehose.stream(firehose.s3(ProcessingConfiguration=config)), b"a", b"b")
    assert firehose.cloud.one("2018/") == b"a\nb\n"


def test_processing_that_is_not_enabled_is_not_done(firehose: Any) -> None:
    config = {**firehose.processing(), "Enabled": False}
    firehose.deliver(firehose.stream(firehose.s3(ProcessingConfiguration=config)), b"a")
    assert firehose.cloud.invocations == []
    assert firehose.cloud.one("2018/") == b"a"


@pytest.mark.parametrize("size", ["0.1", "3.5"])
def test_the_size_hint_has_bounds(firehose: Any, size: str) -> None:
    with pytest.raises(RefusedError, match=r"between 0\.2 and 3"):
        check("ExtendedS3", firehose.s3(ProcessingConfiguration=firehose.processing(BufferSizeInMBs=size)))


def test_processors_that_are_not_there_are_refused(firehose: Any) -> None:
    config = {"Enabled": True, "Processors": [{"Type": "MetadataExtraction"}]}
    with pytest.raises(RefusedError, match="does not do the processor MetadataExtraction"):
        check("ExtendedS3", firehose.s3(ProcessingConfiguration=config))
