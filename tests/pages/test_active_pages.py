"""The page of active page views, on counters and a lake in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pages.parts import flows
from pipeline.errors import CloudDownError
from pipeline.replay import trickle
from tests.pages.fakes import NOTHING, FakeService

if TYPE_CHECKING:
    from pathlib import Path

    from streamlit.testing.v1 import AppTest

    from tests.pages.conftest import World


def tiles(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def said(app: AppTest) -> str:
    return "\n".join(element.value for element in (*app.markdown, *app.caption, *app.subheader))


def test_what_is_active_now(world: World) -> None:
    app = world.open("active-pages")
    assert not app.exception
    assert tiles(app)["Active pages"] == "12"
    assert tiles(app)["Active sessions"] == "3"
    assert "Active means viewed within the last 5 minutes" in said(app)
    assert "live" in said(app)
    assert "And 2 more." in said(app)
    top = app.table[0].value
    assert list(top["Page views"])[:3] == [40.0, 39.0, 38.0]
    assert r"\<b\>\*bold\*\</b\>" in top["Page"].iloc[0]


def test_the_minutes_are_in_the_address(world: World) -> None:
    app = world.open("active-pages", within="60")
    assert "within the last 60 minutes" in said(app)
    app.number_input(key="active within").set_value(7).run()
    assert app.query_params["within"] == "7"
    assert "within the last 7 minutes" in said(app)
    for wrong in ("0", "61", "<script>", "٣"):
        assert "within the last 5 minutes" in said(world.open("active-pages", within=wrong))


def test_paused_the_figures_stand_still(world: World) -> None:
    app = world.open("active-pages")
    app.toggle(key="active paused").set_value(True).run()
    assert "paused" in said(app)
    world.services["dynamodb"] = FakeService({"query": {"Items": []}})
    assert tiles(app.run())["Active pages"] == "12"


def test_history(world: World) -> None:
    app = world.open("active-pages")
    assert "had the most page views: 1,200" in said(app)
    assert "5 page views arrived in these hours but occurred at other times" in said(app)
    table = app.table[2].value
    assert [round(share, 3) for share in table["Share"]] == [0.83, 0.17]
    assert table["Time spent"].iloc[0] == 39.5
    asked = {name for name, _ in world.lake.asked}
    assert {"views_by_step", "views_by_page", "views_by_flow"} <= asked
    world.open("active-pages", by="day")
    assert [found["by"] for name, found in world.lake.asked if name == "views_by_step"] == ["hour", "day"]


def hours(world: World) -> tuple[object, object]:
    """Those that the lake was last asked about."""
    (_name, found) = world.lake.asked[-1]
    return found["first"], found["last"]


def test_views_that_came_between_two_questions_break_no_figure(world: World) -> None:
    """The course is asked after they came, the pages and flows were asked before."""
    before = {name: NOTHING[name] for name in ("views_by_page", "views_by_flow")}
    world.lake.answers = {**world.lake.answers, **before}
    app = world.open("active-pages")
    assert not app.exception
    assert "had the most page views" in said(app)
    assert sum("No page views from these hours" in info.value for info in app.info) == 2


def test_history_of_any_hours(world: World) -> None:
    app = world.open("active-pages", start="2026-01-31", end="2026-02-01", start_hour="22", end_hour="3")
    assert hours(world) == ("2026/01/31/22", "2026/02/01/03")
    assert "22:00 on 31 Jan 2026 had the most page views" in said(app)
    app.selectbox(key="arrivals end_hour").set_value(4).run()
    assert hours(world) == ("2026/01/31/22", "2026/02/01/04")
    assert (app.query_params["start_hour"], app.query_params["end_hour"]) == ("22", "4")
    # They go along to the other page of arrivals.
    app.query_params.clear()
    app.switch_page("pages/lake.py").run()
    assert hours(world) == ("2026/01/31/22", "2026/02/01/04")
    app.pills[0].set_value("Today").run()
    assert [str(hour)[-3:] for hour in hours(world)] == ["/00", "/23"]
    assert not {"start_hour", "end_hour"} & set(app.query_params)


def test_hours_that_cannot_be_are_told(world: World) -> None:
    app = world.open("active-pages", start="2026-02-01", end="2026-02-01", start_hour="24", end_hour="<b>")
    assert not app.exception
    assert [warning.value.split(":")[0] for warning in app.warning] == [
        "The address is ignored where it says start_hour", "The address is ignored where it says end_hour",
    ]  # fmt: skip
    assert hours(world) == ("2026/02/01/00", "2026/02/01/23")
    asked = len(world.lake.asked)
    app = world.open("active-pages", start="2026-02-01", end="2026-02-01", start_hour="9", end_hour="08")
    assert "ends (2026-02-01 08:59) before it starts (2026-02-01 09:00)" in app.warning[0].value
    assert len(world.lake.asked) == asked


def test_nothing_yet(empty_world: World) -> None:
    app = empty_world.open("active-pages")
    assert not app.exception
    assert tiles(app)["Active pages"] == "0"
    assert any("No page views in the last hour yet" in info.value for info in app.info)
    assert any("No page views from these hours in the lake yet" in info.value for info in app.info)


def test_live_and_history_fail_each_alone(world: World) -> None:
    world.services["dynamodb"] = FakeService({"query": CloudDownError("gone")})
    app = world.open("active-pages")
    assert any("Active now: out of reach" in error.value for error in app.error)
    assert "had the most page views" in said(app)


def test_flows_show_names_as_text() -> None:
    from tests.pages.fakes import ANSWERS

    figure = flows.chart(ANSWERS["views_by_flow"]({}))
    (sankey,) = figure.data
    assert list(sankey.node.label) == [
        "&lt;i&gt;menu&lt;/i&gt;", flows.NO_SOURCE, flows.OTHER, "&lt;b&gt;*bold*&lt;/b&gt;", "drink_1", flows.OTHER,
    ]  # fmt: skip
    assert list(sankey.link.value) == [1000, 200, 5]


def test_the_lakes_page_compares_the_destinations_of_sessions(world: World) -> None:
    app = world.open("lake")
    assert not app.exception
    assert [metric.value for metric in app.metric if metric.label == "Sessions"] == ["1,200", "31"]
    assert [metric.value for metric in app.metric if metric.label == "Cart share"] == ["25.0%", "33.0%"]
    table = app.table[-1].value
    assert list(table["Destination"]) == ["USA", "International", "International"]
    assert list(table["Cart share"])[:2] == [0.25, 0.33]
    assert r"\<b\>France\</b\>" in table["Country"].iloc[1]
    assert table["Country"].iloc[2] == "not told"


def test_no_sessions_yet(empty_world: World) -> None:
    app = empty_world.open("lake")
    assert not app.exception
    assert any("No browse sessions from these hours yet" in info.value for info in app.info)


def test_the_demos_clicks_are_turned_off_and_on(world: World, local_cloud: Path) -> None:
    assert not [toggle for toggle in world.open("active-pages").toggle if toggle.label == "Demo clicks"]
    (local_cloud / "trickle-beat").touch()
    app = world.open("active-pages")
    for wanted in (False, True):
        (switch,) = [toggle for toggle in app.toggle if toggle.label == "Demo clicks"]
        assert switch.value is not wanted
        switch.set_value(wanted).run()
        assert trickle.is_running(local_cloud) is wanted
