"""Serves the dashboard, as `streamlit run dashboard.py` does, but a first visit sooner: it takes 110 files.

- Streamlit 1.67 binds its port with a socket that names no protocol, and asyncio turns Nagle's algorithm off for
  sockets that name TCP only (`_set_nodelay` in asyncio/base_events.py): a file's second packet then waits 40 ms, until
  the browser has acknowledged the first one. This port names TCP.
- Streamlit reads its scripts from the disk in pieces of 64 kB for each visitor and sends them as they are, 8.5 MB. Here
  they are kept in memory, compressed once.
- The browser learns that it needs Plotly, by far the largest of them, when the first chart arrives. Here the page's own
  answer says so, and a page that shows charts starts it at once: its first figures are there sooner, if its title is
  later.
- Plotly's script is one function in another, and V8 looks through a function's text once more when it is called, unless
  it stands in parentheses, which tell that it is called at once. Here it does: its 4.7 MB are read while the browser's
  main thread has other things to do.
- Plotly makes ready for 47 kinds of charts when it starts, maps and solids among them. Here it does so for those that
  the pages have, and the browser's main thread has 0.08 s less to do.
- Streamlit's page asks a server below its own address first, as in `/sales/_stcore/health`, and waits before it asks
  elsewhere; then it asks for what it may do, and only then connects. Here the page says both from the start.
- Streamlit's page begins to make itself anew with the first of a run's hundred messages, and again with those that came
  meanwhile. Here it is handed together what comes together: 0.04 s less for a choice on the Customers page.
- Python looks through all objects of the process for garbage, 0.3 s during which nobody is served, about every 60
  openings: much of what these make lives for a while, in sessions and kept answers. Here it waits for more to be made.

The rest is Streamlit's own application, served by Uvicorn with Streamlit's own settings.

    python serve.py --port 8501
"""

from __future__ import annotations

import argparse
import gc
import gzip
import json
import mimetypes
import re
import socket
import sys
import threading
import zlib
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st
import uvicorn
from anyio import to_thread
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.responses import Response

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_DASHBOARD = Path(__file__).with_name("dashboard.py")
_MIB = 1 << 20
_NEW_OBJECTS = 10_000  # made and not freed again, before Python looks for garbage; of itself Python 3.11 takes 700
_STREAMLIT = Path(st.__file__).parent / "static"
# The files' names change with their content: Streamlit lets browsers keep them for a year, too.
_FOR_A_YEAR = "public, immutable, max-age=31536000"
# But for Plotly's, of which this is a part: another application of Streamlit's, later at the same address, has the
# whole under the same name. So browsers ask whether it is still the same.
_WHILE_THE_SAME = "no-cache"
_COMPRESSED = {".css", ".js"}  # the rest, fonts and pictures, is so already
# What mimetypes knows beyond these differs from machine to machine.
_TYPES = {".css": "text/css", ".js": "text/javascript", ".woff2": "font/woff2"}
# Where the function that makes Plotly begins, as the last argument of a call, and where both end. V8 reads a function
# ahead of its call when it follows a parenthesis (v8.dev/blog/preparser); Streamlit's build minds this only at the top.
_PLOTLY = "PlotlyChart."
_MAKES_PLOTLY = re.compile(rb"(\?self:\w+,)(\(\)=>\{.+return window\.Plotly=\w+,\w+\})(\))", re.DOTALL)
# The kinds of charts that the pages have, beside the lines and points of Plotly's core; where Plotly makes ready for
# all, each a call; and what a call is for.
KINDS = {b"bar", b"heatmap", b"sankey"}
_ALL_KINDS = re.compile(rb'"lib/index\.js"\(\w,\w\)\{var (\w+)=[\w$]+\(\);\1\.register\(\[([\w$(),]+)\]\)')
_KIND = re.compile(rb'([\w$]+)=\w+\(\{"lib/(\w+)\.js"')
_LOW = "; rel=modulepreload; crossorigin; fetchpriority=low"  # after the scripts that the page itself names
_FIRST_SCRIPT = b'<script type="module"'
# Pages that have charts as a rule; the lake and an audit may have none.
_WITH_CHARTS = {"", "sales", "products", "invoices", "customers", "active-pages", "streams", "deliveries"}
# Plotly takes every touch that begins on a chart for a drag, and the page cannot be scrolled from there, which is most
# of a phone's screen. Without it the browser scrolls, and makes a tap the click of a mouse, which Plotly takes, too.
_FINGERS = """addEventListener("touchstart", (touch) => {
    if (touch.target.closest?.(".nsewdrag")) touch.stopImmediatePropagation();
}, {capture: true, passive: true});"""
# A panel that a button opens stands at the end of the page's text, behind everything else that a keyboard reaches. Tab
# on the button leads into it, and Shift and Tab back.
_KEYS = """addEventListener("keydown", (key) => {
    if (key.key !== "Tab") return;
    const button = document.querySelector('[data-testid="stPopoverButton"][aria-expanded="true"]');
    const first = document.querySelector('[data-testid="stPopoverBody"] :is(button, input, a[href])');
    const [from, to] = key.shiftKey ? [first, button] : [button, first];
    if (!from || !to || document.activeElement !== from) return;
    key.preventDefault();
    to.focus();
}, {capture: true});"""
# The server's messages, handed on when none has come for 8 ms, or all have waited for 60.
MESSAGES = """WebSocket = class extends WebSocket {
    addEventListener(kind, listener, ...more) {
        if (kind !== "message") return super.addEventListener(kind, listener, ...more);
        let waiting = [], since, timer;
        const handOn = () => {
            clearTimeout(timer);
            for (const message of waiting.splice(0)) {
                try { listener.call(this, message); } catch (error) { reportError(error); }
            }
        };
        super.addEventListener("close", handOn);
        super.addEventListener(kind, (message) => {
            if (waiting.push(message) === 1) since = performance.now();
            clearTimeout(timer);
            if (performance.now() - since > 60) handOn();
            else timer = setTimeout(handOn, 8);
        }, ...more);
    }
};"""
# What stands in the addresses of files, of components and of what Streamlit's page itself asks for.
_NO_PAGES = {"_stcore", "component", "media"}
# With these a page might come as a browser or a proxy keeps it from before, or compressed.
_NOT_PASSED_ON = {b"accept-encoding", b"if-modified-since", b"if-none-match"}


class Scripts:
    """Sends Streamlit's scripts, styles and fonts from memory, and its page with a beginning of ours (ASGI middleware).

    Whatever else is asked for, or asked for in parts, Streamlit answers.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._files = {f"/{path.relative_to(_STREAMLIT).as_posix()}": path for path in _STREAMLIT.glob("static/**/*.*")}
        charts = [f".{address}" for address in self._files if address.startswith(f"/static/js/{_PLOTLY}")]
        self._link = ", ".join(f"<{chart}>{_LOW}" for chart in charts)
        self._beginning = _beginning().encode()
        imports = "".join(f"import({json.dumps(chart)});" for chart in charts)
        self._start = f'<script type="module">{imports}</script>'.encode()
        self._lock = threading.Lock()
        self._body = cache(self._read)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or let Streamlit answer."""
        if scope["type"] != "http" or scope["method"] != "GET":
            return await self._app(scope, receive, send)
        asked = Headers(scope=scope)
        path = self._files.get(scope["path"])
        steps = scope["path"].split("/")
        if path is None and "text/html" in asked.get("accept", "") and not _NO_PAGES & set(steps):
            headers = [(name, value) for name, value in scope["headers"] if name not in _NOT_PASSED_ON]
            beginning = self._beginning + (self._start if steps[-1] in _WITH_CHARTS else b"")
            return await self._app({**scope, "headers": headers}, receive, self._page(send, beginning))
        if path is None or "range" in asked:  # of what is changed here, too: browsers ask for no parts of scripts
            return await self._app(scope, receive, send)
        compressed = path.suffix in _COMPRESSED and "gzip" in asked.get("accept-encoding", "")
        body = await to_thread.run_sync(self._kept, path, compressed)
        answer = Response(body, media_type=_TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0])
        kept = {"Cache-Control": _FOR_A_YEAR}
        if path.name.startswith(_PLOTLY):
            tag = f'"{zlib.crc32(body):x}-{len(body)}"'
            kept = {"Cache-Control": _WHILE_THE_SAME, "ETag": tag}
            # A proxy that compresses marks the tag as a weak one.
            if tag in {each.strip().removeprefix("W/") for each in asked.get("if-none-match", "").split(",")}:
                answer = Response(status_code=HTTPStatus.NOT_MODIFIED)
        answer.headers.update({**kept, "Vary": "Accept-Encoding"})
        if compressed:
            answer.headers["Content-Encoding"] = "gzip"
        return await answer(scope, receive, send)

    def _kept(self, path: Path, compressed: bool) -> bytes:  # noqa: FBT001 - run_sync passes no names
        """The file; of many that ask for it first at once, one reads and compresses it, and the others wait."""
        with self._lock:
            return self._body(path, compressed)

    @staticmethod
    def _read(path: Path, compressed: bool) -> bytes:  # noqa: FBT001 - as above
        body = path.read_bytes()
        if path.name.startswith(_PLOTLY):
            body = _MAKES_PLOTLY.sub(rb"\1(\2)\3", of_these_kinds(body), count=1)
        return gzip.compress(body, mtime=0) if compressed else body

    def _page(self, send: Send, beginning: bytes) -> Send:
        """`send`, with `beginning` put into a page of Streamlit's; what is no page goes through as it comes."""
        begun: Message | None = None
        page = b""

        async def sent(message: Message) -> None:
            nonlocal begun, page
            if message["type"] == "http.response.start" and _is_page(message):
                begun = message
            elif begun is None:
                await send(message)
            else:
                page += message.get("body", b"")
                if not message.get("more_body", False):
                    if _FIRST_SCRIPT in page:
                        page = page.replace(_FIRST_SCRIPT, beginning + _FIRST_SCRIPT, 1)
                        headers = MutableHeaders(scope=begun)
                        headers.update({"Link": self._link, "Content-Length": str(len(page))})
                        for name in ("ETag", "Last-Modified"):  # of the page without the beginning
                            del headers[name]
                    await send(begun)
                    await send({"type": "http.response.body", "body": page})

        return sent


def of_these_kinds(script: bytes) -> bytes:
    """Plotly's script, which makes ready for `KINDS` alone; as it is where they are not found in it."""
    found = _ALL_KINDS.search(script)
    if found is None:
        return script
    kinds = dict(_KIND.findall(script))
    kept = [call for call in found[2].split(b",") if kinds.get(call.removesuffix(b"()")) in KINDS]
    return script[: found.start(2)] + b",".join(kept) + script[found.end(2) :] if len(kept) == len(KINDS) else script


def _is_page(started: Message) -> bool:
    headers = Headers(raw=started["headers"])
    is_html = headers.get("content-type", "").startswith("text/html")
    return bool(started["status"] == HTTPStatus.OK and is_html and "content-disposition" not in headers)


def _beginning() -> str:
    """A script that says where the server is and what it tells of itself at `_stcore/host-config`; and those above.

    `window.__streamlit` is Streamlit's own way for who hosts it (`StreamlitConfig` of its frontend).
    """
    host = {"allowedOrigins": st.get_option("client.allowedOrigins"), "useExternalAuthToken": False}
    settings = f'{{BACKEND_BASE_URL: new URL("./", location).href, HOST_CONFIG: {json.dumps(host)}}}'
    return f"<script>window.__streamlit = {settings}; {_FINGERS} {_KEYS} {MESSAGES}</script>"


def bound(address: str, port: int) -> socket.socket:
    """A socket that listens there; each connection that it takes sends without delay. Raises OSError."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((address, port))
        listening.listen(2048)
    except OSError:
        listening.close()
        raise
    return listening


def main(arguments: list[str]) -> int:
    """Serve until SIGINT or SIGTERM; 1 when the port cannot be had."""
    parser = argparse.ArgumentParser(description="Serve the dashboard.")
    parser.add_argument("--port", type=int, help="default: server.port of .streamlit/config.toml, 8501")
    parser.add_argument("--address", help="default: server.address of it, the loopback")
    parser.add_argument("script", nargs="?", type=Path, default=_DASHBOARD, help="another script than dashboard.py")
    chosen = parser.parse_args(arguments)
    app = st.App(chosen.script.resolve(), middleware=[Middleware(Scripts)])
    address = str(chosen.address or st.get_option("server.address"))
    port = int(st.get_option("server.port") if chosen.port is None else chosen.port)
    try:
        listening = bound(address, port)
    except OSError as error:
        print(f"serve.py: port {port} of {address} cannot be used ({error.strerror}): choose another.", file=sys.stderr)
        return 1
    config = uvicorn.Config(
        app,
        access_log=False,
        log_level="warning",
        ssl_certfile=st.get_option("server.sslCertFile"),
        ssl_keyfile=st.get_option("server.sslKeyFile"),
        timeout_graceful_shutdown=3,  # seconds for open windows
        ws="websockets-sansio",
        ws_max_size=int(st.get_option("server.maxMessageSize")) * _MIB,
        ws_per_message_deflate=bool(st.get_option("server.enableWebsocketCompression")),
    )
    gc.set_threshold(_NEW_OBJECTS)
    print(f"Serving {chosen.script.name} on http://{address}:{port}", flush=True)
    uvicorn.Server(config).run(sockets=[listening])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
