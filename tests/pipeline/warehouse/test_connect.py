from __future__ import annotations

import json
import socket
import threading
from dataclasses import fields
from typing import TYPE_CHECKING

import pytest

from pipeline.errors import CloudDownError
from pipeline.stack import Outputs
from pipeline.warehouse import connect

if TYPE_CHECKING:
    from collections.abc import Iterator


class Secrets:
    def get_secret_value(self, **_request: str) -> dict[str, str]:
        return {"SecretString": json.dumps({"username": "weir", "password": "secret"})}


@pytest.fixture
def hangs_up() -> Iterator[int]:
    """The port of a server that takes a connection and closes it."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            server.accept()[0].close()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        thread.join(10)


def test_a_warehouse_that_hangs_up_is_told_without_the_drivers_advice(
    hangs_up: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connect, "client", lambda _service: Secrets())
    values = {field.name: field.name for field in fields(Outputs)}
    values |= {"warehouse_host": "127.0.0.1", "warehouse_port": str(hangs_up), "warehouse_ssl": "false"}
    with pytest.raises(CloudDownError, match="cannot be reached") as told:
        connect.open_connection(Outputs(**values))
    assert "timeout" not in str(told.value)
    assert "is the local cloud running?" in str(told.value)
