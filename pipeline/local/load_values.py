"""What Redshift's COPY makes of one JSON value for a column of one type: the text to load, or a load error.

Codes and their meanings: Redshift developer guide, "Load error reference". Lengths are bytes ("Character types").
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal, InvalidOperation
from typing import NamedTuple

# The values of a parsed record: numbers come as they are written, so that no digit is lost before its column's
# type is known.
Value = str | bool | list[object] | dict[str, object] | None
Converter = Callable[[Value], str | None]

OUT_OF_RANGE = 1204
BAD_TIMESTAMP = 1206
BAD_DIGIT = 1207
BAD_DECIMAL = 1209
BAD_BOOLEAN = 1210
NOT_NULL = 1213
BAD_LINE = 1216
BAD_UTF8 = 1220
INTEGER_OVERFLOW = 1222

# bits and the name that error messages use
_INTEGERS = {"int2": (16, "Short"), "int4": (32, "Integer"), "int8": (64, "Long")}
_INTEGER = re.compile(r"-?[0-9]+")
_DIGITS = re.compile(r"-?[0-9]*")
_TIMESTAMP = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?")
_BOOLEANS = dict.fromkeys(("1", "t", "y", "yes", "true"), "t") | dict.fromkeys(("0", "f", "n", "no", "false"), "f")
_EXACT_DIGITS = 15  # every decimal of so many digits comes back from a double as it was


class Number(str):
    """A number of JSON, as it is written."""

    __slots__ = ()


class Real(Number):
    """One with a fraction or an exponent."""

    __slots__ = ()


class Column(NamedTuple):
    """A column to load: its type is int2, int4, int8, numeric, timestamp, date, bool, float8 or varchar."""

    name: str
    type: str
    length: int  # of a varchar in bytes; 0 where there is none
    precision: int
    scale: int
    not_null: bool


class ValueRefusedError(ValueError):
    """A value that its column cannot hold: the code and the text of the load error, and where in the value."""

    def __init__(self, code: int, message: str, position: int = 0) -> None:
        super().__init__(message)
        self.code = code
        self.position = position
        self.column: Column | None = None  # whose value it is; None where the whole line is refused


def converter(column: Column, *, round_decimals: bool) -> Converter:
    """The function from a value to the text for PostgreSQL, or to None for NULL; it raises ValueRefusedError."""
    if column.type in _INTEGERS:
        convert = _integer(*_INTEGERS[column.type])
    elif column.type == "numeric":
        convert = _numeric(column, round_decimals=round_decimals)
    elif column.type == "timestamp":
        convert = _timestamp
    elif column.type == "bool":
        convert = _boolean
    else:
        convert = _text(column.length)
    if not column.not_null:
        return convert

    def required(value: Value) -> str | None:
        converted = convert(value)
        if converted is None:
            raise ValueRefusedError(NOT_NULL, "Missing data for not-null field")
        return converted

    return required


def _plain(value: Value) -> str | None:
    """A value as COPY reads it: what is no text as the JSON that it was; an empty field is NULL."""
    if value is None:
        return None
    text = value if isinstance(value, str) else _json(value)
    return text.strip() or None


def _json(value: object) -> str:
    """An object or array is loaded as its text ("COPY from JSON format")."""
    if isinstance(value, Number):
        return value
    if isinstance(value, list):
        return f"[{','.join(map(_json, value))}]"
    if isinstance(value, dict):
        return f"{{{','.join(f'{_json(name)}:{_json(held)}' for name, held in value.items())}}}"
    return json.dumps(value, ensure_ascii=False)


def _integer(bits: int, name: str) -> Converter:
    greatest = 2 ** (bits - 1) - 1

    def convert(value: Value) -> str | None:
        text = _plain(value)
        if text is None:
            return None
        if not _INTEGER.fullmatch(text):
            right = _DIGITS.match(text)
            at = right.end() if right else 0
            message = f"Invalid digit, Value '{text[at : at + 1]}', Pos {at}, Type: {name}"
            raise ValueRefusedError(BAD_DIGIT, message, at)
        if len(text) > len(str(greatest)) + 1 or not -greatest - 1 <= int(text) <= greatest:
            raise ValueRefusedError(INTEGER_OVERFLOW, f"Overflow, Value '{text[:40]}', Type: {name}")
        return text

    return convert


def _numeric(column: Column, *, round_decimals: bool) -> Converter:
    """COPY goes by way of a double for a number of JSON, and cuts digits off unless told to round.

    Redshift developer guide, "COPY from JSON format", "Loss of numeric precision": 2.55 is no double, so without
    ROUNDEC it may become 2.5499 in a DECIMAL(12,4). The local COPY does lose it, so that a load that forgot ROUNDEC
    shows before it is on AWS.
    """
    step = Decimal(1).scaleb(-column.scale)
    limit = Decimal(10) ** (column.precision - column.scale)
    rounding = ROUND_HALF_UP if round_decimals else ROUND_DOWN
    plain = re.compile(rf"-?[0-9]+(\.[0-9]{{1,{max(column.scale, 1)}}})?")

    def convert(value: Value) -> str | None:
        text = _plain(value)
        if text is None:
            return None
        if (
            (round_decimals or type(value) is not Real)
            and len(text) <= min(_EXACT_DIGITS, column.precision - column.scale)
            and plain.fullmatch(text)
        ):
            return text
        try:
            exact = Decimal(float(text)) if type(value) is Real else Decimal(text)
            number = exact.quantize(step, rounding)
        except (InvalidOperation, OverflowError):
            raise ValueRefusedError(BAD_DECIMAL, f"Invalid value '{text[:40]}' for NUMERIC") from None
        if not number.is_finite():
            raise ValueRefusedError(BAD_DECIMAL, f"Invalid value '{text[:40]}' for NUMERIC")
        if abs(number) >= limit:
            size = f"{column.precision},{column.scale}"
            raise ValueRefusedError(OUT_OF_RANGE, f"Overflow for NUMERIC({size})")
        return format(number, "f")

    return convert


def _timestamp(value: Value) -> str | None:
    text = _plain(value)
    if text is None:
        return None
    if _TIMESTAMP.fullmatch(text):
        try:
            datetime.fromisoformat(text)
        except ValueError:
            pass
        else:
            return text
    raise ValueRefusedError(BAD_TIMESTAMP, "Invalid timestamp format or value [YYYY-MM-DD HH24:MI:SS]")


def _boolean(value: Value) -> str | None:
    text = _plain(value)
    if text is None:
        return None
    try:
        return _BOOLEANS[text.lower()]
    except KeyError:
        raise ValueRefusedError(BAD_BOOLEAN, f"Invalid boolean value '{text[:40]}'") from None


def _text(length: int) -> Converter:
    def convert(value: Value) -> str | None:
        if value is None:
            return None
        text = value if isinstance(value, str) else _json(value)
        if length and len(text if text.isascii() else _encoded(text)) > length:
            raise ValueRefusedError(OUT_OF_RANGE, "String length exceeds DDL length")
        return text

    return convert


def _encoded(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:  # half of a surrogate pair, written as an escape
        message = "String contains invalid or unsupported UTF-8 codepoints"
        raise ValueRefusedError(BAD_UTF8, message, error.start) from None
