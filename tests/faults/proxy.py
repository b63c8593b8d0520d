"""A proxy on the loopback before a cloud's endpoint, which lets the calls through it meet faults on the wire.

Whatever talks to it - a worker's boto3, a function's - is the real code, with its own time limits and retries.
Faults meet the calls that carry events or tell of them; all others pass.
"""

from __future__ import annotations

import http.client
import json
import socket
import struct
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Protocol, Self, cast
from urllib.parse import urlsplit

from tests.faults import partial
from tests.faults.plan import Fault, Plan, Shares

if TYPE_CHECKING:
    from collections.abc import Callable

# What replays and the invoice writer call with the events and what is told of them.
_FAULTY = {
    "Kinesis.PutRecords",
    "Firehose.PutRecordBatch",
    "DynamoDB.BatchWriteItem",
    "DynamoDB.PutItem",
    "DynamoDB.UpdateItem",
    "DynamoDB.GetItem",
    "S3.PUT",
    "S3.GET",
}
_HOP_BY_HOP = {"connection", "expect", "host", "keep-alive", "transfer-encoding"}


@dataclass(frozen=True)
class Call:
    """One call: its place among all calls from 1, such as `Kinesis.PutRecords` or `S3.PUT`, its body, and
    the port that it came from.
    """

    number: int
    operation: str
    body: bytes
    port: int


@dataclass(frozen=True)
class Answer:
    """What the cloud said, or what is said instead."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class Watch(Protocol):
    """Told of each call before it is handed on (`answer` is None) and after; may give an answer of its own."""

    def __call__(self, call: Call, answer: Answer | None) -> Answer | None:
        """None leaves everything as it is."""


class Proxy:
    """Listens on a port of its own while the block runs; `plan.done` counts the faults."""

    def __init__(self, endpoint: str, shares: Shares | None = None, seed: int = 0, watch: Watch | None = None) -> None:
        self.plan = Plan(shares or Shares(), seed)
        self.watch: Watch = watch or (lambda _call, _answer: None)
        self.calls = 0
        self.target = urlsplit(endpoint).netloc
        self._lock = threading.Lock()
        self._server = _Server(self)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, name="faults", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def number(self) -> int:
        """The next call's place."""
        with self._lock:
            self.calls += 1
            return self.calls

    def answer(self, call: Call, forward: Callable[[bytes], Answer]) -> Answer | None:
        """What the caller gets: None for a connection that breaks."""
        faulty = call.operation in _FAULTY
        fault = self.plan.call(call.operation) if faulty else Fault.NONE
        if fault is Fault.RESET:
            return None
        if fault is Fault.THROTTLED:
            return _throttled(call.operation)
        given = self.watch(call, None)
        if given is None:
            given = self._worked(call, forward) if faulty else forward(call.body)
            given = self.watch(call, given) or given
        if fault is Fault.SLOW:
            time.sleep(self.plan.shares.slowness_s)
        return None if fault is Fault.LOST else given

    def _worked(self, call: Call, forward: Callable[[bytes], Answer]) -> Answer:
        batch = partial.of(call.operation, call.body) if self.plan.shares.refused else None
        refused = self.plan.refused(call.operation, batch.records) if batch else set()
        if batch is None or not refused:
            return forward(call.body)
        left = batch.without(refused)
        if left is None:
            return Answer(200, _JSON, batch.answer(None, refused))
        told = forward(left)
        return Answer(told.status, _JSON, batch.answer(told.body, refused)) if told.status == http.client.OK else told


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, proxy: Proxy) -> None:
        self.proxy = proxy
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """A caller that was killed, or a connection broken on purpose: nothing to say."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    _onward: http.client.HTTPConnection | None = None

    def handle_one_request(self) -> None:
        """Any method goes the same way."""
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline or not self.parse_request():
            self.close_connection = True
            return
        proxy = cast("_Server", self.server).proxy
        call = Call(proxy.number(), self._operation(), self._body(), self.client_address[1])
        answer = proxy.answer(call, self._forward)
        if answer is None:
            # A reset, not an end: the caller's own connection error.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            self.connection.close()
            return
        self.send_response_only(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        if self.command != "HEAD":
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)
        self.wfile.flush()

    def handle_expect_100(self) -> bool:
        """At once: a client of S3 holds its body back for a second otherwise."""
        told = super().handle_expect_100()
        self.wfile.flush()
        return told

    def _operation(self) -> str:
        target = self.headers.get("X-Amz-Target", "")
        if target:
            service, _, name = target.partition(".")
            return f"{service.partition('_')[0]}.{name}"
        signed = self.headers.get("Authorization", "")
        service = "S3" if "/s3/" in signed else "other"
        return f"{service}.{self.command}"

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _forward(self, body: bytes) -> Answer:
        proxy = cast("_Server", self.server).proxy
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP_BY_HOP}
        headers["Content-Length"] = str(len(body))
        onward = http.client.HTTPConnection(proxy.target, timeout=120)
        try:
            onward.request(self.command, self.path, body, headers)
            told = onward.getresponse()
            kept = tuple(
                (name, value)
                for name, value in told.getheaders()
                if name.lower() not in _HOP_BY_HOP and (name.lower() != "content-length" or self.command == "HEAD")
            )
            return Answer(told.status, kept, told.read())
        finally:
            onward.close()


_JSON = (("Content-Type", "application/x-amz-json-1.1"),)
_SLOW_DOWN = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"


def _throttled(operation: str) -> Answer:
    """As the service says it; https://docs.aws.amazon.com/kinesis/latest/APIReference/CommonErrors.html and others."""
    if operation.startswith("S3."):
        return Answer(503, (("Content-Type", "application/xml"),), _SLOW_DOWN)
    code = "ServiceUnavailableException" if operation.startswith("Firehose.") else _EXCEEDED
    return refusal(code, "Rate exceeded (a fault of the test).")


_EXCEEDED = "ProvisionedThroughputExceededException"


def refusal(code: str, message: str) -> Answer:
    """A service's error in its JSON protocol."""
    told: dict[str, Any] = {"__type": code, "message": message}
    return Answer(400, (*_JSON, ("x-amzn-ErrorType", code)), json.dumps(told).encode())
