"""How charts are laid out: axes, margins, and words over them.

A figure is made in one go of its traces and its layout: to change one that is there costs as much as to make it.
"""

from __future__ import annotations

import html
import math
from functools import cache
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go
from PIL import ImageFont

from pages.parts import theme

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd
    from plotly.basedatatypes import BaseTraceType

    from queries.definitions import Measure
    from queries.period import By

_DAY_MS = 86_400_000
STEP_MS = {"hour": 3_600_000, "day": _DAY_MS}
_HOVER_DATE = {"hour": "%H:%M, %a %-d %b %Y", "day": "%a %-d %b %Y", "month": "%B %Y", "year": "%Y"}
# By the distance of two ticks; what stands after the line's end is written where it changes.
TICK_DATES = (
    {"dtickrange": [None, _DAY_MS - 1], "value": "%H:%M\n%-d %b"},
    {"dtickrange": [_DAY_MS, _DAY_MS * 27], "value": "%-d %b\n%Y"},
    {"dtickrange": [_DAY_MS * 28, "M11"], "value": "%b\n%Y"},
    {"dtickrange": ["M12", None], "value": "%Y"},
)
# At most, on an axis of time: as many as stand upright beside each other on a phone.
_TICKS = 6
_FEW = 4
_EVERY_STEP = 8  # so few steps that each has its own
# Pixels of a chart's margins. Where they are too small for what stands there, Plotly makes room and draws once more.
LEFT_OF_VALUES = 50  # "-£100k"
BELOW_A_LINE, BELOW_TWO_LINES = 26, 42
_BESIDE_A_NAME = 10
_AS_WIDE_AS_ARIAL = 1.08  # names in capitals are as much wider in Arial than in Pillow's built-in font
# Names of what the traces' colours mean, in a row over the chart.
NAMES_ABOVE = {"orientation": "h", "y": 1.12, "x": 0, "traceorder": "normal"}
_PARTS = ("legend", "margin", "xaxis", "yaxis")
# Of a chart's settings: what a `$` in a number's format stands for. A sign before a pound stands before the pound, too.
IN_POUNDS = {"locales": {"en": {"format": {"currency": ["£", ""]}}}}


def figure(*traces: BaseTraceType, **layout: Any) -> go.Figure:  # noqa: ANN401 - Plotly's own names
    """A figure of these traces in the one template; of `_PARTS` `layout` has only what differs in this one."""
    parts = {part: theme.LAYOUT[part] | layout.get(part, {}) for part in _PARTS}
    return go.Figure(list(traces), theme.LAYOUT | layout | parts)


def steps(times: pd.Series[Any], by: By) -> dict[str, Any]:
    """Where a trace's points are in time. Even steps need no list: a start and a step are enough."""
    if by in STEP_MS:
        return {"x0": times.iloc[0].isoformat(), "dx": STEP_MS[by]}
    return {"x": [time.isoformat() for time in times]}


def over_time(times: pd.Series[Any], by: By, measure: Measure, greatest: Any) -> dict[str, Any]:  # noqa: ANN401 - see below
    """Axes and margins of `measure` over `times`; `greatest` as in `value_axis`."""
    axis: dict[str, Any] = {
        "type": "date",
        "hoverformat": _HOVER_DATE[by],
        "tickformatstops": TICK_DATES,
        "nticks": _TICKS,
    }
    if by in STEP_MS and len(times) <= _EVERY_STEP:
        axis |= {"tick0": times.iloc[0].isoformat(), "dtick": STEP_MS[by]}  # none between two steps
    if by == "month" and len(times) <= _EVERY_STEP:
        axis |= {"tick0": times.iloc[0].isoformat(), "dtick": "M1"}
    if by == "year":
        axis["dtick"] = "M12"
    below = BELOW_A_LINE if by == "year" else BELOW_TWO_LINES
    return {"xaxis": axis, "yaxis": value_axis(measure, greatest), "margin": {"l": LEFT_OF_VALUES, "b": below}}


def value_axis(measure: Measure, greatest: Any) -> dict[str, Any]:  # noqa: ANN401 - Decimal, a whole number or None
    """The upright axis in the measure's unit; where all are small, up to `greatest`, no count is a half.

    Nor are pounds told in thousandths, as half a pound would be: £500m.
    """
    small = not (greatest or 0) > _FEW
    if measure.unit == "money":
        return {"tickformat": "$,.2f" if small else "$~s"}
    return {"dtick": 1} if small else {"tickformat": "~s"}


def beside(names: Iterable[str]) -> int:
    """Pixels that the longest of these names, written as Plotly reads them, takes on the left of a chart."""
    lengths = [_font().getlength(html.unescape(name)) for name in names]
    return math.ceil(_AS_WIDE_AS_ARIAL * max(lengths, default=0)) + _BESIDE_A_NAME


@cache
def _font() -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(theme.FONT_SIZE)


def note(text: str, above: int = 0) -> dict[str, Any]:
    """An annotation: words over the right end of a chart, `above` by so many pixels."""
    place = {"x": 1, "y": 1, "xref": "paper", "yref": "paper", "xanchor": "right", "yanchor": "bottom", "yshift": above}
    return {"text": text, "showarrow": False, "font": {"color": theme.TEXT, "size": 12}, **place}


def hover(measure: Measure, axis: str = "y") -> str:
    """The exact value for a tooltip."""
    number = "$,.2f" if measure.unit == "money" else ",.0f"
    return f"{measure.label} %{{{axis}:{number}}}<extra></extra>"
