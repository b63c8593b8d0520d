"""Developer guide: "Convert input data format in Amazon Data Firehose"; API reference: `OpenXJsonSerDe`."""

from __future__ import annotations

import io
import json
from datetime import UTC, date, datetime
from typing import Any

import pyarrow.parquet as pq
import pytest

from pipeline.local.firehose import conversion
from pipeline.local.firehose.buffers import Batch, Record
from pipeline.local.firehose.conversion import convert
from pipeline.local.firehose.destination import Conversion, read
from pipeline.local.firehose.rules import RefusedError, check

Columns = list[tuple[str, str]]


def configured(firehose: Any, config: dict[str, Any]) -> Conversion:
    found = read(firehose.stream(firehose.s3(DataFormatConversionConfiguration=config))).conversion
    assert found is not None
    return found


def converted(firehose: Any, columns: Columns, *records: bytes, **openx: Any) -> Any:
    batch = Batch.of(Record(record, 0.0) for record in records)
    return convert(batch, columns, configured(firehose, firehose.conversion(**openx)))


def rows(firehose: Any, columns: Columns, *records: bytes, **openx: Any) -> list[dict[str, Any]]:
    result = converted(firehose, columns, *records, **openx)
    assert result.failures == []
    found: list[dict[str, Any]] = pq.read_table(io.BytesIO(result.parquet)).to_pylist()
    return found


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


ORDER: Columns = [
    ("event_id", "string"),
    ("quantity", "int"),
    ("customer_id", "bigint"),
    ("unit_price", "double"),
    ("invoice_date", "timestamp"),
]
KEYS = {
    "event_id": "EventID",
    "quantity": "Quantity",
    "customer_id": "CustomerID",
    "unit_price": "UnitPrice",
    "invoice_date": "InvoiceDate",
}
FIRST = {
    "EventID": "536365-1",
    "Quantity": -6,
    "CustomerID": None,
    "UnitPrice": 2.55,
    "InvoiceDate": "2010-12-01 08:26:00",
    "Other": [1, {"a": None}],
}


def test_order_lines(firehose: Any) -> None:
    second = {**FIRST, "EventID": "536365-2", "CustomerID": 17850, "InvoiceDate": "2010-12-01 08:26:00.123456"}
    lines = [json.dumps(order).encode() + b"\n" for order in (FIRST, second)]
    found = rows(firehose, ORDER, *lines, CaseInsensitive=False, ColumnToJsonKeyMappings=KEYS)
    assert found == [
        {
            "event_id": "536365-1",
            "quantity": -6,
            "customer_id": None,
            "unit_price": 2.55,
            "invoice_date": moment("2010-12-01 08:26:00"),
        },
        {
            "event_id": "536365-2",
            "quantity": -6,
            "customer_id": 17850,
            "unit_price": 2.55,
            "invoice_date": moment("2010-12-01 08:26:00.123456"),
        },
    ]


@pytest.mark.parametrize("ending", [b"\n", b""], ids=["lines", "no newlines"])
def test_plain_batches_are_read_at_once(firehose: Any, ending: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversion, "Deserializer", None)
    records = [json.dumps({**FIRST, "Quantity": number}).encode() + ending for number in range(5)]
    found = rows(firehose, ORDER, *records, CaseInsensitive=False, ColumnToJsonKeyMappings=KEYS)
    assert [row["quantity"] for row in found] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    "record",
    [
        json.dumps(FIRST).encode(),
        json.dumps({**FIRST, "EventID": "£ 😀 \u2028"}, ensure_ascii=False).encode(),
        json.dumps({**FIRST, "EventID": '£ 😀 "\\ \n'}).encode(),
        json.dumps({**FIRST, "UnitPrice": -11062.06, "Quantity": -80995}).encode(),
        json.dumps({**FIRST, "UnitPrice": 0, "Quantity": 0}).encode(),
        b"{}",
        b'{"EventID":null,"UnitPrice":1e3}',
        b'{ "EventID" : "spaces" , "Quantity" : 1 }',
    ],
)
def test_reading_at_once_gives_what_reading_one_by_one_gives(
    firehose: Any, record: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    options: dict[str, Any] = {"CaseInsensitive": False, "ColumnToJsonKeyMappings": KEYS}
    at_once = rows(firehose, ORDER, record, **options)
    monkeypatch.setattr(conversion, "_can_read_at_once", lambda types, how: False)
    assert rows(firehose, ORDER, record, **options) == at_once


def test_several_documents_in_one_record(firehose: Any) -> None:
    assert rows(firehose, [("a", "int")], b'{"a":1}{"a":2}', b'{"a":3}\n{"a":4}\n', CaseInsensitive=False) == [
        {"a": 1},
        {"a": 2},
        {"a": 3},
        {"a": 4},
    ]


def test_an_array_of_documents_is_not_valid(firehose: Any) -> None:
    (failure,) = converted(firehose, [("a", "int")], b'[{"a":1},{"a":2}]').failures
    assert failure.code == "DataFormatConversion.MalformedData"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2017-02-07T15:13:01.39256Z", "2017-02-07 15:13:01.392560"),
        ("2017-02-07T15:13:01Z", "2017-02-07 15:13:01"),
        ("2017-02-07 15:13:01.14", "2017-02-07 15:13:01.140000"),
        ("2017-2-7 15:13:01", "2017-02-07 15:13:01"),
        ("2017-02-07 15:13:01.123456789", "2017-02-07 15:13:01.123456"),
        (1518033528, "2018-02-07 19:58:48"),
        (1518033528123, "2018-02-07 19:58:48.123000"),
        (1518033528.123, "2018-02-07 19:58:48.123000"),
        ("1518033528", "2018-02-07 19:58:48"),
        (0, "1970-01-01 00:00:00"),
        (-1, "1969-12-31 23:59:59"),
    ],
)
def test_timestamps_that_openx_reads(firehose: Any, value: object, expected: str) -> None:
    record = json.dumps({"at": value}).encode()
    assert rows(firehose, [("at", "timestamp")], record) == [{"at": moment(expected)}]


@pytest.mark.parametrize(
    "value",
    [
        "2017-02-07T15:13:01",  # isoformat() of Python, pandas' to_json
        "2017-02-07T15:13:01+00:00",
        "2017-02-07 15:13:01+00:00",
        "2017-02-07",
        "2017-02-30 15:13:01",
        "2017-02-07 24:13:01",
        "12/1/2010 8:26",
        "2017–02–07 15:13:01",  # noqa: RUF001 - en dashes, as they come in the wild
        "",
        "now",
        True,
        [1],
        1e300,
    ],
)
@pytest.mark.parametrize("case_insensitive", [True, False])
def test_timestamps_that_openx_does_not_read(firehose: Any, value: object, case_insensitive: bool) -> None:
    record = json.dumps({"at": value}).encode()
    result = converted(firehose, [("at", "timestamp")], record, CaseInsensitive=case_insensitive)
    assert [failure.code for failure in result.failures] == ["DataFormatConversion.MalformedData"]


def test_keys_are_matched_in_lower_case_by_default(firehose: Any) -> None:
    assert rows(firehose, [("a", "int")], b'{"A": 1}') == [{"a": 1}]


def test_keys_are_matched_as_they_are_when_case_matters(firehose: Any) -> None:
    assert rows(firehose, [("a", "int")], b'{"A": 1}', CaseInsensitive=False) == [{"a": None}]


def test_a_column_can_be_mapped_to_another_key(firehose: Any) -> None:
    mapping = {"ts": "timestamp"}
    assert rows(firehose, [("ts", "int")], b'{"timestamp": 1}', ColumnToJsonKeyMappings=mapping) == [{"ts": 1}]


def test_dots_in_keys_become_underscores_when_asked(firehose: Any) -> None:
    record = b'{"a.b": 1}'
    assert rows(firehose, [("a_b", "int")], record, ConvertDotsInJsonKeysToUnderscores=True) == [{"a_b": 1}]
    assert rows(firehose, [("a_b", "int")], record) == [{"a_b": None}]


HISTORY = "array<struct<product_code:string,quantity:int,in_shopping_cart:boolean>>"


def test_nested_types(firehose: Any) -> None:
    record = json.dumps(
        {
            "browse_history": [
                {"product_code": "S10_1949", "quantity": "3", "in_shopping_cart": True, "seen": 1},
                {"product_code": None},
            ],
            "tags": {"a": 1, "b": None},
        }
    ).encode()
    columns = [("browse_history", HISTORY), ("tags", "map<string,int>")]
    assert rows(firehose, columns, record) == [
        {
            "browse_history": [
                {"product_code": "S10_1949", "quantity": 3, "in_shopping_cart": True},
                {"product_code": None, "quantity": None, "in_shopping_cart": None},
            ],
            "tags": [("a", 1), ("b", None)],
        }
    ]


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("int", "7", 7),
        ("int", "0x10", 16),
        ("bigint", 2**63 - 1, 2**63 - 1),
        ("double", "2.5", 2.5),
        ("double", 7, 7.0),
        ("string", 7, "7"),
        ("string", True, "true"),
        ("string", {"B": [1]}, '{"b":[1]}'),
        ("boolean", "TRUE", True),
        ("date", "2011-12-9", date(2011, 12, 9)),
        ("array<int>", 5, [5]),
        ("struct<a:int,b:int>", [1], {"a": 1, "b": None}),
        ("varchar(10)", "text", "text"),
    ],
)
def test_openx_is_lenient(firehose: Any, kind: str, value: object, expected: object) -> None:
    assert rows(firehose, [("a", kind)], json.dumps({"a": value}).encode()) == [{"a": expected}]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("int", 17850.0),
        ("int", "six"),
        ("int", 2**31),
        ("int", True),
        ("bigint", 2**63),
        ("double", "oops"),
        ("double", True),
        ("boolean", 1),
        ("boolean", "yes"),
        ("struct<a:int>", 42),
        ("map<string,int>", [1]),
        ("array<int>", ["x"]),
    ],
)
def test_openx_is_not_that_lenient(firehose: Any, kind: str, value: object) -> None:
    (failure,) = converted(firehose, [("a", kind)], json.dumps({"a": value}).encode()).failures
    assert failure.code == "DataFormatConversion.MalformedData"
    assert str(failure.message).startswith("Data does not match the schema.")


@pytest.mark.parametrize(
    "record",
    [
        b"this is not json",
        b'{"a": 1',
        b'{"a": NaN}',
        b'{"d": NaN}',
        b'{"d": -Infinity}',
        b'{"a": 1}}',
        b'{"s": "\xff"}',
        rb'{"s": "\ud800"}',
        b'{"s": ' + b"[" * 200_000,
        b"{'a': 1}",
    ],
)
@pytest.mark.parametrize("case_insensitive", [True, False])
def test_malformed_json(firehose: Any, record: bytes, case_insensitive: bool) -> None:
    columns = [("a", "int"), ("d", "double"), ("s", "string")]
    result = converted(firehose, columns, record, CaseInsensitive=case_insensitive)
    assert [failure.code for failure in result.failures] == ["DataFormatConversion.ParseError"]


@pytest.mark.parametrize("record", [b"", b"  \n"])
def test_an_empty_record(firehose: Any, record: bytes) -> None:
    (failure,) = converted(firehose, [("a", "int")], record, CaseInsensitive=False).failures
    assert failure.message == "The record was empty or contained only whitespace."


@pytest.mark.parametrize(
    "halves",
    [(b'{"a":', b"1}"), (b'{"x":{}', b',"a":1}'), (b'{"x":{}\n', b',"a":1}\n'), (b'{"a":1,"s":"', b'"}')],
)
def test_one_record_cannot_complete_another(firehose: Any, halves: tuple[bytes, bytes]) -> None:
    result = converted(firehose, [("a", "int")], *halves, b'{"a":2}\n', CaseInsensitive=False)
    assert [failure.record.data for failure in result.failures] == list(halves)
    assert result.records == 1


def test_a_bad_record_does_not_keep_the_others_from_being_converted(firehose: Any) -> None:
    records = [json.dumps({"a": number}).encode() + b"\n" for number in range(3000)]
    records[1234] = b'{"a": "six"}\n'
    result = converted(firehose, [("a", "int")], *records, CaseInsensitive=False)
    assert [failure.record.data for failure in result.failures] == [records[1234]]
    found = pq.read_table(io.BytesIO(result.parquet)).column("a").to_pylist()
    assert found == [number for number in range(3000) if number != 1234]


def test_a_deep_document_does_no_harm(firehose: Any) -> None:
    record = b'{"a":1,"deep":' + b"[" * 400_000 + b"]" * 400_000 + b"}\n"
    result = converted(firehose, [("a", "int")], record, b'{"a":2}\n', CaseInsensitive=False)
    assert result.records + len(result.failures) == 2
    assert result.records >= 1


def test_a_decimal_column_cannot_be_read(firehose: Any) -> None:
    (failure,) = converted(firehose, [("a", "decimal(12,4)")], b'{"a": 1}').failures
    assert failure.code == "DataFormatConversion.InvalidSchema"


def test_a_missing_table(firehose: Any) -> None:
    result = convert(Batch.of([Record(b"{}", 0.0)]), None, configured(firehose, firehose.conversion()))
    assert [failure.code for failure in result.failures] == ["DataFormatConversion.EntityNotFound"]


@pytest.mark.parametrize(
    ("serde", "compression", "encodings"),
    [
        ({}, "SNAPPY", False),
        ({"Compression": "GZIP"}, "GZIP", False),
        ({"Compression": "UNCOMPRESSED", "EnableDictionaryCompression": True}, "UNCOMPRESSED", True),
    ],
)
def test_the_serializer(firehose: Any, serde: dict[str, Any], compression: str, encodings: bool) -> None:
    config = firehose.conversion()
    config["OutputFormatConfiguration"]["Serializer"]["ParquetSerDe"] = serde
    result = convert(Batch.of([Record(b'{"a":"x"}', 0.0)] * 9), [("a", "string")], configured(firehose, config))
    assert result.parquet is not None
    column = pq.ParquetFile(io.BytesIO(result.parquet)).metadata.row_group(0).column(0)
    assert column.compression == compression
    assert ("RLE_DICTIONARY" in column.encodings or "PLAIN_DICTIONARY" in column.encodings) is encodings


def test_years_are_read_in_utc(firehose: Any) -> None:
    (row,) = rows(firehose, [("at", "timestamp")], b'{"at": 0}')
    assert row["at"].replace(tzinfo=UTC).timestamp() == 0


def test_the_buffer_size_is_at_least_64_mib(firehose: Any) -> None:
    config = firehose.s3(DataFormatConversionConfiguration=firehose.conversion())
    check("ExtendedS3", config)
    config["BufferingHints"]["SizeInMBs"] = 63
    with pytest.raises(RefusedError, match="at least 64") as refused:
        check("ExtendedS3", config)
    assert refused.value.code == "InvalidArgumentException"


def test_the_default_buffer_size_is_128_mib_with_conversion_and_5_without(firehose: Any) -> None:
    with_conversion = firehose.s3(DataFormatConversionConfiguration=firehose.conversion(), BufferingHints={})
    assert read(firehose.stream(with_conversion)).hints.size == 128 << 20
    assert read(firehose.stream(firehose.s3(BufferingHints={}))).hints.size == 5 << 20


def test_compression_is_the_serializers_business(firehose: Any) -> None:
    config = firehose.s3(DataFormatConversionConfiguration=firehose.conversion(), CompressionFormat="GZIP")
    with pytest.raises(RefusedError, match="UNCOMPRESSED"):
        check("ExtendedS3", config)
