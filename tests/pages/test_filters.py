from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pipeline.errors import CloudDownError, NotDeployedError
from tests.pages.fakes import ANSWERS, NOTHING
from tests.pages.test_pages import text

if TYPE_CHECKING:
    from streamlit.testing.v1 import AppTest

    from tests.pages.conftest import World


def asked(world: World, name: str) -> dict[str, object]:
    """What a query was last asked with."""
    return next(parameters for query, parameters in reversed(world.warehouse.asked) if query == name)


def address(app: AppTest) -> dict[str, str]:
    return {name: value[0] if isinstance(value, list) else value for name, value in app.query_params.items()}


def test_the_address_names_the_period_both_days_included(world: World) -> None:
    world.open("sales", start="2010-12-01", end="2011-12-09", by="month")
    found = asked(world, "sales_by_period")
    assert (str(found["since"]), str(found["until"])) == ("2010-12-01 00:00:00", "2011-12-10 00:00:00")
    assert found["by"] == "month"
    assert (found["country"], found["dow"], found["hour_of_day"]) == ("", -1, -1)


def test_without_an_address_the_last_90_days_of_data_go_into_it(world: World) -> None:
    app = world.open("sales")
    assert address(app) == {"start": "2011-09-11", "end": "2011-12-09", "by": "day"}


def test_days_that_were_guessed_are_not_kept(world: World) -> None:
    world.warehouse.errors["sales_span"] = CloudDownError("The warehouse cannot be reached.")
    app = world.open("sales")
    assert not {"start", "end"} & set(address(app))
    assert "No sales yet" not in "".join(info.value for info in app.info)
    world.warehouse.errors.clear()
    app.run()
    assert address(app) == {"start": "2011-09-11", "end": "2011-12-09", "by": "day"}


@pytest.mark.parametrize(
    ("name", "what"), [("sales_span", "The days with sales"), ("sales_countries", "The countries")]
)
def test_what_the_pickers_do_without_is_told_unless_the_engine_answers_nobody(
    world: World, name: str, what: str
) -> None:
    world.warehouse.errors[name] = NotDeployedError("There is no such table.")
    app = world.open("sales")
    assert f"{what} are not known: not there yet (at " in text(app)
    world.warehouse.errors[name] = CloudDownError("The warehouse cannot be reached.")
    next(each for each in app.button if each.label == "Try again").click().run()
    assert "are not known" not in text(app)
    assert not app.error  # of an engine that is down each figure of its would tell


def test_a_guessed_period_without_sales_is_no_empty_warehouse(world: World) -> None:
    world.warehouse.errors["sales_span"] = NotDeployedError("There is no such table.")
    world.warehouse.answers = {**ANSWERS, "sales_totals": NOTHING["sales_totals"]}
    app = world.open("sales")
    assert "which days there are sales for is not known" in " ".join(each.value for each in app.info)


def test_a_reversed_period_is_shown_as_the_page_would_open_by_itself(world: World) -> None:
    app = world.open("sales", start="2011-11-20", end="2011-10-01")
    assert "Until then this is 11 Sep 2011 to 9 Dec 2011" in app.warning[0].value
    assert asked(world, "sales_by_period")["by"] == "day"
    assert next(each for each in app.button_group if each.label == "By").value == "day"


def test_a_day_without_sales_is_told_as_one(world: World) -> None:
    world.warehouse.answers = {**ANSWERS, "sales_totals": NOTHING["sales_totals"]}
    app = world.open("sales", start="2011-12-03", end="2011-12-03", country="France")
    assert "No sales on 3 Dec 2011 narrowed to France." in " ".join(each.value for each in app.info)


def test_a_picked_day_goes_into_the_address(world: World) -> None:
    from datetime import date

    app = world.open("sales", start="2011-01-01", end="2011-01-31", by="day")
    app.date_input[1].set_value(date(2011, 2, 15)).run()
    assert address(app) == {"start": "2011-01-01", "end": "2011-02-15", "by": "day"}
    assert str(asked(world, "sales_totals")["until"]) == "2011-02-16 00:00:00"


def test_an_emptied_picker_changes_nothing(world: World) -> None:
    app = world.open("sales", start="2011-01-01", end="2011-01-31", by="day")
    app.date_input[0].set_value(None).run()
    assert not app.exception
    assert address(app)["start"] == "2011-01-01"


def test_a_shortcut_sets_both_days_and_the_division(world: World) -> None:
    app = world.open("sales", start="2011-01-01", end="2011-01-31", by="day")
    app.pills[0].set_value("All").run()
    assert address(app) == {"start": "2010-12-01", "end": "2011-12-09", "by": "month"}
    assert app.metric[0].value == "£9,747,747.93"


def test_the_period_goes_along_to_the_next_page(world: World) -> None:
    app = world.open("sales", start="2011-01-01", end="2011-01-31", by="day")
    app.query_params.clear()  # as the browser does when another page is chosen
    app.switch_page("pages/products.py").run()
    assert str(asked(world, "products_ranked")["since"]) == "2011-01-01 00:00:00"


@pytest.mark.parametrize(
    "query",
    [
        {"start": "yesterday"},
        {"end": "31/12/2011"},
        {"by": "week"},
        {"start": "'; drop table orders; --"},
        {"start": "2011-01-01; select 1", "end": "<script>alert(1)</script>", "by": "hour'"},
    ],
)
def test_nonsense_in_the_address_is_told_and_replaced(world: World, query: dict[str, str]) -> None:
    app = world.open("sales", **query)
    assert not app.exception
    assert len(app.warning) == len(query)
    assert "The address is ignored" in app.warning[0].value
    assert app.metric[0].value == "£9,747,747.93"


def test_a_reversed_period_is_told_and_the_figures_are_of_another_one(world: World) -> None:
    app = world.open("sales", start="2011-02-01", end="2011-01-01")
    assert not app.exception
    assert "before it starts" in app.warning[0].value
    assert "Until then this is 11 Sep 2011 to 9 Dec 2011." in app.warning[0].value
    found = asked(world, "sales_totals")
    assert (str(found["since"]), str(found["until"])) == ("2011-09-11 00:00:00", "2011-12-10 00:00:00")
    # What was typed stays there to be mended, and goes to no other page.
    assert address(app) == {"start": "2011-02-01", "end": "2011-01-01"}
    app.query_params.clear()
    app.switch_page("pages/products.py").run()
    assert str(asked(world, "products_ranked")["since"]) == "2011-09-11 00:00:00"


def test_a_division_too_fine_for_a_chart_is_made_coarser(world: World) -> None:
    app = world.open("sales", start="2000-01-01", end="2011-12-09", by="hour")
    assert "too many to show by hour; shown by day" in app.info[0].value
    assert asked(world, "sales_by_period")["by"] == "day"


def test_the_real_years_hours_are_shown(world: World) -> None:
    app = world.open("sales", start="2010-12-01", end="2011-12-09", by="hour")
    assert not app.info
    assert asked(world, "sales_by_period")["by"] == "hour"


def test_a_day_of_the_overview_leads_to_its_sales_by_hour(world: World) -> None:
    app = world.open("overview")
    app.session_state["overview day"] = "2011-12-08"  # as a click on its column leaves it
    app.run()
    assert not app.exception
    assert app.title[0].value == "Sales"
    assert address(app) == {"start": "2011-12-08", "end": "2011-12-08", "by": "hour"}
    found = asked(world, "sales_by_period")
    assert (str(found["since"]), str(found["until"]), found["by"]) == (
        "2011-12-08 00:00:00",
        "2011-12-09 00:00:00",
        "hour",
    )
