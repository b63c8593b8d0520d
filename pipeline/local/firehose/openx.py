"""One record at a time through what Firehose's OpenX deserializer does.

This is the exact and slow way; `conversion` takes it only for batches that its fast way cannot vouch for. From the
developer guide, "Convert input data format" (timestamps, several documents in a record), the API reference of
`OpenXJsonSerDe`, and the SerDe's source (github.com/rcongiu/Hive-JSON-Serde), whose lenience with wrong shapes
Firehose shows too: text is read as a number, a single value as an array of one, an array as a struct by position,
and anything as text.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, NoReturn

from pipeline.local.firehose.schema import Array, Map, Scalar, Struct

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pipeline.local.firehose.schema import Type

_BITS = {"tinyint": 8, "smallint": 16, "int": 32, "integer": 32, "bigint": 64}
_SPACED = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2}) (\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?", re.ASCII)
_ZULU = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?Z", re.ASCII)
_DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})", re.ASCII)
_WHOLE = re.compile(r"[+-]?(?:0[xX][0-9a-fA-F]+|[0-9]+)")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - lake timestamps are UTC without saying so
# A number below this is seconds since 1970, one from here on milliseconds.
_LEAST_MILLISECONDS = 1e12
_CODE = "DataFormatConversion."


class ConversionError(Exception):
    """A record that the deserializer cannot read; `code` and the message are those of the error output."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = _CODE + code


@dataclass(frozen=True, slots=True)
class Options:
    """The deserializer's options; `keys` maps columns to JSON keys."""

    case_insensitive: bool
    dots_to_underscores: bool
    keys: Mapping[str, str]


class Deserializer:
    """Reads records into rows of a table's columns."""

    def __init__(self, columns: Sequence[tuple[str, Type]], options: Options) -> None:
        self._lower = options.case_insensitive
        self._dots = options.dots_to_underscores
        self._columns = [(self._fold(options.keys.get(name, name)), kind) for name, kind in columns]

    def rows(self, record: bytes) -> list[list[Any]]:
        """The rows of one record, one per JSON document in it; raises ConversionError."""
        rows = []
        for document in _documents(record):
            members = self._members(document)
            rows.append([self._value(members.get(key), kind) for key, kind in self._columns])
        return rows

    def _fold(self, key: str) -> str:
        return key.lower() if self._lower else key

    def _members(self, document: Mapping[str, Any]) -> Mapping[str, Any]:
        if not (self._lower or self._dots):
            return document
        return {self._fold(key.replace(".", "_") if self._dots else key): value for key, value in document.items()}

    def _value(self, value: Any, kind: Type) -> Any:
        if value is None:
            return None
        if isinstance(kind, Scalar):
            return self._text(value) if kind.name == "string" else _scalar(value, kind.name)
        if isinstance(kind, Array):
            return [self._value(item, kind.item) for item in (value if isinstance(value, list) else [value])]
        if isinstance(kind, Struct):
            return self._struct(value, kind)
        return self._map(value, kind)

    def _struct(self, value: Any, kind: Struct) -> dict[str, Any]:
        if isinstance(value, list):
            padded = value + [None] * len(kind.fields)
            return {name: self._value(item, member) for (name, member), item in zip(kind.fields, padded, strict=False)}
        if not isinstance(value, dict):
            _mismatch(f"Data is not JSONObject  but {_java_name(value)} with value {_plain(value)}")
        members = self._members(value)
        return {name: self._value(members.get(self._fold(name)), member) for name, member in kind.fields}

    def _map(self, value: Any, kind: Map) -> list[tuple[Any, Any]]:
        if not isinstance(value, dict):
            _mismatch(f"Data is not JSONObject  but {_java_name(value)} with value {_plain(value)}")
        return [
            (self._value(key, kind.key), self._value(item, kind.value)) for key, item in self._members(value).items()
        ]

    def _text(self, value: Any) -> str:
        text = value if isinstance(value, str) else _plain(self._folded(value))
        if not text.isascii():
            try:
                text.encode()
            except UnicodeEncodeError:
                # Half of a surrogate pair, which is no character.
                raise _parse_error("a string holds half a surrogate pair") from None
        return text

    def _folded(self, value: Any) -> Any:
        """`value` with its keys in lower case where the deserializer does that."""
        if isinstance(value, dict):
            return {key: self._folded(item) for key, item in self._members(value).items()}
        return [self._folded(item) for item in value] if isinstance(value, list) else value


def _documents(record: bytes) -> Iterator[dict[str, Any]]:
    try:
        text = record.decode().strip()
    except UnicodeDecodeError as error:
        raise _parse_error(str(error)) from error
    if not text:
        raise ConversionError("MalformedData", "The record was empty or contained only whitespace.")
    start = 0
    while start < len(text):
        try:
            document, start = _DECODER.raw_decode(text, start)
        except (ValueError, RecursionError) as error:
            raise _parse_error(str(error)) from error
        if not isinstance(document, dict):
            what = "an array" if isinstance(document, list) else "a primitive"
            _mismatch(f"The input JSON contained {what} at the top level. The top level must be an object.")
        yield document
        while start < len(text) and text[start].isspace():
            start += 1


def _no_constant(name: str) -> NoReturn:
    message = f"{name} is not JSON"
    raise ValueError(message)


_DECODER = json.JSONDecoder(parse_constant=_no_constant)


def _parse_error(why: str) -> ConversionError:
    return ConversionError("ParseError", f"Encountered malformed JSON. {why}")


def _mismatch(why: str) -> NoReturn:
    raise ConversionError("MalformedData", f"Data does not match the schema. {why}")


def _unreadable(value: Any) -> NoReturn:
    _mismatch(f'For input string: "{_plain(value)}"')


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _java_name(value: Any) -> str:
    if isinstance(value, bool):
        return "java.lang.Boolean"
    if isinstance(value, int):
        return "java.lang.Long"
    return "java.lang.Double" if isinstance(value, float) else "java.lang.String"


def _scalar(value: Any, name: str) -> Any:
    if name in _BITS:
        return _integer(value, _BITS[name])
    if name in {"double", "float"}:
        return _float(value, name)
    if name == "boolean":
        return _boolean(value)
    return _timestamp(value) if name == "timestamp" else _day(value)


def _integer(value: Any, bits: int) -> int:
    number = value
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        number = int(value, 16 if "x" in value.lower() else 10)
    if not isinstance(number, int) or isinstance(number, bool):
        _unreadable(value)
    if not -(1 << bits - 1) <= number < 1 << bits - 1:
        _mismatch(f"Value {number} is out of range for a column of {bits} bits.")
    return number


def _float(value: Any, name: str) -> float:
    if isinstance(value, str) and not _NUMBER.fullmatch(value.strip()):
        _unreadable(value)
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        _unreadable(value)
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    most = 3.4028234663852886e38 if name == "float" else math.inf
    if not math.isfinite(number) or abs(number) > most:
        _mismatch(f"Value {_plain(value)} is out of range for a column of type {name}.")
    return number


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in {"true", "false"}:
        return value.lower() == "true"
    _unreadable(value)


def _timestamp(value: Any) -> datetime:
    number = value
    if isinstance(value, str):
        found = _SPACED.fullmatch(value) or _ZULU.fullmatch(value)
        if found:
            year, month, day, hour, minute, second, fraction = found.groups()
            microseconds = int((fraction or "")[:6].ljust(6, "0"))
            try:
                day_start = datetime(int(year), int(month), int(day))  # noqa: DTZ001 - as _EPOCH
                return day_start.replace(
                    hour=int(hour), minute=int(minute), second=int(second), microsecond=microseconds
                )
            except ValueError:
                _unreadable(value)
        if not _NUMBER.fullmatch(value):
            _unreadable(value)
        number = float(value) if set(value) & set(".eE") else int(value)
    if isinstance(number, bool) or not isinstance(number, int | float):
        _unreadable(value)
    try:
        per_second = 1 if abs(number) < _LEAST_MILLISECONDS else 1000
        return _EPOCH + timedelta(seconds=number / per_second)
    except (OverflowError, ValueError):
        _unreadable(value)


def _day(value: Any) -> date:
    found = _DATE.fullmatch(value) if isinstance(value, str) else None
    try:
        return date(*map(int, found.groups())) if found else _unreadable(value)
    except ValueError:
        _unreadable(value)
