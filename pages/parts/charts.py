"""The charts. Each takes rows that are aggregated already, and stays far below 100 KB."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from pages.parts import theme

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np

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
_MANY = 4_000
_PULSE_HEIGHT = 160
MOST_POINTS = 15_000


def show(figure: go.Figure, key: str, alt: str) -> None:
    """Put a chart on the page; `alt` tells in a sentence what it shows."""
    st.plotly_chart(figure, key=key, alt=alt, config={"displayModeBar": False, "responsive": True})


def course(frame: pd.DataFrame, measure: Measure, by: By, time: str = "period") -> go.Figure:
    """One measure over time, a line; single points are marked. `frame` has a row for each step, in order."""
    values = _numbers(frame[measure.column])
    trace = go.Scatter(
        y=values,
        mode="lines" if len(values) > 1 else "markers",
        line={"color": theme.OF_MEASURE[measure.column][0], "width": 2},
        marker={"color": theme.OF_MEASURE[measure.column][0], "size": 8},
        hovertemplate=_hover(measure),
        name=measure.label,
    )
    figure = _figure(trace)
    _time_axis(figure, frame[time], by)
    return _value_axis(figure, measure)


def columns(frame: pd.DataFrame, measure: Measure, by: By, time: str = "period") -> go.Figure:
    """One measure over time, a column for each step."""
    trace = go.Bar(
        y=_numbers(frame[measure.column]),
        marker={"color": theme.OF_MEASURE[measure.column][0]},
        hovertemplate=_hover(measure),
        name=measure.label,
    )
    figure = _figure(trace)
    _time_axis(figure, frame[time], by)
    return _value_axis(figure, measure)


def pulse(series: Series, measure: Measure) -> go.Figure:
    """Counts over the series' whole span, small columns."""
    step_ms = series.step_s * 1000
    trace = go.Bar(
        x=[time.replace(tzinfo=None).isoformat() for time in series.times],
        y=list(series.counts),
        width=step_ms * 0.8,
        offset=0,
        marker={"color": theme.NET_SALES},
        hovertemplate=_hover(measure),
        name=measure.label,
    )
    figure = _figure(trace, height=_PULSE_HEIGHT)
    # The newest step has only begun.
    end = max(series.until, max(series.times) + timedelta(seconds=series.step_s))
    span = [time.replace(tzinfo=None).isoformat() for time in (series.since, end)]
    figure.update_xaxes(type="date", range=span, hoverformat="%H:%M, %-d %b", tickformatstops=_TICK_DATES, nticks=6)
    return _value_axis(figure, measure)


def ranking(names: list[str], values: pd.Series[Any], labels: list[str], measure: Measure) -> go.Figure:
    """Bars from the greatest down, each with its name and value."""
    trace = go.Bar(
        x=_numbers(values),
        y=[f"{place}. {name}" for place, name in enumerate(names, start=1)],
        orientation="h",
        marker={"color": theme.OF_MEASURE[measure.column][0]},
        text=labels,
        textposition="auto",
        cliponaxis=False,
        hovertemplate="%{y}<br>" + _hover(measure, axis="x"),
        name=measure.label,
    )
    figure = _figure(trace, hovermode="closest")
    figure.update_yaxes(autorange="reversed", showgrid=False, title=None, dtick=1)
    figure.update_xaxes(visible=False, rangemode="tozero")
    return figure.update_layout(height=32 * len(names) + 24)


def shares(sinks: Mapping[str, tuple[int, int, int]]) -> go.Figure:
    """One bar a sink: present, late, missing, in rows."""
    names = list(sinks)
    parts = (("present", theme.ORDERS), ("late", theme.DEGRADED), ("missing", theme.RETURNS))
    figure = _figure(go.Bar(), hovermode="closest", barmode="stack")
    figure.data = ()
    for at, (part, colour) in enumerate(parts):
        values = [sinks[name][at] for name in names]
        figure.add_trace(
            go.Bar(
                x=values,
                y=names,
                orientation="h",
                name=part,
                marker={"color": colour},
                hovertemplate=f"%{{y}}: %{{x:,}} {part}<extra></extra>",
            )
        )
    figure.update_yaxes(autorange="reversed", showgrid=False, title=None)
    figure.update_xaxes(rangemode="tozero", tickformat="~s")
    return figure.update_layout(height=48 * len(names) + 32)


def _figure(trace: go.Bar | go.Scatter, **layout: Any) -> go.Figure:  # noqa: ANN401 - Plotly's own names
    base = {"template": theme.TEMPLATE, "height": theme.CHART_HEIGHT, "font": {"color": theme.TEXT}}
    figure = go.Figure(trace, layout=base | layout)
    figure.update_xaxes(tickfont_color=theme.TEXT)
    return figure.update_yaxes(tickfont_color=theme.TEXT)


def _numbers(values: pd.Series[Any]) -> np.ndarray[Any, Any]:
    numbers = pd.to_numeric(values.astype("float64")).to_numpy()
    return numbers.astype("float32") if len(numbers) > _MANY else numbers


def _time_axis(figure: go.Figure, times: pd.Series[Any], by: By) -> None:
    """Even steps need no list of times: a start and a step are enough."""
    if by in _STEP_MS:
        figure.update_traces(x0=times.iloc[0].isoformat(), dx=_STEP_MS[by])
    else:
        figure.update_traces(x=[time.isoformat() for time in times])
    figure.update_xaxes(type="date", hoverformat=_HOVER_DATE[by], tickformatstops=_TICK_DATES, nticks=8)
    if by == "year":
        figure.update_xaxes(dtick="M12")


def _value_axis(figure: go.Figure, measure: Measure) -> go.Figure:
    prefix = "£" if measure.unit == "money" else ""
    return figure.update_yaxes(tickprefix=prefix, tickformat="~s", title=None)


def _hover(measure: Measure, axis: str = "y") -> str:
    number = f"£%{{{axis}:,.2f}}" if measure.unit == "money" else f"%{{{axis}:,.0f}}"
    return f"{measure.label} {number}<extra></extra>"
