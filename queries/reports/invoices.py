"""Many invoices at once, from the warehouse: the greatest, how they are spread, and those that fit what is sought.

One invoice with its lines is looked up in its own table: see queries/invoices.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Literal, get_args

from pipeline.errors import BadInputError
from queries.loader import load
from queries.reports.sales import average
from queries.scope import ALWAYS

if TYPE_CHECKING:
    import pandas as pd

    from queries.figure import Engine, Figure
    from queries.loader import Query
    from queries.scope import Scope

End = Literal["highest", "lowest", "longest"]
ENDS: tuple[End, ...] = get_args(End)
Order = Literal["newest", End]
Kind = Literal["order", "return", "adjustment"]
KINDS: tuple[Kind, ...] = get_args(Kind)
# Bands of value by their least one in GBP, sign aside: what merge_customers.sql counts by.
BANDS = (0, 1, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000)
_LEAST_WORTH = Decimal("0.0001")  # the least that an invoice can be worth if it is worth anything
ANY_AMOUNT = Decimal(10**15)
_MOST_OF_ONE = 100_000  # invoices of one customer
_NARROWER = ("weekday", "hour", "product", "customer")

_SQL = load("warehouse")


@dataclass(frozen=True)
class Sought:
    """What invoices are looked for by; the defaults fit all. Values in GBP: at least `least`, less than `below`.

    With `aside`, values count without their sign: a return of -15 is worth 15.
    """

    prefix: str = ""
    customer: str = ""
    kind: Kind | Literal[""] = ""
    least: Decimal = -ANY_AMOUNT
    below: Decimal = ANY_AMOUNT
    aside: bool = False

    def __post_init__(self) -> None:
        if self.below <= self.least:
            raise BadInputError(
                f"Nothing is worth at least £{self.least:,} and less than £{self.below:,}. Exchange the two."
            )

    def bound(self, query: Query, scope: Scope, **more: object) -> dict[str, object]:
        """The parameters that `query` takes of what is looked for in the time and country of `scope`, and `more`."""
        return scope.without(*_NARROWER).bound(
            query,
            prefix=self.prefix.strip().upper(),
            customer=self.customer or scope.customer,
            kind=self.kind,
            least=self.least,
            below=self.below,
            aside=int(self.aside),
            **more,
        )


def first(warehouse: Engine, scope: Scope, end: End, count: int) -> Figure:
    """One row per invoice, the `count` of greatest or least value or with most lines, that one first."""
    query = _SQL[f"invoices_{end}"]
    return warehouse.ask(query, **scope.without(*_NARROWER).bound(query, top=count))


def spread(warehouse: Engine, scope: Scope) -> Figure:
    """One row per `kind` and `band` (its least value) of the scope's time and country: `invoices`, `net_sales`."""
    query = _SQL["invoices_spread"]
    return warehouse.ask(query, **scope.without(*_NARROWER).bound(query))


def sought(warehouse: Engine, scope: Scope, what: Sought, number: int, size: int, order: Order = "newest") -> Figure:
    """One row per invoice that fits, in this order: page `number` (from 1) of `size` rows.

    `found` and `found_net_sales` count and sum all that fit; `newest_at` is the date of the newest event of them all.
    """
    query = _SQL["invoices_found"]
    found = warehouse.ask(query, **what.bound(query, scope, ordered=order, top=size, skipped=(number - 1) * size))
    return found.newest("newest_at")


def of_customer(warehouse: Engine, customer_id: int) -> Figure:
    """All invoices of a customer, the newest first, one row each as `sought` has them."""
    return sought(warehouse, ALWAYS, Sought(customer=str(customer_id)), 1, _MOST_OF_ONE)


def of_column(kind: Kind, band: int) -> Sought:
    """What finds the invoices that a spread counts as one `kind` and `band` (its least value), and no other."""
    place = BANDS.index(band)
    # Band 0 holds what is worth nothing at all, band 1 whatever is worth less than the band after it.
    bounds = [Decimal(0), _LEAST_WORTH, *map(Decimal, BANDS[2:]), ANY_AMOUNT]
    return Sought(kind=kind, least=bounds[place], below=bounds[place + 1], aside=True)


def totals(frame: pd.DataFrame) -> dict[str, Decimal | int | None]:
    """The sums of a spread: `orders`, `return_invoices`, `adjustment_invoices`, `gross_sales`, `average_order`.

    `middle_band` is the band that the order in the middle, by value, is in; None without orders, as the average is.
    """
    counts = {kind: int(frame.loc[frame["kind"] == kind, "invoices"].sum()) for kind in KINDS}
    orders = frame[frame["kind"] == "order"].sort_values("band")
    gross = sum((Decimal(value) for value in orders["net_sales"]), Decimal(0))
    running, middle = 0, None
    for band, invoices in zip(orders["band"], orders["invoices"], strict=True):
        running += int(invoices)
        if middle is None and 2 * running >= counts["order"]:
            middle = int(band)
    return {
        "orders": counts["order"],
        "return_invoices": counts["return"],
        "adjustment_invoices": counts["adjustment"],
        "gross_sales": gross,
        "average_order": average(gross, counts["order"]),
        "middle_band": middle,
    }
