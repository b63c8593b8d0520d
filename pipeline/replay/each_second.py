"""What is told of a replay while it runs: once a second, from a thread of its own."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from pipeline.errors import WeirError

if TYPE_CHECKING:
    from collections.abc import Callable


class EachSecond:
    """Calls `tell` once a second while the block runs. A cloud that does not listen does not end a replay."""

    def __init__(self, tell: Callable[[], None]) -> None:
        self._tell = tell
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="progress", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _loop(self) -> None:
        while not self._over.wait(1.0):
            with suppress(WeirError):
                self._tell()
