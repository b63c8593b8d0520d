"""The figures of Sales and Overview, against the file recomputed, and the real file's to the penny."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from queries.loader import Query
from queries.reports import lines as order_lines
from queries.reports import sales
from queries.reports.lines import Which
from queries.scope import Scope
from tests.figures.recomputed import Lines, pounds

if TYPE_CHECKING:
    from queries.period import By
    from queries.warehouse import Warehouse

Held = tuple["Warehouse", Lines]
PERIODS: dict[By, str] = {"hour": "h", "day": "D", "month": "M", "year": "Y"}
# Of data/README.md, where the real file lies.
MONTHS = {
    "2010-12": "748957.02", "2011-01": "560000.26", "2011-02": "498062.65", "2011-03": "683267.08",
    "2011-04": "493207.12", "2011-05": "723333.51", "2011-06": "691123.12", "2011-07": "681300.11",
    "2011-08": "682680.51", "2011-09": "1019687.62", "2011-10": "1070704.67", "2011-11": "1461756.25",
    "2011-12": "433668.01",
}  # fmt: skip

_MADE_OF = """
    select
        sum(case when customer_id is null then 1 else 0 end) as no_customer,
        sum(case when description is null then 1 else 0 end) as no_description,
        sum(case when invoice_no like 'C%' then 1 else 0 end) as returns,
        sum(case when invoice_no like 'A%' then 1 else 0 end) as adjustments,
        sum(case when quantity < 0 then 1 else 0 end) as given_back,
        sum(case when unit_price = 0 then 1 else 0 end) as for_nothing,
        sum(case when unit_price < 0 then 1 else 0 end) as below_nothing,
        count(*) - count(distinct (
            invoice_no, stock_code, description, quantity, invoice_date, unit_price, customer_id, country
        )) as repeats
    from order_lines
"""


def of_scope(lines: Lines, scope: Scope) -> tuple[Any, Any]:
    """The lines of a scope, and the invoices whose first line lies in it."""
    rows, invoices = lines.rows, lines.invoices
    found = []
    for held in (rows, invoices):
        inside = (held["at"] >= scope.since) & (held["at"] < scope.until)
        if scope.country:
            inside &= held["Country"] == scope.country
        if scope.weekday:
            inside &= held["at"].dt.day_of_week == scope.weekday - 1
        if scope.hour >= 0:
            inside &= held["at"].dt.hour == scope.hour
        found.append(held[inside])
    return found[0], found[1]


def scopes(lines: Lines) -> list[Scope]:
    middle = Scope(*lines.middle)
    country = lines.rows["Country"].value_counts().index[1]
    return [
        Scope(*lines.span),
        middle,
        replace(middle, country=country),
        replace(middle, weekday=4, hour=12),
        replace(middle, country=country, weekday=7),
    ]


def test_what_the_real_file_is_made_of(real: Warehouse) -> None:
    """Rows without a customer or a description, of returns, given back, for nothing, and equal to an earlier one."""
    found = real.ask(Query("made_of", "warehouse", "one row", _MADE_OF, ())).row
    assert {name: int(value) for name, value in found.items()} == {
        "no_customer": 135_080, "no_description": 1_454, "returns": 9_288, "adjustments": 3, "given_back": 10_624,
        "for_nothing": 2_515, "below_nothing": 2, "repeats": 5_268,
    }  # fmt: skip


@pytest.mark.parametrize("number", range(5))
def test_totals(held: Held, number: int) -> None:
    engine, lines = held
    scope = scopes(lines)[number]
    row = sales.totals(engine, scope).row
    rows, invoices = of_scope(lines, scope)
    kinds = rows.groupby("kind")["amount"].sum()
    assert row["net_sales"] == pounds(rows["amount"].sum())
    for column, kind in (("gross_sales", "order"), ("returns", "return"), ("adjustments", "adjustment")):
        assert row[column] == pounds(kinds.get(kind, 0))
    assert row["orders"] == int((invoices["kind"] == "order").sum())
    assert (row["units"], row["lines"]) == (int(rows["Quantity"].sum()), len(rows))
    pence = Decimal("0.01")
    orders = Decimal(int(row["orders"]))
    assert row["average_order"] == (pounds(kinds.get("order", 0)) / orders).quantize(pence, ROUND_HALF_UP)
    for by, letter in PERIODS.items():
        steps = int(rows["at"].dt.to_period(letter).nunique())
        assert row[f"per_{by}"] == (pounds(rows["amount"].sum()) / steps).quantize(pence, ROUND_HALF_UP)


@pytest.mark.parametrize("by", list(PERIODS))
def test_the_course_over_time(held: Held, by: By) -> None:
    engine, lines = held
    scope = Scope(*lines.middle)
    frame = sales.by_period(engine, scope, by).frame
    rows, _ = of_scope(lines, scope)
    sums = rows.groupby(rows["at"].dt.to_period(PERIODS[by]))["amount"].sum()
    sums.index = sums.index.to_timestamp()
    sold = frame[frame["lines"] > 0]
    assert list(zip(sold["period"], sold["net_sales"], strict=True)) == [(at, pounds(net)) for at, net in sums.items()]
    assert sum(frame["net_sales"]) == pounds(rows["amount"].sum())


def test_countries_and_the_heat_map(held: Held) -> None:
    engine, lines = held
    scope = Scope(*lines.middle)
    rows, _ = of_scope(lines, scope)
    countries = sales.by_country(engine, scope).frame
    assert dict(zip(countries["country"], countries["net_sales"], strict=True)) == {
        country: pounds(net) for country, net in rows.groupby("Country")["amount"].sum().items()
    }
    assert list(countries["net_sales"]) == sorted(countries["net_sales"], reverse=True)
    cells = sales.by_weekday_hour(engine, scope).frame
    expected = rows.groupby([rows["at"].dt.day_of_week + 1, rows["at"].dt.hour])["amount"].sum()
    found = {(row.weekday, row.hour): row.net_sales for row in cells.itertuples()}
    assert found == {cell: pounds(net) for cell, net in expected.items()}
    assert list(sales.countries(engine).frame["country"]) == sorted(lines.rows["Country"].unique())


def test_the_order_lines_behind_a_figure_add_up_to_it(held: Held) -> None:
    engine, lines = held
    scope = scopes(lines)[2]
    row = sales.totals(engine, scope).row
    assert order_lines.count(engine, Which(scope)).row["lines"] == row["lines"]
    parts = list(order_lines.parts(engine, Which(scope), most=10**6, size=97))
    assert sum(part["amount"].sum() for part in parts) == row["net_sales"]
    events = [event for part in parts for event in part["event_id"]]
    assert len(set(events)) == len(events) == row["lines"]
    assert all(len(part) == 97 for part in parts[:-1])
    numbers = pd.concat(parts).groupby("invoice_no")["line_no"]
    assert numbers.is_monotonic_increasing.all()  # the tenth line does not stand before the second
    third = order_lines.page(engine, Which(scope), 3, 50).frame
    assert list(third["event_id"]) == events[100:150]
    assert [len(part) for part in order_lines.parts(engine, Which(scope), most=120, size=100)] == [100, 20]


@pytest.mark.parametrize("number", range(3))
def test_the_order_lines_behind_gross_sales_returns_and_adjustments_add_up_to_them(held: Held, number: int) -> None:
    engine, lines = held
    scope = scopes(lines)[number]
    row = sales.totals(engine, scope).row
    counts = 0
    for kind, measure in (("order", "gross_sales"), ("return", "returns"), ("adjustment", "adjustments")):
        which = Which(scope, kind=kind)  # type: ignore[arg-type]  # one of the three
        parts = list(order_lines.parts(engine, which, 10**6, 200_000))
        assert sum(part["amount"].sum() for part in parts) == row[measure]
        counts += (found := sum(map(len, parts)))
        assert order_lines.count(engine, which).row["lines"] == found
        page = order_lines.page(engine, which, 1, 10).frame
        assert list(page["event_id"]) == (list(parts[0]["event_id"][:10]) if parts else [])
    assert counts == row["lines"]


def test_the_order_lines_of_a_product_and_of_a_customer(held: Held) -> None:
    engine, lines = held
    product = lines.rows["StockCode"].value_counts().index[0]
    customer = lines.rows["customer"].value_counts().index[1]
    for narrowed, inside in (
        ({"product": product}, lines.rows["StockCode"] == product),
        ({"customer": customer}, lines.rows["customer"] == customer),
        ({"customer": "no customer id"}, lines.rows["customer"] == "no customer id"),
    ):
        scope = replace(Scope(*lines.span), **narrowed)
        assert order_lines.count(engine, Which(scope)).row["lines"] == int(inside.sum())


def test_the_real_figures(real: Warehouse) -> None:
    whole = Scope(datetime.fromisoformat("2010-12-01"), datetime.fromisoformat("2011-12-10"))
    row = sales.totals(real, whole).row
    assert row["net_sales"] == Decimal("9747747.934")
    assert row["lines"] == 541_909
    months = sales.by_period(real, whole, "month").frame
    pence = Decimal("0.01")
    assert {
        f"{at:%Y-%m}": str(net.quantize(pence)) for at, net in zip(months["period"], months["net_sales"], strict=True)
    } == MONTHS
    countries = sales.by_country(real, whole).frame
    assert len(countries) == 38
    abroad = countries[countries["country"] != "United Kingdom"]
    assert sum(abroad["net_sales"]) == Decimal("1559941.57")
    span = sales.span(real).row
    assert (str(span["first_at"]), str(span["newest_at"])) == ("2010-12-01 08:26:00", "2011-12-09 12:50:00")
    kinds = order_lines.count(real, Which(replace(whole, customer="no customer id")))
    assert kinds.row["lines"] == 135_080
