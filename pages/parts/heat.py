"""Heat maps, whose cells can be chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from pages.parts import charts, theme
from queries.scope import DAYS_OF_THE_WEEK

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from queries.definitions import Measure

_HEIGHT = 300


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
    figure = charts.blank(
        go.Heatmap(
            x=hours,
            y=days,
            z=[[cells.get((day, hour)) for hour in hours] for day in days],
            colorscale=[[0, f"{colour}14"], [1, colour]],
            zmin=min(0.0, *cells.values()),
            showscale=False,
            xgap=2,
            ygap=2,
            hoverinfo="skip",
        ),
        hovermode="closest",
    )
    to_click(
        figure,
        list(frame["hour"].astype(int)),
        list(frame["weekday"].astype(int)),
        text=[DAYS_OF_THE_WEEK[int(day) - 1] for day in frame["weekday"]],
        customdata=charts.numbers(frame[measure.column]),
        hovertemplate="%{text}s, %{x}<br>" + charts.hover(measure, "customdata"),
    )
    if chosen is not None:
        day, hour = chosen
        frame_cell(figure, hour, day)
    names = [name[:3] for name in DAYS_OF_THE_WEEK]
    figure.update_yaxes(tickvals=days, ticktext=names, autorange="reversed", showgrid=False, zeroline=False, title=None)
    figure.update_xaxes(dtick=2, ticksuffix=":00", title=None, range=[hours[0] - 0.5, hours[-1] + 0.5])
    return figure.update_layout(height=_HEIGHT, margin_l=charts.beside(names), margin_b=charts.BELOW_A_LINE)


def to_click(figure: go.Figure, x: Sequence[Any], y: Sequence[Any], **more: Any) -> None:  # noqa: ANN401 - Plotly's
    """Clear marks over the cells of a heat map, whose own cells Plotly cannot choose; `more` is of the marks."""
    unseen = {"marker": {"opacity": 0}}
    marks = {"size": 18, "symbol": "square", "opacity": 0}
    figure.add_trace(go.Scatter(x=x, y=y, mode="markers", marker=marks, unselected=unseen, selected=unseen, **more))


def frame_cell(figure: go.Figure, x: int, y: int) -> None:
    """A frame around the cell that is the `x`th from the left and the `y`th from the top, as its axes count."""
    edges = {"x0": x - 0.5, "x1": x + 0.5, "y0": y - 0.5, "y1": y + 0.5}
    figure.add_shape(type="rect", line={"color": theme.TEXT, "width": 3}, **edges)
