"""What a panel shows when it has no figure: an error in words, or how data gets here."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import streamlit as st

from pages.parts import asked, faults, words
from pipeline.errors import (
    AccessRefusedError,
    BadInputError,
    CloudDownError,
    LocalCloudError,
    NotDeployedError,
    NotFoundError,
    QueryCancelledError,
    QueryRefusedError,
    QueryTimeoutError,
    ThrottledError,
    WeirError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pages.parts.asked import Answering
    from queries.figure import Figure

# From the narrow to the wide; the first that fits.
_HAPPENED: tuple[tuple[type[WeirError], str], ...] = (
    (NotDeployedError, "not there yet"),
    (AccessRefusedError, "access refused"),
    (QueryTimeoutError, "took too long"),
    (QueryCancelledError, "cancelled"),
    (QueryRefusedError, "refused before it was asked"),
    (ThrottledError, "has to wait"),
    (NotFoundError, "not found"),
    (BadInputError, "not possible with this input"),
    (LocalCloudError, "needs the local cloud"),
    (CloudDownError, "out of reach"),
    (WeirError, "failed"),
)
# Which nobody gets an answer from while it lasts.
_OF_ENGINE = (CloudDownError, AccessRefusedError, ThrottledError)
_AGAIN = ":material/refresh:"
_WHOLE_LINE = 1400  # pixels; wider than any row, which then breaks


@contextmanager
def panel(what: str, *, of_page: bool = False) -> Iterator[None]:
    """A part of a page that may fail on its own: a named error is told in its place, and the page goes on.

    A figure that takes long is told in its place too, with a button that cancels it. Where a part that runs alone shows
    what the page has asked for (`of_page`), the page asks again.
    """
    try:
        yield
    except asked.NotYetError as error:
        _waiting(what, error.answering)
    except WeirError as error:
        failed(what, error, of_page=of_page)


def if_there(what: str, answering: Answering, *, of_its_own: bool = True) -> Figure | None:
    """A figure that the page can do without for now, told of in a quiet line when it has to.

    One `of_its_own` says nothing of an engine that answers nobody: that is told where the page's figures are missing.
    """
    try:
        return answering.figure()
    except asked.NotYetError as error:
        _waiting(what, error.answering)
    except WeirError as error:
        if of_its_own and isinstance(error, _OF_ENGINE):
            return None
        faults.log(what, error)
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.caption(f"{what} are not known: {_happened(error)} (at {words.here(error.at)}).", width="content")
            st.button("Try again", key=f"retry {what}", type="tertiary", icon=_AGAIN, on_click=asked.try_again)
    return None


def failed(what: str, error: WeirError, *, of_page: bool = False) -> None:
    """What happened, since when, and a way forward. The error's own text says what to do. The log has it once."""
    faults.log(what, error)
    st.error(f"**{what}: {_happened(error)}** (at {words.here(error.at)}). {_readable(error)}", icon=":material/error:")
    # A part that runs alone comes back as a new try, too.
    if st.button("Try again", key=f"retry {what}", icon=_AGAIN, on_click=asked.try_again) and of_page:
        st.rerun()


def _happened(error: WeirError) -> str:
    return next(words for kind, words in _HAPPENED if isinstance(error, kind))


def ignored(name: str, error: BadInputError) -> None:
    """A parameter of the address that cannot be; on a line of its own, in a row of pickers, too."""
    st.warning(
        f"The address is ignored where it says {name}: {words.plain(str(error))}",
        icon=":material/link_off:",
        width=_WHOLE_LINE,
    )


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


@st.fragment(run_every=1)
def _waiting(what: str, answering: Answering) -> None:
    """Looks each second whether the figure is there; then the whole page comes again, with it."""
    if answering.asked.done or answering.given_up:
        asked.come_back()
    answering.wait_on()
    name = "Athena" if answering.question.engine == "lake" else "the warehouse"
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{what}:** asked of {name} {answering.asked.seconds:.0f} s ago ...")
        st.button(
            "Cancel",
            key=f"cancel {what}",
            icon=":material/cancel:",
            on_click=answering.cancel,
            help="In the engine too, unless somebody else waits for the same",
        )


def _readable(error: WeirError) -> str:
    """The error's text; commands stay in backticks, dollars and brackets lose their meaning."""
    parts = str(error).split("`")
    return "`".join(part if odd % 2 else words.plain(part) for odd, part in enumerate(parts))
