"""Single values as people send them, turned into values that every sink can hold.

Each function takes one raw value (from JSON or from a CSV cell), returns the value that the contracts want,
or raises ValueError whose text says what is wrong, without the field's name: the caller knows that.
"""

from __future__ import annotations

import math
import re
from datetime import datetime, timedelta
from decimal import Context, Decimal

MAX_TEXT_BYTES = 1000  # of UTF-8; the warehouse's columns are that wide
INT32_MAX = 2**31 - 1
INT64_MAX = 2**63 - 1
FIRST_YEAR, LAST_YEAR = 1970, 2099  # outside of it a date is a typing error, not a sale

_EXACT_FLOAT = 2**53  # above it a JSON float no longer tells one whole number from the next
_PRICE_STEP = Decimal("0.0001")  # decimal(12,4)
_PRICE_WHOLE_DIGITS = 8
_EXACT = Context(prec=40)  # whatever a thread's own decimal context says
_SHOWN = 60

# Control characters (PostgreSQL and Redshift refuse NUL; C1 is a sign of wrong decoding) and lone surrogates,
# which are not UTF-8.
_REFUSED = r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff"
_REFUSED_IN_PROSE = re.compile(f"[{_REFUSED}]")
_REFUSED_IN_KEYS = re.compile(f"[\t\n\r{_REFUSED}]")

_WHOLE = re.compile(r"[+-]?[0-9]{1,30}(?:\.0{0,30})?")
_DECIMAL = re.compile(r"[+-]?(?:[0-9]{1,30}(?:\.[0-9]{0,30})?|\.[0-9]{1,30})")
_ISO = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[ T]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,9}))?)?"
    r" ?(?:(Z)|([+-])([0-9]{2}):?([0-9]{2}))?"
)
_MONTH_FIRST = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4}) ([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?")


def shown(value: object) -> str:
    """A raw value for a message: Python's notation, cut to about 60 characters."""
    if isinstance(value, str):
        value = value[: _SHOWN + 1]
    elif isinstance(value, int) and abs(value) > 10**_SHOWN:
        return "a number of that many digits"  # Python refuses to write out one of 5,000
    written = repr(value)
    return written if len(written) <= _SHOWN else written[: _SHOWN - 3] + "..."


def refused(value: object, why: str) -> ValueError:
    """The error to raise for a value: what it was and what is wrong with it."""
    return ValueError(f"{shown(value)} {why}")


def is_missing(value: object) -> bool:
    """JSON null, an absent name, or an empty CSV cell."""
    return value is None or (isinstance(value, str) and not value.strip())


def key_text(value: object) -> str:
    """An identifying text (invoice, stock code, country), outer white space taken off.

    pandas turns all-digit columns into numbers, so a whole number is taken as its digits.
    """
    text = _digits(value) if not isinstance(value, str) else value
    return _checked(text.strip(), _REFUSED_IN_KEYS)


def prose(value: object) -> str:
    """A text for people (a description), kept as it was sent; tabs and line ends are allowed."""
    text = _digits(value) if not isinstance(value, str) else value
    return _checked(text, _REFUSED_IN_PROSE)


def whole_number(value: object, low: int, high: int) -> int:
    """An int between low and high, both included; 6, 6.0, "6" and "6.0" are the same number, true is none."""
    number = _whole(value)
    if not low <= number <= high:
        raise refused(value, f"is not between {low} and {high}")
    return number


def price(value: object) -> Decimal:
    """Money that fits decimal(12,4) exactly, without trailing zeros: Decimal("2.1"), Decimal("38970")."""
    number = decimal(value)
    if not number:
        return Decimal(0)
    if number.adjusted() >= _PRICE_WHOLE_DIGITS:
        raise refused(value, f"is too large: at most {_PRICE_WHOLE_DIGITS} digits before the point")
    kept = number.quantize(_PRICE_STEP, context=_EXACT)
    if kept != number:
        raise refused(value, "has more than 4 decimals")
    return Decimal(format(kept, "f").rstrip("0").rstrip("."))


def decimal(value: object) -> Decimal:
    """Any finite number, exactly as it was written: 2.55, "2.55", ".5"."""
    if isinstance(value, str):
        text = value.strip()
        if not _DECIMAL.fullmatch(text):
            raise refused(value, "is not a decimal number")
        return Decimal(text)
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise refused(value, "is not a number")
    if isinstance(value, int):
        return Decimal(value)
    if not _is_finite(value):
        raise refused(value, "is not a number")
    # A float's shortest notation is what its sender wrote: 2.55, not 2.5499999999999998223643160599749535322.
    return Decimal(repr(value)) if isinstance(value, float) else value


def timestamp(value: object) -> str:
    """UTC `YYYY-MM-DD HH:MM:SS`, with `.ffffff` only where the source has a fraction of a second.

    Taken: that form, the same with T, Z or an offset and without seconds, and the data set's own
    `12/1/2010 8:26` (month/day/year). A time without an offset is UTC.
    """
    if not isinstance(value, str):
        raise refused(value, "is not a date; write it as '2010-12-01 08:26:00'")
    text = value.strip()
    try:
        moment = _iso(text) or _month_first(text)
    except (ValueError, OverflowError) as error:
        raise refused(value, f"does not exist: {error}") from error
    if moment is None:
        raise refused(value, "is not a date like '2010-12-01 08:26:00' or '12/1/2010 8:26'")
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise refused(value, f"is not in the years {FIRST_YEAR} to {LAST_YEAR}")
    return moment.isoformat(sep=" ")


def _checked(text: str, unstorable: re.Pattern[str]) -> str:
    bad = unstorable.search(text)
    if bad:
        raise refused(text, f"has U+{ord(bad.group()):04X} at position {bad.start() + 1}, which no sink can hold")
    if len(text) > MAX_TEXT_BYTES or (not text.isascii() and len(text.encode()) > MAX_TEXT_BYTES):
        raise refused(text, f"is longer than {MAX_TEXT_BYTES} bytes")
    return text


def _digits(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise refused(value, "is not a text")
    return str(_whole(value))


def _whole(value: object) -> int:
    if isinstance(value, str):
        text = value.strip()
        if not _WHOLE.fullmatch(text):
            raise refused(value, "is not a whole number")
        return int(text.partition(".")[0])
    if isinstance(value, bool):
        raise refused(value, "is not a number")
    if isinstance(value, int):
        return value
    if isinstance(value, float | Decimal):
        if not _is_finite(value) or not -_EXACT_FLOAT <= value <= _EXACT_FLOAT or value % 1 != 0:
            raise refused(value, "is not a whole number")
        return int(value)
    raise refused(value, "is not a number")


def _is_finite(value: float | Decimal) -> bool:
    return value.is_finite() if isinstance(value, Decimal) else math.isfinite(value)


def _iso(text: str) -> datetime | None:
    match = _ISO.fullmatch(text)
    if not match:
        return None
    year, month, day, hour, minute, second, fraction, _zulu, sign, off_hours, off_minutes = match.groups()
    micros = int((fraction or "0")[:6].ljust(6, "0"))
    moment = datetime(int(year), int(month), int(day), int(hour), int(minute), int(second or 0), micros)  # noqa: DTZ001
    if sign:
        offset = timedelta(hours=int(off_hours), minutes=int(off_minutes))
        moment += -offset if sign == "+" else offset
    return moment


def _month_first(text: str) -> datetime | None:
    match = _MONTH_FIRST.fullmatch(text)
    if not match:
        return None
    month, day, year, hour, minute, second = match.groups()
    return datetime(int(year), int(month), int(day), int(hour), int(minute), int(second or 0))  # noqa: DTZ001
