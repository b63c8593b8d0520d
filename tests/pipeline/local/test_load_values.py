"""Conversions of COPY. Redshift developer guide: "Data conversion parameters", "Load error reference"."""

from __future__ import annotations

import json

import pytest

from pipeline.local import load_values
from pipeline.local.load_values import Column, Number, Real, Value, ValueRefusedError, converter

COLUMNS = {
    "int2": Column("c", "int2", 0, 0, 0, not_null=False),
    "int4": Column("c", "int4", 0, 0, 0, not_null=False),
    "int8": Column("c", "int8", 0, 0, 0, not_null=False),
    "decimal": Column("c", "numeric", 0, 12, 4, not_null=False),
    "timestamp": Column("c", "timestamp", 0, 0, 0, not_null=False),
    "bool": Column("c", "bool", 0, 0, 0, not_null=False),
    "varchar": Column("c", "varchar", 4, 0, 0, not_null=False),
}
DECODER = json.JSONDecoder(parse_float=Real, parse_int=Number, parse_constant=Real)


def convert(type_: str, given: str, *, round_decimals: bool = True) -> str | None:
    """The value that stands as JSON in `given`, for a column of the type."""
    value: Value = DECODER.decode(given)
    return converter(COLUMNS[type_], round_decimals=round_decimals)(value)


@pytest.mark.parametrize(
    ("type_", "given", "expected"),
    [
        ("int4", "6", "6"),
        ("int4", "-2147483648", "-2147483648"),
        ("int4", '"17"', "17"),
        ("int8", "9223372036854775807", "9223372036854775807"),
        ("decimal", "2.55", "2.55"),
        ("decimal", "-11062.06", "-11062.0600"),
        ("decimal", "6", "6"),
        ("decimal", "1e3", "1000.0000"),
        ("decimal", "2.55555", "2.5556"),
        ("decimal", '"2.55"', "2.55"),
        ("decimal", "99999999.9999", "99999999.9999"),
        ("timestamp", '"2010-12-01 08:26:00"', "2010-12-01 08:26:00"),
        ("timestamp", '"2010-12-01 08:26:00.123456"', "2010-12-01 08:26:00.123456"),
        ("bool", "true", "t"),
        ("bool", '"No"', "f"),
        ("varchar", '"abcd"', "abcd"),
        ("varchar", '"éé"', "éé"),
        ("varchar", "6", "6"),
        ("varchar", "1.50", "1.50"),
        ("varchar", "true", "true"),
        ("varchar", "[1]", "[1]"),
        ("varchar", "{}", "{}"),
        ("varchar", '""', ""),
        ("varchar", '"  "', "  "),
    ],
)
def test_what_fits(type_: str, given: str, expected: str) -> None:
    assert convert(type_, given) == expected


@pytest.mark.parametrize("type_", COLUMNS)
def test_null_is_null(type_: str) -> None:
    assert convert(type_, "null") is None


@pytest.mark.parametrize("type_", sorted(set(COLUMNS) - {"varchar"}))
def test_a_blank_field_of_another_type_than_text_is_null(type_: str) -> None:
    """ "Blank fields for other data types, such as INT, are always loaded with NULL." """
    assert convert(type_, '""') is None
    assert convert(type_, '"  "') is None


@pytest.mark.parametrize(
    ("type_", "given", "code", "words", "position"),
    [
        ("int4", '"a"', 1207, "Invalid digit, Value 'a', Pos 0, Type: Integer", 0),
        ("int4", "6.5", 1207, "Invalid digit, Value '.', Pos 1, Type: Integer", 1),
        ("int4", "true", 1207, "Invalid digit, Value 't', Pos 0, Type: Integer", 0),
        ("int4", '"-"', 1207, "Invalid digit, Value '', Pos 1, Type: Integer", 1),
        ("int4", '"\\u0663"', 1207, "Invalid digit", 0),
        ("int4", "2147483648", 1222, "Overflow", 0),
        ("int4", "9" * 5000, 1222, "Overflow", 0),
        ("int2", "32768", 1222, "Overflow", 0),
        ("int8", "-9223372036854775809", 1222, "Overflow", 0),
        ("decimal", '"six"', 1209, "Invalid value 'six'", 0),
        ("decimal", "NaN", 1209, "Invalid value", 0),
        ("decimal", "Infinity", 1209, "Invalid value", 0),
        ("decimal", "1e999", 1209, "Invalid value", 0),
        ("decimal", "100000000", 1204, "Overflow for NUMERIC(12,4)", 0),
        ("timestamp", '"31/12/2011"', 1206, "Invalid timestamp format or value", 0),
        ("timestamp", '"2011-02-31 08:00:00"', 1206, "Invalid timestamp format or value", 0),
        ("timestamp", '"2011-02-28T08:00:00"', 1206, "Invalid timestamp format or value", 0),
        ("bool", '"maybe"', 1210, "Invalid boolean", 0),
        ("varchar", '"abcde"', 1204, "String length exceeds DDL length", 0),
        ("varchar", '"ééé"', 1204, "String length exceeds DDL length", 0),
        ("varchar", '"a\\ud800"', 1220, "UTF-8", 1),
    ],
)
def test_what_does_not_fit(type_: str, given: str, code: int, words: str, position: int) -> None:
    with pytest.raises(ValueRefusedError) as refused:
        convert(type_, given)
    assert (refused.value.code, refused.value.position) == (code, position)
    assert words in str(refused.value)


def test_a_required_column_refuses_null() -> None:
    required = converter(Column("c", "int4", 0, 0, 0, not_null=True), round_decimals=True)
    with pytest.raises(ValueRefusedError, match="Missing data for not-null field") as refused:
        required(None)
    assert refused.value.code == load_values.NOT_NULL
    assert required("0") == "0"


def test_without_roundec_a_number_may_lose_its_last_digit() -> None:
    """ "COPY from JSON format", "Loss of numeric precision": a number goes by way of a double, a text does not."""
    assert convert("decimal", "2.55", round_decimals=False) == "2.5499"
    assert convert("decimal", '"2.55"', round_decimals=False) == "2.55"
    assert convert("decimal", "2.55", round_decimals=True) == "2.55"
    assert convert("decimal", '"20.25999"', round_decimals=False) == "20.2599"
