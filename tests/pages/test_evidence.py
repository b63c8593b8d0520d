"""What is behind the figures: of every answer that a panel shows, and how old the newest event of each is."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from pages.parts import asked, evidence
from pipeline.errors import QueryFailedError
from queries.invoices import Invoices, frame_of
from tests.pages.fakes import ANSWERS, FakeService
from tests.pages.test_asking_on import SlowEngine, asked_with, button
from tests.pages.test_pages import WHOLE, text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from streamlit.testing.v1 import AppTest

    from queries.figure import Figure
    from queries.loader import Query
    from tests.pages.conftest import World

NOVEMBER = {"start": "2011-11-01", "end": "2011-11-30", "by": "day"}


def opened(app: AppTest, *panels: str) -> AppTest:
    for panel in panels:
        app.session_state[f"evidence {panel}"] = True
    app.run()
    assert not app.exception
    return app


def code(app: AppTest) -> str:
    return "\n".join(element.value for element in app.code)


@pytest.mark.parametrize(("compare", "tab"), [("previous", "The period before"), ("year", "A year before")])
@pytest.mark.parametrize(("panel", "query"), [("Sales totals", "sales_totals"), ("Sales over time", "sales_by_period")])
def test_what_is_compared_with_has_its_own(world: World, compare: str, tab: str, panel: str, query: str) -> None:
    app = world.open("sales", **NOVEMBER, compare=compare)
    assert not app.tabs
    opened(app, panel)
    assert [each.label for each in app.tabs] == [panel, tab]
    before = "2011-10-01 00:00:00" if compare == "previous" else "2010-11-01 00:00:00"
    first, second = (each.code[0].value for each in app.tabs)
    assert f"-- {query}\n" in first
    assert f"-- {query}\n" in second
    assert "-- :since = 2011-11-01 00:00:00" in first
    assert f"-- :since = {before}" in second
    app.button(key=f"twin {panel}, {tab}").click().run()
    (asked_of_lake,) = world.lake.asked
    assert str(asked_of_lake[1]["since"]) == before
    times = len(asked_with(world, query))
    button(app, "Ask again now").click().run()
    assert len(asked_with(world, query)) == times + 2


def test_one_answer_needs_no_tabs(world: World) -> None:
    assert not opened(world.open("sales", **NOVEMBER), "Sales totals").tabs


@pytest.mark.parametrize("page", ["sales", "products", "invoices", "customers"])
def test_the_newest_event_in_the_head_of_a_page_has_its_own(world: World, page: str) -> None:
    app = opened(world.open(page, **WHOLE), "The newest event")
    assert "from customers_summary" in code(app)
    assert "Newest event behind it: invoiced 9 Dec 2011, 12:50 UTC" in text(app)


def test_overview_has_that_of_the_days_and_of_the_newest_event(world: World) -> None:
    app = opened(world.open("overview"), "The latest days")
    assert [each.label for each in app.tabs] == ["The latest days", "The newest event"]
    assert "from customers_summary" in app.tabs[1].code[0].value


def test_nothing_sold_has_its_own(world: World) -> None:
    world.warehouse.answers = dict(ANSWERS) | {
        "sales_totals": lambda p: ANSWERS["sales_totals"](p) * 0,
        "newest_of_scope": lambda p: ANSWERS["newest_of_scope"](p).assign(newest=None),
    }
    app = opened(world.open("sales", **WHOLE, country="Atlantis"), "Sales totals")
    assert "No sales from 1 Dec 2010 to 9 Dec 2011 narrowed to Atlantis" in text(app)
    assert "-- :country = 'Atlantis'" in code(app)
    assert "Newest event behind it: there is none" in text(app)


# --- the newest event behind a figure -----------------------------------------------------------------------------


def newest(world: World) -> list[tuple[str, dict[str, object]]]:
    return [found for found in world.warehouse.asked if found[0].startswith("newest_of_")]


def test_a_figure_that_reaches_up_to_the_newest_event_of_all_asks_for_nothing_more(world: World) -> None:
    app = opened(world.open("sales", **WHOLE), "Sales totals", "By country")
    assert "Newest event behind it: invoiced 9 Dec 2011, 12:50 UTC" in text(app)
    assert not newest(world)


@pytest.mark.parametrize("narrowed", [NOVEMBER, WHOLE | {"country": "France"}, WHOLE | {"weekday": "3", "hour": "17"}])
def test_of_a_narrowed_figure_it_is_asked_when_the_evidence_is_opened(world: World, narrowed: dict[str, str]) -> None:
    app = world.open("sales", **narrowed)
    assert not newest(world)
    opened(app, "Sales totals")
    assert "Newest event behind it: invoiced on 30 Nov 2011 from 17:00 to 17:59 UTC" in text(app)
    ((name, parameters),) = newest(world)
    (totals,) = asked_with(world, "sales_totals")
    assert (name, parameters) == ("newest_of_scope", totals)


def test_of_a_product_it_is_the_day(world: World) -> None:
    app = opened(world.open("products", **WHOLE, product="22423"), "The product")
    assert "Newest event behind it: invoiced on 28 Nov 2011" in text(app)


def test_of_a_customer_it_is_known_to_the_moment(world: World) -> None:
    app = opened(world.open("customers", customer="14646"), "The customer")
    assert "Newest event behind it: invoiced 9 Dec 2011, 12:50 UTC" in text(app)
    assert not newest(world)  # the answer tells it
    opened(app, "Over time")
    ((name, parameters),) = newest(world)
    assert (name, parameters["customer"], parameters["country"]) == ("newest_of_customer", "14646", "")


def test_of_some_customers_alone_it_is_known_to_the_moment(world: World) -> None:
    opened_page = world.open("customers", **WHOLE, segment="champions")
    assert not newest(world)
    app = opened(opened_page, "New and returning")
    assert "Newest event behind it: invoiced 30 Nov 2011, 17:34 UTC" in text(app)
    ((name, parameters),) = newest(world)
    assert (name, parameters["at_home"]) == ("newest_of_who", 0)


def test_of_invoices_that_were_searched_for_the_answer_tells_it(world: World) -> None:
    app = opened(world.open("invoices", **WHOLE, number="58"), "Invoices found")
    assert "Newest event behind it: invoiced 9 Dec 2011, 12:50 UTC" in text(app)
    assert not newest(world)


def test_of_products_that_were_searched_for_it_is_the_day_of_those_found(world: World) -> None:
    app = world.open("products", **WHOLE)
    next(field for field in app.text_input if field.label == "Find a product").set_value("cake").run()
    opened(app, "Products found")
    assert "Newest event behind it: invoiced on 28 Nov 2011" in text(app)
    assert "-- :words = '%CAKE%'" in code(app)


def test_of_order_lines_it_is_one_of_those_shown(world: World) -> None:
    app = opened(world.open("sales", **WHOLE, rows="1"), "Order lines")
    assert "Newest event behind it: invoiced 1 Dec 2010, 08:26 UTC" in text(app)


def test_when_it_cannot_be_asked_the_rest_of_the_evidence_stands(world: World) -> None:
    from pipeline.errors import CloudDownError

    world.warehouse.errors["newest_of_scope"] = CloudDownError("The warehouse is away.")
    app = opened(world.open("sales", **NOVEMBER, compare="previous"), "Sales totals", "Sales over time")
    said = [each.value for each in app.error]
    assert len(said) == 4  # each of the two panels with the period before
    assert "The newest event behind Sales totals: out of reach" in said[0]
    assert "The newest event behind Sales totals, The period before: out of reach" in said[1]
    assert code(app).count("-- sales_totals\n") == code(app).count("-- sales_by_period\n") == 2


def test_when_it_takes_long_the_rest_of_the_evidence_stands(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = SlowEngine(world, "newest_of_scope")
    monkeypatch.setattr(world, "warehouse", engine)
    monkeypatch.setattr(asked, "_PATIENCE_S", 0.6)
    app = opened(world.open("sales", **NOVEMBER, compare="previous"), "Sales totals", "Sales over time")
    assert text(app).count("asked of the warehouse") == 4
    assert code(app).count("-- sales_totals\n") == code(app).count("-- sales_by_period\n") == 2
    engine.go.set()


@pytest.mark.parametrize("failing", ["sales_totals", "sales_by_period"])
def test_two_open_panels_whose_periods_before_fail_are_told_apart(world: World, failing: str) -> None:
    app = opened(world.open("sales", **NOVEMBER, compare="previous"), "Sales totals", "Sales over time")
    answer = ANSWERS[failing]

    def of_november(parameters: Mapping[str, object]) -> pd.DataFrame:
        if str(parameters["since"]) < "2011-11":
            raise QueryFailedError("There is no such table.")
        return answer(parameters)

    world.warehouse.answers = {**ANSWERS, failing: of_november}
    button(app, "Ask again now").click().run()
    assert not app.exception


# --- how much was read --------------------------------------------------------------------------------------------


def test_how_much_was_read_is_asked_when_the_evidence_is_opened(world: World) -> None:
    app = world.open("sales", **NOVEMBER, compare="previous")
    assert not asked_with(world, "scanned_bytes")
    opened(app, "Sales totals")
    assert text(app).count("- Read 2.1 MB of its tables, in blocks of 1 MiB, which is not billed") == 2
    totals = [number for number, (name, _) in enumerate(world.warehouse.asked, 1) if name == "sales_totals"]
    assert [bound["query_id"] for bound in asked_with(world, "scanned_bytes")] == totals


def test_an_engine_that_has_not_written_it_down_yet_is_asked_again_later(world: World) -> None:
    world.warehouse.answers = dict(ANSWERS) | {"scanned_bytes": lambda _: pd.DataFrame([{"scanned_bytes": None}])}
    app = opened(world.open("sales", **NOVEMBER), "Sales totals")
    assert "How much it read is not told yet" in text(app)


def test_a_query_without_a_number_is_not_asked_for(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    ask = world.warehouse.ask

    def without(query: Query, **parameters: object) -> Figure:
        figure = ask(query, **parameters)
        return replace(figure, evidence=replace(figure.evidence, query_id=None))

    monkeypatch.setattr(world.warehouse, "ask", without)
    app = opened(world.open("sales", **NOVEMBER), "Sales totals")
    assert "How much it read is not told: Redshift had the answer at hand" in text(app)
    assert not asked_with(world, "scanned_bytes")


def test_when_that_fails_the_rest_of_the_evidence_stands(world: World) -> None:
    world.warehouse.errors["scanned_bytes"] = QueryFailedError("The system view is closed to this user.")
    app = opened(world.open("sales", **NOVEMBER), "Sales totals")
    assert "How much was read for Sales totals: failed" in app.error[0].value
    assert "Newest event behind it" in text(app)
    assert "-- sales_totals\n" in code(app)


# --- order lines and invoices -------------------------------------------------------------------------------------


def test_a_page_of_order_lines_is_asked_of_the_lake_too(world: World) -> None:
    world.lake.answers = {"lines_of_scope": ANSWERS["lines_of_scope"]}
    app = opened(world.open("sales", **WHOLE, rows="3"), "Order lines")
    app.button(key="twin Order lines").click().run()
    ((name, parameters),) = world.lake.asked
    assert (name, parameters["skipped"], parameters["top"]) == ("lines_of_scope", 100, 50)
    assert "The engines agree" in app.success[0].value


@pytest.mark.parametrize(("fresh_s", "times"), [(20.0, 1), (-1.0, 2)])
def test_the_other_engine_is_compared_with_no_old_figure(
    world: World, monkeypatch: pytest.MonkeyPatch, fresh_s: float, times: int
) -> None:
    world.lake.answers = {"sales_totals": ANSWERS["sales_totals"]}
    monkeypatch.setattr(evidence, "FRESH_FOR_S", fresh_s)
    app = opened(world.open("sales", **NOVEMBER), "Sales totals")
    assert len(asked_with(world, "sales_totals")) == 1
    app.button(key="twin Sales totals").click().run()
    assert not app.exception
    assert len(asked_with(world, "sales_totals")) == times
    assert "The engines agree" in app.success[0].value
    app.session_state["evidence Sales totals"] = False
    app.run()
    opened(app, "Sales totals")
    assert not app.success  # opened later, it has to be wanted anew
    assert app.button(key="twin Sales totals")


def test_an_invoice_tells_what_was_read_for_it(world: World) -> None:
    asked: list[dict[str, Any]] = []
    answer = world.services["dynamodb"].query

    def query(request: dict[str, Any]) -> dict[str, Any]:
        asked.append(request)
        return {**answer(**request), "ConsumedCapacity": {"CapacityUnits": 1.5}}

    world.services["dynamodb"] = FakeService({"query": query})
    app = world.open("invoices", invoice="536365")
    assert text(app).count("DynamoDB in ") == 2
    assert "read units" not in text(app)
    opened(app, "The invoice")
    said = text(app)
    assert "Asked of the invoices (DynamoDB) at" in said
    assert "kept for nobody" in said
    assert "1.5 read units, less than 0.000001 USD on AWS" in said
    assert "Newest event behind it: invoiced 1 Dec 2010, 08:26 UTC" in said
    assert '":key": {\n      "S": "536365"' in code(app)
    before = len(asked)
    button(app, "Ask again now").click().run()
    assert len(asked) > before
    opened(app, "The other invoices")
    assert '"IndexName": "customer"' in code(app)


@pytest.mark.parametrize("more", [0, 1])
def test_a_customers_other_invoices_are_asked_of_the_warehouse_too(world: World, more: int) -> None:
    invoices = Invoices(world.services["dynamodb"], "weir-invoices")
    held = frame_of(invoices.of_customer(17850).found)
    held["lines"] += more
    held["newest_at"] = held["first_at"]
    world.warehouse.answers = dict(ANSWERS) | {"invoices_found": lambda _: held}
    app = opened(world.open("invoices", invoice="536365"), "The other invoices")
    button(app, "Ask the warehouse for the same").click().run()
    (bound,) = asked_with(world, "invoices_found")
    assert (bound["customer"], bound["kind"], str(bound["since"])) == ("17850", "", "1900-01-01 00:00:00")
    if more:
        assert f"{held['invoice_no'][0]}, lines:" in app.warning[0].value
    else:
        assert "The engines agree" in app.success[0].value


@pytest.mark.parametrize("more", ["0", "0.0001"])
def test_an_invoice_is_asked_of_the_warehouse_too_when_somebody_wants_it(world: World, more: str) -> None:
    invoice = Invoices(world.services["dynamodb"], "weir-invoices").invoice("536365").found
    prices = pd.Series([line.unit_price + Decimal(more) for line in invoice.lines], dtype=object)
    held = invoice.frame.assign(unit_price=prices)
    world.warehouse.answers = dict(ANSWERS) | {"lines_of_invoice": lambda _: held}
    app = opened(world.open("invoices", invoice="536365"), "The invoice")
    assert not asked_with(world, "lines_of_invoice")
    button(app, "Ask the warehouse for the same").click().run()
    assert asked_with(world, "lines_of_invoice") == [{"invoice": "536365"}]
    if more == "0":
        assert "The engines agree" in app.success[0].value
        assert "- Read 2.1 MB of its tables" in text(app)
        button(app, "Ask again now").click().run()
        assert len(asked_with(world, "lines_of_invoice")) == 2
        return
    first = invoice.lines[0]
    told = app.warning[0].value
    assert "reaches the invoices and the warehouse within about a minute" in told
    assert f"{first.event_id}, unit_price: {first.unit_price} in the invoices, {held['unit_price'][0]} in the" in told
