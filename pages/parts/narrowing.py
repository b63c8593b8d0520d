"""What a page is narrowed to, put into its address and taken out again; lists begin with their first rows then."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.parts import options
from queries.selection import written

if TYPE_CHECKING:
    from collections.abc import Mapping


def narrow(name: str, value: object, **values: object) -> None:
    """Keep the page narrowed to one value, and `choose` others."""
    put({name: written(name, value), **_toggled(values)})


def choose(**values: object) -> None:
    """Narrow the page to these values of a Selection's fields, or to no such thing where they are chosen already."""
    put(_toggled(values))


def clear(*names: str) -> None:
    """Narrow the page by these fields no longer."""
    put(dict.fromkeys(names, ""))


def put(texts: Mapping[str, str]) -> None:
    """Narrow the page to what these texts say by a field's name, no longer by those that say nothing."""
    options.put_all({**dict.fromkeys(options.PAGED, ""), **texts})


def _toggled(values: Mapping[str, object]) -> dict[str, str]:
    texts = {name: written(name, value) for name, value in values.items()}
    return {name: "" if st.query_params.get(name) == text else text for name, text in texts.items()}
