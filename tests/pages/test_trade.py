"""Products, Invoices and Customers on in-memory engines: what they say, where a click leads, and what nonsense does."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from pipeline.errors import CloudDownError, QueryTimeoutError
from queries.reports import invoices
from tests.pages.fakes import ANSWERS
from tests.pages.test_pages import WHOLE, rows, text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from streamlit.testing.v1 import AppTest

    from tests.pages.conftest import World

PAGES = ("products", "invoices", "customers")


def healthy(app: AppTest) -> AppTest:
    assert not app.exception
    assert not app.error
    return app


def address(app: AppTest, name: str) -> str:
    found = app.query_params.get(name, "")
    return found if isinstance(found, str) else found[0]


def asked(world: World, name: str) -> dict[str, object]:
    """The parameters of the latest time that the query was asked."""
    return next(parameters for query, parameters in reversed(world.warehouse.asked) if query == name)


# --- products ----------------------------------------------------------------------------------------------------


def test_products_names_values_and_shares_are_page_text(world: World) -> None:
    app = healthy(world.open("products", **WHOLE))
    (table,) = rows(app)
    assert [row["Product"] for row in table] == [
        "DOTCOM POSTAGE (DOT)",
        "REGENCY CAKESTAND 3 TIER (22423)",
        "no description (GHOST)",
    ]
    assert (table[0]["Net sales"], table[0]["Share"]) == ("£206,245.48", "2.1%")
    assert "Most by value: DOTCOM POSTAGE, 2.1% of all" in text(app)
    assert "Make up 80% 737" in text(app)


@pytest.mark.parametrize(
    ("rank", "end"), [("net_sales", "bottom"), ("units", "top"), ("orders", "bottom"), ("returns", "top")]
)
def test_products_rank_by_each_measure_from_either_end(world: World, rank: str, end: str) -> None:
    app = healthy(world.open("products", **WHOLE, rank=rank, **{"from": end}))
    assert (asked(world, "products_ranked")["measure"], asked(world, "products_ranked")["bottom"]) == (
        rank,
        int(end == "bottom"),
    )
    assert ("Share" in rows(app)[0][0]) == ("Make up 80%" in text(app)) == (rank != "orders")
    assert ("Cumulative" in rows(app)[0][0]) == (rank != "orders" and end == "top")


@pytest.mark.parametrize(("second", "said"), [("206245.48", "PRODUCT A and others"), ("5", "PRODUCT A")])
def test_of_equals_the_first_is_not_named_alone(world: World, second: str, said: str) -> None:
    def ranked(parameters: Mapping[str, object]) -> pd.DataFrame:
        frame = ANSWERS["products_ranked"](parameters).head(2)
        values = pd.Series([Decimal("206245.48"), Decimal(second)], dtype=object)
        return frame.assign(description=["PRODUCT A", "PRODUCT B"], net_sales=values)

    world.warehouse.answers = dict(ANSWERS) | {"products_ranked": ranked}
    heading = next(each.value for each in world.open("products", **WHOLE, **{"from": "bottom"}).subheader)
    assert heading == f"Least by value: {said}"


def test_the_first_product_is_shown_unless_another_is_chosen(world: World) -> None:
    assert "DOTCOM POSTAGE (DOT)" in [header.value for header in world.open("products", **WHOLE).header]
    app = healthy(world.open("products", **WHOLE, product="22423"))
    assert [header.value for header in app.header] == ["REGENCY CAKESTAND 3 TIER (22423)"]
    assert "product 22423" in [button.label for button in app.button]  # the breadcrumb


def test_a_click_on_the_first_product_keeps_it(world: World) -> None:
    app = choose(healthy(world.open("products", **WHOLE)), "a month", "November 2011")
    assert (address(app, "product"), address(app, "step")) == ("DOT", "2011-11-01")


def test_what_was_bought_together_is_asked_when_somebody_wants_to_know(world: World) -> None:
    app = world.open("products", **WHOLE, product="22423")
    assert "products_together" not in {name for name, _ in world.warehouse.asked}
    next(button for button in app.button if button.label == "What was bought with it?").click().run()
    said = text(healthy(app))
    assert "27% of its orders hold ROSES \\*REGENCY\\* TEACUP too" in said
    assert "1,000 newest orders" in said
    assert address(app, "together") == "1"


def test_what_led_each_month_is_asked_when_somebody_wants_to_know(world: World) -> None:
    app = world.open("products", **WHOLE)
    assert "best_products" not in {name for name, _ in world.warehouse.asked}
    next(button for button in app.button if button.label == "What led each month?").click().run()
    assert "What led each month" in text(healthy(app))
    assert list(app.dataframe[0].value["Product"]) == ["DOTCOM POSTAGE"]


def test_a_product_is_found_by_its_name(world: World) -> None:
    app = world.open("products", **WHOLE)
    next(field for field in app.text_input if field.label == "Find a product").set_value("cake").run()
    assert asked(world, "products_found")["words"] == "%CAKE%"
    next(pills for pills in app.button_group if pills.label == "Products found").set_value("22423").run()
    assert address(healthy(app), "product") == "22423"


def test_a_country_ranks_products_by_whole_months(world: World) -> None:
    app = healthy(world.open("products", start="2011-10-15", end="2011-12-09", country="France"))
    assert str(asked(world, "products_ranked_of_country")["since"]) == "2011-10-01 00:00:00"
    assert "1 Oct 2011 to 31 Dec 2011" in text(app)


@pytest.mark.parametrize("code", ["NOTHERE", "' or 1=1 --", "<script>alert(1)</script>"])
def test_a_product_that_does_not_exist_is_told_in_words(world: World, code: str) -> None:
    app = healthy(world.open("products", **WHOLE, product=code))
    assert any("There is no product" in info.value for info in app.info)
    assert "Most by value: DOTCOM POSTAGE" in text(app)


# --- invoices ----------------------------------------------------------------------------------------------------


def test_invoices_tells_the_highest_and_the_spread(world: World) -> None:
    app = healthy(world.open("invoices", **WHOLE))
    said = text(app)
    assert "581483 is the highest invoice: £168,469.60" in said
    assert [row["Customer"] for row in rows(app)[0]] == ["16446", "no customer id"]
    assert "The order in the middle is worth £250 to £500" in said
    assert "Orders 22,061" in said
    assert "Average order value £483.01" in said


def test_an_invoice_of_a_list_opens_as_a_document_and_leads_back(world: World) -> None:
    app = world.open("invoices", **WHOLE)
    world.warehouse.asked.clear()
    app.button_group[-1].set_value("581483").run()
    assert address(app, "invoice") == "581483"
    app = healthy(world.open("invoices", invoice="536365"))
    assert "Order 536365" in text(app)
    next(button for button in app.button if button.label == "All invoices").click().run()
    assert "is the highest invoice" in text(healthy(app))


def test_a_search_asks_for_all_that_was_typed(world: World) -> None:
    app = healthy(
        world.open("invoices", **WHOLE, number="58", kind="order", least="£1,000", below="200000", results="2")
    )
    found = asked(world, "invoices_found")
    assert (found["prefix"], found["kind"], found["skipped"]) == ("58", "order", 20)
    assert (str(found["least"]), str(found["below"])) == ("1000", "200000")
    assert "45 invoices, together £987,654.32" in text(app)


@pytest.mark.parametrize(
    ("column", "kind", "least", "below"),
    [
        ("Orders of £0: 2,102", "order", "0", "0.0001"),
        ("Orders of under £10: 0", "order", "0.0001", "10"),
        ("Orders of £250 to £500: 19,959", "order", "250", "500"),
        ("Returns of £10k and more: 3,836", "return", "10000", ""),
        ("Adjustments of £250 to £500: 0", "adjustment", "250", "500"),
    ],
)
def test_a_part_of_a_column_lists_its_invoices(world: World, column: str, kind: str, least: str, below: str) -> None:
    """Whatever was looked for before; that these are exactly its invoices is shown in tests/figures."""
    before = {"number": "58", "customer": "17850", "least": "7", "results": "3"}
    app = choose(healthy(world.open("invoices", **WHOLE, **before)), "a column", column)
    fields = ("number", "customer", "results", "kind", "least", "below", "sign")
    assert tuple(address(app, name) for name in fields) == ("", "", "", kind, least, below, "aside")


def test_each_part_of_each_column_asks_for_its_own_invoices(world: World) -> None:
    app = healthy(world.open("invoices", **WHOLE))
    for place, (kind, band) in enumerate((kind, band) for kind in invoices.KINDS for band in invoices.BANDS):
        box = next(each for each in app.selectbox if each.label == "Choose a column")
        app = choose(app, "a column", box.options[place])
        sought = invoices.of_column(kind, band)
        found = asked(world, "invoices_found")
        assert (found["kind"], found["least"], found["below"]) == (kind, sought.least, sought.below)
        assert (found["aside"], found["prefix"], found["customer"], found["skipped"]) == (1, "", "", 0)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("least", "much"),
        ("below", "NaN"),
        ("least", "1e99"),
        ("kind", "'; drop table x"),
        ("results", "-3"),
        ("number", "5\x008"),
        ("customer", "\x00"),
    ],
)
def test_nonsense_in_a_search_is_told_or_left_out(world: World, field: str, value: str) -> None:
    app = healthy(world.open("invoices", **WHOLE, **{field: value}))
    assert app.warning or field == "results"
    assert "is the highest invoice" in text(app)


def test_values_the_wrong_way_round_are_told(world: World) -> None:
    app = healthy(world.open("invoices", **WHOLE, least="10", below="5"))
    assert "Exchange the two" in app.warning[0].value


# --- customers ---------------------------------------------------------------------------------------------------


def test_customers_tells_who_is_new_who_comes_back_and_who_is_nobody(world: World) -> None:
    app = healthy(world.open("customers", **WHOLE))
    said = text(app)
    assert "Customers 1,949" in said
    assert "77% of orders came from returning customers" in said
    assert "1,098 Champions bring 77% of net sales" in said
    assert "Sold without customer id £36,300.00" in said
    assert "30% order again in the month after their first order" in said
    assert "Customer 14646 bought most of all time: £279k" in said
    assert "Invoices without a customer id come to £279,489.02" in said
    assert "98% of customers live in United Kingdom" in said


def test_a_country_of_nobody_in_particular_tells_what_they_bought(world: World) -> None:
    nobody = {"customers_top_of_period": lambda _: ANSWERS["customers_top"]({}).head(1)}
    world.warehouse.answers = {**world.warehouse.answers, **nobody}
    app = healthy(world.open("customers", **WHOLE, best="period"))
    said = text(app)
    assert "No customer with an id bought anything there and then" in said
    assert "Invoices without a customer id come to" in said


@pytest.mark.parametrize("country", ["", "Germany"])
def test_what_nobody_bought_is_told_and_has_a_history(world: World, country: str) -> None:
    app = healthy(world.open("customers", **WHOLE, country=country, rows="2"))
    assert "£14.00 without a customer id are of no customer." in text(app)
    assert "Invoices without a customer id come to £279,489.02" in text(app)
    next(button for button in app.button if button.label == "Their history").click().run()
    assert [address(healthy(app), name) for name in ("customer", "rows")] == ["no customer id", ""]
    assert "No customer id" in {each.value for each in app.header}


def test_the_segments_are_explained_and_nobody_is_among_them(world: World) -> None:
    app = healthy(world.open("customers", **WHOLE))
    assert "recency 4 to 5, value 4 to 5" not in text(app)  # before somebody wants to know
    app.session_state["segments explained"] = True
    app.run()
    table = rows(app)[0]
    assert (table[-1]["Segment"], table[-1]["Customers"]) == ("No customer id", "—")
    assert "**Champions**: Ordered lately, often and for much. (recency 4 to 5, value 4 to 5)" in text(app)


def test_what_earns_a_score_is_asked_when_it_is_opened_and_again_after_a_failure(world: World) -> None:
    app = healthy(world.open("customers", **WHOLE))
    assert "customers_cutoffs" not in {name for name, _ in world.warehouse.asked}
    world.warehouse.errors["customers_cutoffs"] = CloudDownError("gone for a while")
    app.session_state["segments explained"] = True
    app.run()
    assert "What earns a score: out of reach" in app.error[0].value
    del world.warehouse.errors["customers_cutoffs"]
    next(button for button in app.button if button.label == "Try again").click().run()
    assert "Latest order from" in rows(healthy(app))[1][0]


def test_a_segment_lists_its_customers(world: World) -> None:
    app = healthy(world.open("customers", **WHOLE, segment="champions"))
    found = asked(world, "customers_of_scores")
    assert (found["least_recency"], found["greatest_recency"], found["least_mean"]) == (4, 5, 4)
    assert "Champions: 1,098 by net sales" in text(app)
    assert [row["Customer"] for row in rows(app)[0]] == ["14646"]


def test_the_best_customers_of_the_period_are_asked_for_by_choice(world: World) -> None:
    healthy(world.open("customers", **WHOLE, best="period"))
    assert asked(world, "customers_top_of_period")["top"] == 10


def test_one_customers_history(world: World) -> None:
    app = world.open("customers", **WHOLE)
    next(field for field in app.text_input if field.label == "Find a customer").set_value(" 14646 ").run()
    said = text(healthy(app))
    assert [header.value for header in app.header] == ["Customer 14646"]
    assert "**Champions** (recency 5, frequency 5, monetary 5)" in said
    assert "45 invoices" in said
    assert "customer_products" not in {name for name, _ in world.warehouse.asked}
    next(button for button in app.button if button.label == "What was bought?").click().run()
    assert "703 products, the most for DOTCOM POSTAGE" in text(healthy(app))


def test_nobody_has_a_history_too(world: World) -> None:
    app = healthy(world.open("customers", **WHOLE, customer="no customer id"))
    assert [header.value for header in app.header] == ["No customer id"]
    assert asked(world, "customer_by_period")["customer_id"] == -1


@pytest.mark.parametrize(
    "who", ["1", "' or 1=1 --", "17850; drop table order_lines", "\N{FULLWIDTH DIGIT NINE}", "9" * 90]
)
def test_a_customer_who_does_not_exist_is_told_in_words(world: World, who: str) -> None:
    app = healthy(world.open("customers", **WHOLE, customer=who))
    assert "no customer" in app.info[0].value


# --- all three ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize(
    "query",
    [
        {"start": "2099-01-01", "end": "2099-01-02"},
        {"start": "'; drop table order_lines; --", "end": "x", "by": "century"},
        {"rank": "1=1", "from": "nowhere", "order": "desc", "best": "?", "segment": "kings", "results": "NaN"},
        {"country": "Nowhere'--", "rows": "x"},
    ],
    ids=["future", "nonsense", "choices", "country"],
)
def test_nonsense_in_the_address_breaks_nothing(world: World, page: str, query: dict[str, str]) -> None:
    healthy(world.open(page, **query))


@pytest.mark.parametrize("page", PAGES)
def test_a_period_without_sales_is_told(empty_world: World, page: str) -> None:
    empty_world.warehouse.answers = dict(empty_world.warehouse.answers) | {
        "sales_span": lambda _: __import__("tests.pages.fakes").pages.fakes.ANSWERS["sales_span"]({})
    }
    app = healthy(empty_world.open(page, start="2012-01-01", end="2012-01-31"))
    assert any("1 Jan 2012 to 31 Jan 2012" in info.value for info in app.info)


@pytest.mark.parametrize(
    ("page", "query", "still"),
    [
        ("products", "products_ranked", "Net sales £9,747,747.93"),
        ("products", "sales_totals", "Most by value: DOTCOM POSTAGE"),
        ("products", "product_by_period", "Germany bought most of it"),
        ("invoices", "invoices_spread", "is the highest invoice"),
        ("invoices", "invoices_highest", "The order in the middle"),
        ("customers", "customers_cohorts", "bought most of all time"),
        ("customers", "customers_top", "order again in the month"),
        ("customers", "customers_by_country", "Champions bring"),
    ],
)
def test_one_figure_that_fails_leaves_the_others(world: World, page: str, query: str, still: str) -> None:
    world.warehouse.errors[query] = QueryTimeoutError("It took too long.")
    app = world.open(page, **WHOLE)
    assert not app.exception
    assert len(app.error) == 1
    assert still in text(app)


def test_an_invoice_is_found_while_the_warehouse_is_down(world: World) -> None:
    world.warehouse.errors["*"] = CloudDownError("The warehouse cannot be reached.")
    assert "Order 536365" in text(healthy(world.open("invoices", invoice="536365")))


# --- asking on ---------------------------------------------------------------------------------------------------


def choose(app: AppTest, what: str, name: str) -> AppTest:
    """As a click on the point of that name: the list under the chart does the same."""
    box = next(each for each in app.selectbox if each.label == f"Choose {what}")
    return healthy(box.select(name).run())


def test_a_month_of_new_and_returning_customers_narrows_the_page(world: World) -> None:
    app = choose(healthy(world.open("customers", **WHOLE)), "a month", "November 2011")
    assert address(app, "step") == "2011-11-01"
    best = asked(world, "customers_top_of_period")
    assert (str(best["since"]), str(best["until"])) == ("2011-11-01 00:00:00", "2011-12-01 00:00:00")
    course = asked(world, "customers_new_returning")
    assert str(course["since"]) == "2010-12-01 00:00:00"  # all months stay to be seen
    assert "bought most in November 2011" in text(app)
    assert "November 2011" in [button.label for button in app.button]  # the breadcrumb


def test_a_cell_of_the_cohorts_names_its_customers(world: World) -> None:
    app = healthy(world.open("customers", **WHOLE))
    assert "customers_of_cohort" not in {name for name, _ in world.warehouse.asked}
    app = choose(app, "a cohort and month", "Dec 2010, 1 later: 37%")
    assert address(app, "cohort") == "2010-12+1"
    members = asked(world, "customers_of_cohort")
    assert (str(members["cohort"]), str(members["month"])) == ("2010-12-01 00:00:00", "2011-01-01 00:00:00")
    assert "First order in December 2010, again 1 month later: 324 by what they ordered for" in text(app)
    assert "First order in December 2010, again 1 month later" in [each.label for each in app.button]  # the breadcrumb
    app = choose(app, "a cohort and month", "Dec 2010, 1 later: 37%")  # again: no longer
    assert address(app, "cohort") == ""


def test_a_plus_that_was_typed_is_a_space_in_an_address(world: World) -> None:
    healthy(world.open("customers", **WHOLE, cohort="2010-12 1"))
    assert str(asked(world, "customers_of_cohort")["month"]) == "2011-01-01 00:00:00"


@pytest.mark.parametrize("nonsense", ["2010-12", "2010-13+1", "' or 1=1 --", "2010-12+40", "2009-01+1", "2010-12+0"])
def test_nonsense_for_a_cohort_is_told_and_ignored(world: World, nonsense: str) -> None:
    app = healthy(world.open("customers", **WHOLE, cohort=nonsense))
    assert any("where it says cohort" in warning.value for warning in app.warning)
    assert "Narrowed to" not in text(app)
    asked_for = {name for name, _ in world.warehouse.asked}
    assert not {name for name in asked_for if name == "customers_of_cohort" or name.endswith("_among")}


def test_a_month_of_a_products_trend_narrows_the_page(world: World) -> None:
    choose(healthy(world.open("products", **WHOLE, product="22423")), "a month", "November 2011")
    ranked = asked(world, "products_ranked")
    assert (str(ranked["since"]), str(ranked["until"])) == ("2011-11-01 00:00:00", "2011-12-01 00:00:00")
    assert str(asked(world, "product_by_period")["since"]) == "2010-12-01 00:00:00"
    assert str(asked(world, "product_totals")["since"]) == "2011-11-01 00:00:00"


@pytest.mark.parametrize(
    ("page", "what", "name", "parameter", "value"),
    [
        ("sales", "a weekday and hour", "Thursdays at 12:00", "weekday", "4"),
        ("products", "a product", "REGENCY CAKESTAND 3 TIER (22423)", "product", "22423"),
        ("customers", "a segment", "Champions", "segment", "champions"),
    ],
)
def test_every_point_can_be_chosen_by_its_name(
    world: World, page: str, what: str, name: str, parameter: str, value: str
) -> None:
    app = choose(healthy(world.open(page, **WHOLE)), what, name)
    assert address(app, parameter) == value


@pytest.mark.parametrize(
    ("page", "parameter", "value"), [("sales", "measure", "orders"), ("customers", "standing", "net_sales"),
                                     ("products", "trend", "units")],
)  # fmt: skip
def test_the_measure_of_a_chart_is_in_the_address(world: World, page: str, parameter: str, value: str) -> None:
    app = healthy(world.open(page, **WHOLE, **{parameter: value}))
    shown = next(group for group in app.button_group if group.label == "Measure")
    assert shown.value == value
    shown.set_value({"orders": "net_sales", "net_sales": "orders", "units": "net_sales"}[value]).run()
    assert address(healthy(app), parameter) != value


# --- what readers came upon ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", ["sales", "products", "customers"])
@pytest.mark.parametrize(("by", "step"), [("day", "9999-12-31"), ("month", "9999-12-01"), ("year", "0001-01-01")])
def test_a_step_beyond_all_periods_is_told_and_ignored(world: World, page: str, by: str, step: str) -> None:
    app = healthy(world.open(page, **{**WHOLE, "by": by}, step=step))
    assert "ignored where it says step" in " ".join(str(each.value) for each in app.warning)
    assert address(app, "step") == ""


@pytest.mark.parametrize("typed", ["1e999999999", "-1e999999999", "NaN", "Infinity"])
def test_an_amount_beyond_all_money_is_told(world: World, typed: str) -> None:
    app = healthy(world.open("invoices", **WHOLE, least=typed))
    assert "is no amount" in " ".join(str(each.value) for each in app.warning)


def test_an_amount_finer_than_any_is_one_that_the_engine_can_take(world: World) -> None:
    healthy(world.open("invoices", **WHOLE, least="1e-200000", below="7.00005"))
    found = asked(world, "invoices_found")
    assert (str(found["least"]), str(found["below"])) == ("0.0001", "7.0001")


def test_what_is_looked_for_stands_in_the_breadcrumb_and_is_cleared_there(world: World) -> None:
    app = healthy(world.open("invoices", **WHOLE, number="58", kind="return", least="-250", results="2", rows="1"))
    labels = [button.label for button in app.button]
    assert {"number begins with 58", "returns", "at least £-250", "Clear all"} <= set(labels)
    next(button for button in app.button if button.label == "returns").click().run()
    assert [address(healthy(app), name) for name in ("number", "kind", "results", "rows")] == ["58", "", "", ""]
    next(button for button in app.button if button.label == "Clear all").click().run()
    assert "Narrowed to" not in text(healthy(app))
    assert "581483 is the highest invoice" in text(app)


def test_what_is_found_comes_in_the_order_asked_for(world: World) -> None:
    app = healthy(world.open("invoices", **WHOLE, kind="return"))
    assert asked(world, "invoices_found")["ordered"] == "newest"
    assert "is the highest invoice" not in text(app)  # of all, while some alone are looked for
    which = next(group for group in app.button_group if group.label == "Which first")
    which.set_value("longest").run()
    assert asked(world, "invoices_found")["ordered"] == "longest"
    assert address(healthy(app), "order") == "longest"


def test_a_part_of_a_column_stands_out_until_it_is_clicked_again(world: World) -> None:
    def opacities(app: AppTest) -> list[object]:
        (chart,) = app.get("plotly_chart")
        found = [trace["marker"]["opacity"] for trace in json.loads(chart.proto.spec)["data"]]
        return [each if each == 1 else [at for at, opacity in enumerate(each) if opacity == 1] for each in found]

    app = healthy(world.open("invoices", **WHOLE))
    assert opacities(app) == [1, 1, 1]
    app = healthy(choose(app, "a column", "Returns of £10k and more: 3,836"))
    assert opacities(app) == [[], [len(invoices.BANDS) - 1], []]
    app = healthy(choose(app, "a column", "Returns of £10k and more: 3,836"))
    assert opacities(app) == [1, 1, 1]
    assert [address(app, name) for name in ("kind", "least", "below", "sign")] == ["", "", "", ""]


def test_an_invoice_opens_where_it_was_found_and_the_way_back_leads_there(world: World) -> None:
    sought = {"number": "58", "results": "2", "order": "lowest", "country": "France"}
    app = healthy(world.open("invoices", **WHOLE, **sought))
    opener = next(each for each in app.pills if each.label == "Open one")
    app = opener.set_value("581483").run()
    assert address(app, "invoice") == "581483"
    assert {name: address(app, name) for name in sought} == sought


def test_a_page_that_divides_nothing_leaves_the_others_their_division(world: World) -> None:
    app = healthy(world.open("sales", **{**WHOLE, "by": "month"}))
    for page, by in (("invoices", ""), ("sales", "month")):
        app.query_params.clear()  # as the browser does when another page is chosen
        app = healthy(app.switch_page(f"pages/{page}.py").run())
        assert address(app, "by") == by


def test_the_members_of_a_segment_are_had_page_by_page(world: World) -> None:
    app = healthy(world.open("customers", **WHOLE, segment="champions", members="3"))
    assert asked(world, "customers_of_scores")["skipped"] == 40
    choose(app, "a segment", "Loyal")
    assert (address(app, "segment"), address(app, "members")) == ("loyal", "")


def test_one_table_that_is_not_there_takes_away_no_more_than_its_figures(world: World) -> None:
    world.warehouse.errors["customers_scored"] = CloudDownError("The warehouse cannot be reached.")
    app = world.open("customers", **WHOLE)
    assert not app.exception
    tiles = {metric.label: metric.value for metric in app.metric}
    assert tiles["Customers"] == "—"
    assert tiles["New customers"] == "324"


@pytest.mark.parametrize(
    ("query", "left"), [("sales_by_period", ["Active pages", "Newest event"]), ("*", ["Active pages"])]
)
def test_the_overview_without_its_warehouse_tells_what_it_knows(world: World, query: str, left: list[str]) -> None:
    world.warehouse.errors[query] = CloudDownError("The warehouse cannot be reached.")
    app = world.open("overview")
    assert not app.exception
    assert [metric.label for metric in app.metric] == left
    assert len(app.error) == 1


def test_what_a_chart_shows_is_told_with_what_it_is_narrowed_to(world: World) -> None:
    app = healthy(world.open("sales", **{**WHOLE, "by": "month"}, step="2011-11-01", country="France", compare="year"))
    told = [chart.proto.alt for chart in app.get("plotly_chart")]
    assert "Net sales of the 3 countries that bought most, in November 2011." in told
    assert "Net sales by weekday and hour of the day, in November 2011, France." in told
    assert "Net sales by month, from 1 Dec 2010 to 9 Dec 2011, France; dashed, a year before." in told
    assert "Dashed: a year before, 1 Dec 2009 to 9 Dec 2010" in text(app)


def test_every_tile_tells_its_change_where_a_period_is_compared(world: World) -> None:
    app = healthy(world.open("sales", **WHOLE, compare="previous"))
    assert len(app.metric) > 10
    assert not [metric.label for metric in app.metric if not metric.delta or "It was " not in metric.proto.help]
    app = healthy(world.open("sales", **WHOLE))
    assert not any(metric.delta for metric in app.metric)


def test_what_led_each_month_is_not_offered_of_a_country(world: World) -> None:
    app = healthy(world.open("products", **WHOLE, country="France", leaders="1"))
    assert next(button for button in app.button if button.label == "What led each month?").disabled
    assert "best_products" not in {name for name, _ in world.warehouse.asked}


def test_one_customers_history_is_narrowed_by_nothing_else(world: World) -> None:
    app = healthy(world.open("customers", **WHOLE, customer="14646", country="France", step="2011-11-01"))
    labels = {button.label for button in app.button}
    assert "customer 14646" in labels
    assert not {"France", "November 2011", "Clear all"} & labels
    next(button for button in app.button if button.label == "customer 14646").click().run()
    assert {"France", "November 2011"} <= {button.label for button in healthy(app).button}
