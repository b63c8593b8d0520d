"""What a COPY command says: its options, and the JSONPaths file that it names.

Redshift developer guide, "COPY parameter reference" and "COPY from JSON format".
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from pipeline.errors import QueryFailedError
from pipeline.local import objects as s3

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MOST_ERRORS = 100_000  # "the limit is 100000"

_OPTION = re.compile(r"\s*(?:'((?:[^']|'')*)'|([A-Za-z]+)|([0-9]+))")
_PATH = re.compile(r"\$(?:\['[^']+'\]|\[[0-9]+\]|\.[^.'\[\]]+)+")
_STEP = re.compile(r"\['([^']+)'\]|\[([0-9]+)\]|\.([^.'\[\]]+)")
_TIME_FORMATS = {"auto", "YYYY-MM-DD HH:MI:SS"}

# Names and positions, from the record inwards.
Path = tuple[str | int, ...]


class CopyFailedError(QueryFailedError):
    """A COPY that loaded nothing."""


@dataclass(frozen=True)
class CopyCommand:
    """`COPY table (columns) FROM ... options`, the parts as a Firehose's CopyCommand has them."""

    table: str
    columns: tuple[str, ...] = ()
    options: str = ""


class Options(NamedTuple):
    """What the options say. `jsonpaths` is an s3:// address, or 'auto': names are the columns' own."""

    jsonpaths: str
    unzip: bool
    max_error: int
    round_decimals: bool

    @classmethod
    def parse(cls, options: str) -> Options:
        """Raises CopyFailedError for an option that the local COPY does not know."""
        tokens = [token for token in _tokens(options) if str(token).upper() not in {"AS", "FORMAT"}]
        jsonpaths, unzip, max_error, round_decimals = "", False, 0, False
        while tokens:
            name = str(tokens.pop(0)).upper()
            value = tokens.pop(0) if tokens and name in {"JSON", "MAXERROR", "TIMEFORMAT"} else None
            if name == "JSON" and isinstance(value, str):
                jsonpaths = value
            elif name == "GZIP":
                unzip = True
            elif name == "ROUNDEC":
                round_decimals = True
            elif name == "MAXERROR" and isinstance(value, int) and value <= MOST_ERRORS:
                max_error = value
            elif name != "TIMEFORMAT" or value not in _TIME_FORMATS:
                shown = name if value is None else f"{name} {value}"
                raise CopyFailedError(f"COPY: the local COPY does not know {shown} in {options!r}.")
        if not jsonpaths:
            raise CopyFailedError(f"COPY: the local COPY loads JSON only, and {options!r} does not ask for it.")
        return cls(jsonpaths, unzip, max_error, round_decimals)


def paths(jsonpaths: str, columns: Sequence[str]) -> list[Path]:
    """Where in a record each column's value is. Raises CopyFailedError for a JSONPaths file that is none."""
    if jsonpaths != "auto":
        bucket, _, key = jsonpaths.removeprefix("s3://").partition("/")
        try:
            named = json.loads(s3.get(bucket, key))
        except ValueError as error:
            raise CopyFailedError(f"COPY: {jsonpaths} is not JSON: {error}") from error
        # "If the name is any string other than jsonpaths, COPY uses the 'auto' argument."
        if isinstance(named, dict) and "jsonpaths" in named:
            expressions = [str(each) for each in named["jsonpaths"]]
            if len(expressions) != len(columns):
                counts = f"{len(expressions)} paths for {len(columns)} columns"
                raise CopyFailedError(f"COPY: {jsonpaths} has {counts}.")
            return [_path(each) for each in expressions]
    return [(column,) for column in columns]


def _path(expression: str) -> Path:
    if not _PATH.fullmatch(expression):
        raise CopyFailedError(f"COPY: {expression!r} is no JSONPath that Redshift supports.")
    return tuple(int(index) if index else quoted or dotted for quoted, index, dotted in _STEP.findall(expression))


def _tokens(options: str) -> Iterator[str | int]:
    position = 0
    while options[position:].strip():
        token = _OPTION.match(options, position)
        if token is None:
            raise CopyFailedError(f"COPY: syntax error at or near {options[position:].strip()[:20]!r}.")
        quoted, word, number = token.groups()
        yield int(number) if number else word or quoted.replace("''", "'")
        position = token.end()
