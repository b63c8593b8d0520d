"""What a reader waits for: opening pages cold and warm, asking on, ten at once; in Chromium on the real server.

Cold is a browser that never saw Weir and a period that nobody asked for. Warm is a page chosen in the menu of an open
window, its figures asked before. Loaded again is the whole application loaded anew at an address asked before.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

from pipeline.bench.percentile import percentile
from pipeline.bench.windows import Window

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, timedelta

    from pipeline.bench.browser import Browser
    from pipeline.bench.served import Served
    from pipeline.bench.windows import Opened

# The choices of the Sales page's pickers.
_ASKING_ON = ("Hour", "Day", "Month", "Year")
_SHORTCUTS = ("7 days", "30 days", "90 days", "1 year", "All")
# Of the other pages some of theirs, each with what it puts into the address.
_OF_OTHERS = {
    "products": {"Quantity": "rank=units", "Bottom": "from=bottom", "Returns": "rank=returns", "Month": "by=month"},
    "invoices": {"Lowest": "order=lowest", "Longest": "order=longest"},
    "customers": {"In the period": "best=period", "Month": "by=month"},
}
# And of lists: which one, how the option ends that is chosen, what it puts into the address.
_OF_LISTS = {
    "sales": (
        ("Country", "Germany", "country="),
        ("Compared with", "a year before", "compare="),
        ("Choose a weekday and hour", "Thursdays at 12:00", "weekday="),
    ),
    "products": (("Choose a product", ")", "product="), ("Country", "Germany", "country=")),
    "invoices": (("Country", "Germany", "country="),),
    "customers": (
        ("Choose a segment", "Champions", "segment="),
        ("Choose a cohort and month", "%", "cohort="),
        ("Country", "Germany", "country="),
    ),
}
_NARROWED_AT = range(41, 45)  # periods of `Days.address`, long ones
P95 = 0.95


@dataclass(frozen=True)
class Days:
    """The days that there are sales for, from which addresses are made."""

    first: date
    last: date
    day: timedelta

    def address(self, page: str, at: int, by: str = "day") -> str:
        """The address of `page` over a period that differs with `at`, so that nothing of it was asked before."""
        return f"/{page}?{self.query(at, by)}" if page else "/"

    def query(self, at: int, by: str = "day") -> str:
        """The part of an address that tells the period; it begins anew with the first day after the last."""
        days = (self.last - self.first) // self.day + 1
        return f"start={self.first + self.day * (at % days)}&end={self.last}&by={by}"


def opened(browser: Browser, server: Served, days: Days, page: str, repeats: int) -> dict[str, Any]:
    """`page` opened cold, and loaded again in the same window."""
    cold, again = [], []
    spent = 0.0
    for at in range(repeats):
        window = Window.of(browser)
        address = server.url + days.address(page, at)
        before = server.cpu_s()
        cold.append(window.open(address))
        again.append(window.open(address))
        spent += server.cpu_s() - before
        window.close()
    return {
        "cold_s": _spread([each.seconds for each in cold]),
        "again_s": _spread([each.seconds for each in again]),
        "cpu_s_per_opening": spent / (2 * repeats),
        "page_bytes": max(each.sent_bytes for each in (*cold, *again)),
        "largest_message_bytes": max(each.largest_bytes for each in (*cold, *again)),
    }


def toured(browser: Browser, server: Served, titles: Sequence[str], rounds: int) -> dict[str, dict[str, float]]:
    """Each page chosen in the menu of one window, round after round; a first round, which asks, is not counted."""
    window = Window.of(browser)
    window.open(server.url)
    seconds: dict[str, list[float]] = {title: [] for title in titles}
    for turn in range(rounds + 1):
        for title in titles:
            took = window.visit(title)
            if turn:
                seconds[title].append(took)
    window.close()
    return {title: _spread(taken) for title, taken in seconds.items()}


def least(browser: Browser, server: Served, repeats: int) -> dict[str, Any]:
    """The page at `/` of any server, cold and loaded again: what the framework itself takes."""
    cold, again = [], []
    for _ in range(repeats):
        window = Window.of(browser)
        cold.append(window.open(server.url).seconds)
        again.append(window.open(server.url).seconds)
        window.close()
    return {"cold_s": _spread(cold), "again_s": _spread(again)}


def asked_on(browser: Browser, server: Served, days: Days) -> dict[str, Any]:
    """Another period or division of Sales, ranking of Products, order of Invoices, and so on, click by click.

    Then what narrows each page: a country, a comparison, an hour of a weekday, a product, a segment, one after the
    other. Each asks something anew, but what the page asked a moment ago, and shows still, is kept for it as for any
    reader.
    """
    window = Window.of(browser)
    window.open(server.url + days.address("sales", 40))
    seconds = []
    for shortcut in _SHORTCUTS:
        seconds.append(window.click(shortcut, "start="))
        seconds += [
            window.click(by, f"by={by.lower()}")
            for by in _ASKING_ON
            if not (by == "Hour" and shortcut in {"All", "1 year"})
        ]
    for page, choices in _OF_OTHERS.items():
        window.open(server.url + days.address(page, 40))
        seconds += [window.click(choice, wanted) for choice, wanted in choices.items()]
    narrowed: list[float] = []
    largest = 0
    for at, (page, lists) in itertools.product(_NARROWED_AT, _OF_LISTS.items()):
        window.open(server.url + days.address(page, at))
        narrowed += [window.choose(*chosen) for chosen in lists]
        largest = max(largest, window.largest_bytes)
    window.close()
    clicked = _spread(seconds) | {"clicks": len(seconds)}
    return {"clicked": clicked, "narrowed": _spread(narrowed) | {"clicks": len(narrowed)}, "largest": largest}


def crowd(browser: Browser, server: Served, days: Days, periods: range, people: int) -> dict[str, Any]:
    """`people` at once open the Sales page, each over a period of their own, in windows that have been there before.

    They do so again until all `periods` were opened.
    """
    windows = [Window.of(browser) for _ in range(people)]
    for window in windows:
        window.open(server.url + "/sales")
    before = server.cpu_s()
    found: list[Opened] = []
    for at in range(0, len(periods), people):
        asked = list(zip(windows, periods[at : at + people], strict=False))
        for window, period in asked:
            window.start(server.url + days.address("sales", period))
        found += [window.opened() for window, _ in asked]
    spent = server.cpu_s() - before
    for window in windows:
        window.close()
    return {"people": people, "cpu_s_per_opening": spent / len(found)} | _spread([each.seconds for each in found])


def _spread(seconds: Sequence[float]) -> dict[str, float]:
    return {"median": median(seconds), "p95": percentile(seconds, P95), "most": max(seconds)}
