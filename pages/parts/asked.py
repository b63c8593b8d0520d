"""The pages' one way to the engines: what is asked is kept for a while, for all readers alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import streamlit as st

from pipeline import clients, stack
from queries import sources as made

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from pipeline.settings import Settings
    from queries.figure import Figure
    from queries.sources import Sources

_Answer = TypeVar("_Answer")
FRESH_FOR_S = 20
_MOST_ANSWERS = 500


def use(settings: Settings, endpoint: str) -> Sources:
    """The sources of this cloud, made once for all sessions and made anew when the cloud has moved.

    Raises CloudError when the stack cannot be asked or is not there.
    """
    found = _sources(settings, endpoint)
    st.session_state["sources"] = found
    return found


def ready() -> bool:
    """Whether this session came through `use`."""
    return "sources" in st.session_state


def sources() -> Sources:
    """What `use` found at the start of this run."""
    found: Sources = st.session_state["sources"]
    return found


def figure(report: Callable[..., Figure], *arguments: Hashable) -> Figure:
    """`report(engine, *arguments)` of the warehouse, asked at most every 20 s; its evidence tells when."""
    return kept(f"{report.__module__}.{report.__name__}", lambda: report(sources().warehouse, *arguments), *arguments)


def lake_figure(report: Callable[..., Figure], *arguments: Hashable) -> Figure:
    """The same of the lake."""
    return kept(f"{report.__module__}.{report.__name__}", lambda: report(sources().lake, *arguments), *arguments)


def kept(name: str, ask: Callable[[], _Answer], *key: Hashable) -> _Answer:
    """What `ask` answers, kept under its name and key for 20 s. Never for what only one person may see."""
    answer: _Answer = _kept(name, (sources().outputs, *key), ask)
    return answer


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
