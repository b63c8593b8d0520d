"""What each question that a page asks by itself takes, asked alone and anew.

`python -m tests.bench.default_figures START END REPEATS PAGE...` opens each page, without a browser, over the period
that it chooses itself and over these days (`YYYY-MM-DD`), and notes what it asks of the warehouse. Then it asks that
`REPEATS` times over, each question by itself, and prints the seconds as JSON: by `default` and `days`, by page, by the
query's name.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st
from streamlit.testing.v1 import AppTest

from pipeline.settings import REPOSITORY, settle
from queries import sources

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.settings import Settings
    from queries.figure import Engine, Figure
    from queries.loader import Query
    from queries.sources import Sources

_LIMIT_S = 60
_made = sources.of


class Noting:
    """The warehouse, and what was asked of it."""

    def __init__(self, warehouse: Engine) -> None:
        self.warehouse = warehouse
        self.asked: dict[tuple[str, str], tuple[Query, dict[str, object]]] = {}

    def ask(self, query: Query, **parameters: object) -> Figure:
        """As the warehouse answers."""
        self.asked[query.name, repr(sorted(parameters.items()))] = query, parameters
        return self.warehouse.ask(query, **parameters)


def opened(page: str, period: Mapping[str, str], warehouse: Noting) -> None:
    """`page` opened over `period`, everything that it asks put to `warehouse`."""

    def noted(settings: Settings) -> Sources:
        return replace(_made(settings), warehouse=warehouse)

    sources.of = noted
    app = AppTest.from_file(str(REPOSITORY / "dashboard.py"), default_timeout=_LIMIT_S)
    for script in ("overview", page):  # AppTest knows the addresses of pages once the entry has run
        st.cache_data.clear()
        st.cache_resource.clear()
        warehouse.asked.clear()
        if script != "overview":
            app.switch_page(f"pages/{script}.py")
            app.query_params.update(period)
        app.run()
    problems = [*app.exception, *app.error]
    if problems:
        raise SystemExit(f"{page}: {problems[0].value}")


def main(days: Mapping[str, str], repeats: int, pages: Sequence[str]) -> None:
    """By period, page and query: the seconds of each time that it was asked."""
    engine = _made(settle()).warehouse
    found: dict[str, dict[str, dict[str, list[float]]]] = {}
    for name, period in (("default", {}), ("days", days)):
        for page in pages:
            noting = Noting(engine)
            opened(page, period, noting)
            taken = found.setdefault(name, {}).setdefault(page, {})
            for query, parameters in list(noting.asked.values()):
                taken.setdefault(query.name, []).extend(_seconds(engine, query, parameters) for _ in range(repeats))
    sys.stdout.write(json.dumps(found) + "\n")


def _seconds(engine: Engine, query: Query, parameters: Mapping[str, object]) -> float:
    begun = time.perf_counter()
    engine.ask(query, **parameters)
    return time.perf_counter() - begun


if __name__ == "__main__":
    main({"start": sys.argv[1], "end": sys.argv[2]}, int(sys.argv[3]), sys.argv[4:])
