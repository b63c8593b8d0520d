"""The obvious way beside ours: all rows in a pandas frame under `st.cache_data`, grouped for each figure.

Both run in one process of their own, in turn, and answer the same four figures of the Sales page over all days.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from pipeline.settings import REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path

# A page in small; a text, because nothing under pipeline/ may know of Streamlit.
_SCRIPT = """
import json, sys, time
import pandas as pd
import streamlit as st
from pipeline import stack
from pipeline.bench.load import connect
from pipeline.settings import settle
from queries import sources
from queries.answers import Answers
from queries.reports import sales
from queries.scope import Scope

settings = settle()
engines = sources.of(settings)

@st.cache_data
def every_row():
    with connect(engines.outputs) as connection, connection.cursor() as cursor:
        cursor.execute(
            "select invoice_no, invoice_date, quantity, cast(unit_price as float) as unit_price, country "
            "from order_lines"
        )
        return pd.DataFrame(cursor.fetchall(), columns=[column.name for column in cursor.description])

def obvious():
    rows = every_row()
    amount = rows["quantity"] * rows["unit_price"]
    at = rows["invoice_date"].dt
    return [
        amount.sum(),
        amount.groupby(at.to_period("M")).sum(),
        amount.groupby(rows["country"]).sum(),
        amount.groupby([at.weekday, at.hour]).sum(),
    ]

span = sales.span(engines.warehouse).row
day = lambda at: pd.Timestamp(at).normalize().to_pydatetime()
scope = Scope(day(span["first_at"]), day(span["newest_at"]) + pd.Timedelta(days=1).to_pytimedelta())
QUESTIONS = ((sales.totals,), (sales.by_period, "month"), (sales.by_country,), (sales.by_weekday_hour,))
answers = Answers(fresh_s=3600)

def ours(answers):
    asked = [
        answers.ask((report, more), lambda report=report, more=more: report(engines.warehouse, scope, *more))
        for report, *more in ((question[0], *question[1:]) for question in map(tuple, QUESTIONS))
        for more in [tuple(more)]
    ]
    return [each.answer(60) for each in asked]

def seconds(work):
    begun = time.perf_counter()
    answer = work()
    return time.perf_counter() - begun, answer

found = {"obvious": [], "ours": [], "ours_asked_anew": []}
loading, first = seconds(obvious)
mine = ours(answers)
for _ in range(int(sys.argv[1])):
    found["obvious"].append(seconds(obvious)[0])
    found["ours"].append(seconds(lambda: ours(answers))[0])
    fresh = Answers()
    found["ours_asked_anew"].append(seconds(lambda: ours(fresh))[0])
    fresh.close()
found["loading_s"] = loading
found["same"] = abs(float(mine[0].row["net_sales"]) - float(first[0])) < 0.01
found["rows"] = len(every_row())
print(json.dumps(found))
"""


def measure(state: Path, repeats: int) -> dict[str, Any]:
    """Seconds from asking to the rows of all four figures, warm: `obvious`, `ours`, `ours_asked_anew` (no cache).

    `loading_s` is what the obvious way takes once; `same` tells whether both come to the same net sales.
    """
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT, str(repeats)],
        cwd=REPOSITORY,
        env=os.environ | {"WEIR_STATE": str(state)},
        capture_output=True,
        text=True,
        check=True,
    )
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer
