"""What a panel shows when it has no figure: an error in words, or how data gets here."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import streamlit as st

from pages.parts import words
from pipeline.errors import (
    AccessRefusedError,
    BadInputError,
    CloudDownError,
    LocalCloudError,
    NotDeployedError,
    NotFoundError,
    QueryRefusedError,
    QueryTimeoutError,
    ThrottledError,
    WeirError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from queries.figure import Evidence

# From the narrow to the wide; the first that fits.
_HAPPENED: tuple[tuple[type[WeirError], str], ...] = (
    (NotDeployedError, "not there yet"),
    (AccessRefusedError, "access refused"),
    (QueryTimeoutError, "took too long"),
    (QueryRefusedError, "refused before it was asked"),
    (ThrottledError, "has to wait"),
    (NotFoundError, "not found"),
    (BadInputError, "not possible with this input"),
    (LocalCloudError, "needs the local cloud"),
    (CloudDownError, "out of reach"),
    (WeirError, "failed"),
)


@contextmanager
def panel(what: str) -> Iterator[None]:
    """A part of a page that may fail on its own: a named error is told in its place, and the page goes on."""
    try:
        yield
    except WeirError as error:
        failed(what, error)


def failed(what: str, error: WeirError) -> None:
    """What happened, since when, and a way forward. The error's own text says what to do."""
    happened = next(words for kind, words in _HAPPENED if isinstance(error, kind))
    at = words.here(datetime.now(UTC))
    st.error(f"**{what}: {happened}** (at {at}). {_readable(error)}", icon=":material/error:")
    st.button("Try again", key=f"retry {what}", icon=":material/refresh:")


def nothing(what: str, how: str) -> None:
    """An empty state: what would be here, and what brings it."""
    st.info(f"**No {what} yet.** {how}", icon=":material/inbox:")


def no_sales() -> None:
    """The empty state of everything that the warehouse answers."""
    nothing(
        "sales",
        "Net sales, orders and products appear here a few seconds after order lines come in: "
        "`make demo` sends a generated sample, `python -m pipeline replay FILE --max` sends a file of yours.",
    )


def evidence(behind: Evidence) -> None:
    """Where a figure comes from, in one quiet line."""
    read = f", {words.size(behind.scanned_bytes)} read" if behind.scanned_bytes is not None else ""
    st.caption(
        f"{behind.engine} in {words.duration(behind.seconds)}{read}, asked at {words.here(behind.asked_at)}",
        help=f"Query `{behind.name}` at {words.utc(behind.asked_at)}",
    )


def _readable(error: WeirError) -> str:
    """The error's text; commands stay in backticks, dollars and brackets lose their meaning."""
    parts = str(error).split("`")
    return "`".join(part if odd % 2 else words.plain(part) for odd, part in enumerate(parts))
