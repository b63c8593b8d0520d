"""Answers for many readers: asked side by side, kept for a while, asked once however many wait for them.

It knows nothing of pages. Its threads touch no session: they run a question and keep what came of it.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from dataclasses import dataclass, field
from threading import Lock, Thread
from typing import TYPE_CHECKING, Generic, TypeVar

from pipeline.errors import QueryCancelledError, WeirError
from queries import tickets
from queries.tickets import Ticket, held

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping

FRESH_FOR_S = 20.0
_MOST = 1_000
_AT_ONCE = 8
_GONE_AFTER_S = 90.0  # a browser lets a page that nobody looks at say something once a minute
# Who asks for something else may still come to the same question: a page waits some seconds before it asks its last.
_LEFT_AFTER_S = 8.0
_GOES_ON = (
    "You wait for it no longer. Others who look at the same figure do, or did a moment ago, so the engine goes on "
    "until it has the answer or the time is up."
)
T = TypeVar("T")


@dataclass
class Asked(Generic[T]):
    """One question on its way, or its answer. `begun` is a monotonic clock's time."""

    future: Future[T]
    ticket: Ticket
    begun: float
    ended: float | None = None
    waiting: dict[str, float] = field(default_factory=dict)  # who, and when they last said so
    runs: dict[str, int] = field(default_factory=dict)  # and the run in which they last asked
    # Who waits no more, the run in which they said so, and what they are told.
    gave_up: dict[str, tuple[int, QueryCancelledError]] = field(default_factory=dict)
    told: dict[str, int] = field(default_factory=dict)

    @property
    def done(self) -> bool:
        """Whether an answer or an error is there."""
        return self.future.done()

    @property
    def seconds(self) -> float:
        """How long it took, or has taken so far."""
        return (self.ended or time.monotonic()) - self.begun

    def answer(self, seconds: float, reader: str = "", run: int = 0) -> T:
        """The answer, waited for `seconds` at most. Raises NotYet when it is not there in time, else its error.

        Raises QueryCancelledError for a reader who gave up, also while the engine goes on.
        """
        if reader in self.gave_up:
            raise self.gave_up[reader][1]
        try:
            return self.future.result(max(0.0, seconds))
        except WeirError:
            self.told.setdefault(reader, run)
            raise

    def wait(self, reader: str) -> None:
        """`reader` waits for it, or still does; a page that waits says so each second."""
        self.waiting[reader] = time.monotonic()

    def left(self, latest: Mapping[str, int], after_s: float) -> bool:
        """Whether all who waited have gone on: their `latest` run did not ask, and they were silent for so long."""
        lately = time.monotonic() - after_s
        return all(
            latest.get(reader, 0) > self.runs.get(reader, 0) and at < lately
            for reader, at in list(self.waiting.items())
        )

    def give_up(self, reader: str, run: int = 0) -> bool:
        """`reader` waits no more. When nobody else does, the engine stops: then the answer is True."""
        if self.done:
            return False
        lately = time.monotonic() - _GONE_AFTER_S
        # Who closed the page says nothing more.
        others = [at for other, at in list(self.waiting.items()) if other != reader and other not in self.gave_up]
        goes_on = any(at > lately for at in others)
        self.gave_up[reader] = run, QueryCancelledError(_GOES_ON if goes_on else tickets.CANCELLED)
        if not goes_on:
            self.ticket.call_off()
        return not goes_on


class Answers:
    """Keeps each answer for `fresh_s` seconds, `most` of them; asks `at_once` questions at a time.

    An error is told to each reader who waited for it, in one run and for as long, and then asked again: a page that
    looks for an answer learns what happened, and a page that tries again gets a new try. A question whose readers have
    all gone on to others is called off after `left_after_s` seconds, so that it holds up nobody.
    """

    def __init__(
        self,
        *,
        fresh_s: float = FRESH_FOR_S,
        most: int = _MOST,
        at_once: int = _AT_ONCE,
        left_after_s: float = _LEFT_AFTER_S,
    ) -> None:
        self._fresh_s = fresh_s
        self._left_after_s = left_after_s
        self._latest: OrderedDict[str, int] = OrderedDict()  # by reader, the latest run
        self._most = most
        self._kept: OrderedDict[Hashable, Asked[object]] = OrderedDict()
        self._on_their_way: dict[Hashable, Asked[object]] = {}
        self._lock = Lock()
        self._pool = ThreadPoolExecutor(at_once, thread_name_prefix="asking")

    def ask(self, key: Hashable, question: Callable[[], T], reader: str = "", run: int = 0) -> Asked[T]:
        """The question on its way or its answer; `run` counts how often `reader` has asked anew.

        `question` runs in another thread.
        """
        with self._lock:
            self._came(reader, run)
            self._call_off_what_is_left()
            found = self._kept.get(key)
            if found is not None and self._serves(found, reader, run):
                found.wait(reader)
                found.runs[reader] = run
                if found.gave_up.get(reader, (run,))[0] != run:
                    del found.gave_up[reader]
                self._kept.move_to_end(key)
                return found  # type: ignore[return-value]  # a key belongs to one type of answer
            asked: Asked[T] = Asked(Future(), Ticket(), time.monotonic())
            asked.wait(reader)
            asked.runs[reader] = run
            self._kept[key] = self._on_their_way[key] = asked  # type: ignore[assignment]  # as above
            self._kept.move_to_end(key)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        self._pool.submit(_work, asked, question)
        return asked

    def forget(self, key: Hashable) -> None:
        """Ask anew next time."""
        with self._lock:
            self._kept.pop(key, None)

    def close(self) -> None:
        """Take no more questions, and call off those on their way."""
        with self._lock:
            for asked in self._kept.values():
                if not asked.done:
                    asked.ticket.call_off()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _came(self, reader: str, run: int) -> None:
        self._latest[reader] = run
        self._latest.move_to_end(reader)
        while len(self._latest) > self._most:
            self._latest.popitem(last=False)

    def _call_off_what_is_left(self) -> None:
        for key, asked in list(self._on_their_way.items()):
            if asked.done or asked.ticket.off:
                del self._on_their_way[key]
            elif asked.left(self._latest, self._left_after_s):
                del self._on_their_way[key]
                self._kept.pop(key, None)
                # An engine may take its time to hear of it, while others hold out for the lock.
                Thread(target=asked.ticket.call_off, daemon=True).start()

    def _serves(self, found: Asked[object], reader: str, run: int) -> bool:
        if reader in found.gave_up and found.gave_up[reader][0] == run:
            return True
        if not found.done:
            return not found.ticket.off
        fresh = time.monotonic() - (found.ended or found.begun) < self._fresh_s
        if found.future.exception() is not None:
            # The run that it is told in may ask for it more than once.
            told_now = reader in found.waiting and found.told.get(reader, run) == run
            return fresh and told_now and reader not in found.gave_up
        return fresh


def _work(asked: Asked[T], question: Callable[[], T]) -> None:
    try:
        with held(asked.ticket):
            asked.ticket.check()
            answer = question()
    except WeirError as error:
        asked.ended = time.monotonic()
        asked.future.set_exception(error)
    except BaseException as error:  # noqa: BLE001 - a bug belongs to whoever waits for the answer, not to this thread
        asked.ended = time.monotonic()
        asked.future.set_exception(error)
    else:
        asked.ended = time.monotonic()
        asked.future.set_result(answer)


__all__ = ["FRESH_FOR_S", "Answers", "Asked", "NotYet"]
