"""Developer guide: "Handle data delivery failures"."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from pipeline.local.firehose import redshift
from pipeline.local.firehose.conversion import convert
from pipeline.local.firehose.redshift import CopyError

DOWN = CopyError("Redshift.ConnectionFailed", "The connection to the specified Amazon Redshift cluster failed.")
LOGGED = {"Enabled": True, "LogGroupName": "/weir/orders", "LogStreamName": "copies"}


@pytest.mark.parametrize("error", [OSError("disk full"), RuntimeError("a bug"), ValueError("another")])
def test_s3_is_tried_until_it_works(firehose: Any, error: Exception) -> None:
    firehose.cloud.put_errors = [error] * 5
    firehose.take(firehose.stream(firehose.s3()), b"a")
    firehose.cloud.until(lambda: firehose.cloud.objects)
    assert firehose.cloud.one("2018/") == b"a"


def test_a_bucket_that_is_missing_is_told_to_the_error_log_once_and_the_records_wait_for_it(firehose: Any) -> None:
    firehose.cloud.buckets = set()
    stream = firehose.stream(firehose.s3(CloudWatchLoggingOptions={**LOGGED, "LogStreamName": "delivery"}))
    firehose.take(stream, b"a")
    firehose.cloud.until(lambda: firehose.cloud.lines)
    firehose.cloud.buckets = {"lake"}
    firehose.cloud.until(lambda: firehose.cloud.objects)
    ((where, line),) = firehose.cloud.lines
    assert where == "delivery"
    assert line["errorCode"] == "S3.NoSuchBucket"
    assert line["destination"] == "arn:aws:s3:::lake"


def test_an_update_mends_a_delivery_that_is_being_retried(firehose: Any) -> None:
    stream = firehose.stream(firehose.s3(BucketARN="arn:aws:s3:::missing"))
    firehose.take(stream, b"a")
    firehose.cloud.until(lambda: firehose.registry.delivery(stream).totals.error)
    stream["destinations"][0]["config"] = firehose.s3()
    firehose.cloud.until(lambda: firehose.cloud.objects)


def test_an_exception_of_the_conversion_keeps_the_batch(firehose: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    failures = iter([MemoryError("no"), KeyError("bug")])

    def failing(*arguments: Any) -> Any:
        for failure in failures:
            raise failure
        return convert(*arguments)

    monkeypatch.setattr("pipeline.local.firehose.plan.convert", failing)
    config = firehose.s3(DataFormatConversionConfiguration=firehose.conversion())
    firehose.take(firehose.stream(config), b'{"id": "1"}')
    firehose.cloud.until(lambda: firehose.cloud.objects)
    assert firehose.cloud.rows("2018/") == [{"id": "1", "quantity": None}]


def test_copy_is_retried(firehose: Any) -> None:
    firehose.cloud.copy_errors = [DOWN] * 4
    firehose.take(firehose.stream(firehose.redshift(), "Redshift"), b"{}\n")
    firehose.cloud.until(lambda: firehose.cloud.copies)
    assert firehose.cloud.under("raw/errors/") == []


def test_copy_is_skipped_after_the_retry_duration_and_its_objects_are_named_in_a_manifest(firehose: Any) -> None:
    firehose.cloud.copy_errors = [DOWN]
    config = firehose.redshift(RetryOptions={"DurationInSeconds": 0}, CloudWatchLoggingOptions=LOGGED)
    stream = firehose.stream(config, "Redshift")
    firehose.take(stream, b"{}\n")
    firehose.cloud.until(lambda: firehose.cloud.under("raw/errors/manifests/"))
    (key,) = firehose.cloud.under("raw/2018/")
    assert json.loads(firehose.cloud.one("raw/errors/manifests/")) == {
        "entries": [{"url": f"s3://lake/{key}", "mandatory": True}]
    }
    assert firehose.cloud.copies == []
    assert [(where, line["errorCode"]) for where, line in firehose.cloud.lines] == [
        ("copies", "Redshift.ConnectionFailed")
    ]
    # The next batch is not held up.
    firehose.deliver(stream, b"{}\n")
    assert len(firehose.cloud.copies) == 1


def test_staging_goes_on_while_the_warehouse_is_down(firehose: Any) -> None:
    firehose.cloud.copy_errors = [DOWN] * 3
    stream = firehose.stream(firehose.redshift(), "Redshift")
    for number in range(3):
        firehose.take(stream, b"x")
        firehose.cloud.until(lambda number=number: len(firehose.cloud.under("raw/2018/")) > number)
    firehose.cloud.until(lambda: sum(len(objects) for *_, objects in firehose.cloud.copies) == 3)


def test_a_wrong_password_fails_the_copy(firehose: Any) -> None:
    config = firehose.redshift(Password="wrong", RetryOptions={"DurationInSeconds": 0}, CloudWatchLoggingOptions=LOGGED)
    firehose.take(firehose.stream(config, "Redshift"), b"{}\n")
    firehose.cloud.until(lambda: firehose.cloud.under("raw/errors/manifests/"))
    assert [line["errorCode"] for _, line in firehose.cloud.lines] == ["Redshift.AuthenticationFailed"]


def test_an_unforeseen_error_of_the_copy_is_retried_too(firehose: Any) -> None:
    firehose.cloud.copy_errors = [KeyError("a bug"), RuntimeError("another")]
    firehose.take(firehose.stream(firehose.redshift(), "Redshift"), b"{}\n")
    firehose.cloud.until(lambda: firehose.cloud.copies)


def test_objects_stay_queued_when_not_even_the_manifest_can_be_written(
    firehose: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redshift, "_LONGEST_PAUSE_S", 0.01)
    stream = firehose.stream(firehose.redshift(RetryOptions={"DurationInSeconds": 0}), "Redshift")
    real, broken = firehose.cloud.put, threading.Event()

    def put(bucket: str, key: str, body: bytes) -> None:
        if "manifests/" in key and broken.is_set():
            raise OSError("disk full")
        real(bucket, key, body)

    monkeypatch.setattr(firehose.cloud, "put", put)
    broken.set()
    firehose.take(stream, b"{}\n")
    firehose.cloud.until(lambda: firehose.registry.delivery(stream).totals.error)
    broken.clear()
    firehose.cloud.until(lambda: firehose.cloud.copies or firehose.cloud.under("raw/errors/manifests/"))
