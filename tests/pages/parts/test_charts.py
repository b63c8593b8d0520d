from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
import streamlit as st

from pages.parts import charts, columns, flows, heat, theme
from pipeline.health.metrics import Series
from queries import definitions as d

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from queries.period import By

LIMIT = 100_000


def frame(steps: int, freq: str) -> pd.DataFrame:
    generator = np.random.default_rng(1)
    return pd.DataFrame(
        {
            "period": pd.date_range("2010-12-01", periods=steps, freq=freq),
            "net_sales": generator.normal(20_000, 9_000, steps).round(2),
            "orders": generator.integers(0, 300, steps),
        }
    )


Shown = list[dict[str, Any]]


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Shown:
    """What Streamlit was given of each chart, `theme` beside the figure's own."""
    found: Shown = []

    def plotly_chart(figure: go.Figure, *, theme: str | None = "streamlit", **_: Any) -> None:
        found.append(json.loads(figure.to_json()) | {"theme": theme})

    monkeypatch.setattr(st, "plotly_chart", plotly_chart)
    return found


def test_nothing_makes_plotly_draw_a_second_copy_of_a_chart_again(shown: Shown) -> None:
    """A template, data that are no lists, no revision or a `dragmode` that Streamlit would set: each does."""
    rows = frame(60, "D")
    names = [f"{place}" for place in range(3)]
    hours = pd.DataFrame({"weekday": [1, 7], "hour": [9, 17], "net_sales": [3.0, 4.5]})
    views = pd.DataFrame({"source": ["a", None], "page": ["b", "b"], "views": [1, 2]})
    since = datetime(2011, 1, 1, tzinfo=UTC)
    pulse = Series("Views", since, since + timedelta(minutes=2), 60, (since, since + timedelta(minutes=1)), (3, 5))
    charts.show(charts.course(rows, d.NET_SALES, "day", before=rows, chosen=3), "a", "", pick=print)
    charts.show(charts.ranking(names, pd.Series([3.0, 2.0, 1.0]), names, d.NET_SALES), "b", "", pick=print)
    charts.show(heat.weekdays(hours, d.NET_SALES, (1, 9)), "c", "", pick=print)
    clickable = len(shown)
    charts.show(columns.of(rows, d.ORDERS, "day"), "d", "")
    charts.show(charts.pulse(pulse, d.VIEWS), "e", "")
    charts.show(flows.chart(views), "f", "")
    assert len(shown) == clickable + 3
    for chart in shown:
        assert chart["theme"] is None  # Streamlit's has a template
        assert "template" not in chart["layout"]
        assert chart["layout"]["datarevision"]
        assert "bdata" not in json.dumps(chart)  # as typed arrays travel
    assert {chart["layout"]["dragmode"] for chart in shown[:clickable]} == {"pan"}


def test_a_chart_of_other_data_or_colours_is_drawn_anew(shown: Shown) -> None:
    rows = frame(60, "D")
    for chosen, times in ((None, 1), (None, 1), (3, 1), (None, 2)):
        charts.show(
            charts.course(rows.assign(net_sales=rows["net_sales"] * times), d.NET_SALES, "day", chosen=chosen), "a", ""
        )
    first, same, *others = (chart["layout"]["datarevision"] for chart in shown)
    assert first == same
    assert len({first, *others}) == 3


@pytest.mark.parametrize(
    ("steps", "freq", "by"),
    [
        (charts.MOST_POINTS, "h", "hour"),
        (8976, "h", "hour"),
        (374, "D", "day"),
        (1800, "MS", "month"),
        (30, "YS", "year"),
        (1, "h", "hour"),
    ],
)
@pytest.mark.parametrize("measure", [d.NET_SALES, d.ORDERS])
def test_no_course_is_over_100_kb(steps: int, freq: str, by: By, measure: d.Measure) -> None:
    rows = frame(steps, freq)
    assert len(charts.course(rows, measure, by).to_json()) < LIMIT


@pytest.mark.parametrize("measure", [d.NET_SALES, d.ORDERS])
def test_what_stands_beside_another_period_is_not_over_100_kb(measure: d.Measure) -> None:
    for steps in (charts.MOST_POINTS // 2, 2_000, 8_976 // 2):
        rows = frame(steps, "h")
        assert len(charts.course(rows, measure, "hour", before=rows).to_json()) < LIMIT


def test_a_name_is_text_to_plotly_too() -> None:
    figure = charts.ranking(['<a href="x">A</a>', "B & <b>C</b>"], pd.Series([2, 1]), ["2", "1"], d.UNITS)
    assert all("<" not in row for trace in figure.data for row in trace.y)
    assert figure.data[0].y[1] == "2. B &amp; &lt;b&gt;C&lt;/b&gt;"


def test_what_stands_in_a_bar_can_be_read() -> None:
    for colour, _ in theme.OF_MEASURE.values():
        assert theme.contrast(theme.ink_on(colour), colour) >= 4.5, colour
    assert theme.contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert theme.contrast("#FFFFFF", "#009E73") == pytest.approx(3.42, abs=0.01)


def test_rankings_and_pulses_are_small() -> None:
    values = pd.Series(range(10, 0, -1))
    assert len(charts.ranking(["A NAME OF SOME LENGTH"] * 10, values, ["£1k"] * 10, d.NET_SALES).to_json()) < LIMIT
    until = datetime(2026, 1, 2, tzinfo=UTC)
    times = tuple(until - timedelta(minutes=12 * at) for at in range(120))
    series = Series("IncomingRecords", times[-1], until, 720, times, tuple(map(float, range(120))))
    assert len(charts.pulse(series, d.RECORDS).to_json()) < LIMIT


def test_equal_names_keep_their_own_bars() -> None:
    figure = charts.ranking(["SAME", "SAME"], pd.Series([2, 1]), ["2", "1"], d.UNITS)
    assert len(set(figure.data[0].y)) == 2


@pytest.mark.parametrize("values", [[9.0, 0.01], [-5.0, -1.0], [3.0, -2.0]])
def test_a_ranking_is_clicked_on_its_rows_however_short_the_bar(values: list[float]) -> None:
    bars, rows = charts.ranking(["A", "B"], pd.Series(values), ["a", "b"], d.NET_SALES).data
    assert bars.hoverinfo == "skip"
    assert list(rows.y) == list(bars.y)
    assert list(rows.customdata) == values
    low, high = min(0.0, *values), max(0.0, *values)
    assert [(base, base + length) for base, length in zip(rows.base, rows.x, strict=True)] == [(low, high)] * 2


def test_even_steps_begin_where_the_rows_do() -> None:
    figure = charts.course(frame(48, "h"), d.NET_SALES, "hour")
    assert figure.data[0].x is None
    assert figure.data[0].x0 == "2010-12-01T00:00:00"
    assert figure.data[0].dx == 3_600_000


def test_a_missing_average_is_a_gap() -> None:
    rows = pd.DataFrame({"period": pd.date_range("2011-01-01", periods=2, freq="D"), "average_order": [None, 4.5]})
    assert charts.course(rows, d.AVERAGE_ORDER, "day").data[0].y == (None, 4.5)


@pytest.mark.parametrize("most", [0, 2, 4, -4])
def test_what_is_counted_has_no_halves_on_its_axis(most: int) -> None:
    rows = frame(3, "D").assign(orders=[0, 1, most])
    for chart in (charts.course(rows, d.ORDERS, "day"), columns.of(rows, d.ORDERS, "day")):
        assert (chart.layout.yaxis.dtick, chart.layout.yaxis.tickformat) == (1, None)
    assert columns.of(rows, d.NET_SALES, "day").layout.yaxis.tickformat == "$~s"


@pytest.mark.parametrize("most", [5, 12_000, -12_000])
def test_many_counts_have_an_axis_of_few_marks(most: int) -> None:
    rows = frame(3, "D").assign(orders=[0, 1, most])
    for chart in (charts.course(rows, d.ORDERS, "day"), columns.of(rows, d.ORDERS, "day")):
        assert (chart.layout.yaxis.dtick, chart.layout.yaxis.tickformat) == (None, "~s")
