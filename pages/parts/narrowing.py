"""What a page is narrowed to, put into its address and taken out again."""

from __future__ import annotations

import streamlit as st

from pages.parts import options
from queries.selection import written


def narrow(name: str, value: object, **values: object) -> None:
    """Keep the page narrowed to one value, and `choose` others."""
    st.query_params[name] = written(name, value)
    choose(**values)


def choose(**values: object) -> None:
    """Narrow the page to these values of a Selection's fields, or to no such thing where they are chosen already."""
    for name, value in values.items():
        text = written(name, value)
        if not text or st.query_params.get(name) == text:
            st.query_params.pop(name, None)
        else:
            st.query_params[name] = text
    from_the_first()


def clear(*names: str) -> None:
    """Narrow the page by these fields no longer."""
    for name in names:
        st.query_params.pop(name, None)
    from_the_first()


def from_the_first() -> None:
    """Whoever asks on begins with the first rows again."""
    for name in options.PAGED:
        st.query_params.pop(name, None)
