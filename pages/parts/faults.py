"""What fails is logged once, however many figures, reruns and readers meet it.

An engine that is down fails every figure of every page, each time that somebody looks. Whoever reads the log wants to
know of it once, when it began; a fault that comes back after it was gone for a while is a new one.
"""

from __future__ import annotations

import logging
import re
import time
from threading import Lock
from typing import TYPE_CHECKING

import streamlit as st
from streamlit.logger import get_logger

from pipeline.errors import (
    BadInputError,
    CloudDownError,
    NotFoundError,
    QueryCancelledError,
    QueryRefusedError,
    WeirError,
)

if TYPE_CHECKING:
    from collections.abc import Callable

LOGGER = "weir.pages"
# Nobody has met it for so long: it was over. A page that looks again does so sooner.
GONE_AFTER_S = 300.0
# What a reader did or asked for is told to the reader, and is nothing for an operator.
_OF_READERS = (BadInputError, NotFoundError, QueryCancelledError, QueryRefusedError)
_BRACKETS = re.compile(r"\(.*\)", re.DOTALL)
_WHERE = re.compile(r"\bat \S+:\d+")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


class Faults:
    """The faults that were met lately, by what they are; `clock` tells seconds. Safe to share between threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._met: dict[tuple[str, str], float] = {}
        self._lock = Lock()

    def is_new(self, error: WeirError) -> bool:
        """Whether nobody met this fault lately. The same fault may tell other numbers: how long it took, which port."""
        text = str(error)
        if isinstance(error, CloudDownError):
            # Out of reach is out of reach, whichever way the wire broke, and whatever there is to do about it.
            text = " ".join(_WHERE.sub("", _BRACKETS.sub("", text)).partition(". ")[0].split())
        fault = (type(error).__name__, _NUMBER.sub("#", text))
        now = self._clock()
        with self._lock:
            self._met = {each: at for each, at in self._met.items() if now - at < GONE_AFTER_S}
            new = fault not in self._met
            self._met[fault] = now
        return new


def log(what: str, error: WeirError) -> None:
    """Log that part `what` of a page failed, in one line and with the error's cause, unless that is known."""
    if isinstance(error, _OF_READERS) or not _faults().is_new(error):
        return
    cause = f" Caused by {type(error.__cause__).__name__}." if error.__cause__ else ""
    told = f"{what}: {type(error).__name__}: {error}{cause}"
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in told).split())
    # Streamlit's way, so that the line has a time and stands in the log once: with its own messages.
    get_logger(LOGGER).warning("%s", line)


class _OfFiles(logging.Filter):
    """Lets Streamlit log a file that could not be made, with its trace, unless the reason has a name: that is told."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether Streamlit's record stands."""
        error = record.exc_info[1] if record.exc_info else None
        while error is not None and not isinstance(error, WeirError):
            error = error.__cause__
        if error is None:
            return True
        log("A file", error)
        return False


# It makes files when they are asked for, in a thread that belongs to no page.
logging.getLogger("streamlit.runtime.backend_operation_handler").addFilter(_OfFiles())


@st.cache_resource(show_spinner=False, max_entries=1)
def _faults() -> Faults:
    return Faults()
