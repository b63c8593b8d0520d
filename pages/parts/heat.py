"""Heat maps, whose cells can be chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from pages.parts import charts, layouts, theme
from queries.scope import DAYS_OF_THE_WEEK

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from queries.definitions import Measure

_HEIGHT = 300
# A cell is the mark in its middle, and is clicked up to 29 pixels from there: one that is not drawn has 3 of its own.
POINTED = {"hovermode": "closest", "hoverdistance": 26}


def weekdays(frame: pd.DataFrame, measure: Measure, chosen: tuple[int, int] | None = None) -> go.Figure:
    """One measure by `weekday` (1 to 7, downwards) and `hour` of the day; the greater, the darker.

    What is clicked is a mark over each cell, in the order of `frame`: Plotly's own cells cannot be chosen.
    """
    hours = list(range(int(frame["hour"].min()), int(frame["hour"].max()) + 1))
    days = list(range(1, 8))
    cells = {
        (int(day), int(hour)): float(v)
        for day, hour, v in zip(frame["weekday"], frame["hour"], frame[measure.column], strict=True)
    }
    colour = theme.OF_MEASURE[measure.column][0]
    shown = go.Heatmap(
        x=hours,
        y=days,
        z=[[cells.get((day, hour)) for hour in hours] for day in days],
        colorscale=[[0, f"{colour}14"], [1, colour]],
        zmin=min(0.0, *cells.values()),
        showscale=False,
        xgap=2,
        ygap=2,
        hoverinfo="skip",
    )
    marks = to_click(
        list(frame["hour"].astype(int)),
        list(frame["weekday"].astype(int)),
        text=[DAYS_OF_THE_WEEK[int(day) - 1] for day in frame["weekday"]],
        customdata=charts.numbers(frame[measure.column]),
        hovertemplate="%{text}s, %{x}<br>" + layouts.hover(measure, "customdata"),
    )
    names = [name[:3] for name in DAYS_OF_THE_WEEK]
    return layouts.figure(
        shown,
        marks,
        **POINTED,
        height=_HEIGHT,
        xaxis={"dtick": 2, "ticksuffix": ":00", "range": [hours[0] - 0.5, hours[-1] + 0.5]},
        yaxis={"tickvals": days, "ticktext": names, "autorange": "reversed", "showgrid": False, "zeroline": False},
        margin={"l": layouts.beside(names), "b": layouts.BELOW_A_LINE},
        shapes=[] if chosen is None else [frame_of_cell(chosen[1], chosen[0])],
    )


def to_click(x: Sequence[Any], y: Sequence[Any], **more: Any) -> go.Scatter:  # noqa: ANN401 - Plotly's
    """Clear marks over the cells of a heat map, whose own cells Plotly cannot choose; `more` is of the marks."""
    unseen = {"marker": {"opacity": 0}}
    marks = {"size": 18, "symbol": "square", **charts.UNDRAWN}
    return go.Scatter(x=x, y=y, mode="markers", marker=marks, unselected=unseen, selected=unseen, **more)


def frame_of_cell(x: int, y: int) -> dict[str, Any]:
    """A shape: the frame around the cell that is the `x`th from the left and the `y`th from the top."""
    edges = {"x0": x - 0.5, "x1": x + 0.5, "y0": y - 0.5, "y1": y + 0.5}
    return {"type": "rect", "line": {"color": theme.TEXT, "width": 3}, **edges}
