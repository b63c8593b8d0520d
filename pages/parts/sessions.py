"""The two destinations of browse sessions side by side, and their countries."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.parts import asked, evidence, operators, states, words
from queries.reports import sessions

if TYPE_CHECKING:
    import pandas as pd

    from queries.period import Period

MOST = 15
_NAME = 40  # letters
_CART = "The share of the pieces viewed that were in the shopping cart."
_PRODUCTS = "Products viewed: the sum of the different products of each session."


def show(period: Period) -> None:
    """Sessions, products viewed and cart share of both, then by country."""
    st.header("Browse sessions", divider="gray")
    st.caption("Sessions from the USA go one way and all others the other; those that arrived in these hours (UTC).")
    with states.panel("Browse sessions"):
        (answering,) = asked.together(asked.lake(sessions.by_country, period))
        frame = answering.figure().frame
        if frame.empty:
            states.nothing(
                "browse sessions from these hours",
                "`python -m pipeline put sessions JSON` sends one, and a replay of a file of sessions sends many.",
            )
            return
        for column, name in zip(st.columns(2, gap="medium"), sessions.DESTINATIONS, strict=True):
            with column:
                _destination(name, frame[frame["destination"] == name])
        shown = frame.head(MOST)
        operators.table(
            {
                "Country": [
                    words.foreign(one, _NAME) if isinstance(one, str) else "not told" for one in shown["country"]
                ],
                "Destination": list(shown["destination"]),
                "Sessions": [float(count) for count in shown["sessions"]],
                "Products viewed": [float(count) for count in shown["products"]],
                "Cart share": [
                    part / whole if whole else None
                    for part, whole in zip(shown["in_cart"], shown["quantity"], strict=True)
                ],
            },
            {"Cart share": "{:.1%}"},
        )
        if first := words.first_of(len(shown), len(frame), "countries"):
            st.caption(first)
        evidence.show("Browse sessions", answering)


def _destination(name: str, rows: pd.DataFrame) -> None:
    st.markdown(f"**{name}**")
    with st.grid(3, min_column_width=120):
        st.metric("Sessions", words.count(rows["sessions"].sum()), border=True, height="stretch")
        products = words.count(rows["products"].sum())
        st.metric("Products", products, help=_PRODUCTS, border=True, height="stretch")
        share = _share(rows["in_cart"].sum(), rows["quantity"].sum())
        st.metric("Cart share", share, help=_CART, border=True, height="stretch")


def _share(part: float, whole: float) -> str:
    return f"{part / whole:.1%}" if whole else "—"
