"""What the check of contrast sees in a chart: text in a bar against that bar, all other text against the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import plotly.graph_objects as go
import plotly.io as pio
import pytest

from pages.parts import charts
from queries import definitions as d
from tests.browser.views import View

if TYPE_CHECKING:
    from playwright.sync_api import Page

_MEASURES = (d.NET_SALES, d.CUSTOMERS, d.RETURNS, d.VIEWS, d.LINES)


def faint(page: Page, figure: go.Figure) -> list[str]:
    """What the check says of a chart that stands alone on a white page."""
    page.set_content(pio.to_html(figure, include_plotlyjs=True, config={"displayModeBar": False}))
    page.locator(".bartext").first.wait_for()
    return View(page, "", 600, "light").faint()


def bars(colours: list[str], inks: list[str], **more: Any) -> go.Figure:
    bar = go.Bar(
        x=[9] * len(colours),
        y=[f"row {place}" for place in range(len(colours))],
        orientation="h",
        text=[f"{ink} on {colour}" for ink, colour in zip(inks, colours, strict=True)],
        insidetextfont={"color": inks},
        marker={"color": colours},
        textposition="inside",
    )
    axes = {"xaxis": {"visible": False}, "yaxis": {"visible": False}}
    return go.Figure(bar.update(more), layout={"template": "none", **axes})


def test_text_in_a_bar_is_held_against_the_bar(page: Page) -> None:
    white, black = "#FFFFFF", "#000000"
    found = faint(page, bars([white, "#FFFF00", black, "#000080"], [black, white, white, white]))
    assert [each.split(":")[0] for each in found] == ["#FFFFFF on #FFFF00"]


def test_a_pale_bar_is_as_pale_as_it_is_seen(page: Page) -> None:
    """White on dark blue is well read, on the same at a fifth of it is not, however that fifth is written."""
    assert faint(page, bars(["#000080"], ["#FFFFFF"])) == []
    assert len(faint(page, bars(["#00008033"], ["#FFFFFF"]))) == 1
    unselected = {"selectedpoints": [], "unselected": {"marker": {"opacity": 0.2}}}
    assert len(faint(page, bars(["#000080"], ["#FFFFFF"], **unselected))) == 1


def test_text_beside_a_bar_is_held_against_the_page(page: Page) -> None:
    beside = {"textposition": "outside", "cliponaxis": False, "x": [1, 9]}
    found = faint(page, bars(["#000080", "#000080"], ["#000000"] * 2, outsidetextfont={"color": ["#000000", "#EEEEEE"]},
                             **beside))  # fmt: skip
    assert len(found) == 1


@pytest.mark.parametrize(("ink", "faint_there"), [("black", 0), ("white", 1)])
def test_a_mixed_colour_is_as_dark_as_it_is_seen(page: Page, ink: str, faint_there: int) -> None:
    mixed = f"color-mix(in srgb, {ink} 70%, transparent)"
    page.set_content(f'<body style="background: white"><p style="color: {mixed}">words</p></body>')
    assert len(View(page, "", 600, "light").faint()) == faint_there
    page.set_content(f'<body style="background: black"><p style="color: {mixed}">words</p></body>')
    assert len(View(page, "", 600, "light").faint()) == 1 - faint_there


def test_what_cannot_be_used_may_be_faint(page: Page) -> None:
    page.set_content('<button disabled style="color: #AAA">back</button><button style="color: #AAA">on</button>')
    assert [each.split(":")[0] for each in View(page, "", 600, "light").faint()] == ["on"]


@pytest.mark.parametrize("measure", _MEASURES, ids=lambda measure: measure.column)
@pytest.mark.parametrize("chosen", [None, 1])
def test_rankings_can_be_read_in_each_measures_colour(page: Page, measure: d.Measure, chosen: int | None) -> None:
    names = ["first", "second", "third"]
    figure = charts.ranking(names, pd.Series([90.0, 80.0, 1.0]), ["£90", "£80", "£1"], measure, chosen)
    assert [each for each in faint(page, figure) if each.startswith("£")] == []
