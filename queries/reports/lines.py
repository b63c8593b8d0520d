"""The order lines behind a figure, page by page as the warehouse hands them out."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

import pandas as pd

from pipeline.errors import QueryTimeoutError
from queries.loader import load
from queries.reports.products import MOST_ORDERS
from queries.scope import ALL
from queries.who import EVERYBODY, Who

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from queries.figure import Engine, Figure
    from queries.loader import Query
    from queries.reports.invoices import Kind, Sought
    from queries.scope import Scope

Standing = Literal["new", "returning"]

_SQL = load("warehouse")
_PART = 50_000
_LONGEST_S = 120.0  # that all rows may take


@dataclass(frozen=True)
class Which:
    """The order lines of a scope; those of some customers (`who`) or of the invoices `sought` alone, where one is.

    With a `kind` those on orders, on returns or on adjustments alone; with a `standing` those of customers' first
    orders ("new") or all else of theirs ("returning"). With another product `beside` the scope's own, those of the two
    on orders that hold both, among the orders that `products.together` looks at.
    """

    scope: Scope
    who: Who = EVERYBODY
    sought: Sought | None = None
    kind: Kind | Literal[""] = ""
    standing: Standing | Literal[""] = ""
    beside: str = ""

    def __post_init__(self) -> None:
        if sum([bool(self.sought), bool(self.standing) or not self.who.everybody, bool(self.beside)]) > 1:
            raise TypeError("Order lines are those of some customers, of the invoices sought or of two products.")
        if self.beside and self.scope.product in {ALL, self.beside}:
            raise TypeError("Order lines of two products are those of the scope's and of another one.")

    def query(self, ending: str = "") -> Query:
        """The query of these lines whose name ends so."""
        return _SQL[f"lines_of_{self._of}{ending}"]

    def bound(self, query: Query, **more: object) -> Mapping[str, object]:
        """The parameters that `query` takes, and `more`.

        Raises TypeError as `Scope.bound`; of invoices sought the scope tells the time and the country alone.
        """
        more["of_kind"] = self.kind
        if self.sought:
            return self.sought.bound(query, self.scope, **more)
        if self.beside:
            more |= {"beside": self.beside, "most": MOST_ORDERS}
        if not self.who.everybody:
            more |= self.who.bound()
        return self.scope.bound(query, standing=self.standing, **more)

    @property
    def _of(self) -> str:
        if self.sought:
            return "found"
        if self.beside:
            return "beside"
        if not self.who.everybody:
            return "who"
        return "standing" if self.standing else "scope"


def page(warehouse: Engine, which: Which, number: int, size: int) -> Figure:
    """The rows of page `number` (from 1) of `size` rows each, by time, invoice and line, with their `amount`."""
    query = which.query()
    found = warehouse.ask(query, **which.bound(query, top=size, skipped=(number - 1) * size))
    return found.of(_whole(found.frame)).newest("invoice_date")


def count(warehouse: Engine, which: Which) -> Figure:
    """One row: how many `lines` there are. It reads them; a rollup's own count is cheaper where there is one."""
    query = which.query("_count")
    return warehouse.ask(query, **which.bound(query))


def parts(warehouse: Engine, which: Which, most: int, size: int = _PART) -> Iterator[pd.DataFrame]:
    """All rows in parts of `size`, `most` altogether, in the same order; each part begins where the last one ended.

    Raises as the warehouse does, and QueryTimeoutError when all parts together take longer than two minutes.
    """
    ends = time.monotonic() + _LONGEST_S
    query = which.query("_after")
    after: dict[str, object] = {
        "after_at": which.scope.since - timedelta(days=1),
        "after_invoice": "",
        "after_line": 0,
        "after_event": "",
    }
    left = most
    while left > 0:
        if time.monotonic() > ends:
            raise QueryTimeoutError(f"All order lines take longer than {_LONGEST_S:.0f} s. Choose a shorter period.")
        top = min(size, left)
        frame = _whole(warehouse.ask(query, **which.bound(query, **after, top=top)).frame)
        if not frame.empty:
            yield frame
        if len(frame) < top:
            return
        last = frame.iloc[-1]
        after = {
            "after_at": last["invoice_date"].to_pydatetime(),
            "after_invoice": str(last["invoice_no"]),
            "after_line": 0 if pd.isna(last["line_no"]) else int(last["line_no"]),
            "after_event": str(last["event_id"]),
        }
        left -= top


def of_invoice(warehouse: Engine, number: str) -> Figure:
    """One row per order line of an invoice, by line: `event_id`, `line_no`, what was sold, how much of it, at what."""
    found = warehouse.ask(_SQL["lines_of_invoice"], invoice=number)
    return found.of(found.frame.astype({"line_no": "Int64"}))


def _whole(frame: pd.DataFrame) -> pd.DataFrame:
    """Ids and line numbers as whole numbers, also where some are missing."""
    return frame.astype({"line_no": "Int64", "customer_id": "Int64"})
