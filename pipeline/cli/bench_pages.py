"""`bench pages`: what a reader of the dashboard waits for, on a local cloud of its own or on the one that runs."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from pipeline import stack
from pipeline.bench import browser as driven
from pipeline.bench import load, pages, scripts, served, windows
from pipeline.cli.bench_cloud import own_cloud, sample
from pipeline.errors import BadInputError
from pipeline.settings import running_cloud, settle_local, state_folder

if TYPE_CHECKING:
    import argparse

    from pipeline.stack import Outputs

PAGES = {"Overview": "", "Sales": "sales", "Products": "products", "Invoices": "invoices", "Customers": "customers"}
# Scripts that know Streamlit, which nothing under pipeline/ may.
_FRAMEWORK = {
    "Streamlit, nothing on it": "tests/bench/empty_page.py",
    "Streamlit, one chart": "tests/bench/one_chart.py",
}
_SAMPLE_ROWS = 541_909
_PERIODS = {"default": "over the period that it chooses", "days": "over all days"}
_CROWD = 10
_READERS = 240  # openings without a browser
_FIRST = 60  # the first period of those of a crowd
_FIGURE_REPEATS = 15


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Over which rows, and how often."""
    parser.add_argument("--file", type=Path, metavar="FILE", help="order lines to load (default: a generated sample)")
    parser.add_argument("--rows", type=int, default=_SAMPLE_ROWS, metavar="N", help="of the generated sample")
    parser.add_argument("--times", type=int, default=1, metavar="N", help="then again over N times the invoices")
    parser.add_argument("--opens", type=int, default=20, metavar="N", help="openings of each page (default: 20)")
    parser.add_argument("--here", action="store_true", help="on the local cloud that runs, with what it holds")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Load, open, click, count; print medians and p95."""
    if args.file is not None and not args.file.exists():
        raise BadInputError(f"There is no file {args.file}.")
    state = state_folder()
    state.mkdir(parents=True, exist_ok=True)
    with ExitStack() as running:
        folder = Path(running.enter_context(tempfile.TemporaryDirectory(dir=state, prefix="bench-")))
        if args.here:
            settings = settle_local(str(running_cloud(state)["endpoint"]))
            outputs, place = stack.outputs(settings.stack), state
        else:
            settings = running.enter_context(own_cloud(folder, {}))
            outputs, place = stack.outputs(settings.stack), folder
            _filled(outputs, args, folder)
        parts = [_measured(outputs, place, folder, args.opens)]
        if args.times > 1 and not args.here:
            begun = time.monotonic()
            with load.connect(outputs) as connection:
                load.multiply(connection, args.times)
            _tell(f"{args.times} times the invoices", begun)
            parts.append(_measured(outputs, place, folder, args.opens))
    found = {"processors": os.cpu_count(), "parts": parts}
    print(json.dumps(found) if args.json else _written(found))
    return 0


def _filled(outputs: Outputs, args: argparse.Namespace, folder: Path) -> None:
    begun = time.monotonic()
    path = args.file or sample(folder / "sample.csv.gz", args.rows)
    with load.connect(outputs) as connection:
        rows = load.load(connection, path)
    _tell(f"{rows:,} order lines loaded", begun)


def _measured(outputs: Outputs, place: Path, folder: Path, opens: int) -> dict[str, Any]:
    with load.connect(outputs) as connection:
        (rows,) = connection.execute("select count(*) from order_lines").fetchone() or (0,)
        first, last = connection.execute(
            "select cast(min(hour) as date), cast(max(hour) as date) from sales_by_hour_country"
        ).fetchone() or (None, None)
    if first is None or last is None:
        raise BadInputError("There are no sales to show: load a file, or leave --here out.")
    days = pages.Days(first, last, timedelta(days=1))
    found: dict[str, Any] = {"rows": rows, "pages": {}}
    with driven.chromium() as browser:
        with served.dashboard(place, folder / "dashboard.log") as server:
            _visited(browser, server.url + "/sales")  # the server has its modules then
            for title, address in PAGES.items():
                begun = time.monotonic()
                found["pages"][title] = pages.opened(browser, server, days, address, opens)
                _tell(f"{title}, {opens} times", begun)
            begun = time.monotonic()
            found["menu"] = pages.toured(browser, server, list(PAGES), opens)
            found["asking_on"] = pages.asked_on(browser, server, days)
            _tell("menu, and asking on", begun)
            begun = time.monotonic()
            # No period twice, so that nobody finds what another asked for.
            alone, together = range(_FIRST, _FIRST + opens), range(_FIRST + opens, _FIRST + 3 * opens)
            found["crowd"] = [
                pages.crowd(browser, server, days, periods, people)
                for periods, people in ((alone, 1), (together, _CROWD))
            ]
            queries = [days.query(at) for at in range(together.stop, together.stop + _READERS + 1)]
            found["readers"] = scripts.readers(place, server, _CROWD, queries)
            _tell(f"{_CROWD} at once", begun)
        found["framework"] = {}
        for name, script in _FRAMEWORK.items():
            with served.dashboard(place, folder / "framework.log", script) as server:
                _visited(browser, server.url)
                found["framework"][name] = pages.least(browser, server, opens)
    names = [title.lower() for title in PAGES]
    found["figures"] = scripts.default_figures(place, str(days.first), str(days.last), _FIGURE_REPEATS, names)
    found["in_pandas"] = scripts.in_pandas(place, 5)
    return found


def _visited(browser: driven.Browser, address: str) -> None:
    window = windows.Window.of(browser)
    window.open(address)
    window.close()


def _tell(what: str, begun: float) -> None:
    """How far it is, on standard error: the figures are for standard output."""
    print(f"{what + ' ':.<40} {time.monotonic() - begun:5.1f} s", file=sys.stderr, flush=True)


def _written(found: dict[str, Any]) -> str:
    lines = [f"{found['processors']} processors, Chromium on the same machine; seconds as median / p95"]
    for part in found["parts"]:
        lines.append(f"{part['rows']:,} order lines")
        lines += [
            f"  {name:<26} cold {_pair(page['cold_s'])}  warm {_pair(part['menu'][name])}  "
            f"loaded again {_pair(page['again_s'])}  server {page['cpu_s_per_opening']:.3f} CPU s an opening  "
            f"{page['page_bytes'] / 1000:,.0f} kB, largest message {page['largest_message_bytes'] / 1000:,.0f} kB"
            for name, page in part["pages"].items()
        ]
        lines += [
            f"  {name:<26} cold {_pair(page['cold_s'])}  {'':<16}loaded again {_pair(page['again_s'])}"
            for name, page in part["framework"].items()
        ]
        asking = part["asking_on"]
        lines += [
            f"  {name:<26} {_pair(asking[key])}  over {asking[key]['clicks']} clicks"
            for name, key in (("asking on", "clicked"), ("narrowing", "narrowed"))
        ]
        lines.append(f"  {'largest message':<26} {asking['largest'] / 1000:,.0f} kB, of pages narrowed")
        lines += [
            f"  {crowd['people']:>2} at once{'':<17} {_pair(crowd)}  "
            f"server {crowd['cpu_s_per_opening']:.3f} CPU s an opening"
            for crowd in part["crowd"]
        ]
        spent = part["readers"]
        lines.append(
            f"  {'without a browser':<26} server {spent['one']:.3f} CPU s an opening, one after the other; "
            f"{spent['together']:.3f} for {_CROWD} at once"
        )
        lines += [line for period in _PERIODS for line in _asked(part, period)]
        way = part["in_pandas"]
        theirs, ours, anew = (median(way[name]) * 1000 for name in ("pandas", "ours", "ours_asked_anew"))
        lines.append(
            f"  four figures, warm: all rows in pandas {theirs:,.1f} ms, ours {ours:,.2f} ms ({theirs / ours:,.0f} x), "
            f"ours asked anew {anew:,.1f} ms ({theirs / anew:,.0f} x); the same net sales: {way['same']}"
        )
    if len(found["parts"]) > 1:
        lines.append(_grown(*found["parts"]))
    return "\n".join(lines)


def _grown(few: dict[str, Any], many: dict[str, Any]) -> str:
    times = f"{many['rows'] / few['rows']:.0f} x the rows"
    opened = [
        f"{name} {many['pages'][name]['cold_s']['median'] / few['pages'][name]['cold_s']['median']:.2f} x"
        for name in few["pages"]
    ]
    asked = [
        f"  {page:<10} {_PERIODS[period]}: "
        + ", ".join(f"{name} {ms / before[name]:.1f} x" for name, ms in _medians(after).items())
        for period in _PERIODS
        for page, after in many["figures"][period].items()
        for before in [_medians(few["figures"][period][page])]
    ]
    return "\n".join([f"{times}, cold medians: {', '.join(opened)}", f"{times}, each question asked alone:", *asked])


def _asked(part: dict[str, Any], period: str) -> list[str]:
    return [f"  what pages ask by themselves, each alone, {_PERIODS[period]}, ms"] + [
        f"    {page:<24} " + ", ".join(f"{name} {ms:.1f}" for name, ms in _medians(asked).items())
        for page, asked in part["figures"][period].items()
    ]


def _medians(asked: dict[str, list[float]]) -> dict[str, float]:
    """By query, in milliseconds."""
    return {name: median(seconds) * 1000 for name, seconds in asked.items()}


def _pair(spread: dict[str, float]) -> str:
    return f"{spread['median']:.2f} / {spread['p95']:.2f}"
