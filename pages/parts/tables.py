"""Tables whose cells people can read: each column with its own way to write a value."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pandas.io.formats.style import Styler


def show(frame: pd.DataFrame, formats: Mapping[str, Callable[[Any], str]]) -> None:
    """The rows as page text, none of it Markdown: columns of numbers to the right, "—" for what is not there.

    One piece of HTML, since of Streamlit's own table the browser makes each cell a piece of Markdown: 0.1 s for fifty.
    """
    names = list(frame.columns)
    places = [' class="number"' if pd.api.types.is_numeric_dtype(frame[name]) else "" for name in names]
    written = [[_written(value, formats.get(name)) for value in frame[name]] for name in names]
    head = "".join(f'<th scope="col"{place}>{escape(name)}</th>' for name, place in zip(names, places, strict=True))
    rows = [
        "".join(f"<td{place}>{escape(text)}</td>" for text, place in zip(texts, places, strict=True))
        for texts in zip(*written, strict=True)
    ]
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    st.html(f'<div class="weir-rows"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>')


def formatted(frame: pd.DataFrame, formats: Mapping[str, Callable[[Any], str]]) -> Styler:
    """`frame` with the columns of `formats` written by their functions; numbers stay numbers, to the right."""
    return frame.style.format(dict(formats))


def to_choose(shown: Styler, key: str, pick: Callable[[int], None]) -> None:
    """A table as `formatted` makes it; `pick` is called with the place, from 0, of a row that is chosen.

    What it changes belongs in `key` too: a row stays chosen, and a click on it takes that back.
    """

    def chosen() -> None:
        rows = st.session_state[key].selection.rows
        if rows:
            pick(rows[0])

    st.dataframe(shown, key=key, hide_index=True, on_select=chosen, selection_mode="single-row")


def _written(value: Any, write: Callable[[Any], str] | None) -> str:  # noqa: ANN401 - a cell may hold anything
    return "—" if pd.isna(value) else (write or str)(value)
