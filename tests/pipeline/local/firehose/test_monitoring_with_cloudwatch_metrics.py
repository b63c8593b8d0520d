"""Developer guide: "Monitor Amazon Data Firehose with CloudWatch metrics"."""

from __future__ import annotations

from typing import Any

from pipeline.local.firehose.redshift import CopyError


def published(firehose: Any, stream: Any) -> dict[str, Any]:
    firehose.registry.delivery(stream).publish()
    return {metric.name: metric for metric in firehose.cloud.metrics}


def test_direct_put_to_s3(firehose: Any) -> None:
    stream = firehose.stream(firehose.s3())
    firehose.deliver(stream, b"abc", b"de")
    metrics = published(firehose, stream)
    assert metrics["IncomingRecords"].total == 2
    assert (metrics["IncomingBytes"].total, metrics["IncomingBytes"].unit) == (5, "Bytes")
    assert metrics["DeliveryToS3.Records"].total == 2
    assert metrics["DeliveryToS3.Bytes"].total == 5
    assert (metrics["DeliveryToS3.Success"].total, metrics["DeliveryToS3.Success"].samples) == (1, 1)
    assert metrics["DeliveryToS3.DataFreshness"].unit == "Seconds"
    assert "DataReadFromKinesisStream.Records" not in metrics


def test_a_kinesis_source(firehose: Any) -> None:
    stream = firehose.stream(firehose.s3(), source="arn:aws:kinesis:us-east-1:000000000000:stream/orders")
    firehose.deliver(stream, b"abc")
    metrics = published(firehose, stream)
    assert metrics["DataReadFromKinesisStream.Records"].total == 1
    assert metrics["DataReadFromKinesisStream.Bytes"].total == 3
    assert (metrics["KinesisMillisBehindLatest"].most, metrics["KinesisMillisBehindLatest"].unit) == (0, "Milliseconds")


def test_success_is_the_share_of_calls_that_worked(firehose: Any) -> None:
    firehose.cloud.put_errors = [OSError("no")]
    firehose.cloud.copy_errors = [CopyError("Redshift.DiskFull", "full")]
    stream = firehose.stream(firehose.redshift(), "Redshift")
    firehose.take(stream, b"{}\n", b"{}\n")
    firehose.cloud.until(lambda: firehose.cloud.copies)
    firehose.registry.stop()
    metrics = published(firehose, stream)
    assert (metrics["DeliveryToS3.Success"].total, metrics["DeliveryToS3.Success"].samples) == (1, 2)
    assert (metrics["DeliveryToRedshift.Success"].total, metrics["DeliveryToRedshift.Success"].samples) == (1, 2)
    assert metrics["DeliveryToRedshift.Records"].total == 2
    assert metrics["DeliveryToRedshift.Bytes"].total == 6


def test_conversion_and_processing(firehose: Any) -> None:
    config = firehose.s3(
        DataFormatConversionConfiguration=firehose.conversion(), ProcessingConfiguration=firehose.processing()
    )
    stream = firehose.stream(config)
    firehose.deliver(stream, b'{"id": "1"}', b"nope")
    metrics = published(firehose, stream)
    assert metrics["SucceedProcessing.Records"].total == 2
    assert metrics["ExecuteProcessing.Success"].total == 1
    assert metrics["SucceedConversion.Records"].total == 1
    assert metrics["FailedConversion.Records"].total == 1
    assert metrics["FailedConversion.Bytes"].total == 4


def test_freshness_is_the_age_of_the_oldest_record_that_is_not_delivered(firehose: Any) -> None:
    stream = firehose.stream(firehose.s3(BufferingHints={"SizeInMBs": 64, "IntervalInSeconds": 900}))
    firehose.cloud.buckets = set()
    firehose.take(stream, b"a")
    firehose.cloud.until(lambda: firehose.registry.delivery(stream).totals.error)
    assert published(firehose, stream)["DeliveryToS3.DataFreshness"].most > 1000


def test_what_is_published_is_not_published_again(firehose: Any) -> None:
    stream = firehose.stream(firehose.s3())
    firehose.deliver(stream, b"a")
    published(firehose, stream)
    firehose.cloud.metrics.clear()
    assert published(firehose, stream) == {}


def test_totals_last_delivery_and_last_error_are_kept(firehose: Any) -> None:
    stream = firehose.stream(firehose.s3())
    firehose.cloud.put_errors = [OSError("no")]
    firehose.take(stream, b"a")
    firehose.cloud.until(lambda: firehose.cloud.objects)
    firehose.registry.stop()
    totals = firehose.registry.delivery(stream).totals
    assert totals.delivered_key == firehose.cloud.under("2018/")[0]
    assert totals.delivered_at is not None
    assert totals.error.startswith("InternalError")
    assert totals.sums["DeliveryToS3.Records"] == 1
