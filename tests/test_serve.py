"""The dashboard's server: what it listens on, and what it sends itself. Every browser test sees that it serves."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import threading
from http import HTTPStatus
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
_OTHER = next(_STATIC.glob("js/react-dom.*.js"))
_FONT = next(_STATIC.glob("media/*.woff2"))
_PAGE = '<html><script type="module" src="one"></script><script type="module" src="two"></script>'
_AS_A_BROWSER = {"Accept": "text/html,*/*;q=0.8"}


class Visitor:
    """Someone who asks an application past what is kept: pages, files that look like them, else "behind"."""

    def __init__(self, address: str, asked_as: dict[str, str]) -> None:
        self._address = address
        self.asked_as = asked_as  # what the page behind was last asked with

    def get(self, path: str, **headers: str) -> requests.Response:
        return requests.get(self._address + path, headers=headers, timeout=10)

    def post(self, path: str) -> requests.Response:
        return requests.post(self._address + path, timeout=10)


@pytest.fixture(scope="module")
def visitor() -> Iterator[Visitor]:
    asked_as: dict[str, str] = {}

    def page(asked: Request) -> Response:
        asked_as.clear()
        asked_as.update(asked.headers)
        return HTMLResponse(_PAGE, headers={"ETag": "that of Streamlit", "Last-Modified": "its day"})

    def taken(_: Request) -> Response:
        return HTMLResponse(_PAGE, headers={"Content-Disposition": "attachment"})

    def other(_: Request) -> Response:
        return HTMLResponse("<html>")

    def behind(_: Request) -> Response:
        return PlainTextResponse("behind")

    pages = ("/", "/sales", "/below/sales", "/trace", "/media/page", "/component/page")
    others = [Route("/taken", taken), Route("/other", other)]
    routes = [*(Route(path, page) for path in pages), *others, Route("/{path:path}", behind, methods=["GET", "POST"])]
    app = Starlette(routes=routes, middleware=[Middleware(serve.Scripts)])
    listening = serve.bound("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
    running = threading.Thread(target=server.run, args=([listening],))
    running.start()
    yield Visitor(f"http://127.0.0.1:{listening.getsockname()[1]}", asked_as)
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
    found = visitor.get(f"/static/js/{_OTHER.name}")
    assert found.content == _OTHER.read_bytes()
    assert found.headers["Content-Encoding"] == "gzip"
    assert found.headers["Vary"] == "Accept-Encoding"
    assert int(found.headers["Content-Length"]) < _OTHER.stat().st_size / 2
    assert found.headers["Content-Type"].startswith("text/javascript")
    assert "max-age=31536000" in found.headers["Cache-Control"]


def test_what_was_asked_for_once_is_not_read_again(visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    first = visitor.get(f"/static/js/{_OTHER.name}")
    monkeypatch.setattr(Path, "read_bytes", lambda path: pytest.fail(f"{path} was read again"))
    assert visitor.get(f"/static/js/{_OTHER.name}").content == first.content


def test_who_takes_nothing_compressed_has_it_plain(visitor: Visitor) -> None:
    found = visitor.get(f"/static/js/{_OTHER.name}", **{"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in found.headers
    assert found.headers["Vary"] == "Accept-Encoding"
    assert found.content == _OTHER.read_bytes()


def test_plotly_makes_ready_for_the_kinds_of_charts_that_pages_have() -> None:
    whole = _PLOTLY.read_bytes()
    ours = serve.of_these_kinds(whole)
    at = ours.index(b"register([") + len(b"register([")
    calls = ours[at : ours.index(b"])", at)].split(b",")
    # Each is what the build makes of one of Plotly's own files.
    kinds = [re.findall(rb"[,;]" + re.escape(call[:-2]) + rb'=\w+\(\{"lib/(\w+)\.js"', ours) for call in calls]
    assert sorted(kinds) == [[kind] for kind in sorted(serve.KINDS)]
    assert len(calls) < len(whole[at : whole.index(b"])", at)].split(b",")) / 10
    assert ours[:at] == whole[:at]
    assert whole.endswith(ours[ours.index(b"])", at) :])


def test_pages_have_no_other_kinds_of_charts() -> None:
    pages = Path(serve.__file__).with_name("pages").rglob("*.py")
    drawn = {kind.lower() for page in pages for kind in re.findall(rb"\bgo\.([A-Z]\w+)\(", page.read_bytes())}
    assert drawn - {b"figure", b"scatter"} == serve.KINDS  # lines and points are of Plotly's core


@pytest.mark.parametrize("other", [b"", b'"lib/index.js"(e,t){var n=b();n.register([a(),c()])', b"register([bar()])"])
def test_a_plotly_of_another_build_stays_whole(other: bytes) -> None:
    assert serve.of_these_kinds(other) == other


def test_a_part_of_plotly_is_kept_only_while_it_is_the_same(visitor: Visitor) -> None:
    """An application of Streamlit's that is served there later has the whole under the same name."""
    path = f"/static/js/{_PLOTLY.name}"
    found = visitor.get(path)
    assert found.headers["Cache-Control"] == "no-cache"
    tag = found.headers["ETag"]
    for known in (tag, f'"another", W/{tag}'):
        again = visitor.get(path, **{"If-None-Match": known})
        assert (again.status_code, again.content) == (HTTPStatus.NOT_MODIFIED, b"")
        assert again.headers["ETag"] == tag
    assert visitor.get(path, **{"Accept-Encoding": "identity"}).headers["ETag"] != tag
    assert visitor.get(path, **{"If-None-Match": '"that of Streamlit"'}).content == found.content


def test_what_makes_plotly_is_read_ahead_and_nothing_else_of_it_changed(visitor: Visitor) -> None:
    sent, made = visitor.get(f"/static/js/{_PLOTLY.name}").content, serve.of_these_kinds(_PLOTLY.read_bytes())
    begin, end = sent.index(b",(()=>{") + 1, sent.index(b"})", sent.index(b"return window.Plotly=")) + 1
    assert sent[:begin] + sent[begin + 1 : end] + sent[end + 1 :] == made
    assert sent[end : end + 2] == b"))"


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


@pytest.mark.parametrize("path", ["/", "/sales", "/below/sales"])
def test_a_page_begins_with_where_the_server_is_and_with_plotly(visitor: Visitor, path: str) -> None:
    found = visitor.get(path, **_AS_A_BROWSER)
    begun, first, rest = found.text.partition('<script type="module" src="one">')
    assert first + rest == _PAGE.removeprefix("<html>")
    assert begun.startswith('<html><script>window.__streamlit = {BACKEND_BASE_URL: new URL("./", location).href,')
    assert json.dumps(st.get_option("client.allowedOrigins")) in begun
    assert begun.endswith(f'import("./static/js/{_PLOTLY.name}");</script>')
    assert f"<./static/js/{_PLOTLY.name}>; rel=modulepreload" in found.headers["Link"]


def test_a_page_that_may_have_no_chart_starts_no_plotly(visitor: Visitor) -> None:
    found = visitor.get("/trace", **_AS_A_BROWSER)
    assert "window.__streamlit" in found.text
    assert "import(" not in found.text
    assert _PLOTLY.name in found.headers["Link"]  # the next page may


def test_the_pages_with_charts_are_pages_of_the_dashboard() -> None:
    dashboard = Path(serve.__file__).with_name("dashboard.py").read_text()
    assert all(f'url_path="{page}"' in dashboard for page in serve._WITH_CHARTS - {""})


def test_a_page_is_never_that_of_a_cache(visitor: Visitor) -> None:
    """The page of another version of this server would be without the beginning, or with another one."""
    found = visitor.get("/", **_AS_A_BROWSER, **{"If-None-Match": "that of Streamlit", "If-Modified-Since": "its day"})
    assert not {"if-none-match", "if-modified-since", "accept-encoding"} & set(visitor.asked_as)
    assert not {"etag", "last-modified"} & set(found.headers)
    assert len(found.content) == int(found.headers["Content-Length"])


@pytest.mark.parametrize(
    ("path", "answer"),
    [("/media/page", _PAGE), ("/component/page", _PAGE), ("/taken", _PAGE), ("/other", "<html>"), ("/x", "behind")],
)
def test_what_is_no_page_of_streamlits_goes_through_as_it_comes(visitor: Visitor, path: str, answer: str) -> None:
    found = visitor.get(path, **_AS_A_BROWSER)
    assert found.text == answer
    assert "Link" not in found.headers


def test_a_file_may_come_compressed_and_from_a_cache(visitor: Visitor) -> None:
    visitor.get("/media/page", **_AS_A_BROWSER, **{"If-None-Match": "that of Streamlit"})
    assert {"if-none-match", "accept-encoding"} <= set(visitor.asked_as)


def test_who_asks_for_no_page_is_told_nothing_beforehand(visitor: Visitor) -> None:
    assert visitor.get("/").text == _PAGE
