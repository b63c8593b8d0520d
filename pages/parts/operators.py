"""What the operators' pages share: facts as tiles, small tables as text, counts over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from pages.parts import charts, theme, words
from queries import definitions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.health.metrics import Series


def facts(named: Mapping[str, str]) -> None:
    """Short facts side by side."""
    with st.grid(len(named), min_column_width=170):
        for label, value in named.items():
            st.metric(label, value, border=True, height="stretch")


def state(name: str, why: str) -> None:
    """A state by colour, icon and word, and a sentence about it."""
    st.markdown(f"{badge(name)} {words.plain(why)}")


def badge(name: str) -> str:
    """A state by colour, icon and word, as Markdown."""
    colour, icon = theme.OF_STATE[name]
    return f":{colour}-badge[{icon} {name}]"


def table(columns: Mapping[str, Sequence[str | float | None]], formats: Mapping[str, str] | None = None) -> None:
    """A small table that is page text, its words in Markdown; numbers to the right, nothing for what is not there.

    Numbers are whole, but for those in the columns of `formats`, each a format such as "{:.1%}".
    """
    frame = pd.DataFrame({name: pd.Series(list(values)) for name, values in columns.items()})
    styled = frame.style.format(precision=0, thousands=",", na_rep="")
    for name, form in (formats or {}).items():
        styled = styled.format(form, subset=[name], na_rep="")
    st.table(styled, border="horizontal", hide_index=True)


def counts_over_time(series: Series, label: str, key: str) -> None:
    """Counts over time as columns; nothing when there are none."""
    if not series.counts:
        return
    minutes = series.step_s // 60
    st.markdown(f"**{label}**, by {'minute' if minutes == 1 else f'{minutes} minutes'} (UTC)")
    charts.show(charts.pulse(series, definitions.RECORDS), key=key, alt=f"{label} over time.")
