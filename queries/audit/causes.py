"""Why a sink does not hold an event: looked for where what did not get through is kept, in the replay's time."""

from __future__ import annotations

import base64
import binascii
import gzip
import json
import re
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from pipeline.clients import aws_errors
from pipeline.errors import WeirError
from pipeline.replay.families import ORDERS
from pipeline.replay.kept import DEAD_LETTERS
from queries.loader import load

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from pipeline.replay.families import Family
    from pipeline.stack import Outputs
    from queries.figure import Engine

_SQL = load("warehouse")
_READERS = 8
_AT_A_TIME = 64  # objects, and then a look whether everything is found
_MOST_BYTES = 16 << 20  # of one object
_MOST_LOAD_ERRORS = 1_000
# Records as Firehose and Lambda keep them: base64 within JSON, which may itself be text within JSON.
_ENCODED = re.compile(rb'\\?"(?:rawData|data)\\?"\s*:\s*\\?"([A-Za-z0-9+/=]{4,})')

# Bytes that go on with a name: letters and digits, a dash, and what UTF-8 writes other letters with.
_NO_LETTER_BEFORE, _NO_LETTER_BEHIND = rb"(?<![\w\x80-\xff-])", rb"(?![\w\x80-\xff-])"


@dataclass(frozen=True)
class Place:
    """A prefix of a bucket where something is kept, and what it means that an event is found there."""

    bucket: str
    prefix: str
    meaning: str


class Causes:
    """Looks for causes in what was written from `since` to `until`, UTC: all of it, however much that is."""

    def __init__(
        self,
        s3: Any,  # noqa: ANN401 - boto3
        warehouse: Engine,
        outputs: Outputs,
        replay_id: str,
        between: tuple[datetime, datetime],
        family: Family = ORDERS,
    ) -> None:
        self._s3 = s3
        self._warehouse = warehouse
        self._since, self._until = between
        lake = outputs.lake_bucket
        self._quarantine = Place(lake, family.quarantine, "in quarantine")
        self._given_up = Place(lake, f"{DEAD_LETTERS}{replay_id}", "dead-lettered by the replay")
        self._of_sink = {
            "lake": [Place(lake, f"errors/{name}/", "Firehose could not convert it") for name in family.errors],
            "invoices": [Place(outputs.dead_letter_bucket, "aws/lambda/", "dead-lettered by the invoice writer")],
            "warehouse": [Place(lake, "raw/orders/errors/", "its batch was given up by COPY")],
        }

    def of(self, sink: str, event_ids: set[str]) -> dict[str, str]:
        """The likely cause for each event for which there is one. Raises CloudError."""
        if not event_ids:
            return {}
        found = self._load_errors(event_ids) if sink == "warehouse" else {}
        for place in (*self._of_sink[sink], self._given_up, self._quarantine):
            for event_id, key in self._kept(place, event_ids - set(found)).items():
                found[event_id] = f"{place.meaning}: s3://{place.bucket}/{key}"
        return found

    def _kept(self, place: Place, event_ids: set[str]) -> dict[str, str]:
        if not event_ids:
            return {}
        written = {form: name for name in event_ids for form in _forms(name)}
        names = b"|".join(map(re.escape, sorted(written, key=len, reverse=True)))
        sought = re.compile(_NO_LETTER_BEFORE + rb"(?:" + names + rb")" + _NO_LETTER_BEHIND)
        found: dict[str, str] = {}

        def look(key: str) -> tuple[str, set[str]]:
            texts = _texts(self._body(place.bucket, key))
            return key, {written[form] for text in texts for form in sought.findall(text)}

        with aws_errors(f"s3://{place.bucket}/{place.prefix}"), ThreadPoolExecutor(_READERS) as pool:
            keys = iter(self._keys(place))
            while len(found) < len(event_ids) and (part := list(islice(keys, _AT_A_TIME))):
                for key, seen in pool.map(look, part):
                    for event_id in seen:
                        found.setdefault(event_id, key)
        return found

    def _keys(self, place: Place) -> Iterator[str]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=place.bucket, Prefix=place.prefix)
        for page in pages:
            for found in page.get("Contents", []):
                if self._since <= found["LastModified"] <= self._until and found["Size"] <= _MOST_BYTES:
                    yield str(found["Key"])

    def _body(self, bucket: str, key: str) -> bytes:
        body: bytes = self._s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        try:
            return gzip.decompress(body) if body.startswith(b"\x1f\x8b") else body
        except (EOFError, zlib.error, gzip.BadGzipFile):
            return b""

    def _load_errors(self, event_ids: set[str]) -> dict[str, str]:
        since = self._since.strftime("%Y-%m-%d %H:%M:%S")
        try:
            told = self._warehouse.ask(_SQL["load_errors"], since=since, most=_MOST_LOAD_ERRORS).frame
        except WeirError:
            return {}  # the view is for administrators: without it the cause stays unknown
        found: dict[str, str] = {}
        for file, errors in told.groupby("file_name"):
            wanted = {int(row["line_number"]): row for row in errors.to_dict("records")}
            for number, event_id in self._lines(str(file), wanted):
                if event_id in event_ids:
                    row = wanted[number]
                    why = f"{row['column_name']}: {row['error_message']}"
                    found[event_id] = f"COPY error in {file} line {number}, {why}"
        return found

    def _lines(self, file: str, wanted: Mapping[int, object]) -> Iterator[tuple[int, str]]:
        bucket, _, key = file.removeprefix("s3://").partition("/")
        with aws_errors(file):
            lines = self._body(bucket, key).splitlines()
        for number in wanted:
            try:
                yield number, str(json.loads(lines[number - 1])["EventID"])
            except (IndexError, ValueError, KeyError, TypeError):
                continue


def _forms(event_id: str) -> set[bytes]:
    """How a text may write a name: as it is, and within JSON, with other letters escaped or not."""
    escaped = (json.dumps(event_id, ensure_ascii=ascii_only)[1:-1] for ascii_only in (True, False))
    return {text.encode() for text in (event_id, *escaped)}


def _texts(body: bytes) -> Iterator[bytes]:
    """An object's text, and the records that are encoded within it."""
    yield body
    for encoded in _ENCODED.findall(body):
        try:
            yield base64.b64decode(encoded, validate=True)
        except binascii.Error:
            continue
