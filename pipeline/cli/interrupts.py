"""Ctrl-C for verbs that send: the first one stops after what is in flight, the second one breaks off."""

from __future__ import annotations

import signal
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType


@contextmanager
def stop_on_signals(then: Callable[[], None] = lambda: None) -> Iterator[threading.Event]:
    """An event that the first SIGINT or SIGTERM sets, and `then` is called; the second one breaks off."""
    stop = threading.Event()

    def handle(_number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        then()
        print("\nweir: stopping after what is in flight; once more breaks off.", file=sys.stderr)

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
