"""What Plotly draws of a chart: the words and marks that a figure's own text does not tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest

from pages.parts import charts, columns, heat, taking
from queries import definitions as d

if TYPE_CHECKING:
    import plotly.graph_objects as go
    from playwright.sync_api import FloatRect, Page

    from queries.definitions import Measure


def drawn(page: Page, figure: go.Figure) -> Page:
    """The chart as it is taken away, a page of its own."""
    page.set_content(taking.document(figure, "A chart").decode())
    page.locator(".main-svg").first.wait_for()
    return page


def plotted(page: Page, figure: go.Figure) -> FloatRect:
    """The chart as it is on a page, where it can be clicked; the pixels of its axes."""
    figure.layout.clickmode, figure.layout.dragmode = "event+select", "pan"
    box = drawn(page, figure).locator(".nsewdrag").bounding_box()
    assert box
    return box


def clicked(page: Page, x: float, y: float) -> list[int]:
    """The places of the points that are chosen by a click there, which is what Streamlit is told of."""
    page.evaluate(
        """window.chosen = [];
        chart.removeAllListeners('plotly_selected');
        chart.on('plotly_selected', (at) => { chosen = at?.points.map((point) => point.pointNumber) ?? [] })"""
    )
    page.mouse.click(x, y)
    page.wait_for_timeout(400)  # longer than Plotly waits for a double click
    return list(dict.fromkeys(page.evaluate("chosen")))


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
    row = page.locator(".barlayer .trace").nth(1).locator(".point").nth(1).bounding_box()
    assert row
    assert clicked(page, row["x"] + row["width"] / 2, row["y"] + row["height"] / 2) == [1]


def many(values: list[float], name: str = "net_sales") -> pd.DataFrame:
    return pd.DataFrame({"period": pd.date_range("2010-01-01", periods=len(values)), name: values})


def over(page: Page, rows: pd.DataFrame, place: int, plot: FloatRect) -> tuple[float, float]:
    """The middle of the plot over a step."""
    share = page.evaluate(
        "(time) => { const axis = chart._fullLayout.xaxis; return axis.c2p(axis.d2c(time)) / axis._length }",
        rows["period"].iloc[place].isoformat(),
    )
    return plot["x"] + plot["width"] * share, plot["y"] + plot["height"] / 2


@pytest.mark.parametrize("place", [0, 700, 2_000])
def test_of_a_line_of_many_points_each_can_be_clicked_though_none_is_drawn(page: Page, place: int) -> None:
    rows = many([5.0] * 2_001)
    plot = plotted(page, charts.course(rows, d.NET_SALES, "day"))
    assert page.locator(".scatterlayer .point").count() <= 1
    assert clicked(page, *over(page, rows, place, plot)) == [pytest.approx(place, abs=5)]  # some to a pixel


@pytest.mark.parametrize("chosen", [None, 120])
def test_of_many_columns_each_can_be_clicked_and_tells_its_value(page: Page, chosen: int | None) -> None:
    values = [float(place) for place in range(200)]
    values[60] = -40.0
    parts = [columns.Part("net_sales", "New", "#56B4E9"), columns.Part("other", "Other", "#009E73")]
    rows = many(values).assign(other=2.0)
    plot = plotted(page, columns.of_parts(rows, parts, d.NET_SALES, "day", chosen=chosen))
    shown = [pd.Timestamp(end) for end in page.evaluate("chart._fullLayout.xaxis.range")]
    assert shown == [rows["period"].iloc[0] - pd.Timedelta(hours=12), rows["period"].iloc[-1] + pd.Timedelta(hours=12)]
    for place in (0, 20, 60, 120, 199):
        at = over(page, rows, place, plot)
        page.mouse.move(*at)
        said = f"New {'-' if values[place] < 0 else ''}£{abs(values[place]):.2f}"
        page.wait_for_function("(said) => document.querySelector('.hoverlayer').textContent.includes(said)", arg=said)
        told = page.locator(".hoverlayer").text_content() or ""
        assert (told.count("New"), told.count("Other £2.00")) == (1, 1)
        assert clicked(page, *at) == [place]


@pytest.mark.parametrize(("right", "down"), [(0, 0), (0.4, 0.4), (-0.4, 0.4)])
def test_a_cell_of_a_heat_map_is_clicked_wherever_it_is_hit(page: Page, right: float, down: float) -> None:
    cells = [(day, hour) for day in range(1, 8) for hour in range(8, 16)]
    frame = pd.DataFrame(cells, columns=["weekday", "hour"]).assign(net_sales=5.0)
    plot = plotted(page, heat.weekdays(frame, d.NET_SALES))
    wide, high = plot["width"] / 8, plot["height"] / 7
    x, y = plot["x"] + wide * (3.5 + right), plot["y"] + high * (2.5 + down)
    assert [cells[place] for place in clicked(page, x, y)] == [(3, 11)]
