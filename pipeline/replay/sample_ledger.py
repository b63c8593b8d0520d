"""The sums of a sample, taken while it is written: what every sink should hold in the end."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


class Kind(StrEnum):
    """What an invoice is by its number: C… is a return, any other letter an adjustment, all else an order."""

    ORDER = "order"
    RETURN = "return"
    ADJUSTMENT = "adjustment"


def pounds(tenths_of_pence: int) -> Decimal:
    """An exact amount in GBP."""
    return Decimal(tenths_of_pence).scaleb(-3)


@dataclass
class Ledger:
    """Counts and sums over a sample's rows; amounts are in tenths of pence, `pounds` makes GBP of them.

    Net is Quantity x UnitPrice over all rows, gross over the rows of orders only. Invoices count in the month of their
    first row.
    """

    rows: int = 0
    units: int = 0
    without_customer: int = 0
    without_description: int = 0
    net_by_month: Counter[str] = field(default_factory=Counter)
    net_by_kind: Counter[Kind] = field(default_factory=Counter)
    net_by_country: Counter[str] = field(default_factory=Counter)
    net_by_product: Counter[str] = field(default_factory=Counter)
    invoices: Counter[Kind] = field(default_factory=Counter)
    orders_by_month: Counter[str] = field(default_factory=Counter)
    first_at: datetime | None = None
    last_at: datetime | None = None
    _customers: bytearray = field(default_factory=bytearray, repr=False)

    @property
    def net_sales(self) -> Decimal:
        """The sum over all rows, in GBP."""
        return pounds(self.net_by_kind.total())

    @property
    def gross_sales(self) -> Decimal:
        """The sum over the rows of orders, in GBP."""
        return pounds(self.net_by_kind[Kind.ORDER])

    @property
    def orders(self) -> int:
        """How many invoices are orders."""
        return self.invoices[Kind.ORDER]

    @property
    def customers(self) -> int:
        """How many customers there are; rows without one are none."""
        return self._customers.count(1)

    def open(self, kind: Kind, at: datetime, customer: int | None) -> None:
        """Count an invoice at its first row."""
        self.invoices[kind] += 1
        self.first_at = self.first_at or at
        if kind == Kind.ORDER:
            self.orders_by_month[f"{at:%Y-%m}"] += 1
        if customer is not None:
            missing = customer + 1 - len(self._customers)
            self._customers.extend(bytes(max(0, missing)))
            self._customers[customer] = 1

    def add(
        self, kind: Kind, at: datetime, country: str, rows: list[tuple[str, str, int, int]], *, known: bool
    ) -> None:
        """Count rows of one invoice: their code, description, quantity and price; `known` is whose customer is."""
        net = 0
        for code, name, quantity, price in rows:
            value = quantity * price
            net += value
            self.net_by_product[code] += value
            self.units += quantity
            if not name:
                self.without_description += 1
        self.rows += len(rows)
        self.without_customer += 0 if known else len(rows)
        self.net_by_month[f"{at:%Y-%m}"] += net
        self.net_by_kind[kind] += net
        self.net_by_country[country] += net
        self.last_at = at
