"""The names of delivered objects.

From the developer guide, "Configure Amazon S3 object name format" and "Understand custom prefixes for Amazon S3
objects": `<evaluated prefix><stream>-<version>-<yyyy-MM-dd-HH-mm-ss>-<uuid><extension>`, where time is the arrival
of the oldest record in the object.
"""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from time import struct_time

EXPRESSION = re.compile(r"!\{([A-Za-z]+):([^}]*)\}")
_RANDOM_CHARACTERS = 11
_HOUR = "yyyy/MM/dd/HH/"


def success_prefix(prefix: str, arrived: float, zone: str = "") -> str:
    """`Prefix`, evaluated; the hour is appended when it holds no time of its own."""
    when = _local(arrived, zone)
    evaluated = _evaluate(prefix, when)
    if any(namespace == "timestamp" for namespace, _ in EXPRESSION.findall(prefix)):
        return evaluated
    return evaluated + _java_time(_HOUR, when)


def error_prefix(prefix: str, error_prefix: str, kind: str, arrived: float, zone: str = "") -> str:
    """`ErrorOutputPrefix`, evaluated for errors of `kind`; without one, `<Prefix><kind>/<hour>`."""
    when = _local(arrived, zone)
    if error_prefix:
        return _evaluate(error_prefix, when, kind)
    return f"{prefix}{kind}/{_java_time(_HOUR, when)}"


def suffix(stream: str, version: int, arrived: float, zone: str = "", extension: str = "") -> str:
    """What follows the prefix: unique, whoever else writes there."""
    when = _java_time("yyyy-MM-dd-HH-mm-ss", _local(arrived, zone))
    return f"{stream}-{version}-{when}-{uuid.uuid4()}{extension}"


def _evaluate(template: str, when: struct_time, kind: str = "") -> str:
    def value(match: re.Match[str]) -> str:
        namespace, name = match.groups()
        if namespace == "timestamp":
            return _java_time(name, when)
        if (namespace, name) == ("firehose", "random-string"):
            return str(uuid.uuid4())[:_RANDOM_CHARACTERS]
        if (namespace, name) == ("firehose", "error-output-type"):
            return kind
        message = f"The S3 prefix holds !{{{namespace}:{name}}}, which has no value here."
        raise ValueError(message)

    return EXPRESSION.sub(value, template)


def _local(arrived: float, zone: str) -> struct_time:
    return datetime.fromtimestamp(arrived, ZoneInfo(zone) if zone else UTC).timetuple()


def _java_time(pattern: str, when: struct_time) -> str:
    from ministack.services.firehose import _java_time as java_time

    return str(java_time(pattern, when))
