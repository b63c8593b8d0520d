"""Samples: the same arguments are the same bytes, the shape is the real file's, the ledger is what the file holds."""

from __future__ import annotations

import csv
import gzip
import io
import json
import tracemalloc
from collections import Counter, defaultdict
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.cli import main
from pipeline.contracts.order_line import from_wire
from pipeline.replay import samples
from pipeline.replay.reader import OrderFile
from pipeline.replay.rows import Record
from pipeline.replay.sample_calendar import Calendar
from pipeline.replay.sample_catalogue import COUNTRIES, catalogue
from pipeline.replay.sample_ledger import Kind, Ledger, pounds

if TYPE_CHECKING:
    from pathlib import Path

Year = tuple[list[dict[str, Any]], Ledger, list[dict[str, str]]]
SPAN = {"start": date(2025, 1, 1), "end": date(2025, 12, 31)}


def sample(path: Path, rows: int = 20_000, seed: int = 1, **span: date) -> Ledger:
    days = {**SPAN, **span}
    return samples.write(path, rows=rows, seed=seed, start=days["start"], end=days["end"])


def cells(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_bytes().decode(samples.ENCODING), newline=""), strict=True))


def events(path: Path) -> list[dict[str, Any]]:
    with OrderFile(path) as orders:
        rows = list(orders.rows())
    assert all(isinstance(row, Record) for row in rows)
    return [from_wire(row.data) for row in rows if isinstance(row, Record)]


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Year:
    path = tmp_path_factory.mktemp("sample") / "sample.csv"
    ledger = sample(path, 60_000)
    return events(path), ledger, cells(path)


def test_the_same_arguments_are_the_same_bytes_and_others_are_not(tmp_path: Path) -> None:
    first, again, other, later = (tmp_path / name for name in ("a.csv.gz", "b.csv.gz", "c.csv.gz", "d.csv.gz"))
    sample(first, 3000)
    sample(again, 3000)
    sample(other, 3000, seed=2)
    sample(later, 3000, end=date(2026, 1, 31))
    assert first.read_bytes() == again.read_bytes()
    assert first.read_bytes() not in {other.read_bytes(), later.read_bytes()}


def test_all_but_the_dates_depends_on_the_seed_alone(tmp_path: Path) -> None:
    small, large = tmp_path / "small.csv", tmp_path / "large.csv"
    sample(small, 2000)
    sample(large, 5000, start=date(2020, 6, 1), end=date(2020, 6, 3))

    def undated(path: Path) -> list[dict[str, str]]:
        return [{**row, "InvoiceDate": ""} for row in cells(path)]

    assert undated(small) == undated(large)[:2000]


@pytest.mark.parametrize("rows", [1, 2, 499, 5001])
def test_exactly_so_many_rows_each_taken_by_the_contract(tmp_path: Path, rows: int) -> None:
    path = tmp_path / "sample.csv.gz"
    ledger = sample(path, rows)
    assert len(events(path)) == ledger.rows == rows
    assert gzip.decompress(path.read_bytes()).endswith(b"\n")
    assert list(tmp_path.iterdir()) == [path]


def test_the_ledger_is_what_the_file_holds(year: Year) -> None:
    rows, ledger, _ = year
    value = [row["Quantity"] * row["UnitPrice"] for row in rows]
    by_month: dict[str, Decimal] = defaultdict(Decimal)
    by_product: dict[str, Decimal] = defaultdict(Decimal)
    by_country: dict[str, Decimal] = defaultdict(Decimal)
    for row, amount in zip(rows, value, strict=True):
        by_month[row["InvoiceDate"][:7]] += amount
        by_product[row["StockCode"]] += amount
        by_country[row["Country"]] += amount
    orders = {row["InvoiceNo"] for row in rows if row["InvoiceNo"].isdigit()}
    first_month = {row["InvoiceNo"]: row["InvoiceDate"][:7] for row in reversed(rows) if row["InvoiceNo"] in orders}
    assert ledger.net_sales == sum(value)
    assert ledger.gross_sales == sum(
        amount for row, amount in zip(rows, value, strict=True) if row["InvoiceNo"] in orders
    )
    assert {month: pounds(net) for month, net in ledger.net_by_month.items()} == by_month
    assert {code: pounds(net) for code, net in ledger.net_by_product.items()} == by_product
    assert {country: pounds(net) for country, net in ledger.net_by_country.items()} == by_country
    assert ledger.orders == len(orders)
    assert ledger.orders_by_month == Counter(first_month.values())
    assert ledger.invoices[Kind.RETURN] == len({row["InvoiceNo"] for row in rows if row["InvoiceNo"][0] == "C"})
    assert ledger.invoices[Kind.ADJUSTMENT] == len({row["InvoiceNo"] for row in rows if row["InvoiceNo"][0] == "A"})
    assert ledger.customers == len({row["CustomerID"] for row in rows} - {None})
    assert ledger.units == sum(row["Quantity"] for row in rows)
    assert ledger.without_customer == sum(row["CustomerID"] is None for row in rows)
    assert ledger.without_description == sum(row["Description"] is None for row in rows)
    assert str(ledger.first_at) == rows[0]["InvoiceDate"]
    assert str(ledger.last_at) == rows[-1]["InvoiceDate"]


def test_the_shape_is_the_real_files(year: Year) -> None:
    rows, ledger, raw = year
    sizes = sorted(Counter(row["InvoiceNo"] for row in rows).values())
    assert 8 <= sizes[len(sizes) // 2] <= 12
    assert 15 <= len(rows) / len(sizes) <= 25
    assert sizes[-1] > 250
    assert 0.2 < ledger.without_customer / len(rows) < 0.3
    assert ledger.without_description > 50
    prices = [row["UnitPrice"] for row in rows]
    assert sum(price == 0 for price in prices) > 100
    assert 0 < sum(price < 0 for price in prices) < 20
    assert sum(row["Quantity"] < 0 for row in rows if row["InvoiceNo"][0] == "C") > 500
    assert all(row["Quantity"] < 0 for row in rows if row["InvoiceNo"][0] == "C")
    assert sum(row["Country"] == "United Kingdom" for row in rows) / len(rows) > 0.8
    assert 15 < len({row["Country"] for row in rows}) <= len(set(COUNTRIES)) == 38
    assert any("£" in (row["Description"] or "") for row in rows)
    assert any('"' in (row["Description"] or "") for row in rows)
    assert any("," in (row["Description"] or "") for row in rows)
    assert sum(count - 1 for count in Counter(tuple(row.values()) for row in raw).values()) > 300
    assert max(-price.as_tuple().exponent for price in prices) == 3
    ordered = Counter(
        row["InvoiceNo"]
        for row, last in zip(rows, [None, *rows], strict=False)
        if not last or last["InvoiceNo"] != row["InvoiceNo"]
    )
    assert sum(count > 1 for count in ordered.values()) >= 3  # not adjacent


def test_numbers_and_customers_are_none_of_the_real_files(year: Year) -> None:
    rows, _, _ = year
    assert min(int(row["InvoiceNo"].lstrip("AC")) for row in rows) == 900_001
    assert min(row["CustomerID"] or 10**9 for row in rows) >= 20_001


def test_customers_come_back_and_some_goods_sell_best(year: Year) -> None:
    rows, ledger, _ = year
    orders = {(row["InvoiceNo"], row["CustomerID"]) for row in rows if row["CustomerID"] and row["InvoiceNo"].isdigit()}
    per_customer = Counter(customer for _, customer in orders)
    assert len(orders) / len(per_customer) > 3
    assert per_customer.most_common(1)[0][1] > 15
    countries: dict[int, set[str]] = defaultdict(set)
    for row in rows:
        if row["CustomerID"]:
            countries[row["CustomerID"]].add(row["Country"])
    assert all(len(found) == 1 for found in countries.values())
    sold = Counter(row["StockCode"] for row in rows).most_common()
    assert len(sold) > 2000
    assert sum(count for _, count in sold[: len(sold) // 5]) > 0.4 * len(rows)
    assert len(ledger.net_by_product) == len(sold)


def test_the_rhythm_of_the_week_the_day_and_the_year(year: Year) -> None:
    rows, ledger, _ = year
    moments = [row["InvoiceDate"] for row in rows]
    assert moments == sorted(moments)
    assert {int(moment[11:13]) for moment in moments} <= set(range(8, 19))
    days = Counter(date.fromisoformat(moment[:10]).weekday() for moment in moments)
    assert days[5] < days[6] < days[3]
    assert moments[0][:10] == "2025-01-01"
    assert moments[-1][:7] == "2025-12"
    net = ledger.net_by_month
    assert len(net) == 12
    assert net["2025-11"] > 1.5 * net["2025-02"]


def test_a_span_of_one_day_even_a_saturday() -> None:
    calendar = Calendar(date(2026, 1, 3), date(2026, 1, 3), seed=1)
    assert str(calendar.at(0)) == "2026-01-03 08:00:00"
    assert str(calendar.at(1)) == "2026-01-03 18:59:00"
    with pytest.raises(ValueError, match="before it starts"):
        Calendar(date(2026, 1, 3), date(2026, 1, 2), seed=1)


def test_the_catalogue_is_thousands_of_products_with_codes_of_their_own() -> None:
    products, demand = catalogue()
    assert len(products) == len({product.code for product in products}) == len(demand) == 3000
    assert demand == sorted(demand)
    assert all(product.price > 0 for product in products)
    for product in products:
        product.name.encode(samples.ENCODING)


def test_memory_stays_flat_however_many_rows(tmp_path: Path) -> None:
    def peak(rows: int) -> int:
        tracemalloc.start()
        sample(tmp_path / "sample.csv.gz", rows)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(1000)  # what is made once
    assert peak(40_000) < peak(10_000) + 2_000_000


def test_what_is_not_finished_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(samples, "_written", full)
    with pytest.raises(OSError, match="No space"):
        sample(tmp_path / "sample.csv")
    assert not list(tmp_path.iterdir())


def test_the_verb(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "sample.csv"
    options = ["--rows", "500", "--seed", "3", "--start", "2025-03-01", "--end", "2025-03-31"]
    assert main(["sample", str(path), *options, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["rows"], len(cells(path))) == (500, 500)
    assert main(["sample", str(path), *options]) == 0
    assert f"net_sales  {said['net_sales']}" in capsys.readouterr().out
    assert main(["sample", str(tmp_path / "no" / "x.csv")]) == 1
    assert "cannot be written" in capsys.readouterr().err
    assert main(["sample", str(path), "--rows", "0"]) == 1
    assert main(["sample", str(path), "--start", "2025-03-31", "--end", "2025-03-01"]) == 1
