"""API reference: `CreateDeliveryStream`, `UpdateDestination`, `DescribeDeliveryStream`, `DeleteDeliveryStream`."""

from __future__ import annotations

import json
from typing import Any

import pytest


@pytest.fixture
def call(api: Any) -> Any:
    def call(action: str, **request: Any) -> tuple[int, dict[str, Any]]:
        status, _, body = api._HANDLERS[action]({"DeliveryStreamName": "orders", **request})
        return status, json.loads(body)

    return call


def described(call: Any) -> dict[str, Any]:
    found: dict[str, Any] = call("DescribeDeliveryStream")[1]["DeliveryStreamDescription"]
    return found


def test_create_and_describe(call: Any, firehose: Any) -> None:
    config = firehose.s3(Prefix="orders/", BufferingHints={"SizeInMBs": "64", "IntervalInSeconds": "5"})
    status, answer = call("CreateDeliveryStream", ExtendedS3DestinationConfiguration=config)
    assert (status, answer["DeliveryStreamARN"]) == (
        200,
        "arn:aws:firehose:us-east-1:000000000000:deliverystream/orders",
    )
    description = described(call)
    assert description["DeliveryStreamStatus"] == "ACTIVE"
    (destination,) = description["Destinations"]
    assert destination["ExtendedS3DestinationDescription"]["BufferingHints"] == {
        "SizeInMBs": 64,
        "IntervalInSeconds": 5,
    }


def test_redshift_is_described_in_its_own_shape_and_without_its_password(call: Any, firehose: Any) -> None:
    assert call("CreateDeliveryStream", RedshiftDestinationConfiguration=firehose.redshift())[0] == 200
    text = json.dumps(described(call))
    assert "right" not in text
    description = described(call)["Destinations"][0]["RedshiftDestinationDescription"]
    assert description["CopyCommand"]["DataTableName"] == "orders_landing"
    assert description["S3DestinationDescription"]["BucketARN"] == "arn:aws:s3:::lake"
    assert description["S3DestinationDescription"]["Prefix"] == "raw/"
    assert "S3Configuration" not in description


@pytest.mark.parametrize(
    ("hints", "code"),
    [
        ({"SizeInMBs": 0, "IntervalInSeconds": 60}, "ValidationException"),
        ({"SizeInMBs": 129, "IntervalInSeconds": 60}, "ValidationException"),
        ({"SizeInMBs": 5, "IntervalInSeconds": 901}, "ValidationException"),
        ({"SizeInMBs": 5, "IntervalInSeconds": -1}, "ValidationException"),
        ({"SizeInMBs": 5}, "InvalidArgumentException"),
        ({"IntervalInSeconds": 5}, "InvalidArgumentException"),
    ],
)
def test_buffering_hints(call: Any, firehose: Any, hints: dict[str, int], code: str) -> None:
    config = firehose.s3(BufferingHints=hints)
    status, answer = call("CreateDeliveryStream", ExtendedS3DestinationConfiguration=config)
    assert (status, answer["__type"].rpartition("#")[2]) == (400, code)
    assert call("DescribeDeliveryStream")[0] == 400


@pytest.mark.parametrize("interval", [0, 900])
def test_the_bounds_of_the_interval_are_allowed(call: Any, firehose: Any, interval: int) -> None:
    config = firehose.s3(BufferingHints={"SizeInMBs": 1, "IntervalInSeconds": interval})
    assert call("CreateDeliveryStream", ExtendedS3DestinationConfiguration=config)[0] == 200


def test_parquet_with_less_than_64_mib_is_an_invalid_argument(call: Any, firehose: Any) -> None:
    config = firehose.s3(
        DataFormatConversionConfiguration=firehose.conversion(),
        BufferingHints={"SizeInMBs": 63, "IntervalInSeconds": 60},
    )
    status, answer = call("CreateDeliveryStream", ExtendedS3DestinationConfiguration=config)
    assert status == 400
    assert answer["__type"].endswith("InvalidArgumentException")


def test_a_schema_of_a_table_that_is_not_there_is_an_invalid_argument(call: Any, firehose: Any) -> None:
    firehose.cloud.tables.clear()
    config = firehose.s3(DataFormatConversionConfiguration=firehose.conversion())
    status, answer = call("CreateDeliveryStream", ExtendedS3DestinationConfiguration=config)
    assert status == 400
    assert answer["__type"].endswith("InvalidArgumentException")
    assert "shop.orders" in answer["message"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"ClusterJDBCURL": "jdbc:postgresql://127.0.0.1:5432/weir"}, "clusterJDBCURL"),
        ({"Password": ""}, "Username and Password"),
        ({"RetryOptions": {"DurationInSeconds": 7201}}, "durationInSeconds"),
        ({"CopyCommand": {}}, "DataTableName"),
        ({"S3BackupMode": "Enabled"}, "does not do S3BackupMode"),
    ],
)
def test_redshift_configurations_that_are_refused(call: Any, firehose: Any, change: Any, reason: str) -> None:
    config = firehose.redshift(**change)
    status, answer = call("CreateDeliveryStream", RedshiftDestinationConfiguration=config)
    assert status == 400
    assert reason in answer["message"]


@pytest.mark.parametrize("compression", ["ZIP", "Snappy"])
def test_redshift_reads_gzip_only(call: Any, firehose: Any, compression: str) -> None:
    config = firehose.redshift(S3Configuration=firehose.s3(CompressionFormat=compression))
    assert call("CreateDeliveryStream", RedshiftDestinationConfiguration=config)[0] == 400


@pytest.mark.parametrize(
    "request_",
    [
        {},
        {"HttpEndpointDestinationConfiguration": {}},
        {"ExtendedS3DestinationConfiguration": {"RoleARN": "arn:aws:iam::000000000000:role/r"}},
    ],
)
def test_a_destination_is_needed_that_the_local_cloud_knows(call: Any, request_: Any) -> None:
    status, answer = call("CreateDeliveryStream", **request_)
    assert status == 400
    assert answer["__type"].endswith("InvalidArgumentException")


def update(call: Any, **change: Any) -> tuple[int, dict[str, Any]]:
    description = described(call)
    answer: tuple[int, dict[str, Any]] = call(
        "UpdateDestination",
        DestinationId=description["Destinations"][0]["DestinationId"],
        CurrentDeliveryStreamVersionId=description["VersionId"],
        **change,
    )
    return answer


def test_an_update_keeps_what_it_does_not_name(call: Any, firehose: Any) -> None:
    call("CreateDeliveryStream", ExtendedS3DestinationConfiguration=firehose.s3(Prefix="orders/"))
    hints = {"SizeInMBs": 1, "IntervalInSeconds": 7}
    assert update(call, ExtendedS3DestinationUpdate={"BufferingHints": hints})[0] == 200
    description = described(call)
    destination = description["Destinations"][0]["ExtendedS3DestinationDescription"]
    assert (destination["Prefix"], destination["BufferingHints"], description["VersionId"]) == ("orders/", hints, "2")


def test_an_update_of_redshifts_staging(call: Any, firehose: Any) -> None:
    call("CreateDeliveryStream", RedshiftDestinationConfiguration=firehose.redshift())
    hints = {"SizeInMBs": 1, "IntervalInSeconds": 7}
    assert update(call, RedshiftDestinationUpdate={"S3Update": {"BufferingHints": hints}})[0] == 200
    destination = described(call)["Destinations"][0]["RedshiftDestinationDescription"]
    assert destination["S3DestinationDescription"]["BufferingHints"] == hints
    assert destination["S3DestinationDescription"]["Prefix"] == "raw/"


def test_an_update_that_makes_the_whole_invalid_is_refused(call: Any, firehose: Any) -> None:
    config = firehose.s3(DataFormatConversionConfiguration=firehose.conversion())
    call("CreateDeliveryStream", ExtendedS3DestinationConfiguration=config)
    hints = {"SizeInMBs": 1, "IntervalInSeconds": 7}
    status, answer = update(call, ExtendedS3DestinationUpdate={"BufferingHints": hints})
    assert status == 400
    assert answer["__type"].endswith("InvalidArgumentException")
    assert described(call)["VersionId"] == "1"


def test_delete_delivers_first(call: Any, api: Any, firehose: Any) -> None:
    slow = {"SizeInMBs": 64, "IntervalInSeconds": 900}
    call("CreateDeliveryStream", ExtendedS3DestinationConfiguration=firehose.s3(BufferingHints=slow))
    call("PutRecord", Record={"Data": "YQ=="})
    assert call("DeleteDeliveryStream")[0] == 200
    assert firehose.cloud.one("") == b"a"
    assert call("DescribeDeliveryStream")[0] == 400
