"""The order lines behind the figures of a page: whose they are, on which invoices, page by page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest

from queries.loader import load
from queries.reports import products
from tests.pages.test_pages import WHOLE, text
from tests.pages.test_trade import PAGES, address, asked, choose, healthy

if TYPE_CHECKING:
    from tests.pages.conftest import World


def test_the_order_lines_of_what_was_bought_together(world: World) -> None:
    app = healthy(world.open("products", **WHOLE, country="France", together="1"))
    app = healthy(choose(app, "one, and see the order lines of both", "ROSES *REGENCY* TEACUP (22699)"))
    assert [address(app, name) for name in ("beside", "product", "rows")] == ["22699", "DOT", "1"]
    page = asked(world, "lines_of_beside")
    assert (page["product"], page["beside"], page["most"]) == ("DOT", "22699", products.MOST_ORDERS)
    assert asked(world, "lines_of_beside_count")["beside"] == "22699"
    assert "Lines on" not in {group.label for group in app.button_group}  # all are orders
    said = text(app)
    assert "Order lines of DOT and 22699 on orders with both" in said
    assert "Of orders with DOT from 1 Dec 2010 to 9 Dec 2011, of all countries: of all of them, or of the 1,000" in said
    next(button for button in app.button if button.key == "lines close").click().run()
    assert [address(healthy(app), name) for name in ("beside", "product", "rows")] == ["", "DOT", ""]


@pytest.mark.parametrize(
    ("page", "narrowed"),
    [*((page, {}) for page in PAGES), ("customers", {"segment": "lost", "cohort": "2010-12+1", "best": "period"})],
)
def test_no_default_or_narrowed_figure_reads_order_lines(world: World, page: str, narrowed: dict[str, str]) -> None:
    healthy(world.open(page, **WHOLE, **narrowed))
    reading = {name for name, _ in world.warehouse.asked if "order_lines" in load("warehouse")[name].sql}
    assert reading == set()


def test_the_order_lines_of_invoices_that_were_found_are_theirs_alone(world: World) -> None:
    app = healthy(world.open("invoices", **WHOLE, kind="return", least="250", rows="1"))
    assert asked(world, "lines_of_found")["kind"] == "return"
    assert "Lines on" not in {group.label for group in app.button_group}  # the search says which
    assert "lines_of_scope" not in {name for name, _ in world.warehouse.asked}
    assert "120 order lines, the oldest first" in text(app)
    healthy(world.open("invoices", **WHOLE, rows="1"))
    assert asked(world, "lines_of_scope")["top"] == 50


def test_the_order_lines_of_one_kind_of_invoice_are_behind_returns(world: World) -> None:
    app = healthy(world.open("sales", **WHOLE, rows="3"))
    assert "lines_of_scope_count" not in {name for name, _ in world.warehouse.asked}  # a rollup knows how many
    kind = next(group for group in app.button_group if group.label == "Lines on")
    app = healthy(kind.set_value("return").run())
    assert [address(app, name) for name in ("lines", "rows")] == ["return", "1"]
    assert asked(world, "lines_of_scope")["of_kind"] == asked(world, "lines_of_scope_count")["of_kind"] == "return"
    assert "120 order lines, the oldest first" in text(app)
    next(button for button in app.button if button.label == "Close").click().run()
    assert [address(healthy(app), name) for name in ("lines", "rows")] == ["", ""]


def test_the_order_lines_of_customers_are_those_of_whom_the_page_is_narrowed_to(world: World) -> None:
    healthy(world.open("customers", **WHOLE, country="France", rows="1"))
    assert asked(world, "lines_of_scope")["country"] == "France"
    app = healthy(world.open("customers", **WHOLE, country="France", segment="champions", rows="3"))
    page = asked(world, "lines_of_who")
    assert (page["country"], page["least_recency"], page["skipped"]) == ("France", 4, 100)
    assert "120 order lines, the oldest first" in text(app)


def test_the_order_lines_of_new_and_of_returning_customers_and_of_nobody(world: World) -> None:
    app = healthy(world.open("customers", **WHOLE, rows="2"))
    whose = next(group for group in app.button_group if group.label == "Customers")
    app = healthy(whose.set_value("new").run())
    assert [address(app, name) for name in ("whose", "rows")] == ["new", "1"]
    assert asked(world, "lines_of_standing")["standing"] == "new"
    assert asked(world, "lines_of_standing_count")["standing"] == "new"
    assert "Lines on" not in {group.label for group in app.button_group}  # a first order is no return
    healthy(world.open("customers", **WHOLE, rows="1", whose="no customer id"))
    assert asked(world, "lines_of_scope")["customer"] == "no customer id"
    app = healthy(world.open("customers", **WHOLE, rows="1", segment="champions", whose="no customer id"))
    assert "no customer id" not in str(next(group for group in app.button_group if group.label == "Customers").options)
    assert "The address is ignored where it says whose" in text(app)
    healthy(world.open("customers", **WHOLE, rows="1", segment="champions", whose="returning", lines="return"))
    page = asked(world, "lines_of_who")
    assert (page["standing"], page["of_kind"], page["least_recency"]) == ("returning", "return", 4)


def test_the_order_lines_of_customers_are_of_the_period_of_all_time_or_of_a_cells_month(world: World) -> None:
    days = {"start": "2011-11-01", "end": "2011-12-09"}
    app = healthy(world.open("customers", **days, segment="champions", cohort="2010-12+3", rows="2"))

    def spans(query: str) -> tuple[str, str]:
        given = asked(world, query)
        return str(given["since"])[:10], str(given["until"])[:10]

    assert spans("lines_of_who") == ("2011-11-01", "2011-12-10")
    when = next(group for group in app.button_group if group.label == "Invoiced")
    assert list(when.options) == ["In the period", "Ever", "In March 2011"]
    app = healthy(when.set_value("always").run())
    assert [address(app, name) for name in ("when", "rows")] == ["always", "1"]
    assert spans("lines_of_who") == spans("lines_of_who_count") == ("1900-01-01", "2200-01-01")
    healthy(world.open("customers", **days, cohort="2010-12+3", rows="1", when="month"))
    assert spans("lines_of_who") == ("2011-03-01", "2011-04-01")
    app = healthy(world.open("customers", **days, segment="champions", rows="1", when="month"))
    assert "The address is ignored where it says when" in text(app)
    healthy(world.open("customers", **days, rows="1", when="always", whose="no customer id"))
    assert spans("lines_of_scope") == ("1900-01-01", "2200-01-01")
    app = healthy(world.open("customers", **days, by="month", step="2011-11-01", rows="1"))
    when = next(group for group in app.button_group if group.label == "Invoiced")
    assert list(when.options) == ["Of November 2011", "Ever"]
    assert spans("lines_of_scope") == ("2011-11-01", "2011-12-01")


@pytest.mark.parametrize("more", [{"beside": "22699"}, {"beside": "22423", "product": "22423"}, {"beside": "\0"}])
def test_a_product_that_goes_with_none_or_with_itself_is_told_of(world: World, more: dict[str, str]) -> None:
    app = healthy(world.open("products", **WHOLE, rows="1", **more))
    assert "The address is ignored where it says beside" in text(app)
    assert asked(world, "lines_of_scope")["product"] == more.get("product", "")


@pytest.mark.parametrize(
    ("page", "query", "address", "told"),
    [
        ("products", "lines_of_beside", {"product": "22423", "beside": "NOPE"}, "No order of the period holds both."),
        ("customers", "lines_of_standing", {"whose": "returning", "lines": "return"}, "Choose **All** just above"),
        ("customers", "lines_of_scope", {}, "or clear a filter above"),
    ],
)
def test_where_there_are_no_order_lines_the_way_to_some_is_told(
    world: World, page: str, query: str, address: dict[str, str], told: str
) -> None:
    lines = world.warehouse.answers[query]
    world.warehouse.answers = {
        **world.warehouse.answers,
        query: lambda given: lines(given).head(0),
        f"{query}_count": lambda _: pd.DataFrame([{"lines": 0}]),
    }
    assert told in text(healthy(world.open(page, **WHOLE, rows="1", **address)))


def test_the_order_lines_of_products_are_of_all_until_one_is_chosen(world: World) -> None:
    healthy(world.open("products", **WHOLE, rows="1"))
    assert asked(world, "lines_of_scope")["product"] == ""
    healthy(world.open("products", **WHOLE, product="22423", rows="1"))
    assert asked(world, "lines_of_scope")["product"] == "22423"


def test_another_ranking_begins_with_no_page_of_order_lines(world: World) -> None:
    app = healthy(world.open("products", **WHOLE, rows="3"))
    rank = next(each for each in app.button_group if each.label == "Rank by")
    healthy(rank.set_value("returns").run())
    assert (address(app, "rank"), address(app, "rows")) == ("returns", "")


def test_a_page_of_order_lines_beyond_the_last_leads_to_the_first(world: World) -> None:
    lines = world.warehouse.answers["lines_of_who"]
    world.warehouse.answers = {
        **world.warehouse.answers,
        "lines_of_who": lambda given: lines(given).head(0 if given["skipped"] else 2),
    }
    app = healthy(world.open("customers", **WHOLE, segment="champions", rows="9"))
    assert "There is no page 9: 120 order lines fill 3." in " ".join(str(each.value) for each in app.info)
    next(button for button in app.button if button.label == "First page").click().run()
    assert address(app, "rows") == "1"


def test_no_order_lines_are_told_as_none(world: World) -> None:
    answers = world.warehouse.answers
    world.warehouse.answers = {
        **answers,
        "lines_of_who": lambda given: answers["lines_of_who"](given).head(0),
        "lines_of_who_count": lambda given: answers["lines_of_who_count"](given).assign(lines=0),
    }
    app = healthy(world.open("customers", **WHOLE, segment="champions", rows="1"))
    assert "There are none. Choose a longer period" in " ".join(str(each.value) for each in app.info)


def test_another_search_begins_with_no_page_of_order_lines(world: World) -> None:
    app = healthy(world.open("invoices", **WHOLE, kind="return", rows="3", results="2"))
    kind = next(each for each in app.button_group if each.label == "Kind")
    app = healthy(kind.set_value("order").run())
    assert [address(app, name) for name in ("kind", "rows", "results")] == ["order", "", ""]
