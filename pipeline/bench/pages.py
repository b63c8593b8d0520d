"""What a reader waits for: opening a page cold and warm, asking on, ten at once; in Chromium on the real server."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

from pipeline.bench.windows import Window, percentile

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, timedelta

    from playwright.sync_api import Browser

    from pipeline.bench.served import Served
    from pipeline.bench.windows import Opened

# The choices of the Sales page's pickers, each with what it puts into the address.
_ASKING_ON = ("Hour", "Day", "Month", "Year")
_SHORTCUTS = ("7 days", "30 days", "90 days", "1 year", "All")
P95 = 0.95


@dataclass(frozen=True)
class Days:
    """The days that there are sales for, from which addresses are made."""

    first: date
    last: date
    day: timedelta

    def address(self, page: str, at: int, by: str = "day") -> str:
        """The address of `page` over a period that differs with `at`, so that nothing of it was asked before."""
        start = self.first + self.day * at
        return f"/{page}?start={start}&end={self.last}&by={by}" if page else "/"


def opened(browser: Browser, server: Served, days: Days, page: str, repeats: int) -> dict[str, Any]:
    """Cold: a new window, a period never asked. Warm: the same window, the same address again."""
    cold, warm = [], []
    before, openings = server.cpu_s(), 0
    for at in range(repeats):
        window = Window.of(browser)
        address = server.url + days.address(page, at)
        cold.append(window.open(address))
        warm.append(window.open(address))
        openings += 2
        window.close()
    return {
        "cold_s": _spread([each.seconds for each in cold]),
        "warm_s": _spread([each.seconds for each in warm]),
        "cpu_s_per_opening": (server.cpu_s() - before) / openings,
        "page_bytes": max(each.sent_bytes for each in (*cold, *warm)),
        "largest_message_bytes": max(each.largest_bytes for each in (*cold, *warm)),
    }


def asked_on(browser: Browser, server: Served, days: Days) -> dict[str, Any]:
    """Another period or division of the Sales page, click by click; each is a question never asked before."""
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
    window.close()
    return _spread(seconds) | {"clicks": len(seconds)}


def crowd(browser: Browser, server: Served, days: Days, people: int, rounds: int) -> dict[str, Any]:
    """`people` at once open the Sales page, each over a period of their own, in windows that have been there before."""
    windows = [Window.of(browser) for _ in range(people)]
    for window in windows:
        window.open(server.url + "/sales")
    before = server.cpu_s()
    found: list[Opened] = []
    for turn in range(rounds):
        for place, window in enumerate(windows):
            window.start(server.url + days.address("sales", 60 + turn * people + place))
        found += [window.opened() for window in windows]
    spent = server.cpu_s() - before
    for window in windows:
        window.close()
    return {"people": people, "cpu_s_per_opening": spent / len(found)} | _spread([each.seconds for each in found])


def _spread(seconds: Sequence[float]) -> dict[str, float]:
    return {"median": median(seconds), "p95": percentile(seconds, P95), "most": max(seconds)}
