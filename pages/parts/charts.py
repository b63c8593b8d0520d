"""The charts. Each takes rows that are aggregated already, and stays far below 100 KB."""

from __future__ import annotations

import html
import zlib
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from pages.parts import layouts, options, theme, words

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    import numpy as np
    from plotly.basedatatypes import BaseTraceType

    from pipeline.health.metrics import Series
    from queries.definitions import Measure
    from queries.period import By

# Over this many points numbers travel with 4 bytes instead of 8, which keeps 15,000 of them under 100 KB.
_MANY = 2_000
_PULSE_HEIGHT = 160
_NAME_LENGTH = 28  # letters beside a bar
# The opacity of what is not chosen. Plotly's own marking is of no use for it: who clicks once more on what is marked
# takes the mark away, of which Streamlit says nothing.
FAINT = 0.25
_MARKED = 180  # as many points of a line have a mark that can be seen; more would be a band
_LISTED = 400  # as many names a list under a chart has; more would be endless
# Marks that are pointed at and clicked all the same, but not drawn: thousands of them would take the browser 0.3 s.
UNDRAWN = {"opacity": 0, "maxdisplayed": 1}
MOST_POINTS = 15_000


def show(
    figure: go.Figure,
    key: str,
    alt: str,
    pick: Callable[[int], None] | None = None,
    *,
    names: Sequence[str] = (),
    what: str = "",
    each_trace: int = 0,
) -> None:
    """Put a chart on the page; `alt` tells in a sentence what it shows. The camera in its corner saves it as PNG.

    `pick` is called with the place, from 0, of the point or bar that was clicked. What it changes belongs in `key`
    too: a chart that comes anew has forgotten the click. With `names`, one for each place, a list under the chart does
    the same for keyboards and small screens, unless it were endless; `what` says what is chosen there. Where the traces
    of a chart are chosen apart, with `each_trace` places each, the places of the second follow those of the first.
    """
    # Streamlit hands Plotly a second copy of each figure. With the same revision its data count as the same and are not
    # drawn again, if they are lists: a copy of a typed array always counts as changed.
    figure.layout.meta = alt
    figure.layout.datarevision = zlib.crc32(figure.to_json(validate=False).encode())
    name = key.lower().replace(" ", "-")
    config = {
        "displaylogo": False,
        "modeBarButtons": [["toImage"]],
        "toImageButtonOptions": {"format": "png", "filename": f"weir-{name}", "scale": 2},
        "responsive": True,
        **layouts.IN_POUNDS,
    }
    if pick is None:
        figure.layout.dragmode = False  # nothing is to be dragged, and a finger may scroll the page
        st.plotly_chart(figure, key=key, alt=alt, config=config, theme=None)
        return

    def picked() -> None:
        points = st.session_state[key]["selection"]["points"]
        if points:
            pick(int(points[0]["point_index"]) + each_trace * int(points[0]["curve_number"]))

    figure.layout.clickmode, figure.layout.dragmode = "event+select", "pan"
    st.plotly_chart(figure, key=key, alt=alt, config=config, theme=None, on_select=picked, selection_mode="points")
    if 0 < len(names) <= _LISTED:
        options.by_name(pick, names, what)


def course(
    frame: pd.DataFrame,
    measure: Measure,
    by: By,
    *,
    before: pd.DataFrame | None = None,
    chosen: int | None = None,
    time: str = "period",
) -> go.Figure:
    """One measure over time, a line. `frame` has a row for each step, in order.

    `before` are the steps that it is compared with, one below the other as far as they go, dashed; `chosen` is the
    place of the step that is marked.
    """
    values = numbers(frame[measure.column])
    colour = theme.OF_MEASURE[measure.column][0]
    marked = len(values) <= _MARKED
    at = layouts.steps(frame[time], by)
    traces = [
        go.Scatter(
            **at,
            y=values,
            mode="lines+markers",
            line={"color": colour, "width": 2},
            marker={"color": colour, **({"size": 6, "opacity": 1 if chosen is None else FAINT} if marked else UNDRAWN)},
            unselected={"marker": {"opacity": FAINT if marked else 0}},
            selected={"marker": {"opacity": 1, "size": 11}},
            hovertemplate=layouts.hover(measure),
            name=measure.label,
        )
    ]
    if chosen is not None:
        point = {"x": [frame[time].iloc[chosen].isoformat()], "y": values[chosen : chosen + 1]}
        traces.append(go.Scatter(**point, mode="markers", marker={"color": colour, "size": 11}, hoverinfo="skip"))
    if before is not None and not before.empty:
        # The tooltip's own step is that of the line; of many steps their names would be too much to send.
        few = len(values) <= _MANY
        told = "%{customdata}: " if few else "before: "
        traces.append(
            go.Scatter(
                **at,
                y=numbers(before[measure.column])[: len(values)],
                mode="lines",
                line={"color": theme.GREY, "width": 2, "dash": "dash"},
                customdata=[words.step(step, by) for step in before[time][: len(values)]] if few else None,
                hovertemplate=told + layouts.hover(measure),
                name="before",
            )
        )
    both = frame if before is None else pd.concat([frame, before])
    return layouts.figure(*traces, **layouts.over_time(frame[time], by, measure, both[measure.column].abs().max()))


def pulse(series: Series, measure: Measure) -> go.Figure:
    """Counts over the series' whole span, small columns."""
    step_ms = series.step_s * 1000
    trace = go.Bar(
        x=[time.replace(tzinfo=None).isoformat() for time in series.times],
        y=list(series.counts),
        width=step_ms * 0.8,
        offset=0,
        marker={"color": theme.OF_MEASURE[measure.column][0]},
        hovertemplate=layouts.hover(measure),
        name=measure.label,
    )
    # The newest step has only begun.
    end = max(series.until, max(series.times) + timedelta(seconds=series.step_s))
    span = [time.replace(tzinfo=None).isoformat() for time in (series.since, end)]
    return layouts.figure(
        trace,
        height=_PULSE_HEIGHT,
        xaxis={
            "type": "date",
            "range": span,
            "hoverformat": "%H:%M, %-d %b",
            "tickformatstops": layouts.TICK_DATES,
            "nticks": 6,
        },
        yaxis=layouts.value_axis(measure, max(series.counts)),
        margin={"l": layouts.LEFT_OF_VALUES, "b": layouts.BELOW_TWO_LINES},
    )


def ranking(
    names: list[str],
    values: pd.Series[Any],
    labels: list[str],
    measure: Measure,
    chosen: int | None = None,
    *,
    placed: bool = True,
) -> go.Figure:
    """Bars from the first down, each with its name and value; the bar at the place `chosen` stands out.

    They are numbered where their order is a ranking (`placed`). What is pointed at and clicked is a clear bar over
    the whole row: the last ones are too short to be hit.
    """
    traces, layout = ranked(names, values, labels, measure, chosen, placed=placed)
    return layouts.figure(*traces, **layout)


def standing_out(chosen: Collection[int] | None, number: int) -> list[float] | float:
    """The opacity of each of `number` marks: those at the places `chosen` stand out, or all where nothing is chosen."""
    return 1 if chosen is None else [1 if place in chosen else FAINT for place in range(number)]


def ranked(
    names: list[str],
    values: pd.Series[Any],
    labels: list[str],
    measure: Measure,
    chosen: int | None = None,
    *,
    placed: bool = True,
) -> tuple[list[BaseTraceType], dict[str, Any]]:
    """The traces and the layout of `ranking`, for charts that have more than these bars."""
    colour = theme.OF_MEASURE[measure.column][0]
    lengths = [each or 0.0 for each in numbers(values)]
    shown = [html.escape(words.shortened(name, _NAME_LENGTH), quote=False) for name in names]  # Plotly reads HTML
    rows = [f"{place}. {name}" for place, name in enumerate(shown, start=1)] if placed else shown
    start, end = min(0.0, *lengths), max(0.0, *lengths)
    bars = go.Bar(
        x=lengths,
        y=rows,
        orientation="h",
        marker={"color": [colour if chosen in {None, place} else f"{colour}33" for place in range(len(names))]},
        text=labels,
        # Of a bar without length Plotly leaves out what might stand in it.
        textposition=["auto" if length else "outside" for length in lengths],
        textangle=0,  # or Plotly may turn it where a bar is short
        # What stands on a pale bar is written as what stands beside it.
        insidetextfont={
            "color": [theme.ink_on(colour) if chosen in {None, place} else theme.TEXT for place in range(len(names))]
        },
        cliponaxis=False,
        hoverinfo="skip",
        name=measure.label,
    )
    to_click = go.Bar(
        base=[start] * len(rows),
        x=[(end - start) or 1] * len(rows),
        y=rows,
        orientation="h",
        width=1,
        marker={"opacity": 0},
        selected={"marker": {"opacity": 0}},
        unselected={"marker": {"opacity": 0}},
        customdata=lengths,
        hovertemplate="%{y}<br>" + layouts.hover(measure, "customdata"),
    )
    return [bars, to_click], {
        "hovermode": "closest",
        "barmode": "overlay",
        "height": 32 * len(names) + 24,
        "margin": {"l": layouts.beside(rows)},
        "xaxis": {"visible": False, "rangemode": "tozero"},
        "yaxis": {"type": "category", "autorange": "reversed", "showgrid": False, "dtick": 1},
    }


def numbers(values: pd.Series[Any]) -> np.ndarray[Any, Any] | list[float | None]:
    """The values of a trace: a list, None where there is none; over `_MANY` of them an array of 4 bytes each."""
    exact = pd.to_numeric(values.astype("float64"))
    return exact.to_numpy("float32") if len(exact) > _MANY else [None if pd.isna(each) else each for each in exact]
