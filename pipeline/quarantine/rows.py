"""What is kept, row by row, whatever shape it is kept in.

    quarantine/orders/<replay>-0001.jsonl.gz      rows of a file that break the contract       `csv`
    quarantine/orders/yyyy/MM/dd/HH/<request>.json  bodies that the API refused, as a whole    `json`, `text`
    dead-letter/replay/<replay>-0001.jsonl.gz     what a replay gave up                        `record`
    aws/lambda/... of the dead-letter bucket      what the invoice writer gave up              `record`

Memory is that of one object: 5,000 rows, or a body of 1 MiB, or a batch of 6 MB.
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
from typing import TYPE_CHECKING, Any, Literal

from pipeline.contracts import order_line
from pipeline.contracts.event import InvalidEventError
from pipeline.contracts.order_line import CSV_FIELDS
from pipeline.replay.kept import DEAD_LETTERS, QUARANTINE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pipeline.stack import Outputs

Shape = Literal["csv", "json", "text", "record"]
PLACES = ("quarantine", "replay", "invoice writer")
_BROKEN = (EOFError, zlib.error, gzip.BadGzipFile)
_MOST_UNPACKED = 64 << 20
# A reason names the value that was wrong: `Quantity: 'six' is not a whole number`.
_VALUE = re.compile(
    r"^(\w+: )?(?:'.*?(?:'|\.\.\.)|\".*?(?:\"|\.\.\.)|a number of that many digits|[-+.\w]+(?:\.\.\.)?) "
    r"(?=(?:is|has|does|needs|lies)\b)"
)
_WITH_ITS_LIST = "its list was refused: other rows of it break the contract"


@dataclass(frozen=True)
class Row:
    """One kept row. `place` is one of PLACES; `number` counts the rows of the object, from 0.

    `raw` is the row as text, for people; `data` its bytes, as they were or would be sent. `columns` are those of the
    file that a CSV row comes from. `new_id` makes the EventID of a row that has none: the same one each time.
    """

    place: str
    bucket: str
    key: str
    number: int
    shape: Shape
    raw: str
    data: bytes
    reasons: tuple[str, ...]
    kept_at: str
    replay_id: str | None = None
    line: int | None = None
    event_id: str | None = None
    columns: tuple[str, ...] = CSV_FIELDS
    new_id: str = ""

    @property
    def kinds(self) -> tuple[str, ...]:
        """Its reasons without the row's own values, to be counted."""
        return tuple(dict.fromkeys(map(_kind if self.shape != "record" else _code, self.reasons)))


@dataclass(frozen=True)
class Place:
    """A prefix of a bucket; `read` gives the rows of one object, none for what is broken."""

    name: str
    bucket: str
    prefix: str
    read: Callable[[Place, str, bytes], Iterator[Row]]


def places(outputs: Outputs) -> tuple[Place, ...]:
    """Where to look."""
    return (
        Place("quarantine", outputs.lake_bucket, QUARANTINE, _quarantine),
        Place("replay", outputs.lake_bucket, DEAD_LETTERS, _letters),
        Place("invoice writer", outputs.dead_letter_bucket, "aws/lambda/", _batch),
    )


def _quarantine(place: Place, key: str, body: bytes) -> Iterator[Row]:
    return _body(place, key, body) if key.endswith(".json") else _lines(place, key, body)


def _lines(place: Place, key: str, body: bytes) -> Iterator[Row]:
    """The rows of a part that a replay wrote, see pipeline.replay.kept."""
    for number, note in enumerate(_notes(body)):
        raw = str(note.get("raw", ""))
        replay_id, line = _text(note.get("replay_id")), _whole(note.get("line"))
        kept_at, event_id = str(note.get("kept_at", "")), _text(note.get("event_id"))
        columns = tuple(note.get("columns") or CSV_FIELDS)
        yield Row(
            place.name, place.bucket, key, number, "csv", raw, raw.encode(), _reasons(note), kept_at, replay_id, line,
            event_id, columns, f"{replay_id}-{line}",
        )  # fmt: skip


def _letters(place: Place, key: str, body: bytes) -> Iterator[Row]:
    """The same of dead letters, whose raw text is the record itself."""
    for row in _lines(place, key, body):
        yield Row(**{**vars(row), "shape": "record", "columns": CSV_FIELDS})


def _body(place: Place, key: str, body: bytes) -> Iterator[Row]:
    """The rows of a body that the API refused, see pipeline.functions.ingest.quarantine."""
    note = _json(body)
    if not isinstance(note, dict):
        return
    request = str(note.get("request_id", ""))
    text = str(note.get("body", ""))
    data = _decoded(text) if note.get("encoding") == "base64" else text.encode("utf-8", "surrogatepass")
    common: dict[str, Any] = {
        "place": place.name, "bucket": place.bucket, "key": key, "kept_at": str(note.get("received_at", "")),
        "replay_id": _text(note.get("replay_id")),
    }  # fmt: skip
    posted = _json(data)
    bad: dict[int, list[str]] = {}
    for one in note.get("rows") or []:
        reason = f"{one['field']}: {one['reason']}" if one.get("field") else str(one.get("reason"))
        bad.setdefault(int(one["index"]), []).append(reason)
    if not bad:
        # Refused as a whole: it is no JSON, too large, or names no rows.
        shown = data.decode(errors="backslashreplace")
        yield Row(
            number=0, shape="text", raw=shown, data=data, reasons=(str(note.get("reason", "")),),
            new_id=f"{request}-0", **common,
        )  # fmt: skip
        return
    for number, posted_row in enumerate(posted if isinstance(posted, list) else [posted]):
        raw = json.dumps(posted_row, ensure_ascii=False)
        yield Row(
            number=number, shape="json", raw=raw, data=raw.encode("utf-8", "surrogatepass"), line=number + 1,
            reasons=tuple(bad.get(number, [_WITH_ITS_LIST])), event_id=_id_of(posted_row),
            new_id=f"{request}-{number}", **common,
        )  # fmt: skip


def _batch(place: Place, key: str, body: bytes) -> Iterator[Row]:
    """The records of a batch that Lambda gave up: its S3 destination gets the whole invocation."""
    letter = _json(body)
    payload = _json(str(letter.get("payload", ""))) if isinstance(letter, dict) else None
    if not isinstance(letter, dict) or not isinstance(payload, dict):
        return
    context = letter.get("requestContext") or {}
    failed = (letter.get("responseContext") or {}).get("functionError")
    why = f"{context.get('condition', 'given up')}: after {context.get('approximateInvokeCount', '?')} invocations"
    why += f", {failed}" if failed else ""
    kept_at = str(letter.get("timestamp", "")).replace("T", " ").rstrip("Z")
    for number, record in enumerate(payload.get("Records") or []):
        data = _decoded(str((record.get("kinesis") or {}).get("data", "")))
        row: dict[str, Any] = {"reasons": (why,)}
        try:
            line = order_line.from_wire(data)
        except InvalidEventError as error:
            row["reasons"] = (f"no order line: {error}", why)
        else:
            row |= {"event_id": str(line["EventID"]), "replay_id": _text(line["ReplayID"])}
        yield Row(
            place.name, place.bucket, key, number, "record", data.decode(errors="backslashreplace"), data,
            kept_at=kept_at, new_id=f"{(record.get('kinesis') or {}).get('sequenceNumber', number)}", **row,
        )  # fmt: skip


def _notes(body: bytes) -> Iterator[Mapping[str, Any]]:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(body)) as file:
            for line in file.read(_MOST_UNPACKED).splitlines():
                note = _json(line)
                if isinstance(note, dict):
                    yield note
    except _BROKEN:
        return


def _reasons(note: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(map(str, note.get("reasons") or ["no reason was kept"]))


def _kind(reason: str) -> str:
    return _VALUE.sub(lambda found: found[1] or "", reason)


def _code(reason: str) -> str:
    return reason.partition(":")[0]


def _id_of(posted: object) -> str | None:
    """The EventID of a posted row, as the contract makes it of what the row names."""
    if not isinstance(posted, dict):
        return None
    given, invoice_no, line_no = (posted.get(name) for name in ("EventID", "InvoiceNo", "LineNo"))
    if isinstance(given, str) and given.strip():
        return given
    try:
        invoice, number = order_line.field("InvoiceNo", invoice_no), _whole(line_no)
    except ValueError:
        return None
    return None if invoice is None or number is None else order_line.event_id(str(invoice), number)


def _json(text: bytes | str) -> Any:  # noqa: ANN401 - whatever it holds
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return text.encode()


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _whole(value: object) -> int | None:
    try:
        return None if value is None or isinstance(value, bool) else int(value)  # type: ignore[call-overload]
    except (TypeError, ValueError):
        return None
