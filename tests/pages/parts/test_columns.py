from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from pages.parts import charts, columns
from queries import definitions as d

if TYPE_CHECKING:
    from queries.period import By

LIMIT = 100_000
PARTS = [columns.Part("new", "New", "#56B4E9"), columns.Part("returning", "Returning", "#009E73")]


def frame(steps: int, freq: str = "D") -> pd.DataFrame:
    """Values of which some are less than nothing."""
    generator = np.random.default_rng(1)
    times = pd.date_range("2010-12-01", periods=steps, freq=freq)
    return pd.DataFrame({"period": times} | {part.column: generator.normal(900, 800, steps).round(2) for part in PARTS})


@pytest.mark.parametrize("steps", [1, 100, 101, 400])
@pytest.mark.parametrize("chosen", [None, 0])
def test_each_part_is_told_in_full_and_what_stands_above_and_hangs_below_add_up_to_it(
    steps: int, chosen: int | None
) -> None:
    rows = frame(steps)
    traces = columns.of_parts(rows, PARTS, d.NET_SALES, "day", chosen=chosen).data
    for part, told in zip(PARTS, traces[: len(PARTS)], strict=True):
        values = list(rows[part.column])
        if told.type == "bar":
            assert list(told.y) == values
            continue
        assert list(told.customdata) == values
        columns_of_it = [trace for trace in traces[len(PARTS) :] if trace.legendgroup == part.label]
        below = {at: value for trace in columns_of_it for at, value in zip(trace.x, trace.y, strict=True) if value < 0}
        for at, above, value in zip(rows["period"], told.y, values, strict=True):
            assert above + below.get(f"{at:%Y-%m-%d}", 0) == value


def test_of_many_steps_the_ends_and_what_hangs_below_are_columns() -> None:
    rows = frame(200)
    rows["new"] = rows["new"].abs()
    drawn = columns.of_parts(rows, PARTS, d.NET_SALES, "day").data
    assert [trace.type for trace in drawn] == ["scatter", "scatter", "bar", "bar"]
    ends = ["2010-12-01", "2011-06-18"]
    assert list(drawn[2].x) == ends
    below = rows.loc[rows["returning"] < 0, "period"].dt.strftime("%Y-%m-%d")
    assert list(drawn[3].x) == sorted({*ends, *below})
    assert {trace.fillcolor for trace in drawn[:2]} == {"#56B4E9", "#009E73"}


@pytest.mark.parametrize("steps", [60, 200])
def test_what_is_chosen_stands_out(steps: int) -> None:
    rows = frame(steps)
    rows.loc[7, "new"] = -5.0
    traces = columns.of_parts(rows, PARTS, d.NET_SALES, "day", chosen=7).data
    for part, trace in zip(PARTS, traces[-2:], strict=True):
        clear = [y for y, opacity in zip(trace.y, trace.marker.opacity, strict=True) if opacity == 1]
        assert clear == [rows.loc[7, part.column]]
    if steps == 200:
        assert {trace.fillcolor for trace in traces[:2]} == {"#56B4E940", "#009E7340"}


@pytest.mark.parametrize("steps", [60, 200])
def test_each_part_is_named_once(steps: int) -> None:
    traces = columns.of_parts(frame(steps), PARTS, d.NET_SALES, "day").data
    assert [trace.name for trace in traces if trace.showlegend is not False] == ["New", "Returning"]


@pytest.mark.parametrize("measure", [d.NET_SALES, d.ORDERS])
def test_no_columns_are_over_100_kb(measure: d.Measure) -> None:
    three = [columns.Part(name, name, "#56B4E9") for name in ("new", "returning", "nobody")]
    rows = frame(charts.MOST_POINTS // (columns.NUMBERS_OF_A_PART * 3))
    rows["nobody"] = rows["new"]
    assert len(columns.of_parts(rows, three, measure, "day", chosen=1).to_json()) < LIMIT
    rows = pd.DataFrame({"period": pd.date_range("2010-12-01", periods=charts.MOST_POINTS, freq="h"), "views": 12_345})
    assert len(columns.of(rows, d.VIEWS, "hour").to_json()) < LIMIT


def test_columns_are_as_wide_as_their_step_and_few_have_no_ticks_between_them() -> None:
    cases: tuple[tuple[int, str, By, int], ...] = ((1, "h", "hour", 3_600_000), (3, "D", "day", 86_400_000))
    for steps, freq, by, step in cases:
        drawn = columns.of(frame(steps, freq).rename(columns={"new": "orders"}), d.ORDERS, by)
        assert drawn.data[0].width == step * 0.75
        assert drawn.layout.xaxis.dtick == step
    assert columns.of(frame(48, "h").rename(columns={"new": "orders"}), d.ORDERS, "hour").layout.xaxis.dtick is None


def test_many_months_stay_columns() -> None:
    """Of which one that stands alone would be a hair: months have no one width."""
    traces = columns.of_parts(frame(150, "MS"), PARTS, d.NET_SALES, "month", chosen=3).data
    assert {trace.type for trace in traces} == {"bar"}
