"""The Invoices page's figures, against the file recomputed, and the real file's to the penny."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from queries.reports import invoices
from queries.reports import lines as order_lines
from queries.reports.invoices import BANDS, Sought
from queries.reports.lines import Which
from queries.scope import Scope
from tests.figures.recomputed import Lines, pounds

if TYPE_CHECKING:
    from queries.warehouse import Warehouse

Held = tuple["Warehouse", Lines]
BY = {"highest": ("amount", False), "lowest": ("amount", True), "longest": ("lines", False)}


@pytest.mark.parametrize("end", invoices.ENDS)
@pytest.mark.parametrize("part", ["span", "middle"])
def test_the_first_invoices(held: Held, part: str, end: invoices.End) -> None:
    engine, lines = held
    scope = Scope(*getattr(lines, part))
    frame = invoices.first(engine, scope, end, 30).frame
    column, ascending = BY[end]
    expected = (
        lines.invoices_between(scope.since, scope.until)
        .reset_index()
        .sort_values([column, "InvoiceNo"], ascending=[ascending, True])
        .head(30)
    )
    assert list(frame["invoice_no"]) == list(expected["InvoiceNo"])
    assert list(frame["net_sales"]) == [pounds(value) for value in expected["amount"]]
    assert list(frame["customer"]) == list(expected["customer"])
    assert list(frame["kind"]) == list(expected["kind"])


@pytest.mark.parametrize("part", ["span", "middle"])
@pytest.mark.parametrize("abroad", [False, True])
def test_the_spread_counts_every_invoice_in_its_band(held: Held, part: str, abroad: bool) -> None:
    engine, lines = held
    country = lines.invoices["Country"].value_counts().index[1] if abroad else ""
    since, until = getattr(lines, part)
    scope = Scope(since, until, country=country)
    frame = invoices.spread(engine, scope).frame
    expected = lines.invoices_between(scope.since, scope.until, country)
    edges = [0, 1, *(each * 10_000 for each in BANDS[2:]), 10**18]
    bands = pd.cut(expected["amount"].abs(), edges, right=False, labels=list(BANDS))
    grouped = expected.groupby(["kind", bands.astype(int)])["amount"].agg(["size", "sum"])
    rows = zip(*(frame[name] for name in ("kind", "band", "invoices", "net_sales")), strict=True)
    found = {(kind, band): (int(invoices), net) for kind, band, invoices, net in rows}
    assert found == {key: (int(row["size"]), pounds(row["sum"])) for key, row in grouped.iterrows()}


@pytest.mark.parametrize("part", ["span", "middle"])
@pytest.mark.parametrize("kind", invoices.KINDS)
def test_a_column_of_the_spread_lists_exactly_the_invoices_it_counts(
    held: Held, part: str, kind: invoices.Kind
) -> None:
    engine, lines = held
    scope = Scope(*getattr(lines, part))
    frame = invoices.spread(engine, scope).frame
    counted = frame[frame["kind"] == kind].set_index("band")
    assert len(counted)
    listed: set[str] = set()
    for band in BANDS:
        found = invoices.sought(engine, scope, invoices.of_column(kind, band), 1, 100_000).frame
        assert len(found) == counted["invoices"].get(band, 0), band
        assert sum(found["net_sales"]) == counted["net_sales"].get(band, 0), band
        assert not listed & set(found["invoice_no"])
        listed |= set(found["invoice_no"])
    inside = lines.invoices_between(scope.since, scope.until)
    assert listed == set(inside.index[inside["kind"] == kind])


def test_the_real_files_adjustments_have_either_sign_in_one_column(real: Warehouse, real_lines: Lines) -> None:
    found = invoices.sought(real, Scope(*real_lines.span), invoices.of_column("adjustment", 10_000), 1, 10).frame
    assert sorted(found["net_sales"]) == [Decimal("-11062.06"), Decimal("-11062.06"), Decimal("11062.06")]


def test_totals_follow_from_the_spread(held: Held) -> None:
    engine, lines = held
    totals = invoices.totals(invoices.spread(engine, Scope(*lines.span)).frame)
    orders = lines.invoices[lines.invoices["kind"] == "order"]
    assert totals["orders"] == len(orders)
    assert totals["return_invoices"] == int((lines.invoices["kind"] == "return").sum())
    gross = pounds(orders["amount"].sum())
    assert totals["gross_sales"] == gross
    assert totals["average_order"] == (gross / len(orders)).quantize(Decimal("0.01"), ROUND_HALF_UP)
    middle = float(pounds(orders["amount"].sort_values().iloc[(len(orders) - 1) // 2]))
    assert totals["middle_band"] == max(band for band in BANDS if band <= max(middle, 0))


def test_a_search_by_everything_at_once(held: Held) -> None:
    engine, lines = held
    since, until = lines.middle
    scope = Scope(since, until)
    held_invoices = lines.invoices_between(since, until).reset_index()
    orders = held_invoices[(held_invoices["kind"] == "order") & (held_invoices["amount"] >= 1_000_000)]
    prefix = orders["InvoiceNo"].iloc[0][:3]
    fitting = orders[orders["InvoiceNo"].str.startswith(prefix)].sort_values(["at", "InvoiceNo"], ascending=False)
    what = Sought(prefix=prefix, kind="order", least=Decimal(100))
    answer = invoices.sought(engine, scope, what, 1, 10)
    first = answer.frame
    second = invoices.sought(engine, scope, what, 2, 10).frame
    assert [*first["invoice_no"], *second["invoice_no"]] == list(fitting["InvoiceNo"].head(20))
    assert set(first["found"]) == {len(fitting)}
    assert set(first["found_net_sales"]) == {pounds(fitting["amount"].sum())}
    of_them = lines.rows[lines.rows["InvoiceNo"].isin(fitting["InvoiceNo"])]
    assert answer.evidence.newest_at == of_them["at"].max()
    theirs = Which(scope, sought=what)
    behind = order_lines.page(engine, theirs, 1, 1_000_000).frame
    assert sum(behind["amount"]) == pounds(fitting["amount"].sum())
    assert len(behind) == len(of_them) == order_lines.count(engine, theirs).row["lines"]
    second = order_lines.page(engine, theirs, 2, 10).frame
    assert list(second["event_id"]) == list(behind["event_id"][10:20])
    in_file = [
        event for part in order_lines.parts(engine, theirs, 10**6, len(behind) // 3 + 1) for event in part["event_id"]
    ]
    assert in_file == list(behind["event_id"])


@pytest.mark.parametrize("order", ["newest", *BY])
def test_what_is_found_is_in_the_order_asked_for(held: Held, order: invoices.Order) -> None:
    engine, lines = held
    since, until = lines.middle
    what = Sought(kind="return")
    pages = [invoices.sought(engine, Scope(since, until), what, number, 5, order).frame for number in (1, 2)]
    column, ascending = BY.get(order, ("at", False))
    fitting = lines.invoices_between(since, until).reset_index()
    fitting = fitting[fitting["kind"] == "return"].sort_values(
        [column, "at", "InvoiceNo"], ascending=[ascending, False, False]
    )
    assert [*pages[0]["invoice_no"], *pages[1]["invoice_no"]] == list(fitting["InvoiceNo"].head(10))


def test_a_search_by_customer_and_by_nobody(held: Held) -> None:
    engine, lines = held
    scope = Scope(*lines.span)
    busiest = lines.invoices["customer"].value_counts()
    for customer in (busiest.index[1], "no customer id"):
        found = invoices.sought(engine, scope, Sought(customer=customer), 1, 10).frame
        assert set(found["found"]) == {busiest[customer]}
        assert set(found["customer"]) == {customer}


@pytest.mark.parametrize("prefix", ["' or 1=1 --", "%", "_", "zzz", "\\"])
def test_nonsense_fits_no_invoice(held: Held, prefix: str) -> None:
    engine, lines = held
    assert invoices.sought(engine, Scope(*lines.span), Sought(prefix=prefix), 1, 10).empty


def test_a_lower_case_c_finds_returns(held: Held) -> None:
    engine, lines = held
    found = invoices.sought(engine, Scope(*lines.span), Sought(prefix="c"), 1, 10).frame
    assert set(found["kind"]) == {"return"}


def test_the_real_files_largest_invoices(real: Warehouse, real_lines: Lines) -> None:
    scope = Scope(*real_lines.span)
    highest = invoices.first(real, scope, "highest", 3).frame
    assert list(zip(highest["invoice_no"], highest["net_sales"], strict=True)) == [
        ("581483", Decimal("168469.60")),
        ("541431", Decimal("77183.60")),
        ("574941", Decimal("52940.94")),
    ]
    longest = invoices.first(real, scope, "longest", 1).row
    assert (longest["invoice_no"], longest["lines"]) == ("573585", 1_114)
    spread = invoices.spread(real, scope).frame
    assert sum(spread["invoices"]) == 25_900
    assert sum(spread["net_sales"]) == Decimal("9747747.934")
    found = invoices.sought(real, scope, Sought(prefix="536365"), 1, 10).row
    assert (found["lines"], found["net_sales"]) == (7, Decimal("139.12"))
    assert invoices.sought(real, scope, Sought(), 1, 1).row["found"] == 25_900
