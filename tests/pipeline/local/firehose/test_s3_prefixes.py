"""Developer guide: "Understand custom prefixes for Amazon S3 objects"."""

from __future__ import annotations

import re
from typing import Any

import pytest

from pipeline.local.firehose.prefixes import error_prefix, success_prefix
from pipeline.local.firehose.rules import RefusedError, check

AUGUST = 1535366100.0  # 2018-08-27 10:35:00 UTC


@pytest.mark.parametrize(
    ("prefix", "evaluated"),
    [
        ("", "2018/08/27/10/"),
        ("myFirehosePrefix/", "myFirehosePrefix/2018/08/27/10/"),
        ("legacy", "legacy2018/08/27/10/"),
        ("orders/!{timestamp:yyyy/MM/dd/HH}/", "orders/2018/08/27/10/"),
        ("year=!{timestamp:yyyy}/day=!{timestamp:dd}/", "year=2018/day=27/"),
        ("!{timestamp:'year='yyyy'/hour='HH}/", "year=2018/hour=10/"),
    ],
)
def test_prefix(prefix: str, evaluated: str) -> None:
    assert success_prefix(prefix, AUGUST) == evaluated


@pytest.mark.parametrize(
    ("prefix", "error", "evaluated"),
    [
        ("", "myFirehoseFailures/!{firehose:error-output-type}/", "myFirehoseFailures/processing-failed/"),
        ("", "e/!{firehose:error-output-type}/!{timestamp:yyyy}/!{timestamp:dd}", "e/processing-failed/2018/27"),
        ("myFirehosePrefix/", "", "myFirehosePrefix/processing-failed/2018/08/27/10/"),
    ],
)
def test_error_output_prefix(prefix: str, error: str, evaluated: str) -> None:
    assert error_prefix(prefix, error, "processing-failed", AUGUST) == evaluated


def test_a_random_string_has_11_characters_and_each_instance_is_another() -> None:
    evaluated = success_prefix("!{firehose:random-string}/!{firehose:random-string}/!{timestamp:yyyy}/", AUGUST)
    first, second, year, _ = evaluated.split("/")
    assert first != second
    assert all(re.fullmatch(r"[0-9a-f-]{11}", text) for text in (first, second))
    assert year == "2018"


def test_a_custom_time_zone() -> None:
    assert success_prefix("", AUGUST, "Asia/Tokyo") == "2018/08/27/19/"


@pytest.mark.parametrize(
    ("prefixes", "reason"),
    [
        ({"Prefix": "a/!{timestamp:yyyy}/"}, "ErrorOutputPrefix cannot be null"),
        ({"Prefix": "a/!{firehose:error-output-type}/", "ErrorOutputPrefix": "e/"}, "Prefix cannot contain"),
        ({"ErrorOutputPrefix": "e/!{timestamp:yyyy}/"}, "must contain !{firehose:error-output-type}"),
        ({"Prefix": "a/!{weather:rain}/", "ErrorOutputPrefix": "e/"}, "not a known expression"),
        ({"Prefix": "a/!{timestamp", "ErrorOutputPrefix": "e/"}, "may only start an expression"),
    ],
)
def test_refused(firehose: Any, prefixes: dict[str, str], reason: str) -> None:
    with pytest.raises(RefusedError, match=re.escape(reason)):
        check("ExtendedS3", firehose.s3(**prefixes))


@pytest.mark.parametrize("staging", [{"Prefix": "raw/!{timestamp:yyyy}/"}, {"ErrorOutputPrefix": "e/"}])
def test_for_redshift_prefix_holds_no_expression_and_error_output_prefix_is_null(
    firehose: Any, staging: dict[str, str]
) -> None:
    config = firehose.redshift(S3Configuration=firehose.s3(**staging))
    with pytest.raises(RefusedError, match="when the destination is Redshift"):
        check("Redshift", config)
