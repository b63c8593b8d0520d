"""What a figure is about, by what its query was asked with, and so which rollup tells its newest event."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from queries.loader import load
from queries.reports import newest
from queries.reports.invoices import Sought
from queries.scope import Scope
from queries.segments import SEGMENTS
from queries.who import Who

SINCE, UNTIL = datetime.fromisoformat("2011-01-01"), datetime.fromisoformat("2011-02-01")
WHOLE = Scope(SINCE, UNTIL)


def asked(name: str, scope: Scope, **more: object) -> newest.About:
    return newest.about(scope.bound(load("warehouse")[name], **more))


def test_time_country_weekday_and_hour_are_known_by_the_hour() -> None:
    about = asked("sales_totals", Scope(SINCE, UNTIL, "France", 7, 12))
    assert (about.query.name, about.by, about.closer, about.only_time) == ("newest_of_scope", "hour", False, False)
    assert (about.since, about.until, about.country, about.dow, about.hour_of_day) == (SINCE, UNTIL, "France", 0, 12)


def test_a_ranking_is_about_all_that_it_ranks() -> None:
    months = {"months_since": SINCE, "months_until": UNTIL}
    about = asked("products_ranked", WHOLE, measure="units", bottom=1, top=10, **months)
    assert (about.since, about.until, about.only_time, about.closer) == (SINCE, UNTIL, True, False)


@pytest.mark.parametrize(("country", "by"), [("", "day"), ("France", "month")])
def test_a_product_is_known_by_the_day_and_of_a_country_by_the_month(country: str, by: str) -> None:
    about = asked("product_totals", Scope(SINCE, UNTIL, country, product="22423"))
    assert (about.query.name, about.by, about.closer) == ("newest_of_product", by, False)


@pytest.mark.parametrize(("customer_id", "customer"), [(17850, "17850"), (-1, "no customer id")])
def test_a_customer_is_known_to_the_moment_at_any_time(customer_id: int, customer: str) -> None:
    about = newest.about({"customer_id": customer_id, "by": "month"})
    assert (about.query.name, about.by, about.customer, about.closer) == ("newest_of_customer", None, customer, False)
    assert about.since < SINCE < UNTIL < about.until


def sought(**what: Any) -> newest.About:
    found = Sought(**what)
    about = {"prefix": found.prefix, "customer": found.customer, "kind": found.kind, "aside": int(found.aside)}
    return asked("invoices_found", WHOLE, **about, least=found.least, below=found.below, top=20, skipped=20)


@pytest.mark.parametrize("what", [{"prefix": "58"}, {"kind": "return"}, {"least": Decimal(5)}, {"below": Decimal(5)}])
def test_what_no_rollup_knows_makes_it_the_latest_that_it_can_be(what: dict[str, Any]) -> None:
    assert not sought().closer
    assert not sought(customer="17850").closer
    assert sought(**what).closer
    assert sought(**what, customer="17850").closer


@pytest.mark.parametrize(
    ("name", "scope", "at_home"), [("customers_new_returning_among", WHOLE, 0), ("customers_scored_among", None, 1)]
)
def test_some_customers_alone_are_known_to_the_moment(name: str, scope: Scope | None, at_home: int) -> None:
    """Of all time a country is where they live, of a period where the invoices were sent."""
    query, who = load("warehouse")[name], Who(SEGMENTS[0]).bound()
    given = scope.bound(query, by="month", **who) if scope else {"country": "France", **who}
    about = newest.about(given)
    assert (about.query.name, about.by, about.closer, about.only_time) == ("newest_of_who", None, False, False)
    assert dict(about.more) == who | {"at_home": at_home}


def test_what_is_about_orders_alone_may_be_older_than_the_newest_invoice() -> None:
    given = {"country": "", "top": 20, **Who(SEGMENTS[0]).bound()}
    assert newest.about(given, "customers_of_cohort").closer
    assert not newest.about(given, "customers_of_scores").closer


def test_the_products_that_were_found_are_known_by_the_day() -> None:
    typed = {"code": "CAKE", "words": "%CAKE%", "top": 8}
    about = newest.about(typed)
    assert (about.query.name, about.by, about.closer, about.more) == ("newest_of_found", "day", False, typed)


@pytest.mark.parametrize(
    "scope",
    [
        Scope(SINCE, UNTIL, weekday=7, product="22423"),
        Scope(SINCE, UNTIL, hour=9, customer="17850"),
        Scope(SINCE, UNTIL, customer="17850", product="22423"),
    ],
)
def test_what_only_order_lines_know_is_asked_of_them(scope: Scope) -> None:
    about = asked("lines_of_scope_count", scope)
    assert (about.query.name, about.by, about.closer) == ("newest_of_lines", None, False)


@pytest.mark.parametrize("query", load("warehouse").values(), ids=lambda query: query.name)
def test_every_query_of_the_warehouse_can_be_told_of(query: Any) -> None:
    about = newest.about(dict.fromkeys(query.parameters, 1))
    assert set(about.query.parameters) <= {*newest._ALL, *about.more}
