"""A query that its reader may call off while it runs; the engine is then told to stop.

Whoever asks on behalf of readers sets a ticket for the thread that asks; the engines' clients put in it how their
query is stopped. Without a ticket nothing can be called off, and nothing needs to know.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from threading import RLock, Thread
from typing import TYPE_CHECKING

from pipeline.errors import QueryCancelledError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CANCELLED = "The query was cancelled, in the engine too. Ask again when you want it."


class Ticket:
    """Belongs to one question; safe to call off from any thread, at any time, more than once."""

    def __init__(self) -> None:
        self._lock = RLock()
        self._stop: Callable[[], None] | None = None
        self.off = False

    def call_off(self) -> None:
        """Stop what runs, and whatever would run later under this ticket. Does not wait for the engine."""
        if self.off:
            return
        self.off = True
        # An engine that does not answer does not take the order either.
        Thread(target=self._give_order, name="calling off", daemon=True).start()

    def _give_order(self) -> None:
        with self._lock:
            if self._stop is not None:
                self._stop()

    def check(self) -> None:
        """Raise QueryCancelledError when it was called off."""
        if self.off:
            raise QueryCancelledError(CANCELLED)

    @contextmanager
    def stopped_by(self, stop: Callable[[], None]) -> Iterator[None]:
        """While the block runs, `stop` is how its query is stopped; it never runs once the block has ended.

        Raises QueryCancelledError when the ticket was called off before.
        """
        with self._lock:
            self.check()
            self._stop = stop
        try:
            yield
        finally:
            with self._lock:
                self._stop = None


_CURRENT: ContextVar[Ticket | None] = ContextVar("ticket", default=None)


def current() -> Ticket:
    """The ticket of the question that this thread asks; one that nobody holds when there is none."""
    return _CURRENT.get() or Ticket()


@contextmanager
def held(ticket: Ticket) -> Iterator[None]:
    """Ask under `ticket` for the length of the block."""
    token = _CURRENT.set(ticket)
    try:
        yield
    finally:
        _CURRENT.reset(token)
