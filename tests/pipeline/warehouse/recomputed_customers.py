"""The rollups of customers and of the spread of invoices, in Python: what merge_customers() must arrive at."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date, datetime

    from tests.pipeline.warehouse.landing import Line

Rows = set[tuple[Any, ...]]
BANDS = (0, 1, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000)


class Invoice(NamedTuple):
    number: str
    kind: str
    at: datetime
    country: str
    customer_id: int | None
    net: Decimal
    units: int
    lines: int


def rollups(invoices: dict[str, list[Line]], firsts: dict[str, Line], kinds: dict[str, str]) -> dict[str, Rows]:
    """Every rollup by its table's name, columns as in the table."""
    known: dict[int, list[Invoice]] = defaultdict(list)
    found = []
    for number, lines in invoices.items():
        first = firsts[number]
        net = sum((line.quantity * line.unit_price for line in lines), Decimal(0))
        units = sum(line.quantity for line in lines)
        invoice = Invoice(
            number, kinds[number], first.invoice_date, first.country, first.customer_id, net, units, len(lines)
        )
        found.append(invoice)
        if invoice.customer_id is not None:
            known[invoice.customer_id].append(invoice)
    customers = [_customer(customer_id, held) for customer_id, held in known.items()]
    orders = {customer_id: [each for each in held if each.kind == "order"] for customer_id, held in known.items()}
    months: dict[tuple[int, date], list[Decimal]] = defaultdict(list)
    for customer_id, held in orders.items():
        for order in held:
            months[customer_id, _month(order.at)].append(order.net)
    buying = [row for row in customers if row[5]]
    return {
        "customers_orders": set(customers),
        "customers_by_month": {(*key, len(nets), sum(nets)) for key, nets in months.items()},
        "cohorts": _cohorts(customers, months),
        "rfm_cutoffs": _cutoffs(buying),
        "customers_by_rfm": _by_rfm(customers, buying),
        "invoices_by_day": _by_day(found, {row[2] for row in customers}),
    }


def _customer(customer_id: int, held: list[Invoice]) -> tuple[Any, ...]:
    ordered = sorted((each for each in held if each.kind == "order"), key=lambda each: (each.at, each.number))
    latest = max(held, key=lambda each: (each.at, each.number))
    first, last = (ordered[0], ordered[-1]) if ordered else (None, None)
    return (
        customer_id, latest.country, first and first.number, first and first.at, last and last.at,
        len(ordered), sum((each.net for each in held), Decimal(0)),
    )  # fmt: skip


def _cohorts(customers: Iterable[tuple[Any, ...]], months: dict[tuple[int, date], list[Decimal]]) -> Rows:
    of = {row[0]: (row[1], _month(row[3])) for row in customers if row[3]}
    sums: dict[tuple[Any, ...], list[Any]] = defaultdict(lambda: [0, 0, Decimal(0)])
    for (customer_id, month), nets in months.items():
        held = sums[*of[customer_id], month]
        held[0] += 1
        held[1] += len(nets)
        held[2] += sum(nets)
    return {(*key, *held) for key, held in sums.items()}


def score(value: Any, of_all: Sequence[Any]) -> int:
    """1, and 1 more for each whole fifth of `of_all`, sorted, that is less than `value`."""
    return 1 + 5 * bisect_left(of_all, value) // len(of_all)


def _scores(buying: Sequence[tuple[Any, ...]]) -> list[tuple[int, int, int]]:
    measures = [[row[4].date() for row in buying], [row[5] for row in buying], [row[6] for row in buying]]
    columns = [[score(value, sorted(values)) for value in values] for values in measures]
    return list(zip(*columns, strict=True))


def _cutoffs(buying: Sequence[tuple[Any, ...]]) -> Rows:
    least: dict[int, list[Any]] = defaultdict(lambda: [None, None, None])
    for row, scores in zip(buying, _scores(buying), strict=True):
        for at, (value, each) in enumerate(zip((row[4].date(), row[5], row[6]), scores, strict=True)):
            held = least[each]
            held[at] = value if held[at] is None else min(held[at], value)
    return {(each, *values) for each, values in least.items()}


def _by_rfm(customers: Iterable[tuple[Any, ...]], buying: Sequence[tuple[Any, ...]]) -> Rows:
    sums: dict[tuple[Any, ...], list[Any]] = defaultdict(lambda: [0, 0, Decimal(0)])
    scored = dict(zip((row[0] for row in buying), _scores(buying), strict=True))
    for row in customers:
        held = sums[row[1], *scored.get(row[0], (0, 0, 0))]
        held[0] += 1
        held[1] += row[5]
        held[2] += row[6]
    return {(*key, *held) for key, held in sums.items()}


def _by_day(invoices: Iterable[Invoice], first_orders: set[str | None]) -> Rows:
    counts: Counter[tuple[Any, ...]] = Counter()
    sums: dict[tuple[Any, ...], list[Any]] = defaultdict(lambda: [Decimal(0), 0, 0])
    for each in invoices:
        standing = "new" if each.number in first_orders else "returning"
        standing = "no customer id" if each.customer_id is None else standing
        band = 0 if each.net == 0 else max(1, BANDS[bisect_right(BANDS, abs(each.net)) - 1])
        key = (each.at.date(), each.country, each.kind, standing, band)
        counts[key] += 1
        for at, value in enumerate((each.net, each.units, each.lines)):
            sums[key][at] += value
    return {(*key, count, *sums[key]) for key, count in counts.items()}


def _month(at: datetime) -> date:
    return at.date().replace(day=1)
