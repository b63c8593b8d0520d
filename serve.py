"""Serves the dashboard, as `streamlit run dashboard.py` does, but with each answer on its way at once.

A first visit takes 110 small files. Streamlit 1.67 binds its port with a socket that names no protocol, and asyncio
turns Nagle's algorithm off for sockets that name TCP only (`_set_nodelay` in asyncio/base_events.py): a file's second
packet then waits 40 ms, until the browser has acknowledged the first one. This port names TCP. The rest is Streamlit's
own application, served by Uvicorn with Streamlit's own settings.

    python serve.py --port 8501
"""

from __future__ import annotations

import argparse
import socket
import sys
from pathlib import Path

import streamlit as st
import uvicorn

_DASHBOARD = Path(__file__).with_name("dashboard.py")
_MIB = 1 << 20


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
    app = st.App(chosen.script.resolve())
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
    print(f"Serving {chosen.script.name} on http://{address}:{port}", flush=True)
    uvicorn.Server(config).run(sockets=[listening])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
