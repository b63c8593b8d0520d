"""A Kinesis that acknowledges at once and keeps nothing: what is measured against it is the producer alone.

It runs in a process of its own, so that it does not share the producer's interpreter.
"""

from __future__ import annotations

import json
import multiprocessing
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.connection import Connection

SHARDS = 4
_NAME = b'"PartitionKey"'
_TAKEN = b'{"SequenceNumber":"1","ShardId":"shardId-000000000000"}'


@contextmanager
def served() -> Iterator[str]:
    """The endpoint's URL on the loopback, as long as the block runs."""
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_serve, args=(sender,), daemon=True)
    process.start()
    sender.close()
    try:
        yield f"http://127.0.0.1:{receiver.recv()}"
    finally:
        process.terminate()
        process.join()


def _serve(sender: Connection) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    sender.send(server.server_address[1])
    server.serve_forever()


class _Handler(BaseHTTPRequestHandler):
    """PutRecords and PutRecord, and what producers ask of a stream before; any other POST is a row taken."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body in one packet

    def do_POST(self) -> None:
        """Answer at once."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        operation = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
        answer = _answer(operation, body)
        self.send_response_only(200)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Nothing: it would be measured too."""


def _answer(operation: str, body: bytes) -> bytes:
    if operation == "PutRecords":
        return b'{"FailedRecordCount":0,"Records":[' + b",".join([_TAKEN] * body.count(_NAME)) + b"]}"
    if operation == "PutRecord":
        return _TAKEN
    if operation == "ListShards":
        return json.dumps({"Shards": _shards()}).encode()
    if operation in {"DescribeStream", "DescribeStreamSummary"}:
        common = {
            "StreamName": "bench", "StreamARN": "arn:aws:kinesis:us-east-1:000000000000:stream/bench",
            "StreamStatus": "ACTIVE", "RetentionPeriodHours": 24, "EnhancedMonitoring": [],
            "StreamCreationTimestamp": int(time.time()), "EncryptionType": "NONE", "HasMoreShards": False,
        }  # fmt: skip
        return json.dumps(
            {"StreamDescription": common | {"Shards": _shards()}}
            if operation == "DescribeStream"
            else {"StreamDescriptionSummary": common | {"OpenShardCount": SHARDS}}
        ).encode()
    return b'{"accepted":1}'


def _shards() -> list[dict[str, object]]:
    width = (1 << 128) // SHARDS
    return [
        {
            "ShardId": f"shardId-{at:012d}",
            "HashKeyRange": {"StartingHashKey": str(at * width), "EndingHashKey": str((at + 1) * width - 1)},
            "SequenceNumberRange": {"StartingSequenceNumber": "1"},
        }
        for at in range(SHARDS)
    ]
