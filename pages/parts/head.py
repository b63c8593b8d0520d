"""How every page begins: through the entry, then its name and the question it answers."""

from __future__ import annotations

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager

from pages.parts import asked


def show(title: str, answers: str) -> None:
    """The title, and one sentence under it: what the page answers, the period, how old the newest event is."""
    _through_the_entry()
    asked.begin()
    st.title(title)
    st.caption(answers)


def _through_the_entry() -> None:
    """Start over at dashboard.py when the page was reached around it.

    Until the entry has run once in a server's life, Streamlit takes the folder `pages` for its own kind of
    multipage app, and runs the file that the first visitor's address names by itself.
    """
    if not asked.ready():
        PagesManager.uses_pages_directory = False
        st.rerun()
