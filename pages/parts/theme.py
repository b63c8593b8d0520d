"""The colours, each with one meaning everywhere, and the one template of all charts."""

from __future__ import annotations

from typing import Any, Literal

import plotly.io as pio
import streamlit  # noqa: F401 - it sets Plotly's default template when it is imported, which the last line undoes

# Okabe and Ito's palette, which survives colour blindness. The same are in .streamlit/config.toml by their names.
NET_SALES = "#0072B2"
ORDERS = "#009E73"
RETURNS = "#D55E00"
DEGRADED = "#E69F00"
PAGE_VIEWS = "#CC79A7"
NEW = "#56B4E9"
GREY = "#7F8791"

Named = Literal["blue", "green", "red", "orange", "violet", "gray"]
# By a measure's column: the colour in charts, and Streamlit's name for it in tiles.
OF_MEASURE: dict[str, tuple[str, Named]] = {
    "net_sales": (NET_SALES, "blue"),
    "gross_sales": (NET_SALES, "blue"),
    "average_order": (NET_SALES, "blue"),
    **{f"per_{step}": (NET_SALES, "blue") for step in ("hour", "day", "month", "year")},
    "units": (NET_SALES, "blue"),
    "orders": (ORDERS, "green"),
    "customers": (ORDERS, "green"),
    "returns": (RETURNS, "red"),
    "adjustments": (GREY, "gray"),
    "lines": (GREY, "gray"),
    "events": (NET_SALES, "blue"),
    "records": (NET_SALES, "blue"),
    "views": (PAGE_VIEWS, "violet"),
}
# Never by colour alone: a state has its icon and its word too.
OF_STATE: dict[str, tuple[Named, str]] = {
    "healthy": ("green", ":material/check_circle:"),
    "degraded": ("orange", ":material/warning:"),
    "failing": ("red", ":material/error:"),
    "idle": ("gray", ":material/pause_circle:"),
    "running": ("blue", ":material/progress_activity:"),
    "paused": ("orange", ":material/pause_circle:"),
    "done": ("green", ":material/check_circle:"),
    "failed": ("red", ":material/error:"),
    "stopped": ("gray", ":material/stop_circle:"),
    "there": ("green", ":material/check_circle:"),
    "due": ("blue", ":material/schedule:"),
    "not there": ("red", ":material/cancel:"),
    "lost": ("red", ":material/help:"),
}
CHART_HEIGHT = 320
FONT_SIZE = 12
_WHITE, _BLACK = "#FFFFFF", "#0E1114"
_TOOLTIP, _LINE = "#1F2429", "#E6EAF1"
# The dashboard's own font is not at hand in a picture that is taken away; on the page weir.css puts it in place of this
# one, which is a little wider, so that there is room for both.
_FONT = "Arial, Helvetica, sans-serif"


def luminance(colour: str) -> float:
    """Of a colour `#RRGGBB`, 0 for black to 1 for white: https://www.w3.org/TR/WCAG22/#dfn-relative-luminance."""
    shares = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares)  # noqa: PLR2004 - the formula's own
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Of two colours, 1 to 21: https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def ink_on(colour: str) -> str:
    """Black or white, whichever is read better on it."""
    return max((_WHITE, _BLACK), key=lambda ink: contrast(ink, colour))


# As good as black, and used for nothing else, so that weir.css can find it: on the page it puts the theme's own colour
# of text in its place. What is taken away keeps it.
TEXT = "#0E1113"
# The one template of all charts, written out in each as its layout. Named as Plotly's `template` it would have each
# drawn twice: Streamlit hands Plotly a second copy of the figure, and Plotly takes a copied template for a changed one.
# It holds no colours of light or dark; weir.css has those.
LAYOUT: dict[str, Any] = {
    "height": CHART_HEIGHT,
    "margin": {"l": 0, "r": 0, "t": 8, "b": 0, "pad": 8},
    "font": {"color": TEXT, "family": _FONT, "size": FONT_SIZE},
    "showlegend": False,
    "legend": {"bgcolor": "rgba(0, 0, 0, 0)"},
    "hovermode": "x unified",
    "hoverlabel": {
        "bgcolor": _TOOLTIP,
        "bordercolor": GREY,
        "font": {"color": _WHITE, "family": _FONT, "size": FONT_SIZE},
    },
    "modebar": {"color": GREY, "activecolor": NET_SALES, "bgcolor": "rgba(0, 0, 0, 0)"},
    "paper_bgcolor": _WHITE,
    "plot_bgcolor": "rgba(0, 0, 0, 0)",
    "bargap": 0.25,
    "separators": ".,",
    "xaxis": {"ticks": "", "showgrid": False, "zeroline": False, "fixedrange": True, "automargin": True},
    "yaxis": {
        "ticks": "",
        "showgrid": True,
        "gridcolor": _LINE,
        "zerolinecolor": _LINE,
        "fixedrange": True,
        "automargin": True,
        "rangemode": "tozero",
        "nticks": 5,
    },
}
pio.templates.default = None
