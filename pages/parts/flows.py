"""Where readers come from and go to, as a Sankey diagram."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

import plotly.graph_objects as go

from pages.parts import layouts, theme, words

if TYPE_CHECKING:
    import pandas as pd

NO_SOURCE, OTHER = "(no source)", "(other)"
_LABEL = 28
_HEIGHT = 480
_FLOW = "rgba(204, 121, 167, 0.35)"  # that of page views, so that flows show where they cross


def chart(frame: pd.DataFrame) -> go.Figure:
    """`source`, `page`, `views` of each flow; an empty name is all the others together, None no source."""
    sources = [(one or OTHER) if isinstance(one, str) else NO_SOURCE for one in frame["source"]]
    pages = [one or OTHER for one in frame["page"]]
    left = {name: at for at, name in enumerate(dict.fromkeys(sources))}
    right = {name: at + len(left) for at, name in enumerate(dict.fromkeys(pages))}
    return layouts.figure(
        go.Sankey(
            textfont={"color": theme.TEXT, "size": 13},
            arrangement="snap",
            node={
                "label": [_label(name) for name in (*left, *right)],
                "customdata": [_text(name) for name in (*left, *right)],
                "color": [theme.GREY] * len(left) + [theme.PAGE_VIEWS] * len(right),
                "line": {"width": 0},
                "pad": 14,
                "thickness": 14,
                "hovertemplate": "%{customdata}<br>%{value:,.0f} page views<extra></extra>",
            },
            link={
                "source": [left[name] for name in sources],
                "target": [right[name] for name in pages],
                "value": [int(views) for views in frame["views"]],
                "color": _FLOW,
                "hovertemplate": "%{source.customdata} to %{target.customdata}<br>%{value:,.0f} page views"
                "<extra></extra>",
            },
        ),
        height=_HEIGHT,
        margin={"b": 24},
        hovermode="closest",
    )


def _label(name: str) -> str:
    return _text(words.shortened(name, _LABEL))


def _text(name: str) -> str:
    """A name as text: Plotly reads some tags."""
    return html.escape(words.shortened(name, 120), quote=False)
