"""A file's figures, computed from its rows with pandas: no SQL, no rollup, no code of the project."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from pathlib import Path

NOBODY = "no customer id"


def pounds(ten_thousandths: Any) -> Decimal:
    return Decimal(int(ten_thousandths)).scaleb(-4)


class Lines:
    """`rows`: one row per line, amounts in 1/10,000 GBP; `invoices`: one row per invoice, by its first line."""

    def __init__(self, path: Path) -> None:
        # Any: what is computed here is checked by comparing, not by pandas's types.
        rows: Any = pd.read_csv(
            path, encoding="iso-8859-1", dtype={"InvoiceNo": str, "StockCode": str, "CustomerID": str}, low_memory=False
        )
        rows["at"] = pd.to_datetime(rows["InvoiceDate"], format="%m/%d/%Y %H:%M")
        rows["amount"] = rows["Quantity"] * (rows["UnitPrice"] * 10_000).round().astype("int64")
        rows["customer"] = rows["CustomerID"].str.removesuffix(".0").fillna(NOBODY)
        letter = rows["InvoiceNo"].str[0]
        rows["kind"] = "order"
        rows.loc[letter.str.isalpha(), "kind"] = "adjustment"
        rows.loc[letter == "C", "kind"] = "return"
        rows["day"] = rows["at"].dt.normalize()
        self.rows = rows
        by_invoice = rows.sort_values("at", kind="stable").groupby("InvoiceNo")
        self.invoices: Any = by_invoice[["kind", "at", "customer", "Country", "day"]].first()
        self.invoices["amount"] = by_invoice["amount"].sum()
        self.invoices["lines"] = by_invoice.size()
        self.invoices["units"] = by_invoice["Quantity"].sum()

    @property
    def span(self) -> tuple[datetime, datetime]:
        """The first moment of the first day, and of the day after the last."""
        first, last = self.rows["day"].min(), self.rows["day"].max()
        return first.to_pydatetime(), last.to_pydatetime() + timedelta(days=1)

    @property
    def middle(self) -> tuple[datetime, datetime]:
        """A period that begins and ends within months, with whole ones between."""
        first, last = self.span
        return first + timedelta(days=47), last - timedelta(days=75)

    def products(self, since: datetime, until: datetime, country: str = "") -> Any:
        """One row per product of a period: `net_sales`, `units`, `orders`, `returns`.

        Lines count where they are, an order where its first line is.
        """
        rows = self.rows
        inside = (rows["at"] >= since) & (rows["at"] < until)
        if country:
            inside &= rows["Country"] == country
        lines = rows[inside].groupby("StockCode")
        found = pd.DataFrame({"net_sales": lines["amount"].sum(), "units": lines["Quantity"].sum()})
        returned = rows[inside & (rows["kind"] == "return")]
        found["returns"] = returned.groupby("StockCode")["amount"].sum()
        pairs = rows[rows["kind"] == "order"][["InvoiceNo", "StockCode"]].drop_duplicates()
        firsts = self.invoices.loc[pairs["InvoiceNo"], ["at", "Country"]].reset_index(drop=True)
        counted = (firsts["at"] >= since) & (firsts["at"] < until)
        if country:
            counted &= firsts["Country"] == country
        found = found.join(pairs[counted.to_numpy()].groupby("StockCode").size().rename("orders"), how="outer")
        return found.fillna(0).astype("int64")

    def invoices_between(self, since: datetime, until: datetime, country: str = "") -> Any:
        """The invoices of a period, by their first line."""
        held = self.invoices
        inside = (held["at"] >= since) & (held["at"] < until)
        return held[inside & (held["Country"] == country)] if country else held[inside]

    def customers(self) -> Any:
        """One row per customer with an id: `orders`, `amount`, first and last order, country of the latest invoice."""
        known = self.invoices[self.invoices["customer"] != NOBODY].reset_index().sort_values(["at", "InvoiceNo"])
        orders = known[known["kind"] == "order"].groupby("customer")
        found = known.groupby("customer").agg(amount=("amount", "sum"), country=("Country", "last"))
        found["orders"] = orders.size()
        found["first"], found["last"] = orders["at"].min(), orders["at"].max()
        found["first_order"] = orders["InvoiceNo"].first()
        return found.fillna({"orders": 0}).astype({"orders": "int64"})

    def scores(self) -> Any:
        """The customers with orders, and how many whole fifths of them each is ahead of, plus one."""
        buying = self.customers().query("orders > 0").copy()
        day = buying["last"].dt.normalize()
        for name, values in (("recency", day), ("frequency", buying["orders"]), ("monetary", buying["amount"])):
            ahead = values.rank(method="min").astype("int64") - 1
            buying[name] = 1 + 5 * ahead // len(buying)
        return buying
