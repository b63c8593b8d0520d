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

_PEEK = 10


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


def table(columns: Mapping[str, Sequence[str | None]], numbers: Sequence[str] = ()) -> None:
    """A small table that is page text, its cells in Markdown; a dash for what is not there, `numbers` to the right."""
    marks = ["---:" if name in numbers else ":---" for name in columns]
    rows = zip(*columns.values(), strict=True)
    lines = [list(columns), marks, *([(value or "-").replace("\n", " ") for value in row] for row in rows)]
    st.markdown("\n".join(f"| {' | '.join(line)} |" for line in lines))


def peeked(number: int) -> str:
    """How many records a peek saw; it looks at the first ten only."""
    return f"{number} or more" if number >= _PEEK else str(number)


def per_minute(series: Series, label: str, key: str) -> None:
    """Counts over time as columns; nothing when there are none."""
    if not series.counts:
        return
    minutes = series.step_s // 60
    st.markdown(f"**{label}**, by {'minute' if minutes == 1 else f'{minutes} minutes'} (UTC)")
    frame = pd.DataFrame({"time": pd.to_datetime(list(series.times), utc=True), "records": series.counts})
    whole = pd.date_range(frame["time"].iloc[0], frame["time"].iloc[-1], freq=f"{series.step_s}s")
    frame = frame.set_index("time").reindex(whole, fill_value=0).rename_axis("time").reset_index()
    charts.show(
        charts.pulse(frame["time"], frame["records"], series.step_s, definitions.RECORDS),
        key=f"minutes {key}",
        alt=f"{label} over time.",
    )
