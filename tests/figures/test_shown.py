"""What the pages show of a loaded warehouse, as it is read: against the file recomputed, and its generator's ledger.

Of the real file, where it is at hand, they show the figures that are known of it, to the penny.
"""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.replay.sample_ledger import Kind
from queries.reports.customer import NOBODY
from tests.figures.recomputed import Lines, pounds
from tests.pages.conftest import World, _same_main, local_cloud, world
from tests.pages.test_pages import rows, text

if TYPE_CHECKING:
    from streamlit.testing.v1 import AppTest

    from pipeline.replay.sample_ledger import Ledger
    from queries.warehouse import Warehouse

__all__ = ["_same_main", "local_cloud", "world"]

Held = tuple["Warehouse", Lines]
REAL_MONTHS = (
    "748957.02", "560000.26", "498062.65", "683267.08", "493207.12", "723333.51", "691123.12", "681300.11", "682680.51",
    "1019687.62", "1070704.67", "1461756.25", "433668.01",
)  # fmt: skip


@pytest.fixture
def pages(world: World, held: Held) -> tuple[World, Lines]:
    """The pages over a warehouse, and the file that it holds."""
    world.warehouse, lines = held  # type: ignore[assignment]  # an engine as any
    return world, lines


@pytest.fixture
def of_real(world: World, real: Warehouse) -> World:
    world.warehouse = real  # type: ignore[assignment]  # as above
    return world


def opened(world: World, page: str, of: Lines | None = None, /, **query: str) -> AppTest:
    """A page, of the whole time that a file is about."""
    if of:
        first, end = of.span
        query = {"start": str(first.date()), "end": str((end - timedelta(days=1)).date()), **query}
    app = world.open(page, **query)
    assert not app.exception
    assert not app.error
    return app


def tiles(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def drawn(app: AppTest, place: int = 0) -> list[Any]:
    """The values of a chart's first trace."""
    return list(json.loads(app.get("plotly_chart")[place].proto.spec)["data"][0]["y"])


def money(amount: Decimal) -> str:
    """Half a penny is rounded away from nothing, as people do."""
    exact = amount.quantize(Decimal("0.01"), ROUND_HALF_UP)
    return f"{'-' if exact < 0 else ''}£{abs(exact):,}"


def penny(value: float) -> str:
    return str(Decimal(str(value)).quantize(Decimal("0.01"), ROUND_HALF_UP))


# --- any file -----------------------------------------------------------------------------------------------------


def test_overview_shows_the_latest_day(pages: tuple[World, Lines]) -> None:
    world, lines = pages
    app = opened(world, "overview")
    day = lines.rows["day"].max()
    of_day, begun = lines.rows[lines.rows["day"] == day], lines.invoices[lines.invoices["day"] == day]
    shown = tiles(app)
    orders = int((begun["kind"] == "order").sum())
    gross = pounds(of_day[of_day["kind"] == "order"]["amount"].sum())
    assert shown["Net sales"] == money(pounds(of_day["amount"].sum()))
    assert shown["Orders"] == f"{orders:,}"
    assert shown["Average order value"] == money(gross / orders)
    assert shown["Returns"] == money(pounds(of_day[of_day["kind"] == "return"]["amount"].sum()))
    assert f"up to the newest event at {lines.rows['at'].max():%H:%M} UTC" in text(app)
    last_days = lines.rows[lines.rows["day"] > day - timedelta(days=30)]
    assert sum(map(float, drawn(app))) == pytest.approx(float(pounds(last_days["amount"].sum())))


def test_sales_shows_the_sums_of_the_file(pages: tuple[World, Lines]) -> None:
    world, lines = pages
    app = opened(world, "sales", lines, by="month")
    everything = lines.rows
    shown = tiles(app)
    assert shown["Net sales"] == money(pounds(everything["amount"].sum()))
    assert shown["Orders"] == f"{(lines.invoices['kind'] == 'order').sum():,}"
    assert shown["Order lines"] == f"{len(everything):,}"
    assert shown["Quantity"] == f"{everything['Quantity'].sum():,}"
    months = everything.groupby(everything["at"].dt.to_period("M"))["amount"].sum()
    assert [penny(value) for value in drawn(app)] == [penny(float(pounds(value))) for value in months]


def test_products_shows_the_first_ones(pages: tuple[World, Lines]) -> None:
    world, lines = pages
    app = opened(world, "products", lines, by="month")
    sums = lines.rows.groupby("StockCode")["amount"].sum().sort_values(ascending=False)
    (table,) = rows(app)
    assert [row["Net sales"] for row in table] == [money(pounds(value)) for value in sums.head(10)]
    assert tiles(app)["Products sold"] == f"{len(sums):,}"


def test_invoices_shows_the_highest_and_all_of_them(pages: tuple[World, Lines]) -> None:
    world, lines = pages
    app = opened(world, "invoices", lines)
    kinds = lines.invoices["kind"].value_counts()
    shown = tiles(app)
    labels = {"order": "Orders", "return": "Returned invoices", "adjustment": "Adjusting invoices"}
    assert {kind: shown[label] for kind, label in labels.items()} == {
        kind: f"{kinds.get(kind, 0):,}" for kind in labels
    }
    (table,) = rows(app)
    highest = lines.invoices["amount"].sort_values(ascending=False).head(10)
    assert [row["Value"] for row in table] == [money(pounds(value)) for value in highest]


def test_customers_shows_the_best_and_who_is_none(pages: tuple[World, Lines]) -> None:
    world, lines = pages
    app = opened(world, "customers", lines, by="month")
    sums = lines.rows.groupby("customer")["amount"].sum()
    nobody = pounds(sums.pop(NOBODY))
    assert tiles(app)["Customers"] == f"{len(sums):,}"
    assert tiles(app)["Sold without customer id"] == money(nobody)
    assert f"Invoices without a customer id come to {money(nobody)}." in text(app)
    table = rows(app)[-1]
    assert [row["Net sales"] for row in table] == [
        money(pounds(value)) for value in sums.sort_values(ascending=False).head(10)
    ]
    app = opened(world, "customers", customer=NOBODY, rows="1")
    assert tiles(app)["Net sales"] == money(nobody)
    assert f"{(lines.rows['customer'] == NOBODY).sum():,} order lines, the oldest first" in text(app)


@pytest.mark.parametrize("kind", ["order", "return", "adjustment"])
def test_the_order_lines_behind_a_kind_of_invoice_are_all_of_them(pages: tuple[World, Lines], kind: str) -> None:
    world, lines = pages
    app = opened(world, "sales", lines, by="month", rows="1", lines=kind)
    assert f"{(lines.rows['kind'] == kind).sum():,} order lines, the oldest first" in text(app)


# --- the generated file and its ledger ----------------------------------------------------------------------------


@pytest.fixture
def of_ledger(
    world: World, sample_engine: Warehouse, sample_file: tuple[Any, Ledger], sample_lines: Lines
) -> tuple[World, Ledger, Lines]:
    world.warehouse = sample_engine  # type: ignore[assignment]  # as above
    return world, sample_file[1], sample_lines


def test_the_pages_show_what_the_generator_counted(of_ledger: tuple[World, Ledger, Lines]) -> None:
    world, ledger, lines = of_ledger
    assert ledger.last_at
    assert f"up to the newest event at {ledger.last_at:%H:%M} UTC" in text(opened(world, "overview"))
    app = opened(world, "sales", lines, by="month")
    shown = tiles(app)
    assert shown["Net sales"] == money(ledger.net_sales)
    assert (shown["Orders"], shown["Order lines"]) == (f"{ledger.orders:,}", f"{ledger.rows:,}")
    assert shown["Average order value"] == money(ledger.gross_sales / ledger.orders)
    assert [penny(value) for value in drawn(app)] == [
        penny(float(Decimal(net).scaleb(-3))) for _, net in sorted(ledger.net_by_month.items())
    ]
    first = ledger.net_by_country.most_common(1)[0]
    share = Decimal(first[1]) / sum(ledger.net_by_country.values())
    assert f"{first[0]} bought most, {share:.0%} of all" in text(app)
    (table,) = rows(opened(world, "products", lines, by="month"))
    assert [row["Net sales"] for row in table] == [
        money(Decimal(net).scaleb(-3)) for _, net in ledger.net_by_product.most_common(10)
    ]
    shown = tiles(opened(world, "invoices", lines))
    assert [shown[name] for name in ("Orders", "Returned invoices", "Adjusting invoices")] == [
        f"{ledger.invoices[kind]:,}" for kind in Kind
    ]
    assert tiles(opened(world, "customers", lines, by="month"))["Customers"] == f"{ledger.customers:,}"
    app = opened(world, "customers", customer=NOBODY, rows="1")
    assert f"{ledger.without_customer:,} order lines, the oldest first" in text(app)


# --- the real file ------------------------------------------------------------------------------------------------

WHOLE = {"start": "2010-12-01", "end": "2011-12-09", "by": "month"}


def test_the_real_files_sales(of_real: World) -> None:
    said = text(opened(of_real, "overview"))
    assert "Friday, 9 Dec 2011" in said
    assert "up to the newest event at 12:50 UTC" in said
    app = opened(of_real, "sales", None, **WHOLE)
    shown = tiles(app)
    assert (shown["Net sales"], shown["Order lines"]) == ("£9,747,747.93", "541,909")
    assert [penny(value) for value in drawn(app)] == list(REAL_MONTHS)
    assert "November 2011 sold most: £1.46M" in text(app)
    assert "United Kingdom bought most, 84% of all" in text(app)
    assert "The first 8 of 38 countries." in text(app)
    assert sum(map(float, drawn(opened(of_real, "sales", None, **WHOLE, country="United Kingdom")))) == pytest.approx(
        9_747_747.934 - 1_559_941.57
    )
    for kind, count in (("return", "9,288"), ("adjustment", "3")):
        assert f"{count} order lines, the oldest first" in text(
            opened(of_real, "sales", None, **WHOLE, rows="1", lines=kind)
        )


def test_the_real_files_products(of_real: World) -> None:
    app = opened(of_real, "products", None, **WHOLE)
    assert tiles(app)["Products sold"] == "4,070"
    (table,) = rows(app)
    assert [(row["Product"].rpartition("(")[2].rstrip(")"), row["Net sales"]) for row in table[:4]] == [
        ("DOT", "£206,245.48"),
        ("22423", "£164,762.19"),
        ("47566", "£98,302.98"),
        ("85123A", "£97,894.50"),
    ]


def test_the_real_files_invoices(of_real: World) -> None:
    app = opened(of_real, "invoices", None, **WHOLE)
    shown = tiles(app)
    kinds = [int(shown[name].replace(",", "")) for name in ("Orders", "Returned invoices", "Adjusting invoices")]
    assert sum(kinds) == 25_900
    (table,) = rows(app)
    assert [(row["Invoice"], row["Value"]) for row in table[:3]] == [
        ("581483", "£168,469.60"),
        ("541431", "£77,183.60"),
        ("574941", "£52,940.94"),
    ]
    (table,) = rows(opened(of_real, "invoices", None, **WHOLE, order="longest"))
    assert (table[0]["Invoice"], table[0]["Lines"]) == ("573585", "1,114")
    (table,) = rows(opened(of_real, "invoices", None, **WHOLE, number="536365"))
    assert [(row["Lines"], row["Value"]) for row in table] == [("7", "£139.12")]


def test_the_real_files_customers(of_real: World) -> None:
    app = opened(of_real, "customers", None, **WHOLE)
    assert tiles(app)["Customers"] == "4,372"
    assert [(row["Customer"], row["Net sales"]) for row in rows(app)[-1][:3]] == [
        ("14646", "£279,489.02"),
        ("18102", "£256,438.49"),
        ("17450", "£187,482.17"),
    ]
    app = opened(of_real, "customers", customer=NOBODY, rows="1")
    assert "135,080 order lines, the oldest first" in text(app)
