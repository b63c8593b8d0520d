"""The pages' one way to the engines: figures are asked side by side, and kept for a while for all readers alike.

A page asks all its figures first, then shows each in a panel of its own:

    totals, course = asked.together(asked.warehouse(sales.totals, scope), asked.warehouse(sales.by_period, scope, by))
    with states.panel("Sales totals"):
        row = totals.figure().row

Engines run in threads that know nothing of Streamlit. A page waits two seconds for all its figures together; the
panel of one that takes longer says so, offers to cancel it, and shows it when it comes.
"""

from __future__ import annotations

import time
import uuid
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import streamlit as st

from pipeline import clients, stack
from pipeline.errors import WeirError
from queries import sources as made
from queries.answers import FRESH_FOR_S, Answers, NotYet

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator

    from pipeline.settings import Settings
    from queries.answers import Asked
    from queries.figure import Figure
    from queries.sources import Sources

_Answer = TypeVar("_Answer")
_PATIENCE_S = 2.0
_MOST_ANSWERS = 500
_LIVE_FOR_S = 0.8  # with looks two seconds apart, what arrives is on the page within three


class NotYetError(WeirError):
    """A figure is still being asked; `answering` is where it will come."""

    def __init__(self, answering: Answering) -> None:
        super().__init__("The engine is still working on it. Wait a moment, or cancel it.")
        self.answering = answering


@dataclass(frozen=True)
class Question:
    """A report and what it is asked with, of the warehouse or the lake."""

    report: Callable[..., Figure]
    arguments: tuple[Hashable, ...]
    engine: str

    @property
    def key(self) -> Hashable:
        """What tells its answer from all others of one stack."""
        return (self.engine, f"{self.report.__module__}.{self.report.__name__}", *self.arguments)


@dataclass(frozen=True)
class Answering:
    """A question's answer, there or on its way to this session."""

    question: Question
    asked: Asked[Figure]
    until: float

    def figure(self) -> Figure:
        """The figure. Raises the engine's error, or NotYetError when the page has waited long enough."""
        try:
            return self.asked.answer(self.until - time.monotonic(), _reader().name, _reader().run)
        except NotYet:
            # An engine's own time-out is an error of ours; this one is the page's patience.
            raise NotYetError(self) from None

    def wait_on(self) -> None:
        """This session still looks out for it."""
        self.asked.wait(_reader().name)

    @property
    def given_up(self) -> bool:
        """Whether this session waits for it no longer."""
        return _reader().name in self.asked.gave_up

    def cancel(self) -> None:
        """Wait no longer; the engine stops when nobody else waits for the same."""
        self.asked.give_up(_reader().name, _reader().run)


def warehouse(report: Callable[..., Figure], *arguments: Hashable) -> Question:
    """`report(warehouse, *arguments)`."""
    return Question(report, arguments, "warehouse")


def lake(report: Callable[..., Figure], *arguments: Hashable) -> Question:
    """`report(lake, *arguments)`."""
    return Question(report, arguments, "lake")


def together(*questions: Question) -> list[Answering]:
    """The questions asked side by side, their answers in the same order; each is asked at most every 20 s.

    Never again where the page came back by itself and its answer was there: the page shows what it showed.
    """
    until = time.monotonic() + _PATIENCE_S
    return [Answering(question, _asked(question), until) for question in questions]


def figure(report: Callable[..., Figure], *arguments: Hashable) -> Figure:
    """One figure of the warehouse. Raises as `Answering.figure`."""
    (answering,) = together(warehouse(report, *arguments))
    return answering.figure()


def forget(*questions: Question) -> None:
    """Ask the engines anew on the next run."""
    for question in questions:
        _answers().forget((sources().outputs, question.key))


def use(settings: Settings, endpoint: str) -> Sources:
    """The sources of this cloud, made once for all sessions and made anew when the cloud has moved.

    Raises CloudError when the stack cannot be asked or is not there.
    """
    found = _sources(settings, endpoint)
    st.session_state["sources"] = found
    return found


def begin() -> None:
    """A page begins: what is old, or failed before, is asked again.

    Not when the page came back by itself: then it shows what it showed, and what came meanwhile.
    """
    reader = _reader()
    reader.came_back, reader.by_itself = reader.by_itself, False
    if not reader.came_back:
        reader.asked_for.clear()
        try_again()


@contextmanager
def whole_page() -> Iterator[None]:
    """Around a run of the whole page: what runs alone afterwards asks again what is old."""
    try:
        yield
    finally:
        # Of a run that was broken off for another one, Streamlit lets nothing of the session be touched any more.
        _reader().came_back = False


def try_again() -> None:
    """What failed before may be asked again."""
    reader = _reader()
    reader.run += 1
    reader.by_itself = False


def come_back() -> None:
    """Show the page again, for an answer that came. What was cancelled or failed meanwhile stays so."""
    _reader().by_itself = True
    st.rerun()


def ready() -> bool:
    """Whether this session came through `use`."""
    return "sources" in st.session_state


def sources() -> Sources:
    """What `use` found at the start of this run."""
    found: Sources = st.session_state["sources"]
    return found


def kept(name: str, ask: Callable[[], _Answer], *key: Hashable) -> _Answer:
    """What `ask` answers, kept under its name and key for 20 s. Never for what only one person may see."""
    answer: _Answer = _kept(name, (sources().outputs, *key), ask)
    return answer


def live(name: str, ask: Callable[[], _Answer], *key: Hashable) -> _Answer:
    """The same for what changes from second to second: kept for less than a second, so that many readers ask once."""
    answer: _Answer = _live(name, (sources().outputs, *key), ask)
    return answer


@dataclass
class _Reader:
    """Who waits in this session, no more than that is known of anybody; and the run of its script that this is.

    `asked_for` is what its page asked since somebody last asked for the page, by the answers' keys.
    """

    name: str
    run: int = 0
    by_itself: bool = False  # the next run of the page
    came_back: bool = False  # this run
    asked_for: dict[Hashable, Asked[Figure]] = field(default_factory=dict)


def _reader() -> _Reader:
    found: _Reader = st.session_state.setdefault("reader", _Reader(uuid.uuid4().hex))
    return found


def _asked(question: Question) -> Asked[Figure]:
    reader, found = _reader(), sources()
    key = (found.outputs, question.key)
    before = reader.asked_for.get(key) if reader.came_back else None
    if before is not None and before.done and (reader.name in before.gave_up or not before.ticket.off):
        return before
    ask = partial(question.report, getattr(found, question.engine), *question.arguments)
    reader.asked_for[key] = _answers().ask(key, ask, reader.name, reader.run)
    return reader.asked_for[key]


@st.cache_resource(show_spinner=False, max_entries=1)
def _answers() -> Answers:
    return Answers()


@st.cache_resource(show_spinner="Looking for the stack ...", max_entries=2)
def _sources(settings: Settings, endpoint: str) -> Sources:  # noqa: ARG001 - the endpoint is part of the key
    clients.client.cache_clear()
    stack.outputs.cache_clear()
    return made.of(settings)


@st.cache_data(ttl=FRESH_FOR_S, max_entries=_MOST_ANSWERS, show_spinner="Asking ...")
def _kept(
    name: str,  # noqa: ARG001 - it and the key tell answers apart
    key: tuple[Hashable, ...],  # noqa: ARG001
    _ask: Callable[[], Any],
) -> Any:  # noqa: ANN401 - any answer that pickles
    return _ask()


@st.cache_data(ttl=_LIVE_FOR_S, max_entries=_MOST_ANSWERS, show_spinner=False)
def _live(
    name: str,  # noqa: ARG001 - it and the key tell answers apart
    key: tuple[Hashable, ...],  # noqa: ARG001
    _ask: Callable[[], Any],
) -> Any:  # noqa: ANN401 - any answer that pickles
    return _ask()
