"""All rows in a pandas frame under `st.cache_data`, grouped for each figure, beside Weir's own way.

`python -m tests.bench.all_rows_in_pandas REPEATS` asks both in turn for the same four figures of the Sales page over
all days, and prints the seconds of each as JSON.
"""

from __future__ import annotations

import json
import sys
import time
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from pipeline.bench.load import connect
from pipeline.settings import settle
from queries import sources
from queries.answers import Answers
from queries.reports import sales
from queries.scope import Scope

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    from pipeline.stack import Outputs
    from queries.figure import Figure
    from queries.sources import Sources

    _Answer = TypeVar("_Answer")

_FRESH_S, _LIMIT_S = 3600, 60


@st.cache_data
def every_row(outputs: Outputs) -> pd.DataFrame:
    """The columns of `order_lines` that the figures need."""
    with connect(outputs) as connection, connection.cursor() as cursor:
        cursor.execute(
            "select invoice_no, invoice_date, quantity, cast(unit_price as float) as unit_price, country "
            "from order_lines"
        )
        return pd.DataFrame(cursor.fetchall(), columns=[column.name for column in cursor.description or []])


def in_pandas(outputs: Outputs) -> list[object]:
    """Net sales: all, by month, by country, by weekday and hour."""
    rows = every_row(outputs)
    amount = rows["quantity"] * rows["unit_price"]
    at = rows["invoice_date"].dt
    return [
        amount.sum(),
        amount.groupby(at.to_period("M")).sum(),
        amount.groupby(rows["country"]).sum(),
        amount.groupby([at.day_of_week, at.hour]).sum(),
    ]


def ours(answers: Answers, asked: Sources, scope: Scope) -> list[Figure]:
    """The same of the rollups, side by side, kept in `answers`."""
    questions: list[tuple[Callable[..., Figure], tuple[str, ...]]] = [
        (sales.totals, ()), (sales.by_period, ("month",)), (sales.by_country, ()), (sales.by_weekday_hour, ()),
    ]  # fmt: skip
    asking = [
        answers.ask((report.__name__, more), partial(report, asked.warehouse, scope, *more))
        for report, more in questions
    ]
    return [each.answer(_LIMIT_S) for each in asking]


def main(repeats: int) -> None:
    """Both in turn; `same` tells whether both come to the same net sales."""
    asked = sources.of(settle())
    span = sales.span(asked.warehouse).row
    first, last = (pd.Timestamp(span[name]).normalize().to_pydatetime() for name in ("first_at", "newest_at"))
    scope = Scope(first, last + timedelta(days=1))
    answers = Answers(fresh_s=_FRESH_S)

    loading_s, theirs = _timed(partial(in_pandas, asked.outputs))
    mine = ours(answers, asked, scope)
    found: dict[str, list[float]] = {"pandas": [], "ours": [], "ours_asked_anew": []}
    for _ in range(repeats):
        found["pandas"].append(_timed(partial(in_pandas, asked.outputs))[0])
        found["ours"].append(_timed(partial(ours, answers, asked, scope))[0])
        fresh = Answers()
        found["ours_asked_anew"].append(_timed(partial(ours, fresh, asked, scope))[0])
        fresh.close()
    same = abs(float(mine[0].row["net_sales"]) - float(str(theirs[0]))) < 0.01
    rows = len(every_row(asked.outputs))
    sys.stdout.write(json.dumps({**found, "loading_s": loading_s, "same": same, "rows": rows}) + "\n")


def _timed(work: Callable[[], _Answer]) -> tuple[float, _Answer]:
    begun = time.perf_counter()
    answer = work()
    return time.perf_counter() - begun, answer


if __name__ == "__main__":
    main(int(sys.argv[1]))
