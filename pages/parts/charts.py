"""The charts. Each takes rows that are aggregated already, and stays far below 100 KB."""

from __future__ import annotations

import html
import math
import zlib
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

import pandas as pd
import plotly.graph_objects as go
import streamlit as st
from PIL import ImageFont

from pages.parts import theme, words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import numpy as np
    from plotly.basedatatypes import BaseTraceType

    from pipeline.health.metrics import Series
    from queries.definitions import Measure
    from queries.period import By

_DAY_MS = 86_400_000
_STEP_MS = {"hour": 3_600_000, "day": _DAY_MS}
_HOVER_DATE = {"hour": "%H:%M, %a %-d %b %Y", "day": "%a %-d %b %Y", "month": "%B %Y", "year": "%Y"}
# By the distance of two ticks; what stands after the line's end is written where it changes.
_TICK_DATES = (
    {"dtickrange": [None, _DAY_MS - 1], "value": "%H:%M\n%-d %b"},
    {"dtickrange": [_DAY_MS, _DAY_MS * 27], "value": "%-d %b\n%Y"},
    {"dtickrange": [_DAY_MS * 28, "M11"], "value": "%b\n%Y"},
    {"dtickrange": ["M12", None], "value": "%Y"},
)
# Over this many points numbers travel with 4 bytes instead of 8, which keeps 15,000 of them under 100 KB.
_MANY = 2_000
_TICKS = 8  # at most, on an axis of time
_PULSE_HEIGHT = 160
# Pixels of a chart's margins. Where they are too small for what stands there, Plotly makes room and draws once more.
LEFT_OF_VALUES = 50  # "-£100k"
BELOW_A_LINE, _BELOW_TWO_LINES = 26, 42
_BESIDE_A_NAME = 10
_AS_WIDE_AS_ARIAL = 1.08  # names in capitals are as much wider in Arial than in Pillow's built-in font
_NAME_LENGTH = 28  # letters beside a bar
_MARKED = 400  # as many points have marks to click on; more would be a band
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
    figure.update_layout(meta=alt, datarevision=None)
    figure.update_layout(datarevision=zlib.crc32(figure.to_json(validate=False).encode()))
    name = key.lower().replace(" ", "-")
    config = {
        "displaylogo": False,
        "modeBarButtons": [["toImage"]],
        "toImageButtonOptions": {"format": "png", "filename": f"weir-{name}", "scale": 2},
        "responsive": True,
    }
    if pick is None:
        figure.update_layout(dragmode=False)  # nothing is to be dragged, and a finger may scroll the page
        st.plotly_chart(figure, key=key, alt=alt, config=config, theme=None)
        return

    def picked() -> None:
        points = st.session_state[key]["selection"]["points"]
        if points:
            pick(int(points[0]["point_index"]) + each_trace * int(points[0]["curve_number"]))

    figure.update_layout(clickmode="event+select", dragmode="pan")
    st.plotly_chart(figure, key=key, alt=alt, config=config, theme=None, on_select=picked, selection_mode="points")
    if 0 < len(names) <= _MARKED:
        _by_name(f"{key} by name", pick, names, what)


def _by_name(key: str, pick: Callable[[int], None], names: Sequence[str], what: str) -> None:
    def named() -> None:
        place = st.session_state[key]
        if place is not None:
            pick(place)

    st.selectbox(
        f"Choose {what}",
        range(len(names)),
        index=None,
        format_func=names.__getitem__,
        key=key,
        on_change=named,
        placeholder=f"Choose {what}",
        label_visibility="collapsed",
        width=280,
    )


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
    trace = go.Scatter(
        y=values,
        mode="lines+markers",
        line={"color": colour, "width": 2},
        marker={"color": colour, "size": 6 if marked else 3, "opacity": 1 if marked else 0},
        selectedpoints=None if chosen is None else [chosen],
        unselected={"marker": {"opacity": 0.25 if marked else 0}},
        selected={"marker": {"opacity": 1, "size": 11}},
        hovertemplate=hover(measure),
        name=measure.label,
    )
    figure = blank(trace)
    if before is not None and not before.empty:
        figure.add_trace(
            go.Scatter(
                y=numbers(before[measure.column])[: len(values)],
                mode="lines",
                line={"color": theme.GREY, "width": 2, "dash": "dash"},
                hovertemplate=hover(measure).replace(measure.label, f"{measure.label} before"),
                name="before",
            )
        )
    time_axis(figure, frame[time], by)
    return value_axis(figure, measure)


def columns(frame: pd.DataFrame, measure: Measure, by: By, time: str = "period") -> go.Figure:
    """One measure over time, a column for each step."""
    trace = go.Bar(
        y=numbers(frame[measure.column]),
        # A column that stands alone would be as wide as Plotly likes.
        width=_STEP_MS[by] * 0.75 if by in _STEP_MS else None,
        marker={"color": theme.OF_MEASURE[measure.column][0]},
        hovertemplate=hover(measure),
        name=measure.label,
    )
    figure = blank(trace)
    time_axis(figure, frame[time], by)
    return value_axis(figure, measure)


def pulse(series: Series, measure: Measure) -> go.Figure:
    """Counts over the series' whole span, small columns."""
    step_ms = series.step_s * 1000
    trace = go.Bar(
        x=[time.replace(tzinfo=None).isoformat() for time in series.times],
        y=list(series.counts),
        width=step_ms * 0.8,
        offset=0,
        marker={"color": theme.OF_MEASURE[measure.column][0]},
        hovertemplate=hover(measure),
        name=measure.label,
    )
    figure = blank(trace, height=_PULSE_HEIGHT)
    # The newest step has only begun.
    end = max(series.until, max(series.times) + timedelta(seconds=series.step_s))
    span = [time.replace(tzinfo=None).isoformat() for time in (series.since, end)]
    figure.update_xaxes(type="date", range=span, hoverformat="%H:%M, %-d %b", tickformatstops=_TICK_DATES, nticks=6)
    figure.update_layout(margin_b=_BELOW_TWO_LINES)
    return value_axis(figure, measure)


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
    colour = theme.OF_MEASURE[measure.column][0]
    lengths = [each or 0.0 for each in numbers(values)]
    shown = [html.escape(words.shortened(name, _NAME_LENGTH), quote=False) for name in names]  # Plotly reads HTML
    rows = [f"{place}. {name}" for place, name in enumerate(shown, start=1)] if placed else shown
    trace = go.Bar(
        x=lengths,
        y=rows,
        orientation="h",
        marker={"color": [colour if chosen in {None, place} else f"{colour}33" for place in range(len(names))]},
        text=labels,
        textposition="auto",
        # What stands on a pale bar is written as what stands beside it.
        insidetextfont={
            "color": [theme.ink_on(colour) if chosen in {None, place} else theme.TEXT for place in range(len(names))]
        },
        cliponaxis=False,
        hoverinfo="skip",
        name=measure.label,
    )
    figure = blank(trace, hovermode="closest", barmode="overlay").update_layout(margin_l=beside(rows))
    start, end = min(0.0, *lengths), max(0.0, *lengths)
    figure.add_trace(
        go.Bar(
            base=[start] * len(rows),
            x=[end - start] * len(rows),
            y=rows,
            orientation="h",
            width=1,
            marker={"opacity": 0},
            selected={"marker": {"opacity": 0}},
            unselected={"marker": {"opacity": 0}},
            customdata=lengths,
            hovertemplate="%{y}<br>" + hover(measure, "customdata"),
        )
    )
    figure.update_yaxes(type="category", autorange="reversed", showgrid=False, title=None, dtick=1)
    figure.update_xaxes(visible=False, rangemode="tozero")
    return figure.update_layout(height=32 * len(names) + 24)


def blank(*traces: BaseTraceType, **layout: Any) -> go.Figure:  # noqa: ANN401 - Plotly's own names
    """A figure of these traces in the one template; `layout` has what is otherwise in this one."""
    return go.Figure(list(traces), layout=theme.LAYOUT | layout)


def beside(names: Iterable[str]) -> int:
    """Pixels that the longest of these names, written as Plotly reads them, takes on the left of a chart."""
    lengths = [_font().getlength(html.unescape(name)) for name in names]
    return math.ceil(_AS_WIDE_AS_ARIAL * max(lengths, default=0)) + _BESIDE_A_NAME


@cache
def _font() -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(theme.FONT_SIZE)


def note(figure: go.Figure, text: str, above: int = 0) -> go.Figure:
    """Words over the right end of a chart, `above` by so many pixels."""
    place = {"x": 1, "y": 1, "xref": "paper", "yref": "paper", "xanchor": "right", "yanchor": "bottom", "yshift": above}
    font = {"color": theme.TEXT, "size": 12}
    return figure.add_annotation(text=text, showarrow=False, font=font, **place)


def numbers(values: pd.Series[Any]) -> np.ndarray[Any, Any] | list[float | None]:
    """The values of a trace: a list, None where there is none; over `_MANY` of them an array of 4 bytes each."""
    exact = pd.to_numeric(values.astype("float64"))
    return exact.to_numpy("float32") if len(exact) > _MANY else [None if pd.isna(each) else each for each in exact]


def time_axis(figure: go.Figure, times: pd.Series[Any], by: By) -> None:
    """Even steps need no list of times: a start and a step are enough."""
    if by in _STEP_MS:
        figure.update_traces(x0=times.iloc[0].isoformat(), dx=_STEP_MS[by])
    else:
        figure.update_traces(x=[time.isoformat() for time in times])
    figure.update_xaxes(type="date", hoverformat=_HOVER_DATE[by], tickformatstops=_TICK_DATES, nticks=_TICKS)
    if by in _STEP_MS and len(times) <= _TICKS:
        figure.update_xaxes(tick0=times.iloc[0].isoformat(), dtick=_STEP_MS[by])  # none between two steps
    if by == "year":
        figure.update_xaxes(dtick="M12")
    figure.update_layout(margin_b=BELOW_A_LINE if by == "year" else _BELOW_TWO_LINES)


def value_axis(figure: go.Figure, measure: Measure) -> go.Figure:
    """The upright axis in the measure's unit."""
    figure.update_layout(margin_l=LEFT_OF_VALUES)
    prefix = "£" if measure.unit == "money" else ""
    return figure.update_yaxes(tickprefix=prefix, tickformat="~s", title=None)


def hover(measure: Measure, axis: str = "y") -> str:
    """The exact value for a tooltip."""
    number = f"£%{{{axis}:,.2f}}" if measure.unit == "money" else f"%{{{axis}:,.0f}}"
    return f"{measure.label} {number}<extra></extra>"
