"""Choices of one page that its address holds beside the period and the filters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.parts import states, words
from pipeline.errors import BadInputError
from queries.scope import parse_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from queries.definitions import Measure

# What the address says of the order lines behind a figure: the page, the kind of invoice, whose, when, with what.
OF_LINES = ("rows", "lines", "whose", "when", "beside")
# That, the pages of other lists, and the step of one customer's history.
PAGED = (*OF_LINES, "results", "members", "cohort_members", "during")
_DIGITS = 9  # of a page's number; what it skips still fits the engine's numbers


def one_of(
    name: str,
    label: str,
    choices: Mapping[str, str],
    *,
    drops: Sequence[str] = (),
    sets: Mapping[str, str] | None = None,
    means: str | None = None,
) -> str:
    """A choice in the address, the first of `choices` (value to words) when that has none or nonsense.

    `drops` are what else the address forgets when another one is chosen, `sets` what it says then; `means` is shown on
    hover.
    """
    first = next(iter(choices))
    asked = st.query_params.get(name, first)
    if asked not in choices:
        states.ignored(name, BadInputError(f"{asked[:40]!r} is not one of {', '.join(filter(None, choices))}."))
        asked = first
    key = f"choice {name}"
    st.session_state[key] = asked

    def chosen() -> None:
        wanted = "" if st.session_state[key] == first else st.session_state[key]
        put_all({**dict.fromkeys(drops, ""), name: wanted, **(sets or {})})

    st.segmented_control(
        label,
        list(choices),
        key=key,
        required=True,
        format_func=choices.__getitem__,
        on_change=chosen,
        help=means,
    )
    return asked


def measure(name: str, measures: Sequence[Measure]) -> Measure:
    """The measure that a chart shows; the others are one click away and not drawn."""
    meanings = "\n\n".join(f"**{each.label}**: {each.definition}" for each in measures)
    column = one_of(name, "Measure", {each.column: each.label for each in measures}, means=meanings)
    return next(each for each in measures if each.column == column)


def typed(
    name: str,
    label: str,
    placeholder: str = "",
    *,
    icon: str | None = None,
    width: int = 240,
    parse: Callable[[str], str] = parse_name,
    drops: Sequence[str] = (),
) -> str:
    """A line of text that the address holds, as `parse` takes it; `drops` as in `one_of`."""
    key = f"typed {name}"
    st.session_state[key] = st.query_params.get(name, "")

    def entered() -> None:
        put(name, st.session_state[key].strip(), drops)

    st.text_input(label, key=key, on_change=entered, placeholder=placeholder, icon=icon, width=width, max_chars=100)
    return held(name, parse)


def held(name: str, parse: Callable[[str], str] = parse_name) -> str:
    """What the address holds as `name`, as `parse` takes it; nonsense is told of, and ignored."""
    text = str(st.query_params.get(name, "")).strip()
    try:
        return parse(text) if text else ""
    except BadInputError as error:
        states.ignored(name, error)
        return ""


def page_number(name: str, otherwise: int) -> int:
    """The page of rows that the address asks for as `name`; `otherwise` when it does not, the first for nonsense."""
    text = st.query_params.get(name, "")
    if not text:
        return otherwise
    if text.isascii() and text.isdigit() and len(text) <= _DIGITS and int(text):
        return int(text)
    states.ignored(name, BadInputError(f"{text[:40]!r} is no page of a list. The first one is shown."))
    return 1


def turner(name: str, number: int, pages: int) -> None:
    """Buttons that turn from page `number` of `pages` to another, which the address then holds as `name`.

    None where there is only one page.
    """
    if pages == 1:
        return
    key = f"{name} turner"
    # By the session's state rather than a key for each page: who turns pages by keyboard stays on the button.
    st.session_state[key] = number
    st.pagination(pages, key=key, on_change=lambda: put(name, str(st.session_state[key])))


def put(name: str, text: str, drops: Sequence[str] = ()) -> None:
    """Set what the address says, or drop it when that is nothing; and drop what does not outlive that."""
    put_all({**dict.fromkeys(drops, ""), name: text})


def put_all(values: Mapping[str, str]) -> None:
    """Set what the address says by these names, or drop it where that is nothing: one step of the browser's history."""
    said = st.query_params.to_dict()
    wanted = {name: text for name, text in {**said, **values}.items() if text}
    if wanted != said:
        st.query_params.from_dict(wanted)


def opener(
    label: str, choices: Mapping[str, str], name: str, where: str, page: str = "", *, drops: Sequence[str] = ()
) -> None:
    """Buttons, by keyboard too, each of which puts its value into the address as `name`; of `page` when one is given.

    `where` tells apart what stands on the page more than once; `drops` as in `one_of`.
    """
    key = f"open {name} {where}"
    # The click counts once: coming back to the page opens nothing.
    clicked = st.session_state.pop(f"{key} clicked", None)
    if clicked and page:
        st.switch_page(page, query_params={name: clicked})
    st.session_state[key] = None

    def opened() -> None:
        value = st.session_state[key]
        if page:
            st.session_state[f"{key} clicked"] = value
        elif value:
            put(name, value, drops)

    labels = {value: words.plain(text) for value, text in choices.items()}
    st.pills(label, list(choices), key=key, format_func=labels.__getitem__, on_change=opened, wrap=True)


def by_name(pick: Callable[[int], None], names: Sequence[str], what: str, width: int = 280) -> None:
    """A list, by keyboard too, which calls `pick` with the place, from 0, of the name that was chosen.

    `what` says what is chosen there.
    """
    # One for all that is chosen there, unlike a chart above it: who chooses by keyboard stays on it.
    key = f"choose {what}"

    def named() -> None:
        place = st.session_state[key]
        st.session_state[key] = None
        if place is not None:
            pick(place)

    st.selectbox(
        f"Choose {what}",
        range(len(names)),
        index=None,
        format_func=names.__getitem__,
        key=key,
        on_change=named,
        placeholder=f"Choose {what}",
        label_visibility="collapsed",
        width=width,
    )
