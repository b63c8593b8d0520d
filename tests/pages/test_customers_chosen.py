"""Customers narrowed to a segment or to a cell of the cohorts: what follows, and what says that it does not."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from queries.loader import load
from tests.pages.fakes import NOTHING
from tests.pages.test_pages import WHOLE, text
from tests.pages.test_trade import address, asked, healthy

if TYPE_CHECKING:
    from tests.pages.conftest import World


def names(world: World) -> set[str]:
    return {name for name, _ in world.warehouse.asked}


_FOLLOWING = ("new_returning", "top", "by_country")


@pytest.mark.parametrize(
    ("narrowed", "follows", "bound"),
    [
        ({"segment": "champions"}, "cohorts", {"least_mean": 4, "greatest_mean": 5, "of_cell": 0}),
        ({"cohort": "2010-12+1"}, "scored", {"least_mean": 0, "greatest_mean": 5, "of_cell": 1}),
    ],
)
def test_the_rest_of_the_page_follows_a_segment_or_a_cell(
    world: World, narrowed: dict[str, str], follows: str, bound: dict[str, int]
) -> None:
    app = healthy(world.open("customers", **WHOLE, **narrowed))
    for name in (*_FOLLOWING, follows):
        parameters = asked(world, f"customers_{name}_among")
        assert {key: parameters[key] for key in bound} == bound
        assert f"customers_{name}" not in names(world)  # about somebody else
    # Of what a chart is chosen in, everything stays to be chosen.
    stays = {"cohorts": "scored", "scored": "cohorts"}[follows]
    assert f"customers_{stays}" in names(world)
    assert "75% of orders came from returning customers" in text(app)
    assert "100% of customers live in EIRE" in text(app)


def test_the_summary_of_a_segment_says_whom_it_is_about(world: World) -> None:
    app = healthy(world.open("customers", **WHOLE, segment="lost"))
    said = text(app)
    assert "Customers 818" in said
    assert "New customers 20" in said
    assert "Sold without customer id —" in said
    assert said.count("Only customers who are in the segment Lost today.") >= 5
    assert "75% order again in the month after their first order" in said


def test_a_segment_and_a_cell_narrow_each_other(world: World) -> None:
    app = healthy(world.open("customers", **WHOLE, segment="champions", cohort="2010-12+1", best="period"))
    for name in ("top_of_period_among", "of_scores", "of_cohort"):
        found = asked(world, f"customers_{name}")
        assert (found["least_recency"], found["of_cell"], str(found["cohort"])) == (4, 1, "2010-12-01 00:00:00")
    assert (
        asked(world, "customers_scored_among")["least_recency"],
        asked(world, "customers_scored_among")["of_cell"],
    ) == (0, 1)
    assert asked(world, "customers_cohorts_among")["of_cell"] == 0
    assert "Customers 120" in text(app)  # the champions of that cell
    next(each for each in app.button if each.label == "Clear all").click().run()
    assert (address(healthy(app), "segment"), address(app, "cohort")) == ("", "")
    assert "Customers 1,949" in text(app)


def test_an_opening_asks_nothing_of_single_customers(world: World) -> None:
    healthy(world.open("customers", **WHOLE))
    assert not {name for name in names(world) if "invoices_summary" in load("warehouse")[name].sql}
    assert not {name for name in names(world) if name.endswith("_among")}


def test_a_segment_of_nobody_says_so_everywhere(world: World) -> None:
    none = {name: NOTHING[name] for name in NOTHING if name.endswith(("_among", "_of_scores"))}
    world.warehouse.answers = {**world.warehouse.answers, **none}
    said = text(healthy(world.open("customers", **WHOLE, segment="returned")))
    assert "No invoices of these customers" in said
    assert "Nobody in Only returns has a first order to count from" in said
    assert "No such customer bought anything there and then" in said
    assert "No such customer lives anywhere" in said


def test_of_many_months_the_newest_cohorts_are_shown(world: World) -> None:
    months = [month.date() for month in pd.date_range("2008-09-01", "2011-12-01", freq="MS")]
    rows = [(first, month, 100, 100, Decimal(1)) for at, first in enumerate(months) for month in months[at:]]
    frame = pd.DataFrame(rows, columns=["cohort", "month", "customers", "orders", "gross_sales"])
    world.warehouse.answers = {**world.warehouse.answers, "customers_cohorts": lambda _: frame}
    app = healthy(world.open("customers", **WHOLE))
    assert "First orders of the newest 24 months; a file has all. Of all time." in text(app)
    cells = next(box for box in app.selectbox if box.label == "Choose a cohort and month").options
    assert len(cells) == 24 * 25 / 2
    assert (cells[0], cells[-1]) == ("Dec 2009, 1 later: 100%", "Nov 2011, 1 later: 100%")
    assert all(len(chart.proto.spec) < 100_000 for chart in app.get("plotly_chart"))


def test_countries_that_are_left_out_are_told(world: World) -> None:
    rows = [(f"Country {place}", 20 - place, 9, Decimal(9), Decimal(0)) for place in range(11)]
    rows.append(("Nobody known lives here", 0, 0, Decimal(0), Decimal(5)))
    frame = pd.DataFrame(rows, columns=["country", "customers", "orders", "net_sales", "nobody_net_sales"])
    world.warehouse.answers = {**world.warehouse.answers, "customers_by_country": lambda _: frame}
    app = healthy(world.open("customers", **WHOLE))
    assert "The first 8 of 11 countries. Of all time" in text(app)


@pytest.mark.parametrize(
    ("during", "by", "since", "until"),
    [
        ("2011-11-01", "month", "2011-11-01 00:00:00", "2011-12-01 00:00:00"),
        ("2011-11-08", "year", "2011-01-01 00:00:00", "2012-01-01 00:00:00"),
    ],
)
def test_a_step_of_one_customers_history_narrows_its_invoices_and_lines(
    world: World, during: str, by: str, since: str, until: str
) -> None:
    app = healthy(
        world.open("customers", **{**WHOLE, "by": by}, customer="14646", during=during, rows="1", results="2")
    )
    for name in ("invoices_found", "lines_of_scope"):
        found = asked(world, name)
        assert (found["customer"], str(found["since"]), str(found["until"])) == ("14646", since, until)
    told = "November 2011" if by == "month" else "2011"
    next(each for each in app.button if each.label == told).click().run()
    assert [address(healthy(app), name) for name in ("during", "rows", "results", "customer")] == ["", "", "", "14646"]
    assert str(asked(world, "invoices_found")["until"]) > "2100"  # of all time again


@pytest.mark.parametrize("during", ["nonsense", "2011-13-01", "' or 1=1 --", "9" * 5_000])
def test_a_step_of_a_history_that_is_none_is_told_of_and_ignored(world: World, during: str) -> None:
    app = world.open("customers", **WHOLE, customer="14646", during=during)
    assert not app.exception
    assert "The address is ignored where it says during" in app.warning[0].value
    assert len(app.warning[0].value) < 200
