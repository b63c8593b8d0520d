"""The dashboard's server: what it listens on. That it serves the dashboard is what every browser test sees."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

import serve

if TYPE_CHECKING:
    import pytest


def test_each_connection_sends_without_delay() -> None:
    """asyncio sees to it by itself, but only for a socket that names TCP."""
    found = []

    async def connect() -> None:
        listening = serve.bound("127.0.0.1", 0)
        done = asyncio.Event()

        def taken(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            found.append(writer.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            done.set()
            writer.close()

        async with await asyncio.start_server(taken, sock=listening):
            _, writer = await asyncio.open_connection(*listening.getsockname())
            await done.wait()
            writer.close()

    asyncio.run(connect())
    assert found
    assert all(found)


def test_a_port_in_use_is_told_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with serve.bound("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        assert serve.main(["--port", str(port)]) == 1
    assert f"port {port} of 127.0.0.1 cannot be used" in capsys.readouterr().err
