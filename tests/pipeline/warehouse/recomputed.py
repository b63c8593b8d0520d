"""The rollups, computed in Python from the winning order lines: what the merge must arrive at."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from tests.pipeline.warehouse import recomputed_customers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from tests.pipeline.warehouse.landing import Line

Rows = set[tuple[Any, ...]]


def winners(lines: Iterable[Line]) -> list[Line]:
    """The line of each event with the greatest SentAt."""
    latest: dict[str, Line] = {}
    for line in lines:
        if line.event_id not in latest or line.sent_at > latest[line.event_id].sent_at:
            latest[line.event_id] = line
    return list(latest.values())


def kind(invoice_no: str) -> str:
    first = invoice_no[0]
    return "return" if first == "C" else "adjustment" if first.isalpha() else "order"


def rollups(lines: list[Line]) -> dict[str, Rows]:
    """Every rollup by its table's name, columns as in the table."""
    invoices: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        invoices[line.invoice_no].append(line)
    firsts = {
        invoice_no: min(held, key=lambda line: (line.invoice_date, line.line_no is None, line.line_no, line.event_id))
        for invoice_no, held in invoices.items()
    }
    of_customers = recomputed_customers.rollups(invoices, firsts, {number: kind(number) for number in invoices})
    return of_customers | {
        "invoices_summary": {
            (
                invoice_no, kind(invoice_no), firsts[invoice_no].invoice_date,
                max(line.invoice_date for line in held), firsts[invoice_no].customer_id,
                len({line.customer_id for line in held}), firsts[invoice_no].country, len(held),
                sum(line.quantity for line in held), sum(line.quantity * line.unit_price for line in held),
            )
            for invoice_no, held in invoices.items()
        },
        "sales_by_hour_country": _sales(
            [((_hour(line.invoice_date), line.country), line) for line in lines],
            [((_hour(first.invoice_date), first.country), first) for first in firsts.values()],
        ),
        "sales_by_day_product": _by_product(lines, firsts, lambda at, code, _: (at.date(), code)),
        "sales_by_month_product": _by_product(lines, firsts, lambda at, code, _: (at.date().replace(day=1), code)),
        "sales_by_month_product_country": _by_product(
            lines, firsts, lambda at, code, country: (at.date().replace(day=1), code, country)
        ),
        "customers_summary": {
            (key[0], key[1], min(dates), max(dates), *sums)
            for key, dates, sums in (
                (
                    row[:2],
                    [line.invoice_date for line in lines if line.customer_id == row[1]],
                    row[2:],
                )
                for row in _sales(
                    [(_customer(line), line) for line in lines],
                    [(_customer(first), first) for first in firsts.values()],
                )
            )
        },
        "products": {_product(code, lines) for code in {line.stock_code for line in lines}},
    }  # fmt: skip


def _by_product(
    lines: list[Line], firsts: dict[str, Line], key: Callable[[datetime, str, str], tuple[Any, ...]]
) -> Rows:
    on_invoices = {(line.invoice_no, line.stock_code) for line in lines}
    return _sales(
        [(key(line.invoice_date, line.stock_code, line.country), line) for line in lines],
        [
            (key(firsts[invoice_no].invoice_date, code, firsts[invoice_no].country), firsts[invoice_no])
            for invoice_no, code in on_invoices
        ],
    )


def _sales(lines: list[tuple[tuple[Any, ...], Line]], counted: list[tuple[tuple[Any, ...], Line]]) -> Rows:
    """Key, net, gross, returns, adjustments, orders, return orders, units, lines."""
    sums: dict[tuple[Any, ...], list[Any]] = defaultdict(lambda: [0] * 8)
    columns = {"order": 1, "return": 2, "adjustment": 3}
    for key, line in lines:
        amount = line.quantity * line.unit_price
        found = sums[key]
        found[0] += amount
        found[columns[kind(line.invoice_no)]] += amount
        found[6] += line.quantity
        found[7] += 1
    for key, first in counted:
        if kind(first.invoice_no) != "adjustment":
            sums[key][4 if kind(first.invoice_no) == "order" else 5] += 1
        else:
            sums[key][4] += 0
    return {(*key, *found) for key, found in sums.items()}


def _hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0)


def _customer(line: Line) -> tuple[str, int | None]:
    return ("no customer id" if line.customer_id is None else str(line.customer_id), line.customer_id)


def _product(code: str, lines: list[Line]) -> tuple[str, str | None]:
    named = [line for line in lines if line.stock_code == code and line.description is not None]
    sold = [line for line in named if line.unit_price > 0]
    best = max(sold or named, key=lambda line: (line.invoice_date, line.description), default=None)
    return (code, best.description if best else None)
