"""The door to the local warehouse: a loopback port in front of PostgreSQL's socket.

redshift-connector says more of itself when it connects than PostgreSQL wants to hear: PostgreSQL refuses a
start-up parameter that is none of its settings. The filter drops those from the start-up packet and passes every
other byte, both ways, as it is. Logging in is between the client and PostgreSQL.
"""

from __future__ import annotations

import logging
import socket
import struct
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from pipeline.errors import LocalCloudError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# What redshift-connector 2.2.0 adds.
FOREIGN_PARAMETERS = frozenset(
    {b"client_protocol_version", b"driver_version", b"os_version", b"driver_discovery_version", b"plugin_name"}
)

# PostgreSQL's "Message Formats": the packets that may come first on a connection.
_HEADER = struct.Struct("!II")  # length with itself, code
_CANCEL_REQUEST = 80877102
_SSL_REQUEST = 80877103
_GSS_REQUEST = 80877104
_LONGEST_START = 10_000  # bytes, MAX_STARTUP_PACKET_LENGTH of PostgreSQL
_BLOCK = 1 << 16

logger = logging.getLogger("weir.local.warehouse")


class StartupFilter:
    """Listens on 127.0.0.1, on the port `wanted` or on a free one, and leads to the socket `upstream`."""

    host = "127.0.0.1"

    def __init__(self, upstream: Path, wanted: int = 0) -> None:
        self._upstream = str(upstream)
        self._wanted = wanted
        self._listener: socket.socket | None = None
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()

    @property
    def port(self) -> int:
        """The port that it listens on."""
        if self._listener is None:
            raise LocalCloudError("The warehouse is not running.")
        return int(self._listener.getsockname()[1])

    def start(self) -> None:
        """Listen; raises LocalCloudError when the wanted port is taken."""
        try:
            self._listener = socket.create_server((self.host, self._wanted), backlog=64)
        except OSError as error:
            message = f"The warehouse cannot listen on {self.host}:{self._wanted} ({error.strerror}): is it taken?"
            raise LocalCloudError(message) from error
        threading.Thread(target=self._accept, args=(self._listener,), name="warehouse door", daemon=True).start()

    def stop(self) -> None:
        """Take no more connections and close those that are open."""
        if self._listener is None:
            return
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
        self._listener.close()
        self._listener = None
        with self._lock:
            connections = tuple(self._open)
        for connection in connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _address = listener.accept()
            except OSError:
                return  # stopped
            threading.Thread(target=self._serve, args=(client,), name="warehouse client", daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        with client, server, self._known(client, server), suppress(OSError, _HungUpError):
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            server.connect(self._upstream)
            _greet(client, server)
            answers = threading.Thread(target=_pass_on, args=(server, client), name="warehouse answers", daemon=True)
            answers.start()
            _pass_on(client, server)
            answers.join()

    @contextmanager
    def _known(self, *connections: socket.socket) -> Iterator[None]:
        """Closed by `stop` for as long as they are in use."""
        with self._lock:
            self._open.update(connections)
        try:
            yield
        finally:
            with self._lock:
                self._open.difference_update(connections)


class _HungUpError(Exception):
    """A client left before it said who it is, or is none of PostgreSQL's."""


def without_foreign(body: bytes) -> bytes:
    """The body of a start-up packet without the parameters that PostgreSQL refuses.

    It is names and values by turns, each with a zero byte at its end, and one more zero byte.
    """
    kept = b""
    rest = body
    while len(rest) > 1:
        name, _, rest = rest.partition(b"\0")
        value, _, rest = rest.partition(b"\0")
        if name not in FOREIGN_PARAMETERS:
            kept += name + b"\0" + value + b"\0"
    return kept + rest


def _greet(client: socket.socket, server: socket.socket) -> None:
    """Pass on what comes before the conversation: a wish for encryption, then the start-up packet or a cancel."""
    while True:
        header = _exactly(client, _HEADER.size)
        length, code = _HEADER.unpack(header)
        if not _HEADER.size <= length <= _LONGEST_START:
            raise _HungUpError
        body = _exactly(client, length - _HEADER.size)
        if code in {_SSL_REQUEST, _GSS_REQUEST}:
            server.sendall(header + body)
            client.sendall(_exactly(server, 1))  # PostgreSQL says N: not here
            continue
        if code != _CANCEL_REQUEST:
            body = without_foreign(body)
            header = _HEADER.pack(_HEADER.size + len(body), code)
        server.sendall(header + body)
        return


def _exactly(source: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        block = source.recv(count - len(data))
        if not block:
            raise _HungUpError
        data += block
    return data


def _pass_on(source: socket.socket, sink: socket.socket) -> None:
    """Every byte from `source` to `sink`, until either side closes; then no more in this direction."""
    with suppress(OSError):
        while block := source.recv(_BLOCK):
            sink.sendall(block)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
