"""Partition projection: which partitions a table has by its properties alone.

Source: Athena user guide, "Supported types for partition projection" and "Set up partition projection". A value
that a rule does not produce has no rows, whatever lies under its prefix.
"""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from pipeline.local.athena.failures import QueryFailure

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.local.athena.catalog import LakeTable

# Java's letters that a date format may use, as (regular expression, strptime's directive).
_JAVA_LETTERS = {
    "yyyy": (r"\d{4}", "%Y"),
    "yy": (r"\d{2}", "%y"),
    "MM": (r"\d{2}", "%m"),
    "dd": (r"\d{2}", "%d"),
    "HH": (r"\d{2}", "%H"),
    "mm": (r"\d{2}", "%M"),
    "ss": (r"\d{2}", "%S"),
    "SSS": (r"\d{3}", "%f"),
}
_JAVA_PARTS = re.compile(r"'((?:[^']|'')*)'|([A-Za-z])\2*|[^A-Za-z']+")
_RELATIVE = re.compile(r"NOW\s*(?:([+-])\s*(\d+)\s*([A-Z]+?)S?)?", re.IGNORECASE)
_SECONDS = {"SECOND": 1, "MINUTE": 60, "HOUR": 3_600, "DAY": 86_400, "WEEK": 604_800}
_MONTHS = {"MONTH": 1, "YEAR": 12}
_EVERY_YEAR = 12


class Rule(Protocol):
    """How one partition column's values are projected."""

    @property
    def pattern(self) -> str:
        """What a value looks like in an object's key, as a regular expression."""

    def holds(self, value: str) -> bool:
        """Whether the rule produces `value`."""


@dataclass(frozen=True)
class EnumRule:
    """Values from a list."""

    values: tuple[str, ...]

    @property
    def pattern(self) -> str:
        """The values themselves, the longest first."""
        return "|".join(re.escape(value) for value in sorted(self.values, key=len, reverse=True))

    def holds(self, value: str) -> bool:
        """Whether it is in the list."""
        return value in self.values


@dataclass(frozen=True)
class IntegerRule:
    """Integers of a range, `interval` apart, padded with zeros to `digits`."""

    low: int
    high: int
    interval: int = 1
    digits: int = 1
    pattern: str = r"-?\d+"

    def holds(self, value: str) -> bool:
        """Whether it is a step of the range, written as the rule writes it."""
        number = int(value)
        inside = self.low <= number <= self.high and (number - self.low) % self.interval == 0
        return inside and value == (f"{number:0{self.digits}d}")


@dataclass(frozen=True)
class DateRule:
    """Dates of a range, `interval` units apart, in Java's `format`. NOW is the moment of the query, in UTC."""

    format: str
    low: str
    high: str
    interval: int
    unit: str

    @property
    def pattern(self) -> str:
        """The format as a regular expression."""
        return "".join(pattern for pattern, _ in _java_parts(self.format))

    def holds(self, value: str) -> bool:
        """Whether it is a step of the range."""
        moment = self._moment(value)
        low = self._bound(self.low)
        return moment is not None and low <= moment <= self._bound(self.high) and self._is_step(low, moment)

    def _is_step(self, low: datetime, moment: datetime) -> bool:
        if self.unit in _MONTHS:
            months = (moment.year - low.year) * 12 + moment.month - low.month
            return months % (self.interval * _MONTHS[self.unit]) == 0 and _months_after(low, months) == moment
        return (moment - low) % timedelta(seconds=self.interval * _SECONDS[self.unit]) == timedelta(0)

    def _bound(self, text: str) -> datetime:
        relative = _RELATIVE.fullmatch(text.strip())
        if relative is None:
            moment = self._moment(text.strip())
            if moment is None:
                raise QueryFailure(f"INVALID_TABLE_PROPERTY: {text!r} is not a date of the form {self.format}")
            return moment
        now = datetime.now(UTC).replace(tzinfo=None)
        sign, number, unit = relative.groups()
        if sign is not None:
            count = int(f"{sign}{number}")
            if unit.upper() in _MONTHS:
                now = _months_after(now, count * _MONTHS[unit.upper()])
            else:
                now += timedelta(seconds=count * _SECONDS[unit.upper()])
        # A relative bound counts as finely as the format writes it.
        return self._moment(now.strftime("".join(code for _, code in _java_parts(self.format)))) or now

    def _moment(self, text: str) -> datetime | None:
        try:
            return datetime.strptime(text, "".join(code for _, code in _java_parts(self.format)))  # noqa: DTZ007 - UTC
        except ValueError:
            return None


@dataclass(frozen=True)
class InjectedRule:
    """Any value that the query itself names."""

    pattern: str = r"[^/]+"

    def holds(self, value: str) -> bool:
        """Any text will do."""
        return bool(value)


def _java_parts(text: str) -> list[tuple[str, str]]:
    """A Java date format in pieces: (regular expression, strptime's directive)."""
    parts = []
    for found in _JAVA_PARTS.finditer(text):
        piece = found.group(0)
        if found.group(2) is None:
            literal = (found.group(1) or "'" if piece.startswith("'") else piece).replace("''", "'")
            parts.append((re.escape(literal), literal.replace("%", "%%")))
        elif piece in _JAVA_LETTERS:
            parts.append(_JAVA_LETTERS[piece])
        else:
            raise QueryFailure(
                f"INVALID_TABLE_PROPERTY: the local cloud knows no {piece!r} in a projection's date format"
            )
    return parts


def _months_after(moment: datetime, months: int) -> datetime:
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    return moment.replace(year=year, month=month + 1, day=min(moment.day, monthrange(year, month + 1)[1]))


def _date_rule(get: Callable[[str], str | None], column: str) -> DateRule:
    form, (low, high) = _required(get, column, "format"), _pair(get, column)
    finest = "day" if "dd" in form else "month"
    interval, unit = get("interval"), get("interval.unit")
    if unit is None:
        if any(letters in form for letters in ("HH", "mm", "ss", "SSS")):
            raise QueryFailure(f"INVALID_TABLE_PROPERTY: projection.{column}.interval.unit is missing")
        unit = finest
    return DateRule(form, low, high, int(interval or 1), unit.strip().upper().removesuffix("S"))


def _required(get: Callable[[str], str | None], column: str, name: str) -> str:
    value = get(name)
    if value is None:
        raise QueryFailure(f"INVALID_TABLE_PROPERTY: Table property projection.{column}.{name} is missing")
    return value


def _pair(get: Callable[[str], str | None], column: str) -> tuple[str, str]:
    low, comma, high = _required(get, column, "range").partition(",")
    if not comma:
        raise QueryFailure(f"INVALID_TABLE_PROPERTY: projection.{column}.range has no two ends")
    return low.strip(), high.strip()


def _rule(table: LakeTable, column: str) -> Rule:
    def get(name: str) -> str | None:
        return table.parameters.get(f"projection.{column}.{name}")

    kind = (get("type") or "").strip().lower()
    if kind == "enum":
        return EnumRule(tuple(_required(get, column, "values").split(",")))
    if kind == "integer":
        low, high = _pair(get, column)
        return IntegerRule(int(low), int(high), int(get("interval") or 1), int(get("digits") or 1))
    if kind == "date":
        return _date_rule(get, column)
    if kind == "injected":
        return InjectedRule()
    raise QueryFailure(
        f"INVALID_TABLE_PROPERTY: Table {table.database}.{table.name} is configured for partition projection, "
        f"but the type of the partition column {column} is {kind or 'missing'!r}"
    )


def is_projected(table: LakeTable) -> bool:
    """Whether the table's partitions come from its properties."""
    return table.parameters.get("projection.enabled", "").strip().lower() == "true" and bool(table.partition_keys)


def rules(table: LakeTable) -> dict[str, Rule]:
    """The rule of each partition column, by name."""
    return {key.name: _rule(table, key.name) for key in table.partition_keys}


def key_pattern(table: LakeTable, column_rules: dict[str, Rule]) -> tuple[str, re.Pattern[str]]:
    """The bucket, and a pattern for the keys of the table's objects with the partition values as named groups.

    Without `storage.location.template` the partitions lie in folders `column=value` under the table's location.
    """
    folders = "/".join(f"{name}=${{{name}}}" for name in column_rules)
    template = table.parameters.get("storage.location.template") or f"{table.location.rstrip('/')}/{folders}"
    bucket, _, prefix = template.removeprefix("s3://").partition("/")
    pattern, used = "", set()
    for part in re.split(r"(\$\{\w+\})", prefix.rstrip("/") + "/"):
        name = part[2:-1].lower() if part.startswith("${") else ""
        if not name:
            pattern += re.escape(part)
        elif name in used:
            pattern += f"(?P={name})"
        else:
            used.add(name)
            pattern += f"(?P<{name}>{column_rules[name].pattern})"
    return bucket, re.compile(pattern)
