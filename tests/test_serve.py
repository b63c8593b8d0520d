"""The dashboard's server: what it listens on, and what it sends itself. Every browser test sees that it serves."""

from __future__ import annotations

import asyncio
import socket
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests
import streamlit as st
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse, PlainTextResponse
from starlette.routing import Route

import serve

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.requests import Request
    from starlette.responses import Response

_STATIC = Path(st.__file__).parent / "static/static"
_PLOTLY = next(_STATIC.glob("js/PlotlyChart.*.js"))
_FONT = next(_STATIC.glob("media/*.woff2"))


class Visitor:
    """Someone who asks an application that says "behind" to everything, but for a page at `/`, past what is kept."""

    def __init__(self, address: str) -> None:
        self._address = address

    def get(self, path: str, **headers: str) -> requests.Response:
        return requests.get(self._address + path, headers=headers, timeout=10)

    def post(self, path: str) -> requests.Response:
        return requests.post(self._address + path, timeout=10)


@pytest.fixture(scope="module")
def visitor() -> Iterator[Visitor]:
    def page(_: Request) -> Response:
        return HTMLResponse("<html>")

    def behind(_: Request) -> Response:
        return PlainTextResponse("behind")

    routes = [Route("/", page), Route("/{path:path}", behind, methods=["GET", "POST"])]
    app = Starlette(routes=routes, middleware=[Middleware(serve.Scripts)])
    listening = serve.bound("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
    running = threading.Thread(target=server.run, args=([listening],))
    running.start()
    yield Visitor(f"http://127.0.0.1:{listening.getsockname()[1]}")
    server.should_exit = True
    running.join(10)


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


def test_a_script_is_sent_whole_and_compressed_and_kept_for_a_year(visitor: Visitor) -> None:
    found = visitor.get(f"/static/js/{_PLOTLY.name}")
    assert found.content == _PLOTLY.read_bytes()
    assert found.headers["Content-Encoding"] == "gzip"
    assert found.headers["Vary"] == "Accept-Encoding"
    assert int(found.headers["Content-Length"]) < _PLOTLY.stat().st_size / 3
    assert found.headers["Content-Type"].startswith("text/javascript")
    assert "max-age=31536000" in found.headers["Cache-Control"]


def test_what_was_asked_for_once_is_not_read_again(visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    first = visitor.get(f"/static/js/{_PLOTLY.name}")
    monkeypatch.setattr(Path, "read_bytes", lambda path: pytest.fail(f"{path} was read again"))
    assert visitor.get(f"/static/js/{_PLOTLY.name}").content == first.content


def test_who_takes_nothing_compressed_has_it_plain(visitor: Visitor) -> None:
    found = visitor.get(f"/static/js/{_PLOTLY.name}", **{"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in found.headers
    assert found.headers["Vary"] == "Accept-Encoding"
    assert found.content == _PLOTLY.read_bytes()


def test_a_font_is_not_compressed_again(visitor: Visitor) -> None:
    found = visitor.get(f"/static/media/{_FONT.name}")
    assert "Content-Encoding" not in found.headers
    assert found.headers["Content-Type"] == "font/woff2"
    assert found.content == _FONT.read_bytes()


@pytest.mark.parametrize("path", ["/static/js/none.js", "/static/js/..%2f..%2findex.html", "/index.html", "/x"])
def test_whatever_is_not_streamlits_own_is_left_to_it(visitor: Visitor, path: str) -> None:
    assert visitor.get(path).text == "behind"


def test_parts_and_other_methods_are_left_to_streamlit(visitor: Visitor) -> None:
    assert visitor.get(f"/static/js/{_PLOTLY.name}", Range="bytes=0-9").text == "behind"
    assert visitor.post(f"/static/js/{_PLOTLY.name}").text == "behind"


def test_a_page_tells_of_plotly_beforehand_and_nothing_else_does(visitor: Visitor) -> None:
    assert f"<./static/js/{_PLOTLY.name}>; rel=modulepreload" in visitor.get("/").headers["Link"]
    assert "Link" not in visitor.get("/x").headers
