"""What a page says of the best, where there is one, and of what it is compared with."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from pages.parts import layouts, tiles, words
from pipeline.errors import CloudDownError, QueryTimeoutError, WeirError
from queries import definitions as d
from queries.scope import Scope
from tests.pages.test_pages import WHOLE, text
from tests.pages.test_trade import asked, healthy

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from queries.definitions import Measure
    from tests.pages.conftest import World


def taken_back(
    answer: Callable[[Mapping[str, object]], pd.DataFrame],
) -> Callable[[Mapping[str, object]], pd.DataFrame]:
    """The same, with every sum as far below nothing as it was above."""
    return lambda given: (frame := answer(given)).assign(net_sales=-frame["net_sales"].abs())


@pytest.mark.parametrize(
    ("page", "more", "queries", "titles"),
    [
        ("overview", {}, ["sales_by_period"], ["No day has net sales above £0"]),
        (
            "sales",
            {"by": "month"},
            ["sales_by_period", "sales_by_country", "sales_by_weekday_hour"],
            [f"No {one} has net sales above £0" for one in ("month", "country", "hour of the week")],
        ),
        (
            "products",
            {"product": "22423"},
            ["product_by_period", "product_by_country"],
            [f"No {one} has net sales above £0" for one in ("month", "country")],
        ),
        ("customers", {}, ["customers_top"], ["No customer has net sales above £0"]),
        ("customers", {"customer": "14646"}, ["customer_by_period"], ["No month has net sales above £0"]),
    ],
)
def test_where_nobody_sold_anything_nobody_sold_most(
    world: World, page: str, more: dict[str, str], queries: list[str], titles: list[str]
) -> None:
    world.warehouse.answers = {
        name: taken_back(answer) if name in queries else answer for name, answer in world.warehouse.answers.items()
    }
    app = healthy(world.open(page, **({} if page == "overview" else {**WHOLE, **more})))
    assert set(titles) <= {each.value for each in app.subheader}


@pytest.mark.parametrize(
    ("measure", "number", "before", "told"),
    [
        (d.RETURNS, "-300", "-100", "+200.0%"),  # three times as much came back
        (d.RETURNS, "-50", "-100", "-50.0%"),
        (d.RETURNS, "0", "-100", "-100.0%"),
        (d.RETURNS, "-100", "0", "was £0.00"),
        (d.ADJUSTMENTS, "-300", "100", "-400.0%"),
        (d.NET_SALES, "-300", "-100", "-200.0%"),
        (d.NET_SALES, "300", "100", "+200.0%"),
    ],
)
def test_more_that_came_back_is_an_increase(measure: Measure, number: str, before: str, told: str) -> None:
    assert tiles.delta(measure, Decimal(number), Decimal(before), tiles.value)["delta"] == told


@pytest.mark.parametrize(("number", "arrow"), [(3, "auto"), (2, "off"), (1, "auto")])
def test_what_did_not_change_goes_neither_up_nor_down(number: int, arrow: str) -> None:
    assert tiles.delta(d.ORDERS, number, 2, tiles.value)["delta_arrow"] == arrow


def test_the_tiles_of_a_step_say_what_they_are_compared_with(world: World) -> None:
    app = healthy(world.open("sales", **{**WHOLE, "by": "day"}, step="2011-12-08", compare="previous"))
    assert {metric.proto.delta_description for metric in app.metric[:3]} == {"vs 7 Dec 2011"}
    app = healthy(world.open("sales", **WHOLE, compare="previous"))
    assert {metric.proto.delta_description for metric in app.metric[:3]} == {"vs the period before"}


@pytest.mark.parametrize(
    ("since", "until", "told"),
    [
        ("2011-06-13", "2011-09-11", "13 Jun 2011 to 10 Sep 2011"),
        ("2011-08-11", "2011-08-12", "11 Aug 2011"),
        ("2011-12-09T09", "2011-12-09T10", "9 Dec 2011, 09:00 to 09:59"),
        ("2011-12-09T00", "2011-12-09T01", "9 Dec 2011, 00:00 to 00:59"),
    ],
)
def test_when_a_scope_is(since: str, until: str, told: str) -> None:
    assert words.scope(Scope(datetime.fromisoformat(since), datetime.fromisoformat(until))) == told


def test_a_product_in_a_country_is_compared_month_by_month(world: World) -> None:
    days = {"start": "2011-03-15", "end": "2011-05-10", "by": "month"}
    app = healthy(world.open("sales", **days, product="22423", country="Germany", compare="previous"))
    totals = [given for name, given in world.warehouse.asked if name == "product_totals"]
    assert [(f"{each['since']:%Y-%m-%d}", f"{each['until']:%Y-%m-%d}") for each in totals] == [
        ("2011-03-01", "2011-06-01"),
        ("2010-12-01", "2011-03-01"),
    ]
    assert "Dashed: the period before, 1 Dec 2010 to 28 Feb 2011" in text(app)


def test_a_comparison_that_begins_before_all_sales_says_so(world: World) -> None:
    app = healthy(world.open("sales", **WHOLE, compare="year"))
    assert "Dashed: a year before, 1 Dec 2009 to 9 Dec 2010; sales are known from 1 Dec 2010 on" in text(app)


@pytest.mark.parametrize("error", [QueryTimeoutError("It took longer than 20 s."), CloudDownError("It is silent.")])
@pytest.mark.parametrize(("query", "what"), [("sales_totals", "totals"), ("sales_by_period", "steps")])
def test_a_comparison_that_fails_takes_nothing_else_away(world: World, query: str, what: str, error: WeirError) -> None:
    answer = world.warehouse.answers[query]

    def of_now_alone(given: Mapping[str, object]) -> pd.DataFrame:
        if given["until"] < datetime(2011, 12, 1):  # type: ignore[operator]  # noqa: DTZ001
            raise error
        return answer(given)

    world.warehouse.answers = {**world.warehouse.answers, query: of_now_alone}
    app = world.open("sales", **WHOLE, compare="year")
    assert not app.exception
    assert not app.error
    assert app.metric[0].value == "£9,747,747.93"
    assert bool(app.metric[0].delta) == (what != "totals")
    assert len(app.get("plotly_chart")) == 3
    said = text(app)
    assert f"The {what} of a year before are not known: " in said
    assert ("Dashed: a year before" in said) == (what != "steps")
    assert "Nothing was sold" not in said


def test_a_comparison_with_nothing_says_so(world: World) -> None:
    course = world.warehouse.answers["sales_by_period"]
    world.warehouse.answers = {
        **world.warehouse.answers,
        "sales_by_period": lambda given: course(given).head(0 if given["until"] < datetime(2011, 12, 1) else 2),  # type: ignore[operator]  # noqa: DTZ001
    }
    app = healthy(world.open("sales", **WHOLE, compare="year"))
    assert "Nothing was sold in a year before, 1 Dec 2009 to 9 Dec 2010" in text(app)


def test_countries_of_a_product_name_their_months_where_these_are_not_what_was_chosen(world: World) -> None:
    told = "By country, products are known by whole months: 1 Feb 2011 to 28 Feb 2011."
    days = {"start": "2011-02-10", "end": "2011-02-20", "product": "22423"}
    for page in ("sales", "products"):
        assert told in text(healthy(world.open(page, **days)))
        whole = {**days, "start": "2011-02-01", "end": "2011-02-28"}
        assert told not in text(healthy(world.open(page, **whole)))


def test_of_one_country_all_figures_of_products_are_of_the_same_months(world: World) -> None:
    healthy(world.open("products", start="2011-01-15", end="2011-02-14", country="Norway", rows="1"))
    for name in ("sales_totals", "products_ranked_of_country", "lines_of_scope"):
        given = asked(world, name)
        assert (str(given["since"]), str(given["until"])) == ("2011-01-01 00:00:00", "2011-03-01 00:00:00"), name


def test_half_a_pound_is_not_told_in_thousandths() -> None:
    assert layouts.value_axis(d.NET_SALES, Decimal("0.77"))["tickformat"] == "$,.2f"
    assert layouts.value_axis(d.NET_SALES, Decimal(77_000))["tickformat"] == "$~s"


def test_a_single_month_has_no_clock_on_its_axis() -> None:
    axis = layouts.over_time(pd.Series([pd.Timestamp("2011-08-01")]), "month", d.NET_SALES, 10)["xaxis"]
    assert (axis["tick0"], axis["dtick"]) == ("2011-08-01T00:00:00", "M1")
