"""What is taken away from a figure: its rows as CSV or Parquet, and its chart as a page of its own."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

import plotly.graph_objects as go
import streamlit as st

from pages.parts import layouts
from queries import export

if TYPE_CHECKING:
    import pandas as pd

    from queries.figure import Figure

_SAVING = """
document.body.style.font = '16px sans-serif';
for (const format of ['svg', 'png']) {
    const button = document.createElement('button');
    button.textContent = 'Save as ' + format.toUpperCase();
    button.style = 'font: inherit; margin: 8px; padding: 8px 16px';
    button.onclick = () => Plotly.downloadImage('chart', {format, filename: 'weir-chart', width: 1200, height: 600});
    document.body.prepend(button);
}
"""


def files(what: str, figure: Figure, shown: pd.DataFrame | None, chart: go.Figure | None) -> None:
    """Buttons for `shown`, or the figure's own rows, and for the chart.

    Files are made when they are asked for, in another thread: nothing of Streamlit in there.
    """
    frame = figure.frame if shown is None else shown
    name = _file_name(what)
    with st.container(horizontal=True, gap="small"):
        st.download_button(
            "CSV",
            lambda: export.csv([frame]),
            f"{name}.csv",
            export.CSV,
            key=f"csv {what}",
            on_click="ignore",
            icon=":material/download:",
        )
        st.download_button(
            "Parquet",
            lambda: export.parquet([frame]),
            f"{name}.parquet",
            export.PARQUET,
            key=f"parquet {what}",
            on_click="ignore",
            icon=":material/download:",
        )
        if chart is not None:
            st.download_button(
                "Chart (HTML, PNG, SVG)",
                lambda: document(chart, what),
                f"{name}.html",
                "text/html",
                key=f"html {what}",
                on_click="ignore",
                icon=":material/download:",
                help="A page of its own that needs no network: the chart, and buttons that save it as PNG or SVG",
            )


def _file_name(what: str) -> str:
    """A name for a file, of letters, digits and hyphens."""
    return "weir-" + re.sub(r"[^a-z0-9]+", "-", what.lower()).strip("-")


def document(figure: go.Figure, what: str) -> bytes:
    """The chart as a page of its own that needs nothing else, with buttons that save it as PNG or SVG.

    Its title is what `charts.show` was told that it shows, or `what`.
    """
    alone = go.Figure(figure)
    # Room for the title over what the chart has there, and for the names of the colours where they stand under it.
    above = (figure.layout.margin.t or 0) + 40
    alone.update_layout(margin_t=max(above, 96) if figure.layout.showlegend else above, height=480)
    at_the_top = {"y": 1, "yref": "container", "yanchor": "top", "pad": {"t": 12}, "font": {"size": 16}}
    alone.update_layout(title={"text": html.escape(str(figure.layout.meta or what)), **at_the_top})
    # Among Plotly's own buttons is one that sends the chart to Plotly's cloud.
    config = {"displayModeBar": False, "responsive": True, **layouts.IN_POUNDS}
    page: str = alone.to_html(include_plotlyjs=True, config=config, div_id="chart", post_script=_SAVING)
    return page.encode()
