"""Generated order lines of the real file's shape and warts, of any size in bounded memory.

Everything but the dates depends on the seed alone: of two samples of one seed the smaller has the first rows of the
larger. The dates spread over a span of days. Invoices are numbered from 900001 and customers from 20001, which the real
data set never reaches: generated and real data share no EventID.
"""

from __future__ import annotations

import gzip
import random
from collections import deque
from contextlib import contextmanager
from functools import lru_cache
from itertools import accumulate, count
from typing import TYPE_CHECKING, NamedTuple, Protocol

from pipeline.contracts.order_line import CSV_FIELDS
from pipeline.replay.sample_calendar import Calendar
from pipeline.replay.sample_catalogue import BAD_DEBT, BY_HAND, COUNTRIES, POSTAGE, STOCK_NOTES, catalogue
from pipeline.replay.sample_ledger import Kind, Ledger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date, datetime
    from pathlib import Path

ENCODING = "iso-8859-1"
FIRST_INVOICE, FIRST_CUSTOMER = 900_001, 20_001
_HEADER = ",".join(CSV_FIELDS) + "\n"
_MOST_LINES = 1_150
_FIRST_BAD_DEBT = 150  # invoices; from then on by chance, so that small samples have one as well

# Shares of all invoices, and of all lines for the last one.
_CANCELLED, _STOCK_COUNTED, _BAD_DEBTS = 0.13, 0.06, 0.0005
_ANONYMOUS, _FOREIGN, _SPLIT, _BY_HAND, _REPEATED = 0.25, 0.13, 0.01, 0.01, 0.01
_QUANTITIES = (1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 25, 36, 48, 72, 96, 144)
_QUANTITY_SHARES = tuple(accumulate((27, 15, 8, 8, 3, 9, 4, 5, 11, 1, 1, 4, 2, 1, 1.5, 0.4, 0.3, 0.2)))
_ABROAD_SHARES = tuple(accumulate(1 / rank**0.9 for rank in range(1, len(COUNTRIES))))
_BULK = 48  # pieces, from which on a line is cheaper

_Line = tuple[str, str, int, int]  # code, description as a CSV cell, quantity, price in tenths of pence


class _Writable(Protocol):
    def write(self, data: bytes, /) -> object: ...


class _Invoice(NamedTuple):
    number: str
    kind: Kind
    customer: int | None
    country: str
    lines: list[_Line]


def write(
    path: Path,
    *,
    rows: int,
    seed: int,
    start: date,
    end: date,
    on_rows: Callable[[int], object] | None = None,
) -> Ledger:
    """Write a sample of exactly `rows` order lines, sold from `start` to `end`, both included; gzip for a name in .gz.

    The same arguments give the same bytes. The file appears when it is whole. `on_rows` is told after each invoice how
    many rows are written.
    """
    calendar = Calendar(start, end, seed)
    ledger = Ledger()
    with whole(path) as file:
        file.write(_HEADER.encode(ENCODING))
        for first, invoice in _in_file_order(seed):
            at = calendar.at(ledger.rows / rows)
            lines = invoice.lines[: rows - ledger.rows]
            if first:
                ledger.open(invoice.kind, at, invoice.customer)
            ledger.add(invoice.kind, at, invoice.country, lines, known=invoice.customer is not None)
            file.write(_written(invoice, lines, at).encode(ENCODING))
            if on_rows:
                on_rows(ledger.rows)
            if ledger.rows == rows:
                return ledger
    raise AssertionError("invoices never end")  # for the type checker


def _written(invoice: _Invoice, lines: list[_Line], at: datetime) -> str:
    when = f"{at.month}/{at.day}/{at.year} {at.hour}:{at.minute:02d}"
    customer = "" if invoice.customer is None else str(invoice.customer)
    return "".join(
        f"{invoice.number},{code},{name},{quantity},{when},{_price(price)},{customer},{invoice.country}\n"
        for code, name, quantity, price in lines
    )


@lru_cache(1 << 14)
def _price(tenths_of_pence: int) -> str:
    """As the real file has prices: at least one decimal, no trailing zeros beyond it."""
    pounds, rest = divmod(abs(tenths_of_pence), 1000)
    return f"{'-' if tenths_of_pence < 0 else ''}{pounds}.{f'{rest:03d}'.rstrip('0') or '0'}"


def _in_file_order(seed: int) -> Iterator[tuple[bool, _Invoice]]:
    """Each invoice, or a part of it, and whether that is the first: a few lines are packed late, after the next one."""
    chance = random.Random(f"order {seed}")  # noqa: S311 - chance that repeats
    held: _Invoice | None = None
    for invoice in _Shop(seed).invoices():
        split = not held and len(invoice.lines) > 3 and chance.random() < _SPLIT  # noqa: PLR2004 - enough to split
        now = invoice._replace(lines=invoice.lines[:-2]) if split else invoice
        yield True, now
        if held:
            yield False, held
        held = invoice._replace(lines=invoice.lines[-2:]) if split else None


class _Shop:
    """The endless run of invoices of one seed."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._chance = random.Random(f"shop {seed}")  # noqa: S311 - chance that repeats
        self._products, self._demand = catalogue()
        self._customer = lru_cache(1 << 13)(self._new_customer)
        # What was sold of late, to known customers: what is sent back is drawn from it.
        self._sold: deque[tuple[int, str, _Line]] = deque(maxlen=400)

    def invoices(self) -> Iterator[_Invoice]:
        """Numbered from FIRST_INVOICE."""
        chance, debt = self._chance, 0
        for index in count():
            number = str(FIRST_INVOICE + index)
            kind = chance.random()
            if debt:
                yield _Invoice(f"A{number}", Kind.ADJUSTMENT, None, COUNTRIES[0], [(*BAD_DEBT[:2], 1, -debt)])
                debt = 0
            elif kind < _BAD_DEBTS or index == _FIRST_BAD_DEBT:
                debt = chance.randrange(100_000, 9_000_000, 10)
                yield _Invoice(f"A{number}", Kind.ADJUSTMENT, None, COUNTRIES[0], [(*BAD_DEBT[:2], 1, debt)])
            elif kind < _CANCELLED and self._sold:
                yield self._cancellation(number)
            elif kind < _CANCELLED + _STOCK_COUNTED:
                yield self._stock_count(number)
            else:
                yield self._order(number, index)

    def _order(self, number: str, index: int) -> _Invoice:
        chance = self._chance
        customer, country, scale = None, COUNTRIES[0], 1
        if chance.random() >= _ANONYMOUS:
            # Customers come back, the early ones most often; there is a new one for about six invoices.
            customer = FIRST_CUSTOMER + int((40 + index // 6) * chance.random() ** 1.8)
            country, scale = self._customer(customer)
        size = min(_MOST_LINES, max(1, int(chance.lognormvariate(2.6, 1.1))))
        lines: list[_Line] = []
        bought = zip(
            chance.choices(self._products, cum_weights=self._demand, k=size),
            chance.choices(_QUANTITIES, cum_weights=_QUANTITY_SHARES, k=size),
            strict=True,
        )
        for product, pieces in bought:
            quantity = pieces * scale
            price = product.price
            if customer is None:
                price = price * 17 // 100 * 10
            elif quantity >= _BULK:
                price = price * 85 // 1000 * 10
            name = product.name if product.name is product.other_name or quantity % 5 else product.other_name
            lines.append((product.code, name, quantity, price))
            if chance.random() < _REPEATED:
                lines.append(lines[-1])
        if customer is not None:
            self._sold.append((customer, country, lines[0]))
        if country != COUNTRIES[0]:
            lines.append((*POSTAGE[:2], 1 + size // 40, POSTAGE.price))
        if chance.random() < _BY_HAND:
            lines.append((*BY_HAND[:2], 1, chance.randrange(500, 60_000, 5)))
        return _Invoice(number, Kind.ORDER, customer, country, lines)

    def _cancellation(self, number: str) -> _Invoice:
        customer, country, _ = self._chance.choice(self._sold)
        of_this_customer = [line for who, _, line in self._sold if who == customer][:8]
        lines = [
            (code, name, -self._chance.randint(1, quantity), price) for code, name, quantity, price in of_this_customer
        ]
        return _Invoice(f"C{number}", Kind.RETURN, customer, country, lines)

    def _stock_count(self, number: str) -> _Invoice:
        """Goods written off or found again: no price, no customer, seldom a description."""
        chance = self._chance
        (product,) = chance.choices(self._products, cum_weights=self._demand)
        note = "" if chance.random() < 0.6 else chance.choice(STOCK_NOTES)  # noqa: PLR2004 - most have none
        pieces = chance.choice((-1, -1, -1, 1)) * int(chance.lognormvariate(2, 1.2) + 1)
        return _Invoice(number, Kind.ORDER, None, COUNTRIES[0], [(product.code, note, pieces, 0)])

    def _new_customer(self, customer: int) -> tuple[str, int]:
        """Where a customer lives, and how many times a household's quantities it buys."""
        chance = random.Random(f"customer {self._seed} {customer}")  # noqa: S311 - chance that repeats
        country = COUNTRIES[0]
        if chance.random() < _FOREIGN:
            (country,) = chance.choices(COUNTRIES[1:], cum_weights=_ABROAD_SHARES)
        return country, chance.choice((1, 1, 1, 1, 1, 2, 2, 4, 10))


@contextmanager
def whole(path: Path) -> Iterator[_Writable]:
    """A file that takes its name when it is finished and leaves nothing when it is not."""
    part = path.with_name(f"{path.name}.part")
    try:
        with part.open("wb") as raw:
            if path.suffix == ".gz":
                # No name and no time in the header: the same sample is the same bytes.
                with gzip.GzipFile("", "wb", compresslevel=5, fileobj=raw, mtime=0) as packed:
                    yield packed
            else:
                yield raw
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
