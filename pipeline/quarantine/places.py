"""Where things are kept that did not get through, and how each place is read, row by row.

    quarantine/<events>/<replay>-0001.jsonl.gz        rows of a file that break the contract    `csv`, `line`
    quarantine/<events>/yyyy/MM/dd/HH/<request>.json  bodies that the API refused, as a whole, and lines that the
                                                      processor of page views refused           `json`, `line`, `text`
    dead-letter/replay/<replay>-0001.jsonl.gz         what a replay gave up                     `record`
    aws/lambda/... of the dead-letter bucket          what a function behind a stream gave up   `record`
    errors/<delivery>/...                             what Firehose could not process           `record`

<events> is orders, page_views or sessions. Memory is that of one object: 5,000 rows, or a body of 1 MiB, or a batch of
6 MB.
"""

from __future__ import annotations

import gzip
import io
import re
import zlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pipeline.contracts.event import InvalidEventError
from pipeline.contracts.order_line import CSV_FIELDS
from pipeline.quarantine import bodies
from pipeline.quarantine.parsed import as_json, as_text, as_whole, from_base64
from pipeline.quarantine.rows import Row
from pipeline.redrive import wire
from pipeline.replay.families import OF_NAME
from pipeline.replay.kept import DEAD_LETTERS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pipeline.stack import Outputs

_BROKEN = (EOFError, zlib.error, gzip.BadGzipFile)
_MOST_UNPACKED = 64 << 20
# What a function's name ends with, to the family that it is given.
_FUNCTIONS = {"page-counter": "page_views", "sessions-etl": "sessions"}
_ONE = {"orders": "order line", "page_views": "page view", "wikipedia": "line of Wikipedia's", "sessions": "session"}


@dataclass(frozen=True)
class Place:
    """A prefix of a bucket; `read` gives the rows of one object, none for what is broken.

    `folders` are those beneath the prefix that hold one family's rows each; elsewhere the objects tell.
    """

    name: str
    bucket: str
    prefix: str
    read: Callable[[Place, str, bytes], Iterator[Row]]
    folders: Mapping[str, str] = field(default_factory=dict)

    def family(self, key: str) -> str | None:
        """Whose rows an object holds, as far as its key tells."""
        return self.folders.get(key.removeprefix(self.prefix).partition("/")[0])

    def may_hold(self, key: str, events: str | None) -> bool:
        """Whether rows of these events (None: any) may be in an object; False also for what nobody reads."""
        family = self.family(key)
        if self.folders and family is None:
            return False
        return events is None or family is None or OF_NAME[family].kept == events


def places(outputs: Outputs) -> tuple[Place, ...]:
    """Where to look."""
    lake = outputs.lake_bucket
    errors = {name: family.name for family in OF_NAME.values() for name in family.errors}
    kept = {name: name for name in {family.kept for family in OF_NAME.values()}}
    return (
        Place("quarantine", lake, "quarantine/", _quarantine, kept),
        Place("replay", lake, DEAD_LETTERS, _letters),
        Place("function", outputs.dead_letter_bucket, "aws/lambda/", _batch),
        Place("delivery", lake, "errors/", _failures, errors),
    )


def _quarantine(place: Place, key: str, body: bytes) -> Iterator[Row]:
    if not key.endswith(".json"):
        return _lines(place, key, body)
    return bodies.rows({"place": place.name, "bucket": place.bucket, "key": key, "family": place.family(key)}, body)


def _lines(place: Place, key: str, body: bytes) -> Iterator[Row]:
    """The rows of a part that a replay wrote, see pipeline.replay.kept."""
    for number, note in enumerate(_notes(body)):
        raw = str(note.get("raw", ""))
        replay_id, line = as_text(note.get("replay_id")), as_whole(note.get("line"))
        kept_at, event_id = str(note.get("kept_at", "")), as_text(note.get("event_id"))
        columns = tuple(note.get("columns") or CSV_FIELDS)
        told = str(note.get("family"))  # a part of earlier versions tells none
        family = told if told in OF_NAME else place.family(key) or "orders"
        yield Row(
            place.name, place.bucket, key, number, "csv" if family == "orders" else "line", raw, raw.encode(),
            _reasons(note), kept_at, replay_id, line, event_id, columns, f"{replay_id}-{line}", family,
        )  # fmt: skip


def _letters(place: Place, key: str, body: bytes) -> Iterator[Row]:
    """The same of dead letters, whose raw text is the record itself."""
    for row in _lines(place, key, body):
        yield Row(**{**vars(row), "shape": "record", "columns": CSV_FIELDS})


def _batch(place: Place, key: str, body: bytes) -> Iterator[Row]:
    """The records of a batch that Lambda gave up: its S3 destination gets the whole invocation."""
    letter = as_json(body)
    payload = as_json(str(letter.get("payload", ""))) if isinstance(letter, dict) else None
    if not isinstance(letter, dict) or not isinstance(payload, dict):
        return
    context = letter.get("requestContext") or {}
    named = re.search(r":function:([\w-]+)", str(context.get("functionArn", "")))
    family = next((of for end, of in _FUNCTIONS.items() if named and named[1].endswith(end)), "orders")
    failed = (letter.get("responseContext") or {}).get("functionError")
    why = f"{context.get('condition', 'given up')}: after {context.get('approximateInvokeCount', '?')} invocations"
    why += f", {failed}" if failed else ""
    kept_at = str(letter.get("timestamp", "")).replace("T", " ").rstrip("Z")
    for number, record in enumerate(payload.get("Records") or []):
        kinesis = record.get("kinesis") or {}
        new_id = str(kinesis.get("sequenceNumber", number))
        common = {"number": number, "kept_at": kept_at, "new_id": new_id, "family": family}
        yield _record(place, key, from_base64(str(kinesis.get("data", ""))), why, common)


def _failures(place: Place, key: str, body: bytes) -> Iterator[Row]:
    """What Firehose could not process or convert: JSON lines, the record within each."""
    for number, line in enumerate(body.splitlines()):
        failure = as_json(line)
        if not isinstance(failure, dict) or "rawData" not in failure:
            continue
        why = f"{failure.get('errorCode', 'given up')}: {failure.get('errorMessage', 'no reason was kept')}"
        ended = as_whole(failure.get("attemptEndingTimestamp"))
        kept_at = "" if ended is None else f"{datetime.fromtimestamp(ended / 1000, UTC):%Y-%m-%d %H:%M:%S}"
        new_id = f"{key.rpartition('/')[2]}-{number}"
        common = {"number": number, "kept_at": kept_at, "new_id": new_id, "family": place.family(key) or "orders"}
        yield _record(place, key, from_base64(str(failure["rawData"])), why, common)


def _record(place: Place, key: str, data: bytes, why: str, common: dict[str, Any]) -> Row:
    """A record that was given up for `why`; what is no event of its family says so first."""
    row: dict[str, Any] = {"reasons": (why,)}
    try:
        found = wire.OF[common["family"]].read(data)
    except InvalidEventError as error:
        row["reasons"] = (f"no {_ONE[common['family']]}: {error}", why)
    else:
        row |= {"event_id": str(found["EventID"]), "replay_id": as_text(found["ReplayID"])}
    raw = data.decode(errors="backslashreplace")
    return Row(place=place.name, bucket=place.bucket, key=key, shape="record", raw=raw, data=data, **common, **row)


def _notes(body: bytes) -> Iterator[Mapping[str, Any]]:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(body)) as file:
            for line in file.read(_MOST_UNPACKED).splitlines():
                note = as_json(line)
                if isinstance(note, dict):
                    yield note
    except _BROKEN:
        return


def _reasons(note: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(map(str, note.get("reasons") or ["no reason was kept"]))
