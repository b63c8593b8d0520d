"""`put`: one record, or a list of them, to a stream."""

from __future__ import annotations

import json
import sys
import uuid
from typing import TYPE_CHECKING, Any

from pipeline.cli import streams
from pipeline.clients import aws_errors, client
from pipeline.contracts import order_line, page_view, session
from pipeline.contracts.clock import CLOCK
from pipeline.contracts.event import InvalidEventError
from pipeline.errors import BadInputError
from pipeline.settings import settle

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which stream, what, and how."""
    parser.add_argument("stream", metavar="STREAM", help=streams.HELP)
    parser.add_argument("content", metavar="JSON", help="an object, a list of objects, or - for standard input")
    parser.add_argument(
        "--raw",
        action="store_true",
        help="send the text as it is, one record; else orders, clicks and sessions are checked and stamped first",
    )
    parser.add_argument("--key", metavar="KEY", help="the partition key (default: the event's own, or a new one)")
    parser.add_argument("--json", action="store_true", help="print one JSON object a record")
    parser.add_argument("--aws", action="store_true", help="the real AWS (also WEIR_CLOUD=aws)")


def run(args: argparse.Namespace) -> int:
    """Put, and say where each record lies."""
    settings = settle(aws=args.aws or None)
    name = streams.full_name(settings, args.stream)
    text = sys.stdin.read() if args.content == "-" else args.content
    rows = [(text.encode(), str(uuid.uuid4()), "")] if args.raw else _wires(args.stream, text)
    for data, key, event_id in rows:
        with aws_errors(f"Stream {name}"):
            answer = client("kinesis").put_record(StreamName=name, Data=data, PartitionKey=(args.key or key)[:256])
        told = {"shard": answer["ShardId"], "sequence_number": answer["SequenceNumber"], "event_id": event_id}
        if args.json:
            print(json.dumps(told))
        else:
            print(f"{told['shard']} {told['sequence_number']} {streams.printable(event_id)}".rstrip())
    return 0


def _wires(stream: str, text: str) -> list[tuple[bytes, str, str]]:
    """Each record's bytes, partition key and EventID. Raises BadInputError that names every bad field."""
    try:
        posted = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadInputError(f"This is not JSON: {error}. With --raw it is sent as it is.") from error
    found = []
    for index, raw in enumerate(posted if isinstance(posted, list) else [posted]):
        try:
            found.append(_wire(stream, raw))
        except (InvalidEventError, order_line.InvalidOrderLineError) as error:
            where = f"Record {index}: " if isinstance(posted, list) else ""
            raise BadInputError(f"{where}{error}. Nothing was sent; with --raw it is sent as it is.") from error
    return found


def _wire(stream: str, raw: Any) -> tuple[bytes, str, str]:  # noqa: ANN401 - whatever JSON holds
    new_id, sent_at = str(uuid.uuid4()), CLOCK.now()
    if stream == "orders":
        line = order_line.stamp(order_line.normalise(raw, new_id=new_id), sent_at=sent_at)
        return order_line.to_wire(line), order_line.partition_key(line), str(line["EventID"])
    if stream == "clicks":
        view = page_view.stamp(page_view.normalise(raw, new_id=new_id), sent_at=sent_at)
        return page_view.to_wire(view), page_view.partition_key(view), str(view["EventID"])
    if stream == "sessions":
        browsed = session.stamp(session.normalise(raw), sent_at=sent_at)
        return session.to_wire(browsed), session.partition_key(browsed), str(browsed["EventID"])
    return json.dumps(raw, ensure_ascii=False).encode() + b"\n", new_id, ""
