"""What Plotly draws of a chart: the words and marks that a figure's own text does not tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest

from pages.parts import charts, taking
from queries import definitions as d

if TYPE_CHECKING:
    import plotly.graph_objects as go
    from playwright.sync_api import Page

    from queries.definitions import Measure


def drawn(page: Page, figure: go.Figure) -> Page:
    """The chart as it is taken away, a page of its own."""
    page.set_content(taking.document(figure, "A chart").decode())
    page.locator(".main-svg").first.wait_for()
    return page


def test_a_sign_stands_before_the_pound(page: Page) -> None:
    rows = pd.DataFrame({"period": pd.date_range("2011-01-01", periods=3), "net_sales": [-20_000.0, 10_000.0, 5_000.0]})
    axis = drawn(page, charts.course(rows, d.NET_SALES, "day")).locator(".ytick text").all_text_contents()
    assert "\N{MINUS SIGN}£20k" in axis
    assert "£10k" in axis
    page.locator(".scatterlayer .point").first.hover(force=True)
    page.locator(".hoverlayer :is(.hovertext, .legend)").first.wait_for()
    told = page.locator(".hoverlayer").text_content() or ""
    assert "Net sales -£20,000.00" in told.replace("\N{MINUS SIGN}", "-")


@pytest.mark.parametrize("values", [[0.0, 0.0, 0.0], [4.0, 0.0, 0.0], [0.0, 0.0, -4.0]])
@pytest.mark.parametrize("measure", [d.ORDERS, d.NET_SALES], ids=lambda measure: measure.column)
def test_a_bar_of_nothing_has_its_label_and_can_be_clicked(page: Page, measure: Measure, values: list[float]) -> None:
    figure = charts.ranking(["A", "B", "C"], pd.Series(values), ["a", "b", "c"], measure)
    figure.layout.clickmode = "event+select"
    labels = drawn(page, figure).locator(".barlayer .bartext")
    assert labels.all_text_contents() == ["a", "b", "c"]
    inside = page.locator(".main-svg").first.bounding_box()
    assert inside
    for label in labels.all():
        box = label.bounding_box()
        assert box
        assert box["x"] >= inside["x"]
        assert box["x"] + box["width"] <= inside["x"] + inside["width"]
    page.evaluate(
        "window.clicked = []; document.getElementById('chart').on('plotly_click', (at) => { clicked = at.points })"
    )
    row = page.locator(".barlayer .trace").nth(1).locator(".point").nth(1).bounding_box()
    assert row
    page.mouse.click(row["x"] + row["width"] / 2, row["y"] + row["height"] / 2)
    assert page.evaluate("clicked.map((point) => point.pointNumber).at(-1)") == 1
