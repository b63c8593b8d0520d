"""In-memory engines and services behind the pages."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pandas as pd

from queries.figure import Evidence, Figure
from tests.pages import fakes_trade

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from queries.loader import Query

NEWEST = datetime.fromisoformat("2011-12-09 12:50:00")
_SUMS: dict[str, Any] = {
    "net_sales": Decimal("9747747.934"),
    "gross_sales": Decimal("10655622.10"),
    "returns": Decimal("-896812.49"),
    "adjustments": Decimal("-11062.06"),
    "orders": 22061,
    "return_orders": 3836,
    "units": 5176450,
    "lines": 541909,
}


_SOLD_IN = {"hours": 2000, "days": 305, "months": 13, "years": 2}


def _lines(_parameters: Mapping[str, object]) -> pd.DataFrame:
    """Two order lines, one of nobody in particular and with a description that a spreadsheet would run."""
    return pd.DataFrame(
        [
            {
                "event_id": f"536365-{number}",
                "invoice_no": "536365",
                "line_no": number,
                "stock_code": "85123A",
                "description": description,
                "quantity": 6,
                "invoice_date": datetime.fromisoformat("2010-12-01 08:26:00"),
                "unit_price": Decimal("2.5500"),
                "customer_id": customer,
                "country": "United Kingdom",
                "amount": Decimal("15.3000"),
            }
            for number, description, customer in ((1, "WHITE HANGING HEART", 17850), (2, "=1+1", None))
        ]
    )


def _courses(parameters: Mapping[str, object]) -> pd.DataFrame:
    """Two steps with sales, the earlier one the greater."""
    until = parameters["until"]
    assert isinstance(until, datetime)
    last = (until - timedelta(seconds=1)).replace(minute=0, second=0)
    starts = {
        "hour": [last - timedelta(hours=1), last],
        "day": [last.replace(hour=0) - timedelta(days=1), last.replace(hour=0)],
        "month": [datetime.fromisoformat("2011-11-01"), datetime.fromisoformat("2011-12-01")],
        "year": [datetime.fromisoformat("2010-01-01"), datetime.fromisoformat("2011-01-01")],
    }[str(parameters["by"])]
    return pd.DataFrame(
        [
            {"period": start} | {name: value * share for name, value in _SUMS.items()}
            for start, share in zip(starts, (2, 1), strict=True)
        ]
    )


def _best(_parameters: Mapping[str, object]) -> pd.DataFrame:
    row = {"stock_code": "DOT", "description": "DOTCOM POSTAGE", "net_sales": Decimal("206245.48"), "units": 9000}
    return pd.DataFrame([{"period": datetime.fromisoformat("2011-12-01")} | row])


def _arrivals(parameters: Mapping[str, object]) -> pd.DataFrame:
    now = datetime.now(UTC).replace(tzinfo=None)
    return pd.DataFrame(
        {"datehour": [parameters["last"]], "records": [20100], "events": [20000], "newest_sent_at": [now]}
    )


def _views(parameters: Mapping[str, object]) -> pd.DataFrame:
    """Views in the period's first hour, and some long before it."""
    first = datetime.strptime(str(parameters["first"]), "%Y/%m/%d/%H")  # noqa: DTZ007 - the lake's times are UTC
    return pd.DataFrame(
        {"period": [datetime.fromisoformat("2022-09-11 23:00:00"), first], "views": [5, 1200], "sessions": [2, 300]}
    )


def _viewed(_parameters: Mapping[str, object]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "page": ["<b>*bold*</b>", "drink_1"],
            "views": [1000, 205],
            "sessions": [250, 52],
            "timed": [10, 0],
            "seconds": [39.5, None],
            "all_views": [1205, 1205],
            "all_pages": [2, 2],
        }
    )


def _flows(_parameters: Mapping[str, object]) -> pd.DataFrame:
    return pd.DataFrame(
        {"source": ["<i>menu</i>", None, ""], "page": ["<b>*bold*</b>", "drink_1", ""], "views": [1000, 200, 5]}
    )


def _sessions(_parameters: Mapping[str, object]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "destination": ["USA", "International", "International"],
            "country": ["USA", "<b>France</b>", None],
            "sessions": [1200, 30, 1],
            "products": [3600, 90, 0],
            "quantity": [10000, 100, 0],
            "in_cart": [2500, 33, 0],
        }
    )


def _refused(_parameters: Mapping[str, object]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "start_time": [datetime.now(UTC).replace(tzinfo=None)],
            "file_name": ["s3://weir-lake/raw/orders/2026/01/02/03/part.gz  "],
            "line_number": [17],
            "column_name": ["quantity   "],
            "error_code": [1207],
            "error_message": ["Invalid digit, Value 's'   "],
        }
    )


_LINES_OF = ("scope", "who", "standing", "found", "beside")

ANSWERS: dict[str, Callable[[Mapping[str, object]], pd.DataFrame]] = fakes_trade.ANSWERS | {
    "sales_span": lambda _: pd.DataFrame(
        [{"first_at": datetime.fromisoformat("2010-12-01 08:26:00"), "newest_at": NEWEST, "lines": 541909}]
    ),
    "scanned_bytes": lambda _: pd.DataFrame([{"scanned_bytes": Decimal(2 * 2**20)}]),
    "sales_totals": lambda _: pd.DataFrame([_SUMS | _SOLD_IN]),
    "newest_of_scope": lambda _: pd.DataFrame([{"newest": datetime.fromisoformat("2011-11-30 17:00:00")}]),
    "newest_of_product": lambda _: pd.DataFrame([{"newest": date(2011, 11, 28)}]),
    "newest_of_found": lambda _: pd.DataFrame([{"newest": date(2011, 11, 28)}]),
    "newest_of_who": lambda _: pd.DataFrame([{"newest": datetime.fromisoformat("2011-11-30 17:34:00")}]),
    "newest_of_customer": lambda _: pd.DataFrame([{"newest": NEWEST}]),
    "sales_countries": lambda _: pd.DataFrame({"country": ["EIRE", "France", "United Kingdom"]}),
    "sales_by_country": lambda _: pd.DataFrame(
        [
            {"country": name} | {column: value * share for column, value in _SUMS.items()}
            for name, share in (("United Kingdom", 3), ("EIRE", 2), ("France", 1))
        ]
    ),
    "sales_by_weekday_hour": lambda _: pd.DataFrame(
        [
            {"weekday": day, "hour": hour} | {column: value * day for column, value in _SUMS.items()}
            for day in (1, 4, 7)
            for hour in (9, 12)
        ]
    ),
    **{f"lines_of_{which}{ending}": _lines for which in _LINES_OF for ending in ("", "_after")},
    **{f"lines_of_{which}_count": lambda _: pd.DataFrame([{"lines": 120}]) for which in _LINES_OF},
    "sales_by_period": _courses,
    "best_products": _best,
    "arrivals_by_hour": _arrivals,
    "copy_errors": _refused,
    "views_by_step": _views,
    "views_by_page": _viewed,
    "views_by_flow": _flows,
    "sessions_by_country": _sessions,
}
NOTHING: dict[str, Callable[[Mapping[str, object]], pd.DataFrame]] = fakes_trade.NOTHING | {
    "sales_span": lambda _: pd.DataFrame([{"first_at": None, "newest_at": None, "lines": 0}]),
    "sales_totals": lambda _: pd.DataFrame([dict.fromkeys(_SUMS | _SOLD_IN, 0)]),
    "newest_of_scope": lambda _: pd.DataFrame([{"newest": None}]),
    "sales_countries": lambda _: pd.DataFrame(columns=["country"]),
    "sales_by_country": lambda _: pd.DataFrame(columns=["country", *_SUMS]),
    "sales_by_weekday_hour": lambda _: pd.DataFrame(columns=["weekday", "hour", *_SUMS]),
    "sales_by_period": lambda _: pd.DataFrame(columns=["period", *_SUMS]),
    "best_products": lambda _: pd.DataFrame(columns=["period", "stock_code", "description", "net_sales", "units"]),
    "copy_errors": lambda _: _refused({}).head(0),
    "views_by_step": lambda _: pd.DataFrame(columns=["period", "views", "sessions"]),
    "views_by_page": lambda _: _viewed({}).head(0),
    "views_by_flow": lambda _: _flows({}).head(0),
    "sessions_by_country": lambda _: _sessions({}).head(0),
    "arrivals_by_hour": lambda _: pd.DataFrame(columns=["datehour", "records", "events", "newest_sent_at"]),
}


@dataclass
class FakeEngine:
    """Answers by a query's name; an error in `errors` (by name, or by "*") is raised instead."""

    answers: Mapping[str, Callable[[Mapping[str, object]], pd.DataFrame]] = field(default_factory=lambda: ANSWERS)
    errors: dict[str, Exception] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, object]]] = field(default_factory=list)

    def ask(self, query: Query, **parameters: object) -> Figure:
        query.check(parameters)
        self.asked.append((query.name, parameters))
        error = self.errors.get(query.name) or self.errors.get("*")
        if error:
            raise error
        evidence = Evidence(query.name, "Fake", query.sql, parameters, 0.01, query_id=len(self.asked))
        return Figure(self.answers[query.name](parameters), evidence)


class FakeService:
    """A boto3 client: `answers` by operation, each a value or a function of the request; paginators give one page."""

    def __init__(self, answers: Mapping[str, Any]) -> None:
        self._answers = answers

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        try:
            answer = self._answers[operation]
        except KeyError:
            raise AttributeError(operation) from None
        return lambda **request: self._of(answer, request)

    @staticmethod
    def _of(answer: Any, request: Mapping[str, Any]) -> Any:
        if isinstance(answer, Exception):
            raise answer
        return answer(request) if callable(answer) else answer

    def get_paginator(self, operation: str) -> _Pages:
        return _Pages(self, operation)


class _Pages:
    def __init__(self, service: FakeService, operation: str) -> None:
        self._service, self._operation = service, operation

    def paginate(self, **request: Any) -> Iterator[Any]:
        yield getattr(self._service, self._operation)(**request)
