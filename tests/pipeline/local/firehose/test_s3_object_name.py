"""Developer guide: "Configure Amazon S3 object name format"."""

from __future__ import annotations

import gzip
import io
import re
import zipfile
from typing import Any

import pytest

NAME = r"orders-1-2018-08-27-10-35-00-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"


@pytest.mark.parametrize(
    ("config", "extension"),
    [
        ({}, ""),
        ({"CompressionFormat": "GZIP"}, r"\.gz"),
        ({"CompressionFormat": "ZIP"}, r"\.zip"),
        ({"CompressionFormat": "GZIP", "FileExtension": ".jsonl.gz"}, r"\.jsonl\.gz"),
        ({"FileExtension": ""}, ""),
    ],
)
def test_name(firehose: Any, config: dict[str, Any], extension: str) -> None:
    firehose.deliver(firehose.stream(firehose.s3(**config)), b"a\n")
    (key,) = firehose.cloud.objects
    assert re.fullmatch(rf"2018/08/27/10/{NAME}{extension}", key)


def test_name_of_a_converted_object(firehose: Any) -> None:
    config = firehose.s3(DataFormatConversionConfiguration=firehose.conversion())
    firehose.deliver(firehose.stream(config), b'{"id": "1"}')
    (key,) = firehose.cloud.objects
    assert re.fullmatch(rf"2018/08/27/10/{NAME}\.parquet", key)


def test_the_version_is_in_the_name(firehose: Any) -> None:
    firehose.deliver({**firehose.stream(firehose.s3()), "version": 4}, b"a")
    (key,) = firehose.cloud.objects
    assert "/orders-4-2018" in key


def test_records_are_concatenated_without_a_delimiter(firehose: Any) -> None:
    firehose.deliver(firehose.stream(firehose.s3()), b"abc", b"abc", b"abc")
    assert firehose.cloud.one("2018/") == b"abcabcabc"


def test_compression(firehose: Any) -> None:
    firehose.deliver(firehose.stream(firehose.s3(CompressionFormat="GZIP")), b"a\n", b"b\n")
    assert gzip.decompress(firehose.cloud.one("2018/")) == b"a\nb\n"


def test_zip_holds_one_file(firehose: Any) -> None:
    firehose.deliver(firehose.stream(firehose.s3(CompressionFormat="ZIP")), b"a\n", b"b\n")
    with zipfile.ZipFile(io.BytesIO(firehose.cloud.one("2018/"))) as archive:
        (name,) = archive.namelist()
        assert archive.read(name) == b"a\nb\n"
