"""The rows that COPY would not take; no log and no object tells of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.parts import operators, words

if TYPE_CHECKING:
    from queries.figure import Figure


def show(found: Figure) -> None:
    """Each with why and where, the newest first."""
    if found.empty:
        st.markdown(":material/check: COPY refused no row in the last 24 hours.")
        return
    rows = found.frame
    st.markdown(f"**Rows that COPY refused in the last 24 hours**, the newest first (the {len(rows)} newest at most)")
    operators.table(
        {
            "When": [words.age(at) for at in rows["start_time"]],
            "Why": [_text(why) for why in rows["error_message"]],
            "Column": [_text(name) for name in rows["column_name"]],
            "Line": [int(number) for number in rows["line_number"]],
            "File": [_text(name).rsplit("/", 1)[-1] for name in rows["file_name"]],
        }
    )


def _text(value: object) -> str:
    """Redshift pads these columns with blanks."""
    return words.plain(str(value).strip())
