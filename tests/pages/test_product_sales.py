"""Sales narrowed to one product: what is known of it, and what is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.pages.test_asking_on import asked_with, button
from tests.pages.test_pages import WHOLE, text

if TYPE_CHECKING:
    from tests.pages.conftest import World


def test_one_products_sales_are_of_its_days_and_have_no_hours(world: World) -> None:
    app = world.open("sales", start="2010-12-01", end="2011-12-09", by="hour", product="22423", weekday="4")
    assert not app.exception
    (totals,) = asked_with(world, "product_totals")
    assert (totals["product"], totals["country"], str(totals["until"])) == ("22423", "", "2011-12-10 00:00:00")
    assert asked_with(world, "product_by_period")[-1]["by"] == "month"
    assert not asked_with(world, "sales_by_weekday_hour")
    said = text(app)
    assert "REGENCY CAKESTAND 3 TIER (22423)" in said
    assert "Hours are kept for all products together" in said
    assert "Average per day £549" in said
    assert "Average per hour" not in said
    button(app, "product 22423").click().run()
    assert asked_with(world, "sales_by_weekday_hour")


def test_one_products_sales_to_a_country_are_of_whole_months(world: World) -> None:
    app = world.open(
        "sales", start="2011-11-10", end="2011-12-09", by="day", product="22423", country="France", rows="1"
    )
    assert not app.exception
    bounds = {"since": "2011-11-01 00:00:00", "until": "2012-01-01 00:00:00"}
    for name in ("product_totals", "product_by_period", "product_by_country", "lines_of_scope"):
        found = asked_with(world, name)[-1]
        assert {side: str(found[side]) for side in bounds} == bounds, name
    assert asked_with(world, "product_by_period")[-1]["by"] == "month"
    assert "known by whole months: 1 Nov 2011 to 31 Dec 2011" in text(app)
    assert "Average per day" not in text(app)


def test_a_product_that_is_not_there_is_told_on_sales(world: World) -> None:
    app = world.open("sales", **WHOLE, product="' or 1=1 --")
    assert not app.exception
    assert 'There is no product "\' or 1=1 --". Clear it above' in text(app).replace("\\", "")
