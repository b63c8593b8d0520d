from __future__ import annotations

import os
import socket
import struct
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

import psycopg
import pytest

from pipeline.errors import LocalCloudError
from pipeline.local.startup_filter import StartupFilter, without_foreign

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.local.warehouse import Warehouse


def body(**parameters: str) -> bytes:
    return b"".join(f"{name}\0{value}\0".encode() for name, value in parameters.items()) + b"\0"


def test_what_postgresql_refuses_is_dropped_and_the_rest_is_not_touched() -> None:
    known = {"user": "weir", "database": "weir", "application_name": "a b"}
    foreign = {
        "client_protocol_version": "2",
        "driver_version": "Redshift Python Driver 2.2.0",
        "os_version": "Linux",
        "driver_discovery_version": "1",
        "plugin_name": "",
    }
    assert without_foreign(body(**foreign, **known)) == body(**known)
    assert without_foreign(body(**known, **foreign)) == body(**known)


def test_empty_values_are_values() -> None:
    assert without_foreign(body(user="weir", options="")) == body(user="weir", options="")
    assert without_foreign(b"\0") == b"\0"


def dial(warehouse: Warehouse) -> psycopg.Connection:
    return psycopg.connect(
        host=warehouse.host,
        port=warehouse.port,
        user=warehouse.username,
        password=warehouse.password,
        dbname=warehouse.database,
        autocommit=True,
    )


def test_a_cancel_request_passes(warehouse: Warehouse) -> None:
    with dial(warehouse) as connection:
        timer = threading.Timer(0.3, connection.cancel_safe)
        timer.start()
        with pytest.raises(psycopg.errors.QueryCanceled):
            connection.execute("select pg_sleep(30)")
        timer.join()


def test_every_byte_passes_both_ways(warehouse: Warehouse) -> None:
    sent = os.urandom(3_000_000)
    with dial(warehouse) as connection:
        row = connection.execute("select %s::bytea || %s::bytea", [sent, sent], binary=True).fetchone()
    assert row == (sent + sent,)


@pytest.mark.parametrize(
    "first",
    [b"", b"GET / HTTP/1.1\r\n\r\n", struct.pack("!II", 4, 196608), struct.pack("!II", 2**31, 196608), b"\0\0\0"],
    ids=["nothing", "http", "short", "huge", "half"],
)
def test_who_speaks_another_language_is_hung_up_on(warehouse: Warehouse, first: bytes) -> None:
    with socket.create_connection((warehouse.host, warehouse.port), timeout=10) as stranger:
        stranger.sendall(first)
        with suppress(ConnectionError, OSError):  # hung up on already
            stranger.shutdown(socket.SHUT_WR)
        with suppress(ConnectionResetError):  # by whom not all was read
            assert stranger.recv(100) == b""
    with dial(warehouse) as connection:
        assert connection.execute("select 1").fetchone() == (1,)


def test_many_at_once(warehouse: Warehouse) -> None:
    connections = [dial(warehouse) for _ in range(20)]
    assert [connection.execute("select 1").fetchone() for connection in connections] == [(1,)] * 20
    for connection in connections:
        connection.close()


def test_stopping_closes_what_is_open(tmp_path: Path) -> None:
    upstream = tmp_path / "socket"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(upstream))
        server.listen()
        door = StartupFilter(upstream)
        door.start()
        port = door.port
        with socket.create_connection((door.host, port), timeout=10) as client:
            packet = body(user="weir")
            client.sendall(struct.pack("!II", 8 + len(packet), 196608) + packet)
            passed, _ = server.accept()
            door.stop()
            assert client.recv(1) == b""
            passed.close()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((door.host, port), timeout=10)
        with pytest.raises(LocalCloudError):
            _ = door.port
