"""The steps of an event: a table of functions by family, each of which asks one place."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.clients import aws_errors
from pipeline.replay.families import ORDERS, PAGE_VIEWS, SESSIONS
from pipeline.replay.ledger import ACCEPTED, UNKNOWN
from queries.audit import merges, session
from queries.audit.causes import Causes
from queries.audit.keys import places
from queries.loader import load
from queries.trace import sends
from queries.trace.result import Hop

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.replay.families import Family
    from queries.audit.run import Sinks
    from queries.audit.windows import Windows
    from queries.trace.sends import Send

_SQL = load("warehouse")
_HOUR = "%Y/%m/%d/%H"
_MOMENT = "%Y-%m-%d %H:%M:%S.%f"
_AFTER = timedelta(hours=25)  # Firehose tries for 24 hours to write to S3
_MOST_OBJECTS = 400
_MOST_BYTES = 256 << 20
_UNKNOWN = "not there, and nothing that is kept names it; `python -m pipeline redrive` sends it again"


@dataclass(frozen=True)
class Asked:
    """What every step is asked with: the send whose version wins (None: no ledger knows it), and the moment (UTC)."""

    sinks: Sinks
    event_id: str
    send: Send | None
    allowed: Windows
    now: datetime
    family: Family = ORDERS
    known_since: datetime | None = None  # the SentAt that a sink has, for an event that no ledger knows

    @property
    def sent_at(self) -> datetime | None:
        """The SentAt that is sought."""
        return self.send.sent_at if self.send else self.known_since

    @property
    def since(self) -> datetime:
        """When it was acknowledged, or else sent."""
        return self.send.ended_at if self.send else self.known_since or self.now

    @property
    def on_its_way(self) -> bool:
        """Whether it may have come into the stream at all."""
        return self.send is None or self.send.outcome in {ACCEPTED, UNKNOWN}


class _Item(NamedTuple):
    """What the invoices table tells of an event; items of earlier versions of the writer have no time of writing."""

    invoice_no: str
    line: str
    sent_at: datetime
    written_at: datetime | None


def held_since(asked: Asked) -> Asked:
    """The same for an event that no ledger knows, with the family and the SentAt of the sink that has it, if any."""
    if "-" in asked.event_id:
        item = _item(asked)
        stamps = [*([item.sent_at] if item else []), *(row["sent_at"] for row in _rows(asked))]
        if stamps:
            return replace(asked, known_since=max(stamps))
    for family in (PAGE_VIEWS, SESSIONS):
        # Nothing else tells when such an event came.
        arrived = replace(asked, family=family, known_since=asked.now - _AFTER)
        found = _object(arrived)
        if found:
            return replace(arrived, known_since=found[1])
    return asked


def sent(asked: Asked) -> list[Hop]:
    """From the file's line to the stream's answer."""
    send = asked.send
    if send is None:
        at = None if asked.family.lake_only else _text(asked.sent_at)  # there the lake alone tells, of the arrival
        return [Hop("Accepted", "there", "by a sender that keeps no ledger, such as the API", at)]
    file = f"line {send.line} of {send.replay.file}"
    if sends.rejected(send):
        where = f"in {asked.family.quarantine}{send.replay.replay_id}-…: the Quarantine page mends it"
        return [
            Hop("File", "there", file),
            Hop("Accepted", "not there", f"rejected: {send.reason}; {where}", _text(send.ended_at)),
        ]
    read = Hop("File", "there", file, _text(send.sent_at))
    lag = _lag(send.sent_at, send.ended_at)
    if send.outcome != ACCEPTED:
        what = f"{send.outcome}: {send.reason}; kept in dead-letter/replay/{send.replay.replay_id}-…"
        return [read, Hop("Accepted", "not there", what, _text(send.ended_at), lag)]
    place = f"shard {send.shard}, sequence number {send.sequence_number}" if send.shard else "no shard is told"
    what = f"{send.replay.replay_id} to {send.replay.target}: {place}"
    return [read, Hop("Accepted", "there", what, _text(send.ended_at), lag)]


def lake(asked: Asked) -> list[Hop]:
    """The object that holds it."""
    if _never_sent(asked):
        return []
    found = _object(asked)
    if found is None:
        return [_absent(asked, "Lake", "lake", asked.allowed.lake)]
    key, at = found
    hour = key.partition("/")[2].rpartition("/")[0]
    what = f"s3://{asked.sinks.outputs.lake_bucket}/{key}, arrival hour {hour}"
    return [Hop("Lake", "there", what, _text(at), _lag(asked.since, at))]


def invoices(asked: Asked) -> list[Hop]:
    """The item, which tells when the invoice writer wrote it; the same event again writes it again."""
    if _never_sent(asked):
        return []
    item = _item(asked)
    if item is None or (asked.sent_at and item.sent_at < asked.sent_at):
        older = f"; the item is of SentAt {item.sent_at}" if item else ""
        return [_absent(asked, "Invoices", "invoices", asked.allowed.invoices, older)]
    newer = f", a newer version: SentAt {item.sent_at}" if asked.sent_at and item.sent_at > asked.sent_at else ""
    what = f"item {item.invoice_no}, {item.line}{newer}"
    if item.written_at is None:
        return [Hop("Invoices", "there", f"{what}; it was written before items kept the time of their writing")]
    return [Hop("Invoices", "there", what, _text(item.written_at), _lag(asked.since, item.written_at))]


def warehouse(asked: Asked) -> list[Hop]:
    """Landed, and merged."""
    if _never_sent(asked):
        return []
    rows = _rows(asked)
    merged = next((row for row in rows if row["place"] == "merged" and _is_it(asked, row["sent_at"])), None)
    if merged:
        newer = asked.sent_at is not None and merged["sent_at"] > asked.sent_at
        note = f", a newer version: SentAt {merged['sent_at']}" if newer else ""
        landed_at, merged_at = merged["landed_at"], merged["merged_at"]
        if asked.sent_at and merged_at < asked.sent_at:
            # It said nothing new: the line is as an earlier send made it.
            what = f"order_lines has it since {_text(merged_at)[:19]}: this send changed nothing"
            return [Hop("Landed", "there", what), Hop("Merged", "there", what)]
        return [
            Hop("Landed", "there", f"orders_landing{note}", _text(landed_at), _lag(asked.since, landed_at)),
            Hop("Merged", "there", f"order_lines{note}", _text(merged_at), _lag(landed_at, merged_at)),
        ]
    landed = next((row for row in rows if row["place"] == "landed" and _is_it(asked, row["sent_at"])), None)
    if landed is None:
        return [
            _absent(asked, "Landed", "warehouse", asked.allowed.warehouse),
            Hop("Merged", "not there", "it has not landed yet"),
        ]
    at = landed["landed_at"]
    return [Hop("Landed", "there", "orders_landing", _text(at), _lag(asked.since, at)), _unmerged(asked, at)]


def _unmerged(asked: Asked, landed_at: datetime) -> Hop:
    """Due by the schedule, or as merges that take longer allow; or none takes it any more."""
    due = (landed_at + asked.allowed.merge - asked.now).total_seconds()
    if due > 0:
        return Hop("Merged", "due", "waits for the next merge", due_s=round(due, 1))
    with session.opened(lambda: asked.sinks.connect(asked.sinks.outputs)) as connection:
        merging = merges.look(connection)
    if merging.running:
        return Hop("Merged", "due", "a merge is under way")
    if merging.ended_at and merging.go_on(asked.now.replace(tzinfo=UTC), asked.allowed.merge):
        due = (merging.ended_at.replace(tzinfo=None) + asked.allowed.merge - asked.now).total_seconds()
        return Hop("Merged", "due", "waits for the next merge", due_s=round(due, 1))
    return Hop("Merged", "not there", "no merge has taken it: see the Deliveries page and the merge's schedule")


def steps(family: Family) -> tuple[Callable[[Asked], list[Hop]], ...]:
    """In the order of the way. A step answers with the hops that it is."""
    return (sent, lake) if family.lake_only else (sent, lake, invoices, warehouse)


def _absent(asked: Asked, name: str, sink: str, window: timedelta, more: str = "") -> Hop:
    """Not there: due, or the reason why not."""
    due = (asked.since + window - asked.now).total_seconds()
    if asked.on_its_way and due > 0:
        return Hop(name, "due", f"not yet{more}", due_s=round(due, 1))
    sinks, since = asked.sinks, asked.since.replace(tzinfo=UTC)
    between = since - timedelta(minutes=1), since + _AFTER
    replay_id = asked.send.replay.replay_id if asked.send else ""
    looked = Causes(sinks.client("s3"), sinks.warehouse, sinks.outputs, replay_id, between, asked.family)
    return Hop(name, "not there", looked.of(sink, {asked.event_id}).get(asked.event_id, _UNKNOWN) + more)


def _never_sent(asked: Asked) -> bool:
    return asked.send is not None and sends.rejected(asked.send)


def _is_it(asked: Asked, stamp: datetime) -> bool:
    return asked.sent_at is None or stamp >= asked.sent_at


def _item(asked: Asked) -> _Item | None:
    table = asked.sinks.outputs.invoices_table
    for invoice_no, line in places(asked.event_id):
        with aws_errors(f"Table {table}"):
            answer = asked.sinks.client("dynamodb").get_item(
                TableName=table, Key={"invoice_no": {"S": invoice_no}, "line": {"S": line}}, ConsistentRead=True
            )
        item = answer.get("Item", {})
        if "sent_at" in item and item["event_id"]["S"] == asked.event_id:
            written_at = datetime.fromisoformat(item["written_at"]["S"]) if "written_at" in item else None
            return _Item(invoice_no, line, datetime.fromisoformat(item["sent_at"]["S"]), written_at)
    return None


def _rows(asked: Asked) -> list[dict[str, Any]]:
    frame = asked.sinks.warehouse.ask(_SQL["trace_event"], event_id=asked.event_id).frame
    return [
        {str(name): value.to_pydatetime() if hasattr(value, "to_pydatetime") else value for name, value in row.items()}
        for row in frame.to_dict("records")
    ]


def _object(asked: Asked) -> tuple[str, datetime] | None:
    """The first object of the lake with this version, in the hours in which it may have arrived."""
    found = (_in_table(asked, f"{table}/") for table in asked.family.tables)
    return next((one for one in found if one), None)


def _in_table(asked: Asked, prefix: str) -> tuple[str, datetime] | None:
    s3, bucket = asked.sinks.client("s3"), asked.sinks.outputs.lake_bucket
    start = min(asked.sent_at or asked.since, asked.since) - timedelta(hours=1)
    last = prefix + (asked.since + _AFTER).strftime(_HOUR) + "/\x7f"
    looked = 0
    with aws_errors(f"s3://{bucket}/{prefix}"):
        pages = s3.get_paginator("list_objects_v2").paginate(
            Bucket=bucket, Prefix=prefix, StartAfter=prefix + start.strftime(_HOUR)
        )
        for listed in (one for page in pages for one in page.get("Contents", [])):
            if listed["Key"] > last or looked >= _MOST_OBJECTS:
                return None
            if listed["LastModified"].replace(tzinfo=None) < start or listed["Size"] > _MOST_BYTES:
                continue
            looked += 1
            body = s3.get_object(Bucket=bucket, Key=listed["Key"])["Body"].read()
            if _holds(body, asked):
                return str(listed["Key"]), listed["LastModified"].astimezone(UTC).replace(tzinfo=None)
    return None


def _holds(body: bytes, asked: Asked) -> bool:
    try:
        file = pq.ParquetFile(io.BytesIO(body))
    except pa.ArrowInvalid:
        return False
    places = pc.indices_nonzero(pc.equal(file.read(columns=["event_id"]).column("event_id"), asked.event_id))
    if not len(places):
        return False
    rows = file.read(columns=["sent_at", "replay_id"]).take(places).to_pylist()
    ours = asked.send.replay.of or asked.send.replay.replay_id if asked.send else None
    # Behind the API the function stamps events anew: there the replay's name tells.
    return any(row["sent_at"] == asked.sent_at or (ours is not None and row["replay_id"] == ours) for row in rows) or (
        asked.send is None and asked.family.lake_only
    )


def _lag(before: datetime | None, after: datetime) -> float | None:
    """Seconds between two steps. S3 tells whole seconds, clocks differ a little: never less than nothing."""
    return None if before is None else round(max(0.0, (after - before).total_seconds()), 3)


def _text(moment: datetime | None) -> str:
    return moment.strftime(_MOMENT) if moment else ""
