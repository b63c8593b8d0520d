"""The Customers page's figures, against the file recomputed, and the real file's to the penny."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from queries import segments
from queries.reports import customer, customers
from queries.reports import lines as order_lines
from queries.reports.lines import Which
from queries.scope import ALWAYS, Scope
from queries.who import Cell, Who
from tests.figures.recomputed import NOBODY, Lines, pounds

if TYPE_CHECKING:
    from queries.period import By
    from queries.warehouse import Warehouse

Held = tuple["Warehouse", Lines]


def test_the_best_customers_and_nobody_beside_them(held: Held) -> None:
    engine, lines = held
    frame = customers.top(engine, "", 20).frame
    sums = lines.rows.groupby("customer")["amount"].sum()
    nobody = sums.pop(NOBODY)
    order = sorted(sums.items(), key=lambda item: (-item[1], item[0]))[:20]
    assert list(frame["place"]) == list(range(21))
    assert list(zip(frame["customer"], frame["net_sales"], strict=True)) == [
        (NOBODY, pounds(nobody)),
        *((who, pounds(value)) for who, value in order),
    ]


def test_the_best_customers_of_a_country_and_of_a_period(held: Held) -> None:
    engine, lines = held
    known = lines.customers()
    country = known["country"].value_counts().index[1]
    frame = customers.top(engine, country, 10).frame
    best = frame[frame["place"] > 0]
    inside = known[known["country"] == country].sort_values("amount", ascending=False, kind="stable")
    assert list(best["net_sales"]) == [pounds(value) for value in inside["amount"].head(10)]
    since, until = lines.middle
    of_period = customers.top_of_period(engine, Scope(since, until), 10).frame
    sums = lines.invoices_between(since, until).groupby("customer")["amount"].sum()
    nobody = sums.pop(NOBODY)
    order = sorted(sums.items(), key=lambda item: (-item[1], int(item[0])))[:10]
    assert list(zip(of_period["customer"], of_period["net_sales"], strict=True)) == [
        (NOBODY, pounds(nobody)),
        *((who, pounds(value)) for who, value in order),
    ]
    homes = known["country"]
    assert list(of_period["country"])[1:] == [homes[who] for who, _ in order]


def test_who_has_no_customer_id_is_beside_the_best_of_each_country(held: Held) -> None:
    engine, lines = held
    nobody = lines.invoices[lines.invoices["customer"] == NOBODY]
    countries = nobody.groupby("Country")
    assert len(countries)
    for country, of_it in countries:
        first = customers.top(engine, str(country), 10).frame.iloc[0]
        assert (first["place"], first["customer"]) == (0, NOBODY)
        assert pd.isna(first["country"])
        assert (first["net_sales"], first["orders"]) == (
            pounds(of_it["amount"].sum()),
            (of_it["kind"] == "order").sum(),
        )
        rows = lines.rows[(lines.rows["customer"] == NOBODY) & lines.rows["InvoiceNo"].isin(of_it.index)]
        assert first["units"] == rows["Quantity"].sum()
    known = set(lines.rows["Country"].unique()) - set(countries.groups)
    assert all(0 not in set(customers.top(engine, str(country), 10).frame["place"]) for country in known)


@pytest.mark.parametrize("by", ["day", "month", "year"])
def test_new_and_returning_and_nobody_add_up(held: Held, by: By) -> None:
    engine, lines = held
    since, until = lines.middle
    frame = customers.new_and_returning(engine, Scope(since, until), by).frame
    inside = lines.invoices_between(since, until)
    firsts = set(lines.customers()["first_order"].dropna())
    standing = inside["customer"].where(inside["customer"] == NOBODY, "returning")
    standing[inside.index.isin(firsts)] = "new"
    for name, key in (("new", "new"), ("returning", "returning"), ("nobody", NOBODY)):
        of_it = inside[standing == key]
        assert sum(frame[f"{name}_orders"]) == int((of_it["kind"] == "order").sum())
        assert sum(frame[f"{name}_net_sales"]) == pounds(of_it["amount"].sum())
        months = of_it[of_it["kind"] == "order"].groupby(of_it["at"].dt.to_period("M")).size()
        if by == "month":
            found = dict(zip(frame["period"].dt.to_period("M"), frame[f"{name}_orders"], strict=True))
            assert {month: count for month, count in found.items() if count} == months.to_dict()


def test_behind_new_and_returning_and_nobody_are_their_own_order_lines(held: Held) -> None:
    engine, lines = held
    scope = Scope(*lines.middle)
    figure = customers.new_and_returning(engine, scope, "month").frame
    inside = lines.rows[(lines.rows["at"] >= scope.since) & (lines.rows["at"] < scope.until)]
    is_new = inside["InvoiceNo"].isin(lines.customers()["first_order"].dropna())
    is_nobody = inside["customer"] == NOBODY
    for name, which, theirs in (
        ("new", Which(scope, standing="new"), inside[is_new]),
        ("returning", Which(scope, standing="returning"), inside[~is_new & ~is_nobody]),
        ("nobody", Which(replace(scope, customer=NOBODY)), inside[is_nobody]),
    ):
        behind = pd.concat(order_lines.parts(engine, which, 10**6, len(theirs) // 3 + 1))
        assert len(behind) == len(theirs) == order_lines.count(engine, which).row["lines"]
        assert sum(behind["amount"]) == sum(figure[f"{name}_net_sales"]) == pounds(theirs["amount"].sum())
        orders = pd.concat(order_lines.parts(engine, replace(which, kind="order"), 10**6))
        assert orders["invoice_no"].nunique() == sum(figure[f"{name}_orders"])
        assert list(order_lines.page(engine, which, 2, 10).frame["event_id"]) == list(behind["event_id"][10:20])


@pytest.mark.parametrize("abroad", [False, True])
def test_every_customer_is_in_the_segment_of_their_scores(held: Held, abroad: bool) -> None:
    engine, lines = held
    known, scored = lines.customers(), lines.scores()
    country = known["country"].value_counts().index[1] if abroad else ""
    if country:
        known, scored = known[known["country"] == country], scored[scored["country"] == country]
    frame = customers.in_segments(engine, country).frame.set_index("key")
    keys = [segments.of(*each).key for each in scored[["recency", "frequency", "monetary"]].itertuples(index=False)]
    grouped = scored.assign(key=keys).groupby("key")
    for segment in segments.SEGMENTS[:-1]:
        expected = grouped.get_group(segment.key) if segment.key in grouped.groups else scored.head(0)
        row = frame.loc[segment.key]
        assert (row["customers"], row["net_sales"]) == (len(expected), pounds(expected["amount"].sum()))
        listed = customers.of_segment(engine, Who(segment), country, 10).frame
        best = expected["amount"].sort_values(ascending=False).head(10)
        assert list(listed["net_sales"]) == [pounds(value) for value in best], segment.key
        assert set(listed["found"]) <= {len(expected)}
    assert frame.loc["returned", "customers"] == (known["orders"] == 0).sum()
    assert (
        len(customers.of_segment(engine, Who(segments.SEGMENTS[-1]), country, 100).frame)
        == (known["orders"] == 0).sum()
    )
    assert sum(frame["customers"].dropna()) == len(known)
    nobody = lines.invoices[lines.invoices["customer"] == NOBODY]
    nobody = nobody[nobody["Country"] == country] if country else nobody
    assert frame.loc["", "customers"] is None
    assert frame.loc["", "net_sales"] == pounds(nobody["amount"].sum())


def test_cutoffs_are_the_least_that_earn_a_score(held: Held) -> None:
    engine, lines = held
    scored = lines.scores()
    frame = customers.cutoffs(engine).frame.set_index("score")
    days = scored.assign(day=scored["last"].dt.date).groupby("recency")["day"].min()
    assert frame["recency_from"].dropna().to_dict() == days.to_dict()
    orders = scored.groupby("frequency")["orders"].min()
    assert frame["frequency_from"].dropna().astype(int).to_dict() == orders.to_dict()
    amounts = scored.groupby("monetary")["amount"].min()
    assert frame["monetary_from"].dropna().to_dict() == {score: pounds(value) for score, value in amounts.items()}


@pytest.mark.parametrize("abroad", [False, True])
def test_cohorts_hold_who_came_back(held: Held, abroad: bool) -> None:
    engine, lines = held
    known = lines.customers().query("orders > 0")
    country = known["country"].value_counts().index[1] if abroad else ""
    known = known[known["country"] == country] if country else known
    orders = lines.invoices[(lines.invoices["kind"] == "order") & lines.invoices["customer"].isin(known.index)]
    cohort = orders["customer"].map(known["first"]).dt.to_period("M")
    month = orders["at"].dt.to_period("M")
    since = (month.dt.year - cohort.dt.year) * 12 + month.dt.month - cohort.dt.month
    expected = orders.groupby([cohort.rename("cohort"), since.rename("since")])["customer"].nunique()
    frame = customers.cohorts(engine, country).frame
    found = {(f"{row.cohort:%Y-%m}", row.since): row.customers for row in frame.itertuples()}
    assert found == {(str(key[0]), key[1]): count for key, count in expected.items()}
    starts = frame[frame["since"] == 0]
    assert set(starts["share"]) == {1.0}
    assert sum(starts["customers"]) == len(known)


@pytest.mark.parametrize("since", [1, 3])
def test_a_cell_of_the_cohorts_is_these_customers(held: Held, since: int) -> None:
    engine, lines = held
    known = lines.customers().query("orders > 0")
    start = known["first"].min().to_period("M")
    of_cohort = known[known["first"].dt.to_period("M") == start]
    orders = lines.invoices[(lines.invoices["kind"] == "order") & lines.invoices["customer"].isin(of_cohort.index)]
    then = orders[orders["at"].dt.to_period("M") == start + since]
    expected = then.groupby("customer")["amount"].agg(["sum", "size"])
    frame = customers.of_cohort(engine, Who(cell=Cell(start.to_timestamp().date(), since)), "", 10_000).frame
    found: dict[Any, Any] = {str(row.customer_id): (row.gross_sales, row.orders) for row in frame.itertuples()}
    assert found == {str(who): (pounds(row["sum"]), row["size"]) for who, row in expected.iterrows()}
    assert list(frame["gross_sales"]) == sorted(frame["gross_sales"], reverse=True)
    assert set(frame["found"]) == ({len(expected)} if len(expected) else set())


def test_behind_segments_and_cells_are_their_own_order_lines(held: Held) -> None:
    engine, _ = held
    figures = customers.in_segments(engine, "").frame.set_index("key")["net_sales"].to_dict()
    for segment in segments.SEGMENTS:
        behind = list(order_lines.parts(engine, Which(ALWAYS, Who(segment)), 10**6))
        assert sum(pd.concat(behind)["amount"] if behind else []) == (figures[segment.key] or 0), segment.key
    assert sum(bool(figures[segment.key]) for segment in segments.SEGMENTS) > 1
    cells = customers.cohorts(engine, "").frame
    cell = Cell(cells["cohort"].iloc[0], 1)
    scope = Scope(*cell.ordered)
    ordered = pd.concat(order_lines.parts(engine, Which(scope, Who(cell=cell), kind="order"), 10**6))
    (counted,) = cells[(cells["cohort"] == cells["cohort"].iloc[0]) & (cells["since"] == 1)]["customers"]
    assert ordered["customer_id"].nunique() == counted
    assert sum(ordered["amount"]) == sum(customers.of_cohort(engine, Who(cell=cell), "", 10_000).frame["gross_sales"])


def test_customers_by_country(held: Held) -> None:
    engine, lines = held
    frame = customers.by_country(engine).frame.set_index("country")
    counts = lines.customers()["country"].value_counts()
    assert frame.loc[counts.index, "customers"].to_dict() == counts.to_dict()
    assert sum(frame["net_sales"]) + sum(frame["nobody_net_sales"]) == pounds(lines.rows["amount"].sum())


def test_one_customers_history(held: Held) -> None:
    engine, lines = held
    for who in (lines.invoices["customer"].value_counts().index[1], NOBODY):
        rows = lines.rows[lines.rows["customer"] == who]
        own = lines.invoices[lines.invoices["customer"] == who]
        row = customer.totals(engine, who).row
        assert row["net_sales"] == pounds(rows["amount"].sum())
        assert (row["orders"], row["lines"]) == (int((own["kind"] == "order").sum()), len(rows))
        months = customer.by_period(engine, who, "month").frame
        assert sum(months["net_sales"]) == row["net_sales"]
        assert sum(months["orders"]) == row["orders"]
        bought = customer.products(engine, who, 10).frame
        sums = sorted(rows.groupby("StockCode")["amount"].sum().items(), key=lambda item: (-item[1], item[0]))
        assert list(zip(bought["stock_code"], bought["net_sales"], strict=True)) == [
            (code, pounds(value)) for code, value in sums[:10]
        ]
        assert set(bought["found"]) == {len(sums)}


def test_one_customers_scores_are_those_of_the_segment(held: Held) -> None:
    engine, lines = held
    scored = lines.scores()
    for who in (scored.index[0], scored["amount"].idxmax(), scored["last"].idxmin()):
        row = customer.totals(engine, who).row
        assert [row[name] for name in ("recency", "frequency", "monetary")] == list(
            scored.loc[who, ["recency", "frequency", "monetary"]]
        )


def test_a_customer_who_does_not_exist(held: Held) -> None:
    engine, lines = held
    assert customer.totals(engine, "1").empty
    assert customer.totals(engine, "' or 1=1 --").empty
    assert customer.by_period(engine, "1", "month").empty
    future = Scope(lines.span[1], lines.span[1].replace(year=lines.span[1].year + 1))
    assert customers.new_and_returning(engine, future, "day").empty
    assert set(customers.top_of_period(engine, future, 5).frame["customer"]) == set()
    assert customers.cohorts(engine, "Nowhere").empty


def test_the_real_files_customers(real: Warehouse) -> None:
    frame = customers.top(real, "", 3).frame
    assert list(zip(frame["customer"], frame["net_sales"], strict=True))[1:] == [
        ("14646", Decimal("279489.02")),
        ("18102", Decimal("256438.49")),
        ("17450", Decimal("187482.17")),
    ]
    in_segments = customers.in_segments(real, "").frame
    assert sum(in_segments["customers"].dropna()) == 4_372
    assert sum(in_segments["net_sales"]) == Decimal("9747747.934")
    countries = customers.by_country(real).frame
    assert len(countries) == 38
    assert sum(countries["customers"]) == 4_372
    assert customer.totals(real, NOBODY).row["lines"] == 135_080
