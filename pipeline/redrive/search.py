"""Where the events of a replay are kept once they were sent, and how to find some of them there.

In the order in which the places are looked through, until everything is found:

1. `dead-letter/replay/`: what the replay itself gave up, byte for byte
2. `raw/orders/`: what the stream brought to the warehouse's delivery, byte for byte
3. `orders/`: the lake's Parquet, column by column
4. the dead-letter bucket and `errors/`: what the functions behind the stream and the lake's delivery gave up
5. the replay's own file, when it is still the same one

Page views and sessions have one sink, the lake: what it misses is not looked for there, nor is it staged elsewhere.

An event is what the replay sent when its SentAt is that of the ledger, or its ReplayID the replay's (behind the API the
function stamps events anew). A later correction of it is another event's business and stays where it is.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import io
import json
import re
import zlib
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.clients import aws_errors
from pipeline.contracts.event import InvalidEventError
from pipeline.errors import BadInputError
from pipeline.redrive import wire
from pipeline.replay.families import ORDERS
from pipeline.replay.kept import DEAD_LETTERS
from pipeline.replay.opening import open_file
from pipeline.replay.rows import Record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime
    from pathlib import Path

    from pipeline.replay.families import Family
    from pipeline.replay.opening import File
    from pipeline.stack import Outputs

FILE = "the file"
_HOUR = "%Y/%m/%d/%H"
_SKEW = timedelta(hours=1)  # Firehose names the hours by a clock of its own
_MOST_BYTES = 256 << 20  # of one object; Firehose writes 128 MiB at most
_BROKEN = (EOFError, zlib.error, gzip.BadGzipFile)
# Records as Lambda and Firehose keep them: base64 within JSON, which may itself be text within JSON.
_ENCODED = re.compile(rb'\\?"(?:rawData|data)\\?"\s*:\s*\\?"([A-Za-z0-9+/=]{4,})')
_ID = b'{"EventID":"'
# The lake's columns, by the contract's names.
_COLUMNS = {
    "EventID": "event_id", "InvoiceNo": "invoice_no", "LineNo": "line_no", "StockCode": "stock_code",
    "Description": "description", "Quantity": "quantity", "InvoiceDate": "invoice_date", "UnitPrice": "unit_price",
    "CustomerID": "customer_id", "Country": "country", "ReplayID": "replay_id", "SentAt": "sent_at",
}  # fmt: skip


@dataclass(frozen=True)
class Wanted:
    """An event to be found: its line in the file, and the SentAt that the ledger has for it."""

    line: int
    sent_at: str


@dataclass(frozen=True)
class Origin:
    """The replay that sent it: since when (UTC), from which file, and the file's SHA-256 where it is known.

    `family` is what it sent; `shift_to` is what the file was opened with. `first` is the replay that read the file,
    whose ReplayID the events have, when this one sent again what that one had.
    """

    replay_id: str
    since: datetime
    file: Path
    sha256: str | None
    family: Family = ORDERS
    shift_to: str | None = None
    first: str | None = None


@dataclass(frozen=True)
class _Place:
    name: str
    bucket: str
    prefix: str
    read: Callable[[bytes], Iterator[bytes]]
    by_hour: bool = False  # keys go on with the hour, so that the earlier ones can be passed over
    but: tuple[str, ...] = ()  # prefixes beneath it where something else is kept


class Search:
    """Finds events; `records` gives each once. What is nowhere stays in `wanted`."""

    def __init__(self, s3: Any, outputs: Outputs, origin: Origin, wanted: Mapping[str, Wanted]) -> None:  # noqa: ANN401 - boto3
        self.wanted = dict(wanted)
        self._s3 = s3
        self._origin = origin
        lake = outputs.lake_bucket
        self._wire = wire.OF[origin.family.name]
        self._places = (
            _Place("dead-letter/replay/", lake, f"{DEAD_LETTERS}{origin.replay_id}", _letters),
            *(() if origin.family.lake_only else self._of_orders(lake)),
            _Place("the dead-letter bucket", outputs.dead_letter_bucket, "aws/lambda/", _encoded),
            *(_Place(f"errors/{name}/", lake, f"errors/{name}/", _encoded) for name in origin.family.errors),
        )

    def _of_orders(self, lake: str) -> tuple[_Place, ...]:
        return (
            _Place("raw/orders/", lake, "raw/orders/", _lines, by_hour=True, but=("raw/orders/errors/",)),
            _Place("orders/", lake, "orders/", self._parquet, by_hour=True),
        )

    def records(self) -> Iterator[tuple[str, Record]]:
        """Where it was found, and the record as it is to be sent: as it was, with the mark. Raises CloudError."""
        for place in self._places:
            if not self.wanted:
                return
            for data in self._kept(place):
                record = self._match(data)
                if record:
                    yield place.name, record
                    if not self.wanted:
                        return
        if self.wanted:
            yield from ((FILE, record) for record in self._of_file())

    def _match(self, data: bytes) -> Record | None:
        if not self._may_match(data):
            return None
        try:
            found = self._wire.read(data)
        except InvalidEventError:
            return None
        wanted = self.wanted.get(str(found["EventID"]))
        if wanted is None or not (found["SentAt"] == wanted.sent_at or found["ReplayID"] == self._origin.replay_id):
            return None
        del self.wanted[str(found["EventID"])]
        return self._wire.record(found, wanted.line)

    def _may_match(self, data: bytes) -> bool:
        """Whether it is worth parsing: our own records begin with their EventID."""
        if not data.startswith(_ID):
            return bool(data.strip())
        event_id = data[len(_ID) : data.find(b'"', len(_ID))]
        return b"\\" in event_id or event_id.decode(errors="replace") in self.wanted

    def _kept(self, place: _Place) -> Iterator[bytes]:
        with aws_errors(f"s3://{place.bucket}/{place.prefix}"):
            for key in self._keys(place):
                body = self._s3.get_object(Bucket=place.bucket, Key=key)["Body"].read()
                try:
                    yield from place.read(body)
                except _BROKEN:
                    continue

    def _keys(self, place: _Place) -> list[str]:
        """The objects that were written since the replay began, the earliest first."""
        start = {"StartAfter": place.prefix + (self._origin.since - _SKEW).strftime(_HOUR)} if place.by_hour else {}
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=place.bucket, Prefix=place.prefix, **start)
        kept = [
            (found["LastModified"], str(found["Key"]))
            for page in pages
            for found in page.get("Contents", [])
            if found["LastModified"] >= self._origin.since
            and found["Size"] <= _MOST_BYTES
            and not found["Key"].startswith(place.but or ("\0",))
        ]
        return [key for _, key in sorted(kept)]

    def _parquet(self, body: bytes) -> Iterator[bytes]:
        try:
            file = pq.ParquetFile(io.BytesIO(body))
        except pa.ArrowInvalid:
            return
        for batch in file.iter_batches():
            ids = batch.column("event_id").to_pylist()
            places = [at for at, event_id in enumerate(ids) if event_id in self.wanted]
            for row in batch.take(pa.array(places, pa.int64())).to_pylist():
                values = {name: row[column] for name, column in _COLUMNS.items()}
                yield json.dumps(values, default=str).encode()

    def _of_file(self) -> Iterator[Record]:
        """The rows of the file as they were sent, if it is still the file that they were read from."""
        origin = self._origin
        try:
            with self._opened() as file:
                if origin.sha256 is None or file.source.sha256() != origin.sha256:
                    return
            with self._opened() as file:
                for row in file.rows(origin.first or origin.replay_id):
                    wanted = self.wanted.get(row.event_id or "") if isinstance(row, Record) else None
                    if isinstance(row, Record) and wanted and wanted.line == row.line:
                        del self.wanted[row.event_id]
                        yield self._wire.record({**self._wire.read(row.data), "SentAt": wanted.sent_at}, row.line)
        except BadInputError:  # FileRefusedError, or it holds something else now
            return

    def _opened(self) -> File:
        return open_file(self._origin.file, shift_to=self._origin.shift_to)


def _lines(body: bytes) -> Iterator[bytes]:
    """The lines of an object, gzip or plain."""
    if not body.startswith(b"\x1f\x8b"):
        yield from io.BytesIO(body)
        return
    with gzip.GzipFile(fileobj=io.BytesIO(body)) as file:
        yield from file


def _letters(body: bytes) -> Iterator[bytes]:
    """The records in a part of the replay's dead letters."""
    for line in _lines(body):
        try:
            yield str(json.loads(line)["raw"]).encode()
        except (ValueError, KeyError, TypeError):
            continue


def _encoded(body: bytes) -> Iterator[bytes]:
    """The records that are encoded within an object."""
    for encoded in _ENCODED.findall(body):
        try:
            yield base64.b64decode(encoded, validate=True)
        except binascii.Error:
            continue
