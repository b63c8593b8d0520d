"""Developer guide: "Handling errors for data format conversion"."""

from __future__ import annotations

import base64
from typing import Any

import pytest

ERRORS = "errors/!{firehose:error-output-type}/!{timestamp:yyyy/MM/dd/HH}/"


def stream(firehose: Any, source: str = "") -> Any:
    config = firehose.s3(
        Prefix="orders/", ErrorOutputPrefix=ERRORS, DataFormatConversionConfiguration=firehose.conversion()
    )
    return firehose.stream(config, source=source)


def test_each_failed_record_is_a_json_document_in_the_error_output(firehose: Any) -> None:
    firehose.deliver(
        stream(firehose, "arn:aws:kinesis:us-east-1:000000000000:stream/orders"),
        b'{"id": "1", "quantity": 6}\n',
        b'{"id": "2", "quantity": "six"}\n',
        b"{not json}\n",
    )
    assert firehose.cloud.rows("orders/2018/08/27/10/") == [{"id": "1", "quantity": 6}]
    assert [key.rpartition("/")[0] for key in firehose.cloud.under("errors/")] == [
        "errors/format-conversion-failed/2018/08/27/10"
    ]
    mismatch, malformed = firehose.cloud.documents("errors/")
    assert mismatch.pop("attemptEndingTimestamp") > mismatch["arrivalTimestamp"]
    assert mismatch == {
        "attemptsMade": 1,
        "arrivalTimestamp": 1535366100250,
        "lastErrorCode": "DataFormatConversion.MalformedData",
        "lastErrorMessage": 'Data does not match the schema. For input string: "six"',
        "rawData": base64.b64encode(b'{"id": "2", "quantity": "six"}\n').decode(),
        "sequenceNumber": "49600",
        "subSequenceNumber": 0,
        "dataCatalogTable": {
            "catalogId": "000000000000",
            "databaseName": "shop",
            "tableName": "orders",
            "region": "us-east-1",
            "versionId": "LATEST",
            "catalogArn": "arn:aws:glue:us-east-1:000000000000:catalog",
        },
    }
    assert malformed["lastErrorCode"] == "DataFormatConversion.ParseError"
    assert malformed["sequenceNumber"] == "49601"


def test_a_direct_put_is_named_by_its_record_id(firehose: Any) -> None:
    firehose.deliver(stream(firehose), b"nope", ids=["0001"])
    (document,) = firehose.cloud.documents("errors/")
    assert document["sequenceNumber"] == "0001"


def test_a_batch_of_bad_records_writes_no_data_object(firehose: Any) -> None:
    firehose.deliver(stream(firehose), b"nope")
    assert firehose.cloud.under("orders/") == []


@pytest.mark.parametrize("errors", [[OSError("no"), OSError("no")], [None, OSError("no"), OSError("no")]])
def test_a_failing_write_of_the_error_output_blocks_until_it_works_and_doubles_nothing(
    firehose: Any, errors: list[Exception | None]
) -> None:
    firehose.cloud.put_errors = errors
    delivery = firehose.registry.delivery(failing := stream(firehose))
    firehose.take(failing, b'{"id": "1"}', b"nope")
    firehose.cloud.until(lambda: len(firehose.cloud.objects) == 2)
    firehose.registry.stop()
    assert len(firehose.cloud.rows("orders/")) == 1
    assert len(firehose.cloud.documents("errors/")) == 1
    assert delivery.totals.sums["DeliveryToS3.Records"] == 1


def test_a_table_that_was_dropped_sends_everything_to_the_error_output(firehose: Any) -> None:
    firehose.cloud.tables.clear()
    firehose.deliver(stream(firehose), b'{"id": "1"}')
    (document,) = firehose.cloud.documents("errors/")
    assert document["lastErrorCode"] == "DataFormatConversion.EntityNotFound"
