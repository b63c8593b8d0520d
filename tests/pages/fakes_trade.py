"""What the warehouse answers about products, invoices and customers; and what it answers when there are none."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_moment = datetime.fromisoformat
NEWEST = _moment("2011-12-09 12:50:00")
_PRODUCTS = (("DOT", "DOTCOM POSTAGE"), ("22423", "REGENCY CAKESTAND 3 TIER"), ("GHOST", None))


def _ranked(parameters: Mapping[str, object]) -> pd.DataFrame:
    rows = []
    for place, (code, name) in enumerate(_PRODUCTS, start=1):
        row: dict[str, Any] = {
            "place": place,
            "stock_code": code,
            "description": name,
            "net_sales": Decimal("206245.48") / place,
            "units": 9000 // place,
            "orders": 30,
            "returns": Decimal("-97.30") / place,
        }
        measure = str(parameters.get("measure", "net_sales"))
        row["worth"] = -row["returns"] if measure == "returns" else row[measure]
        rows.append(row | {"running": row["worth"], "all_worth": 9_747_748, "products": 4070, "for_most": 737})
    return pd.DataFrame(rows)


def _product_totals(parameters: Mapping[str, object]) -> pd.DataFrame:
    known = dict(_PRODUCTS).get(str(parameters["product"]), "")
    sums = dict.fromkeys(("net_sales", "gross_sales", "returns", "adjustments"), Decimal("164762.19"))
    counts: dict[str, Any] = dict.fromkeys(("orders", "return_orders", "units", "lines"), 1992)
    counts |= {"days": None if parameters["country"] else 300, "months": 12, "years": 2}
    days: dict[str, Any] = {"first_day": date(2010, 12, 1), "last_day": date(2011, 12, 9)}
    if known == "":
        sums, counts, days = dict.fromkeys(sums, Decimal(0)), dict.fromkeys(counts, 0), dict.fromkeys(days)
    return pd.DataFrame([{"description": known or None} | sums | counts | days])


def _product_course(_parameters: Mapping[str, object]) -> pd.DataFrame:
    names = ("net_sales", "gross_sales", "returns", "adjustments", "orders", "return_orders", "units", "lines")
    return pd.DataFrame([{"period": _moment("2011-11-01")} | dict.fromkeys(names, Decimal(7))])


def _together(_parameters: Mapping[str, object]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "place": 1,
                "stock_code": "22699",
                "description": "ROSES *REGENCY* TEACUP",
                "together": 270,
                "looked_at": 1000,
                "orders": 1100,
                "all_orders": 22061,
            }
        ]
    )


def _invoices(_parameters: Mapping[str, object]) -> pd.DataFrame:
    rows = (("581483", "order", "16446", 1, "168469.60"), ("574941", "order", "no customer id", 101, "52940.94"))
    return pd.DataFrame(
        [
            {
                "invoice_no": number,
                "kind": kind,
                "first_at": NEWEST,
                "customer": customer,
                "country": "United Kingdom",
                "lines": lines,
                "units": 80995,
                "net_sales": Decimal(value),
                "found": 45,
                "found_net_sales": Decimal("987654.32"),
                "newest_at": NEWEST,
            }
            for number, kind, customer, lines, value in rows
        ]
    )


def _spread(_parameters: Mapping[str, object]) -> pd.DataFrame:
    rows = (("order", 0, 2102, "0"), ("order", 250, 19959, "10655622.48"), ("return", 10000, 3836, "-896812.49"))
    columns = ["kind", "band", "invoices", "net_sales", "units", "lines"]
    return pd.DataFrame([(kind, band, count, Decimal(net), 1, 1) for kind, band, count, net in rows], columns=columns)


def _best(parameters: Mapping[str, object]) -> pd.DataFrame:
    names = ("14646",) if "of_cell" in parameters else ("no customer id", "14646", "18102")
    return pd.DataFrame(
        [
            {
                "place": place if names[0].startswith("no") else place + 1,
                "customer": name,
                "country": None if name.startswith("no") else "Netherlands",
                "net_sales": Decimal("279489.02") - place,
                "orders": 74,
                "returns": Decimal(-717),
                "units": 196719,
                "last_at": NEWEST,
            }
            for place, name in enumerate(names)
        ]
    )


def _standing(_parameters: Mapping[str, object]) -> pd.DataFrame:
    counts = {"new_orders": 324, "returning_orders": 2334, "nobody_orders": 363}
    money = {name.replace("orders", "net_sales"): Decimal(count) * 100 for name, count in counts.items()}
    return pd.DataFrame([{"period": _moment("2011-11-01")} | counts | money])


def _scored(_parameters: Mapping[str, object]) -> pd.DataFrame:
    rows = (((5, 5, 5), 1098, 11143, "5737972.35"), ((1, 1, 1), 818, 1059, "291200.44"), ((0, 0, 0), 33, 0, "-10411"))
    found = [(*scores, customers, orders, Decimal(net)) for scores, customers, orders, net in rows]
    return pd.DataFrame(
        [*found, (-1, -1, -1, 0, 3525, Decimal("1447682.12"))],
        columns=["recency", "frequency", "monetary", "customers", "orders", "net_sales"],
    )


def _members(_parameters: Mapping[str, object]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "customer_id": 14646,
                "country": "Netherlands",
                "orders": 74,
                "net_sales": Decimal("279489.02"),
                "first_order_at": NEWEST,
                "last_order_at": NEWEST,
                "recency": 5,
                "frequency": 5,
                "monetary": 5,
                "found": 1098,
            }
        ]
    )


def _cutoffs(_parameters: Mapping[str, object]) -> pd.DataFrame:
    rows = [(1, date(2010, 12, 1), 1, Decimal("-1165.30")), (5, None, 7, Decimal("2019.77"))]
    return pd.DataFrame(rows, columns=["score", "recency_from", "frequency_from", "monetary_from"])


def _cohorts(_parameters: Mapping[str, object]) -> pd.DataFrame:
    rows = [
        (date(2010, 12, 1), date(2010, 12, 1), 885),
        (date(2010, 12, 1), date(2011, 1, 1), 324),
        (date(2011, 1, 1), date(2011, 1, 1), 417),
        (date(2011, 1, 1), date(2011, 2, 1), 92),
        (date(2011, 3, 1), date(2011, 3, 1), 100),  # none of them came back yet
    ]
    found = [(cohort, month, customers, customers, Decimal(customers)) for cohort, month, customers in rows]
    return pd.DataFrame(found, columns=["cohort", "month", "customers", "orders", "gross_sales"])


def _of_cohort(_parameters: Mapping[str, object]) -> pd.DataFrame:
    row = {
        "customer_id": 14646, "country": "Netherlands", "orders": 2, "gross_sales": Decimal("501.25"),
        "first_order_at": NEWEST, "last_order_at": NEWEST, "found": 324,
    }  # fmt: skip
    return pd.DataFrame([row])


def _customer(parameters: Mapping[str, object]) -> pd.DataFrame:
    columns = ["net_sales", "gross_sales", "returns", "adjustments", "orders", "return_orders", "units", "lines"]
    row = dict.fromkeys(columns, Decimal(74)) | {
        "customer": parameters["customer"],
        "first_at": NEWEST,
        "last_at": NEWEST,
        "country": "Netherlands",
        "first_order_at": NEWEST,
        "last_order_at": NEWEST,
        "recency": 5,
        "frequency": 5,
        "monetary": 5,
    }
    found = pd.DataFrame([row])
    return found if parameters["customer"] in {"14646", "no customer id"} else found.head(0)


def _customer_course(_parameters: Mapping[str, object]) -> pd.DataFrame:
    names = ("net_sales", "gross_sales", "returns", "orders")
    return pd.DataFrame([{"period": _moment("2011-11-01")} | dict.fromkeys(names, Decimal(7))])


def _bought(parameters: Mapping[str, object]) -> pd.DataFrame:
    return _ranked(parameters).assign(found=703, last_at=NEWEST)


ANSWERS: dict[str, Callable[[Mapping[str, object]], pd.DataFrame]] = {
    "products_ranked": _ranked,
    "products_ranked_of_country": _ranked,
    "products_found": lambda _: pd.DataFrame(_PRODUCTS, columns=["stock_code", "description"]),
    "products_together": _together,
    "product_totals": _product_totals,
    "product_by_period": _product_course,
    "product_by_country": lambda _: pd.DataFrame(
        [{"country": "Germany", "net_sales": Decimal(5), "units": 1, "orders": 1, "returns": Decimal(0)}]
    ),
    "invoices_highest": _invoices,
    "invoices_lowest": _invoices,
    "invoices_longest": _invoices,
    "invoices_found": _invoices,
    "invoices_spread": _spread,
    "customers_top": _best,
    "customers_top_of_period": _best,
    "customers_new_returning": _standing,
    "customers_scored": _scored,
    "customers_of_scores": _members,
    "customers_cutoffs": _cutoffs,
    "customers_cohorts": _cohorts,
    "customers_of_cohort": _of_cohort,
    "customers_by_country": lambda _: pd.DataFrame(
        [
            {"country": name, "customers": number, "orders": 9, "net_sales": Decimal(9), "nobody_net_sales": Decimal(7)}
            for name, number in (("United Kingdom", 3950), ("Germany", 95))
        ]
    ),
    # The same of a segment's or a cell's customers: fewer, and nobody without an id among them.
    "customers_top_among": _best,
    "customers_top_of_period_among": _best,
    "customers_new_returning_among": lambda _: _standing({}).assign(
        new_orders=20, returning_orders=60, nobody_orders=0, nobody_net_sales=0
    ),
    "customers_scored_among": lambda _: _scored({}).head(2).assign(customers=[120, 7]),
    "customers_cohorts_among": lambda _: _cohorts({}).head(2).assign(customers=[80, 60]),
    "customers_by_country_among": lambda _: pd.DataFrame(
        [{"country": "EIRE", "customers": 3, "orders": 9, "net_sales": Decimal(9), "nobody_net_sales": Decimal(0)}]
    ),
    "customer_totals": _customer,
    "customer_by_period": _customer_course,
    "customer_products": _bought,
}
_ASKED = {"product": "", "customer": "", "country": "", "measure": "net_sales"}


def _empty(answer: Callable[[Mapping[str, object]], pd.DataFrame]) -> Callable[[Mapping[str, object]], pd.DataFrame]:
    return lambda _: answer(_ASKED).head(0)


NOTHING = {name: _empty(answer) for name, answer in ANSWERS.items()} | {
    "product_totals": _product_totals,
    "customers_scored": lambda _: _scored({}).tail(1).assign(orders=0, net_sales=0),
}
