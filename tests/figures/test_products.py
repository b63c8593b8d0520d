"""The Products page's figures, against the file recomputed, and the real file's to the penny."""

from __future__ import annotations

from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from queries.reports import lines as order_lines
from queries.reports import newest, products
from queries.reports.lines import Which
from queries.scope import Scope
from tests.figures.recomputed import Lines, pounds

if TYPE_CHECKING:
    from queries.period import By
    from queries.reports.products import Ranking
    from queries.warehouse import Warehouse

Held = tuple["Warehouse", Lines]


def worth(found: Any, ranking: Ranking) -> Any:
    return -found["returns"] if ranking == "returns" else found[ranking]


@pytest.mark.parametrize("ranking", products.RANKINGS)
@pytest.mark.parametrize("end", products.ENDS)
@pytest.mark.parametrize("part", ["span", "middle"])
def test_ranking_shares_and_running_sums(held: Held, part: str, ranking: Ranking, end: products.End) -> None:
    engine, lines = held
    scope = Scope(*getattr(lines, part))
    frame = products.ranked(engine, scope, ranking, end, 25).frame
    expected = lines.products(scope.since, scope.until)
    values = worth(expected, ranking)
    order = sorted(values.items(), key=lambda item: (item[1] if end == "bottom" else -item[1], item[0]))
    assert list(frame["stock_code"]) == [code for code, _ in order[:25]]
    money = ranking in {"net_sales", "returns"}
    exact = [pounds(value) if money else Decimal(int(value)) for _, value in order[:25]]
    assert list(frame["worth"]) == exact
    assert set(frame["products"]) == {len(expected)}
    total = int(values.sum())
    down = [value for _, value in sorted(values.items(), key=lambda item: (-item[1], item[0]))]
    before = [sum(down[:place]) for place in range(len(down) + 1)]
    for_most = 1 + sum(5 * each < 4 * total for each in before[1:])
    assert set(frame["for_most"]) == {for_most}
    if ranking == "orders":
        assert set(frame["share"]) == {None}
    else:
        assert list(frame["share"]) == pytest.approx([value / total for _, value in order[:25]])
    if ranking == "orders" or end == "bottom":
        assert set(frame["cumulative"]) == {None}
    else:
        assert list(frame["cumulative"]) == pytest.approx([each / total for each in before[1:26]])


def test_ranking_in_a_country_is_about_whole_months(held: Held) -> None:
    engine, lines = held
    since, until = lines.middle
    country = lines.invoices["Country"].value_counts().index[1]
    frame = products.ranked(engine, Scope(since, until, country=country), "net_sales", "top", 20).frame
    months = products.whole_months(Scope(since, until))
    expected = lines.products(months.since, months.until, country)
    order = sorted(expected["net_sales"].items(), key=lambda item: (-item[1], item[0]))[:20]
    assert list(zip(frame["stock_code"], frame["net_sales"], strict=True)) == [(c, pounds(v)) for c, v in order]
    assert [int(each) for each in frame["orders"]] == [expected.loc[code, "orders"] for code, _ in order]


@pytest.mark.parametrize("by", ["day", "month", "year"])
def test_the_trend_of_a_product_adds_up_to_its_totals(held: Held, by: str) -> None:
    engine, lines = held
    scope = Scope(*lines.middle)
    expected = lines.products(scope.since, scope.until)
    code = expected["net_sales"].idxmax()
    row = products.totals(engine, replace(scope, product=code)).row
    assert row["net_sales"] == pounds(expected.loc[code, "net_sales"])
    assert [int(row[name]) for name in ("units", "orders")] == list(expected.loc[code, ["units", "orders"]])
    frame = products.by_period(engine, replace(scope, product=code), by).frame  # type: ignore[arg-type]
    for name in ("net_sales", "units", "orders", "returns"):
        assert sum(frame[name]) == row[name], name
    rows = lines.rows[(lines.rows["StockCode"] == code)]
    inside = rows[(rows["at"] >= scope.since) & (rows["at"] < scope.until)]
    if by == "day":
        held_days = {at: net for at, net in zip(frame["period"], frame["net_sales"], strict=True) if net}
        sums = inside.groupby("day")["amount"].sum()
        assert held_days == {day: pounds(value) for day, value in sums.items() if value}


@pytest.mark.parametrize("by", ["month", "year"])
def test_a_country_bought_of_a_product_in_whole_months(held: Held, by: By) -> None:
    engine, lines = held
    country = lines.invoices["Country"].value_counts().index[1]
    months = products.whole_months(Scope(*lines.middle))
    expected = lines.products(months.since, months.until, country)
    code = expected["net_sales"].idxmax()
    scope = replace(Scope(*lines.middle), country=country, product=code)
    row = products.totals(engine, scope).row
    assert row["net_sales"] == pounds(expected.loc[code, "net_sales"])
    assert [int(row[name]) for name in ("units", "orders")] == list(expected.loc[code, ["units", "orders"]])
    assert (row["per_hour"], row["per_day"]) == (None, None)
    frame = products.by_period(engine, scope, by).frame
    for name in ("net_sales", "units", "orders", "returns", "gross_sales"):
        assert sum(frame[name]) == row[name], name


def test_what_is_not_known_of_a_product_is_refused(held: Held) -> None:
    engine, lines = held
    scope = replace(Scope(*lines.middle), product="22423")
    for by, country in (("hour", ""), ("day", "France"), ("hour", "France")):
        with pytest.raises(TypeError, match=f"not known by {by}"):
            products.by_period(engine, replace(scope, country=country), by)  # type: ignore[arg-type]
    for narrower in (replace(scope, weekday=1), replace(scope, hour=3), replace(scope, customer="17850")):
        with pytest.raises(TypeError, match="cannot be narrowed"):
            products.totals(engine, narrower)


def test_averages_of_a_product(held: Held) -> None:
    engine, lines = held
    scope = Scope(*lines.middle)
    code = lines.products(scope.since, scope.until)["net_sales"].idxmax()
    row = products.totals(engine, replace(scope, product=code)).row
    rows = lines.rows[(lines.rows["StockCode"] == code)]
    inside = rows[(rows["at"] >= scope.since) & (rows["at"] < scope.until)]
    for step, letter in (("day", "D"), ("month", "M"), ("year", "Y")):
        sold_in = int(inside["at"].dt.to_period(letter).nunique())
        assert row[f"per_{step}"] == (row["net_sales"] / sold_in).quantize(Decimal("0.01"), ROUND_HALF_UP)
    assert row["per_hour"] is None


def test_countries_of_a_product(held: Held) -> None:
    engine, lines = held
    scope = Scope(*lines.span)
    code = lines.products(*lines.span)["orders"].idxmax()
    frame = products.by_country(engine, replace(scope, product=code)).frame
    sums = lines.rows[lines.rows["StockCode"] == code].groupby("Country")["amount"].sum()
    assert dict(zip(frame["country"], frame["net_sales"], strict=True)) == {
        country: pounds(value) for country, value in sums.items()
    }


def test_what_was_bought_together(held: Held) -> None:
    engine, lines = held
    scope = Scope(*lines.span)
    orders = lines.rows[lines.rows["kind"] == "order"]
    code = lines.products(*lines.span)["orders"].idxmax()
    holding = lines.invoices.loc[orders.loc[orders["StockCode"] == code, "InvoiceNo"].unique()].reset_index()
    newest = holding.sort_values(["at", "InvoiceNo"], ascending=False)["InvoiceNo"].head(products.MOST_ORDERS)
    pairs = orders[orders["InvoiceNo"].isin(newest)][["InvoiceNo", "StockCode"]].drop_duplicates()
    counts = pairs["StockCode"].value_counts().drop(code)
    expected = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:15]
    frame = products.together(engine, scope, code, 15).frame
    assert list(zip(frame["stock_code"], frame["together"], strict=True)) == expected
    assert set(frame["looked_at"]) == {len(newest)}
    everywhere = orders.groupby("StockCode")["InvoiceNo"].nunique()
    total = orders["InvoiceNo"].nunique()
    lifts = [together / len(newest) / (everywhere[other] / total) for other, together in expected]
    assert list(frame["lift"]) == pytest.approx(lifts)


def test_behind_what_was_bought_together_are_the_order_lines_of_both(held: Held) -> None:
    engine, lines = held
    code = lines.products(*lines.span)["orders"].idxmax()
    scope = Scope(*lines.span)
    found = products.together(engine, scope, code, 3).frame
    for other, both in zip(found["stock_code"], found["together"], strict=True):
        which = Which(replace(scope, product=code), beside=other)
        behind = pd.concat(order_lines.parts(engine, which, 10**6, 97))
        assert len(behind) == order_lines.count(engine, which).row["lines"]
        assert len(order_lines.page(engine, which, 2, 50).frame) == min(50, len(behind) - 50)
        of_each = behind.groupby("stock_code")["invoice_no"].unique()
        assert set(of_each.index) == {code, other}
        assert set(of_each[code]) == set(of_each[other])
        assert len(of_each[code]) == both
        theirs = lines.rows[lines.rows["InvoiceNo"].isin(of_each[code]) & lines.rows["StockCode"].isin([code, other])]
        assert sum(behind["amount"]) == pounds(theirs["amount"].sum())


def test_the_best_of_each_month_is_that_months_first(held: Held) -> None:
    engine, lines = held
    scope = Scope(*lines.middle)
    found = products.best_of_each(engine, scope, "month").frame
    rows = lines.rows[(lines.rows["at"] >= scope.since) & (lines.rows["at"] < scope.until)]
    sums = rows.groupby([rows["at"].dt.to_period("M"), "StockCode"])["amount"].sum().reset_index()
    best = sums.sort_values(["at", "amount", "StockCode"], ascending=[False, False, True]).drop_duplicates("at")
    assert list(found["stock_code"]) == list(best["StockCode"])
    assert list(found["net_sales"]) == [pounds(value) for value in best["amount"]]
    assert set(products.best_of_each(engine, scope, "day").frame["period"]) <= set(rows["day"])


def test_products_are_found_by_code_and_by_words(held: Held) -> None:
    engine, lines = held
    code = lines.products(*lines.span)["orders"].idxmax()
    found = products.found(engine, f" {code[:3].lower()} ", 50).frame
    assert all(each.upper().startswith(code[:3]) for each in found["stock_code"])
    exact = products.found(engine, code, 50).frame
    assert exact["stock_code"].iloc[0] == code
    words = exact["description"].iloc[0].split()[0]
    assert code in set(products.found(engine, words.lower(), 5_000).frame["stock_code"])


def test_the_newest_day_behind_the_products_that_were_found(held: Held) -> None:
    engine, lines = held
    for typed, count in (("22", 50), ("22", 1), ("lantern", 50), ("zzzz", 50)):
        found = products.found(engine, typed, count)
        about = newest.about(found.evidence.parameters)
        day = newest.event(engine, about).row["newest"]
        sold = lines.rows[lines.rows["StockCode"].isin(set(found.frame["stock_code"]))]
        assert about.by == "day"
        assert found.empty == sold.empty == pd.isna(day), typed
        assert found.empty or pd.Timestamp(day) == sold["day"].max()


@pytest.mark.parametrize("typed", ["%", "_", "!", "'; drop table products; --", "%' or 1=1 --", "\\", "🙂"])
def test_nonsense_finds_nothing_that_does_not_hold_it(held: Held, typed: str) -> None:
    engine, _ = held
    found = products.found(engine, typed, 50).frame
    assert all(typed in str(name) for name in found["description"])


def test_a_product_that_does_not_exist_and_a_period_without_sales(held: Held) -> None:
    engine, lines = held
    scope = Scope(*lines.span)
    row = products.totals(engine, replace(scope, product="' or 1=1 --")).row
    assert (row["lines"], row["first_day"], row["description"]) == (0, None, None)
    assert products.by_period(engine, replace(scope, product="GHOST"), "day").empty
    assert products.together(engine, scope, "GHOST", 5).empty
    future = Scope(lines.span[1], lines.span[1].replace(year=lines.span[1].year + 1))
    assert products.ranked(engine, future, "net_sales", "top", 5).empty
    code = lines.products(*lines.span)["orders"].idxmax()
    assert products.totals(engine, replace(future, product=code)).row["lines"] == 0


def test_the_real_files_top_stock_codes(real: Warehouse, real_lines: Lines) -> None:
    frame = products.ranked(real, Scope(*real_lines.span), "net_sales", "top", 4).frame
    assert list(zip(frame["stock_code"], frame["net_sales"], strict=True)) == [
        ("DOT", Decimal("206245.48")),
        ("22423", Decimal("164762.19")),
        ("47566", Decimal("98302.98")),
        ("85123A", Decimal("97894.50")),
    ]
    assert set(frame["products"]) == {4070}
    assert set(frame["all_worth"]) == {Decimal("9747747.934")}
