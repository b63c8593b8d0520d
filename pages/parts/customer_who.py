"""Which customers the page is narrowed to: those of a segment, those of a cell of the cohorts; in its address."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st

from pages.parts import states, words
from pipeline.errors import BadInputError
from queries import segments
from queries.who import EVERYBODY, Who, parse_cell

if TYPE_CHECKING:
    from pages.parts.periods import Span
    from queries.who import Cell


def chosen(span: Span) -> Who:
    """The customers that the address names. Nonsense is told of and ignored."""
    found, ignored = _from_address(span)
    for name, error in ignored.items():
        states.ignored(name, error)
    return found


def crumbs(span: Span) -> dict[str, str]:
    """The same in words, by the names in the address."""
    found, _ = _from_address(span)
    return {
        "segment": f"segment {found.segment.name}" if found.segment else "",
        "cohort": told(found.cell) if found.cell else "",
    }


def told(cell: Cell) -> str:
    """A cell of the cohorts in words."""
    return f"First order in {_later(cell)}"


def note(who: Who, more: str = "") -> None:
    """A line under a figure: whom it is about when that is not everybody, and `more`."""
    whom = _whom(who)
    line = " ".join(filter(None, (f"Only customers who {whom}." if whom else "", more)))
    place = st.empty()  # there or not, what follows keeps its place, and the browser what it has drawn of it
    if line:
        place.caption(words.plain(line))


def narrowed(who: Who, country: str = "") -> str:
    """The end of a sentence about customers: which ones, when that is not everybody."""
    whom = _whom(who)
    return f"{', ' if country else ''}{country}{', only those who ' if whom else ''}{whom}"


def _whom(who: Who) -> str:
    of_segment = f"are in the segment {who.segment.name} today" if who.segment else ""
    of_cell = f"ordered first in {_later(who.cell)}" if who.cell else ""
    return " and ".join(filter(None, (of_segment, of_cell)))


def _later(cell: Cell) -> str:
    later = "1 month later" if cell.since == 1 else f"{cell.since} months later"
    return f"{cell.cohort:%B %Y}, again {later}"


def _from_address(span: Span) -> tuple[Who, dict[str, BadInputError]]:
    found, ignored = EVERYBODY, {}
    for name, text in st.query_params.to_dict().items():
        try:
            if name == "segment" and text:
                found = replace(found, segment=segments.parse(text))
            elif name == "cohort" and text:
                found = replace(found, cell=_cell(text, span))
        except BadInputError as error:
            ignored[name] = error
    return found, ignored


def _cell(text: str, span: Span) -> Cell:
    """Raises BadInputError, also for months in which nothing was sold yet or any more."""
    cell = parse_cell(text)
    if not span.known:
        return cell  # whoever asks for its customers tells of the error
    within = span.first and span.newest and span.first.replace(day=1) <= cell.cohort and cell.month <= span.newest
    if not within or cell.since == 0:
        raise BadInputError(f"{text[:40]!r} is no cell of the cohorts.")
    return cell
