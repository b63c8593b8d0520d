"""Asking on: filters in the address, evidence, order lines, saved views, waiting and cancelling."""

from __future__ import annotations

import threading
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

from pages.parts import asked
from pipeline import packaging
from pipeline.errors import QueryFailedError
from pipeline.settings import REPOSITORY
from queries import tickets
from queries.answers import Answers
from queries.figure import Evidence
from tests.pages.fakes import ANSWERS, FakeService
from tests.pages.test_pages import WHOLE, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streamlit.testing.v1 import AppTest

    from queries.figure import Figure
    from queries.loader import Query
    from tests.pages.conftest import World

NARROWED = {"country": "France", "weekday": "4", "hour": "12", "step": "2011-11-01"}


def asked_with(world: World, name: str) -> list[dict[str, object]]:
    return [parameters for asked_name, parameters in world.warehouse.asked if asked_name == name]


def button(app: AppTest, label: str) -> Any:
    return next(each for each in app.button if each.label == label)


def test_the_address_narrows_every_figure(world: World) -> None:
    app = world.open("sales", **WHOLE, **NARROWED)
    assert not app.exception
    (totals,) = asked_with(world, "sales_totals")
    assert (totals["country"], totals["dow"], totals["hour_of_day"]) == ("France", 4, 12)
    assert (str(totals["since"]), str(totals["until"])) == ("2011-11-01 00:00:00", "2011-12-01 00:00:00")
    course = asked_with(world, "sales_by_period")[-1]  # the Overview asked before
    assert (course["country"], str(course["since"])) == ("France", "2010-12-01 00:00:00")  # all steps stay to be seen
    (countries,) = asked_with(world, "sales_by_country")
    assert (countries["country"], countries["dow"]) == ("", 4)  # all countries stay to be chosen
    (hours,) = asked_with(world, "sales_by_weekday_hour")
    assert (hours["country"], hours["dow"], hours["hour_of_day"]) == ("France", -1, -1)


def test_the_breadcrumb_tells_and_clears_each_filter(world: World) -> None:
    app = world.open("sales", **WHOLE, **NARROWED)
    labels = [each.label for each in app.button]
    for label in ("November 2011", "France", "Thursdays", "12:00 to 13:00", "Clear all"):
        assert label in labels
    button(app, "France").click().run()
    assert "country" not in app.query_params
    assert asked_with(world, "sales_totals")[-1]["country"] == ""
    button(app, "Clear all").click().run()
    assert not {"weekday", "hour", "step"} & set(app.query_params)
    assert "Narrowed to" not in text(app)


def test_a_step_becomes_the_period(world: World) -> None:
    app = world.open("sales", **WHOLE, step="2011-11-01")
    button(app, "Zoom in").click().run()
    found = asked_with(world, "sales_by_period")[-1]
    assert (str(found["since"]), str(found["until"]), found["by"]) == (
        "2011-11-01 00:00:00",
        "2011-12-01 00:00:00",
        "day",
    )


def test_comparing_asks_for_the_time_before(world: World) -> None:
    app = world.open("sales", start="2011-11-01", end="2011-11-30", by="day", compare="previous")
    assert {str(found["since"]) for found in asked_with(world, "sales_totals")} == {
        "2011-11-01 00:00:00",
        "2011-10-01 00:00:00",
    }
    assert app.metric[0].delta == "+0.0%"
    app.selectbox(key="sales compare").select("none").run()
    assert "compare" not in app.query_params


@pytest.mark.parametrize(
    "query",
    [
        {"country": "x" * 200},
        {"weekday": "8"},
        {"hour": "'; drop table order_lines; --"},
        {"step": "yesterday"},
        {"compare": "<script>alert(1)</script>"},
    ],
)
def test_nonsense_in_a_filter_is_told_and_dropped(world: World, query: dict[str, str]) -> None:
    app = world.open("sales", **WHOLE, **query)
    assert not app.exception
    assert not app.error
    assert "The address is ignored" in app.warning[0].value
    assert app.metric[0].value == "£9,747,747.93"
    assert not set(query) & set(app.query_params)


def test_sql_in_a_filter_is_a_value_like_any_other(world: World) -> None:
    evil = "France' or '1'='1"
    world.warehouse.answers = dict(ANSWERS) | {
        "sales_totals": lambda p: ANSWERS["sales_totals"](p) * (p["country"] == "")
    }
    app = world.open("sales", **WHOLE, country=evil)
    assert not app.exception
    assert asked_with(world, "sales_totals")[0]["country"] == evil
    assert "No sales from 1 Dec 2010 to 9 Dec 2011 narrowed to France' or '1'='1" in text(app)


def test_a_step_that_is_none_of_the_period_is_dropped(world: World) -> None:
    app = world.open("sales", **WHOLE, step="2009-01-01")
    assert not app.exception
    assert "step" not in app.query_params
    assert str(asked_with(world, "sales_totals")[0]["since"]) == "2010-12-01 00:00:00"
    (told,) = app.warning
    assert "says step: '2009-01-01' does not begin a month of the period 1 Dec 2010 to 9 Dec 2011" in told.value


def test_a_step_does_not_outlive_its_division(world: World) -> None:
    app = world.open("sales", start="2011-10-01", end="2011-11-30", by="day", step="2011-11-01")
    next(group for group in app.button_group if "hour" in map(str.lower, group.options)).set_value("hour").run()
    assert "step" not in app.query_params
    assert str(asked_with(world, "sales_totals")[-1]["since"]) == "2011-10-01 00:00:00"
    assert not app.warning  # it went with what the reader chose


def test_another_question_begins_with_the_first_rows_again(world: World) -> None:
    app = world.open("invoices", **WHOLE, number="58", results="3", rows="2")
    app.selectbox("sales country").select("France").run()
    assert not {"results", "rows"} & set(app.query_params)
    app = world.open("invoices", **WHOLE, number="58", results="3")
    app.text_input("typed number").set_value("57").run()
    assert "results" not in app.query_params


def test_order_lines_come_on_demand_page_by_page(world: World) -> None:
    app = world.open("sales", **WHOLE, country="France")
    assert not asked_with(world, "lines_of_scope")
    button(app, "Order lines behind it").click().run()
    assert app.query_params["rows"] in ("1", ["1"])
    (found,) = asked_with(world, "lines_of_scope")
    assert (found["country"], found["skipped"], found["top"]) == ("France", 0, 50)
    shown = app.dataframe[-1].value
    assert list(shown["Customer"]) == ["17850", "no customer id"]
    assert "541,909 order lines" in text(app)


@pytest.mark.parametrize(("rows", "skipped"), [("3", 100), ("nonsense", 0), ("-1", 0), ("0", 0), ("9" * 5_000, 0)])
def test_the_page_of_order_lines_is_in_the_address(world: World, rows: str, skipped: int) -> None:
    app = world.open("sales", **WHOLE, rows=rows)
    assert not app.exception
    assert asked_with(world, "lines_of_scope")[0]["skipped"] == skipped
    told = [warning.value for warning in app.warning]
    assert len(told) == (rows != "3")
    assert all("ignored where it says rows" in each and len(each) < 200 for each in told)


# --- waiting ------------------------------------------------------------------------------------------------------


class SlowEngine:
    """Answers as the fake does, but one query waits until it is let go or called off; of what was `before`, if so."""

    def __init__(self, world: World, name: str, before: datetime | None = None) -> None:
        self._engine, self._name, self._before = world.warehouse, name, before
        self.asked, self.errors = world.warehouse.asked, world.warehouse.errors
        self.go = threading.Event()
        self.stopped = threading.Event()

    def ask(self, query: Query, **parameters: object) -> Figure:
        if query.name == self._name and (self._before is None or parameters["since"] < self._before):  # type: ignore[operator]
            ticket = tickets.current()

            def stop() -> None:
                self.stopped.set()
                self.go.set()

            with ticket.stopped_by(stop):
                assert self.go.wait(20)
            ticket.check()
        return self._engine.ask(query, **parameters)


@pytest.fixture
def slow(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[SlowEngine]:
    engine = SlowEngine(world, "sales_by_country")
    monkeypatch.setattr(world, "warehouse", engine)
    monkeypatch.setattr(asked, "_PATIENCE_S", 0.6)
    yield engine
    engine.go.set()


@pytest.fixture
def nothing_fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What was answered is old at once."""
    answers = Answers(fresh_s=0)
    monkeypatch.setattr(asked, "_answers", lambda: answers)
    yield
    answers.close()


def come_back(app: AppTest) -> None:
    """Run the page again as a panel does that waits for an answer."""
    app.session_state["reader"].by_itself = True
    app.run()


def cancel(app: AppTest) -> None:
    """As in a browser, where the click runs the panel alone, and the page comes back by itself; AppTest runs all."""
    app.session_state["reader"].by_itself = True
    button(app, "Cancel").click().run()


def test_a_slow_figure_leaves_the_others_and_can_be_cancelled_in_the_engine(world: World, slow: SlowEngine) -> None:
    app = world.open("sales", **WHOLE)
    assert not app.exception
    assert not app.error
    assert app.metric[0].value == "£9,747,747.93"
    assert "**By country:** asked of the warehouse" in text(app)
    cancel(app)
    assert slow.stopped.wait(20)
    assert "By country: cancelled" in app.error[0].value
    button(app, "Try again").click().run()
    assert not app.error
    assert "United Kingdom bought most" in text(app)


def test_what_was_cancelled_stays_so_when_the_page_comes_back_for_another_answer(
    world: World, slow: SlowEngine
) -> None:
    app = world.open("sales", **WHOLE)
    cancel(app)
    said = str(app.error[0].value)
    slow.go.clear()
    come_back(app)
    assert said.startswith("**By country: cancelled** (at ")
    assert app.error[0].value == said  # when it was is told, not when it is shown
    app.run()  # the reader's own doing asks anew
    assert not app.error
    assert "**By country:** asked of the warehouse" in text(app)


@pytest.mark.usefixtures("nothing_fresh")
def test_a_page_that_comes_back_by_itself_asks_nothing_again(world: World, slow: SlowEngine) -> None:
    app = world.open("sales", **WHOLE)
    before = len(slow.asked)
    slow.go.set()
    come_back(app)
    assert app.metric[0].value == "£9,747,747.93"
    assert "United Kingdom bought most" in text(app)
    assert len(slow.asked) == before + 1  # the countries, which were waited for
    assert not app.error
    app.run()  # the reader's own doing asks anew
    assert len(slow.asked) > before + 2


@pytest.mark.usefixtures("nothing_fresh")
def test_what_failed_stays_told_as_long_as_the_page_comes_back_by_itself(world: World, slow: SlowEngine) -> None:
    slow.errors["sales_totals"] = QueryFailedError("The table is broken.")
    app = world.open("sales", **WHOLE)
    failed = [name for name, _ in slow.asked].count("sales_totals")
    slow.go.set()
    come_back(app)
    assert "Sales totals: failed" in app.error[0].value
    assert [name for name, _ in slow.asked].count("sales_totals") == failed


def test_a_slow_figure_is_shown_when_it_comes(world: World, slow: SlowEngine) -> None:
    app = world.open("sales", **WHOLE)
    assert "bought most" not in text(app)
    slow.go.set()
    app.run()
    assert "United Kingdom bought most" in text(app)
    assert "asked of the warehouse" not in text(app)


@pytest.mark.parametrize(("name", "what"), [("sales_totals", "totals"), ("sales_by_period", "steps")])
def test_a_comparison_that_is_waited_for_holds_nothing_else_up(
    world: World, monkeypatch: pytest.MonkeyPatch, name: str, what: str
) -> None:
    engine = SlowEngine(world, name, datetime(2010, 12, 1))  # noqa: DTZ001 - the warehouse's times are UTC
    monkeypatch.setattr(world, "warehouse", engine)
    monkeypatch.setattr(asked, "_PATIENCE_S", 0.6)
    app = world.open("sales", **WHOLE, compare="year")
    assert not app.exception
    assert app.metric[0].value == "£9,747,747.93"
    assert len(app.get("plotly_chart")) == 3
    assert f"**The {what} of a year before:** asked of the warehouse" in text(app)
    engine.go.set()
    come_back(app)
    assert "asked of the warehouse" not in text(app)
    assert app.metric[0].delta
    assert "Dashed: a year before" in text(app)


@pytest.mark.parametrize(
    ("name", "what"), [("sales_countries", "The countries"), ("sales_span", "The days with sales")]
)
def test_what_the_pickers_wait_for_can_be_cancelled_too(
    world: World, monkeypatch: pytest.MonkeyPatch, name: str, what: str
) -> None:
    engine = SlowEngine(world, name)
    monkeypatch.setattr(world, "warehouse", engine)
    monkeypatch.setattr(asked, "_PATIENCE_S", 1.0)
    app = world.open("sales", **WHOLE)
    assert not app.exception
    assert app.metric[0].value == "£9,747,747.93"
    assert f"**{what}:** asked of the warehouse" in text(app)
    cancel(app)
    assert engine.stopped.wait(20)
    assert not app.error  # no figure is missing, the pickers do without
    assert f"{what} are not known: cancelled (at " in text(app)
    assert f"**{what}:** asked of the warehouse" not in text(app)
    app.run()
    assert "France" in next(box for box in app.selectbox if box.label == "Country").options
    assert "newest event 9 Dec 2011" in " ".join(each.proto.popover.label for each in app.get("popover"))


@pytest.mark.parametrize(("by", "zooms"), [("day", False), ("month", True)])
def test_a_step_is_zoomed_into_only_where_the_page_divides_finer(world: World, by: str, zooms: bool) -> None:
    app = world.open("products", **{**WHOLE, "by": by}, step="2011-11-01")
    assert ("Zoom in" in {each.label for each in app.button}) == zooms
    app = world.open("products", **{**WHOLE, "by": by}, step="2011-11-01", country="France")
    assert "Zoom in" not in {each.label for each in app.button}


# --- saved views --------------------------------------------------------------------------------------------------


def test_views_are_saved_shown_and_forgotten(world: World) -> None:
    items: dict[str, dict[str, Any]] = {}

    def put(request: dict[str, Any]) -> dict[str, Any]:
        items[request["Item"]["name"]["S"]] = request["Item"]
        return {}

    def delete(request: dict[str, Any]) -> dict[str, Any]:
        del items[request["Key"]["name"]["S"]]
        return {}

    world.services["dynamodb"] = FakeService(
        {"query": lambda _: {"Items": list(items.values())}, "put_item": put, "delete_item": delete}
    )
    app = world.open("sales", **WHOLE, country="France")
    assert not items
    app.session_state["views"] = True
    app.run()
    assert "Shared by everyone who can open this dashboard" in text(app)
    assert "None of this page yet" in text(app)
    app.text_input(key="view name").set_value("France, always").run()
    app.button(key="view save").click().run()
    assert "Saved: France, always" in text(app)
    assert items["France, always"]["address"]["S"] == "start=2010-12-01&end=2011-12-09&by=month&country=France"
    button(app, "France").click().run()
    assert "country" not in app.query_params
    button(app, "France, always").click().run()
    assert app.query_params["country"] in ("France", ["France"])
    app.text_input(key="view name").set_value("France, always").run()
    app.button(key="view save").click().run()
    assert "Replaced: France, always" in text(app)
    app.button(key="leave France, always").click().run()
    app.button(key="keep France, always").click().run()
    assert items
    app.button(key="leave France, always").click().run()
    app.button(key="drop France, always").click().run()
    assert not items


def test_a_view_without_a_name_is_told(world: World) -> None:
    world.services["dynamodb"] = FakeService({"query": {"Items": []}})
    app = world.open("sales", **WHOLE)
    app.session_state["views"] = True
    app.run()
    app.button(key="view save").click().run()
    assert "needs a name" in app.error[0].value


# --- evidence -----------------------------------------------------------------------------------------------------


def test_evidence_holds_the_query_as_run(world: World) -> None:
    app = world.open("sales", **WHOLE, country="France")
    app.session_state["evidence Sales totals"] = True
    app.run()
    code = "\n".join(element.value for element in app.code)
    assert "-- :country = 'France'" in code
    assert "from sales_by_hour_country" in code
    assert "newest event behind it" in text(app).lower()
    before = len(asked_with(world, "sales_totals"))
    button(app, "Ask again now").click().run()
    assert len(asked_with(world, "sales_totals")) == before + 1


@pytest.mark.parametrize("agrees", [True, False])
def test_the_other_engine_agrees_or_differs(world: World, agrees: bool) -> None:
    totals = ANSWERS["sales_totals"]({}).assign(lines=541909 if agrees else 541908)
    world.lake.answers = {"sales_totals": lambda _: totals}
    app = world.open("sales", **WHOLE)
    app.session_state["evidence Sales totals"] = True
    app.run()
    assert not world.lake.asked
    button(app, "Ask the lake for the same").click().run()
    (name, parameters) = world.lake.asked[0]
    assert name == "sales_totals"
    assert str(parameters["first"]).startswith("weir-lake-from")
    if agrees:
        assert "The engines agree" in app.success[0].value
    else:
        assert "541909 in the warehouse, 541908 in the lake" in app.warning[0].value


def test_a_cost_is_never_below_ten_megabytes() -> None:
    from pages.parts import evidence

    def behind(scanned: int | None) -> Evidence:
        return Evidence("q", "Athena", "select 1", {}, 1.0, scanned_bytes=scanned)

    assert "0.000050 USD" in evidence.cost(behind(1))
    assert "5.000000 USD" in evidence.cost(behind(10**12))


def test_the_warehouse_costs_what_it_runs() -> None:
    from pages.parts import evidence

    def told(seconds: float) -> str:
        return evidence.cost(Evidence("q", "Redshift", "select 1", {}, seconds))

    # 8 RPU for a second, at 0.375 USD an hour each
    assert told(1.0).startswith("about 0.000833 USD on AWS")
    assert told(0.001).startswith("less than 0.000001 USD")
    assert "0.05 USD if this woke it" in told(1.0)


def test_a_cost_is_that_of_the_template_at_the_prices_that_the_documents_give_with_their_source() -> None:
    from pages.parts import evidence

    of_template = packaging.template()["Resources"]["WarehouseWorkgroup"]["Properties"]
    assert of_template["BaseCapacity"] == evidence._RPU
    prices = (REPOSITORY / "docs" / "aws.md").read_text(encoding="utf-8")
    assert f"Redshift Serverless ${evidence._USD_PER_RPU_HOUR} per RPU-hour" in prices
    assert f"${evidence._USD_PER_READ_UNIT * 10**6:.3f} per million read units" in prices
    least = evidence._LEAST_BYTES // 10**6
    assert f"Athena ${evidence._USD_PER_BYTE * 10**12:.0f} per TB scanned, {least} MB at least a query" in prices
