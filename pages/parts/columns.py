"""Columns over time, one for each step: of one measure, or of parts that stand on one another."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import plotly.graph_objects as go

from pages.parts import charts, layouts, theme

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from queries.definitions import Measure
    from queries.period import By

_APART = 100  # as many columns stand apart from each other; of more no gap can be seen
NUMBERS_OF_A_PART = 3  # travel for a step at most: what is told, what stands above and what hangs below
_FAINT = "40"  # charts.FAINT, after a colour


class Part(NamedTuple):
    """What a column of a frame holds, in words, and its colour."""

    column: str
    label: str
    colour: str


def of(frame: pd.DataFrame, measure: Measure, by: By, time: str = "period", chosen: int | None = None) -> go.Figure:
    """One measure. `frame` has a row for each step, in order; the column at the place `chosen` stands out."""
    part = Part(measure.column, measure.label, theme.OF_MEASURE[measure.column][0])
    return of_parts(frame, [part], measure, by, time, chosen)


def of_parts(
    frame: pd.DataFrame,
    parts: Sequence[Part],
    measure: Measure,
    by: By,
    time: str = "period",
    chosen: int | None = None,
) -> go.Figure:
    """The parts of a measure, the first at the bottom; what is less than nothing hangs below.

    Of many hours or days each part is one area with the outline of its columns: a browser draws a thousand columns in
    0.04 s, and their outlines in 0.01 s.
    """
    greatest = frame[[part.column for part in parts]].sum(axis=1).abs().max()
    layout = layouts.over_time(frame[time], by, measure, greatest)
    traces = []
    if len(frame) <= _APART or by not in layouts.STEP_MS:
        opacity = charts.standing_out(None if chosen is None else {chosen}, len(frame))
        # A column that stands alone would be as wide as Plotly likes.
        width = layouts.STEP_MS[by] * 0.75 if by in layouts.STEP_MS else None
        for part in parts:
            at = layouts.steps(frame[time], by)
            marker = {"color": part.colour, "opacity": opacity}
            y = charts.numbers(frame[part.column])
            traces.append(
                go.Bar(**at, y=y, width=width, marker=marker, name=part.label, hovertemplate=_told(measure, part))
            )
    else:
        traces += [_outline(frame, part, measure, by, time, faint=chosen is not None) for part in parts]
        traces += [_apart(frame, part, by, time, chosen) for part in parts]
        # Plotly would leave room for as much as the least distance of two columns, which may be months.
        half = timedelta(milliseconds=layouts.STEP_MS[by] / 2)
        ends = (frame[time].iloc[0] - half, frame[time].iloc[-1] + half)
        layout["xaxis"]["range"] = [end.isoformat() for end in ends]
    if len(parts) > 1:
        layout |= {"barmode": "relative", "showlegend": True, "legend": layouts.NAMES_ABOVE}
    return layouts.figure(*traces, **layout)


def _told(measure: Measure, part: Part, axis: str = "y") -> str:
    return layouts.hover(measure, axis).replace(measure.label, part.label)


def _outline(frame: pd.DataFrame, part: Part, measure: Measure, by: By, time: str, *, faint: bool) -> go.Scatter:
    """What stands above nothing; it is what is pointed at and clicked, also for what hangs below."""
    values = frame[part.column].astype("float64")
    below = bool((values < 0).any())
    unseen = {"marker": {"opacity": 0}}
    return go.Scatter(
        **layouts.steps(frame[time], by),
        y=charts.numbers(values.clip(lower=0)),
        customdata=charts.numbers(values) if below else None,
        hovertemplate=_told(measure, part, "customdata" if below else "y"),
        stackgroup="above",
        mode="lines+markers",
        line={"shape": "hvh", "width": 0, "color": part.colour},
        fillcolor=f"{part.colour}{_FAINT}" if faint else part.colour,
        # Or the legend would show a mark.
        marker={"color": "rgba(0, 0, 0, 0)", **charts.UNDRAWN},
        selected=unseen,
        unselected=unseen,
        name=part.label,
        legendgroup=part.label,
    )


def _apart(frame: pd.DataFrame, part: Part, by: By, time: str, chosen: int | None) -> go.Bar:
    """Columns: what hangs below, what stands out, and the first and the last, of which an outline has but a half."""
    places = np.arange(len(frame))
    shown = frame[(frame[part.column] < 0) | np.isin(places, (0, len(frame) - 1)) | (places == chosen)]
    at_chosen = shown[time] == (None if chosen is None else frame[time].iloc[chosen])
    return go.Bar(
        x=[at.isoformat() if by == "hour" else f"{at:%Y-%m-%d}" for at in shown[time]],
        y=charts.numbers(shown[part.column]),
        width=layouts.STEP_MS[by],
        marker={
            "color": part.colour,
            "opacity": 1 if chosen is None else [1 if stands_out else charts.FAINT for stands_out in at_chosen],
        },
        hoverinfo="skip",
        showlegend=False,
        legendgroup=part.label,
    )
