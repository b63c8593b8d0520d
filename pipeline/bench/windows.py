"""Chromium in front of the real dashboard: how long a page takes to its last figure, and how much it was sent.

A page is there when its script has ended, the server is connected, no placeholder, spinner or figure that is still
asked for is left and every chart that can be seen is drawn, and has been so for a tenth of a second; the time is that
of the first such moment, by the page's own clock from the start of its navigation or from the click.
"""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from playwright.sync_api import Browser, BrowserContext, Page

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_ARGUMENTS = ("--disable-background-networking", "--disable-component-update", "--disable-gpu", "--no-first-run")
_LIMIT_MS = 60_000
_WATCH = """(() => {
    const drawn = (chart) => chart.offsetParent === null || chart.querySelector('.main-svg');
    const there = () => {
        const app = document.querySelector('[data-testid=stApp]');
        return app && app.dataset.testScriptState === 'notRunning'
            && app.dataset.testConnectionState === 'CONNECTED'
            && document.querySelector('[data-testid=stHeading]')
            && (!window.weirWanted || location.search.includes(window.weirWanted))
            && (!window.weirTitle || document.querySelector('h1')?.innerText.startsWith(window.weirTitle))
            && !document.querySelector('[data-testid=stSpinner], [data-testid=stSkeleton], [class*="st-key-cancel-"]')
            && [...document.querySelectorAll('[data-testid=stPlotlyChart]')].every(drawn);
    };
    let since = null;
    window.weirReady = null;
    setInterval(() => {
        if (window.weirReady !== null) return;
        if (!there()) { since = null; return; }
        since ??= performance.now();
        if (performance.now() - since >= 100) window.weirReady = since;
    }, 5);
    window.weirClick = (element, wanted, title) => {
        window.weirWanted = wanted; window.weirTitle = title; since = null;
        window.weirFrom = performance.now(); window.weirReady = null;
        element.click();
    };
})()"""


@dataclass(frozen=True)
class Opened:
    """One opening of a page: seconds to its last figure, bytes that the server sent for it, the largest message."""

    seconds: float
    sent_bytes: int
    largest_bytes: int


@dataclass
class Window:
    """One browser window of its own; its browser's cache is empty at first and kept from page to page."""

    context: BrowserContext
    page: Page
    frames: list[int] = field(default_factory=list)

    @classmethod
    def of(cls, browser: Browser) -> Window:
        """A desktop's window."""
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        context.add_init_script(_WATCH)
        window = cls(context, context.new_page())
        window.page.set_default_timeout(_LIMIT_MS)
        window.page.on("websocket", window._listen)
        return window

    def start(self, address: str) -> None:
        """Go to a page, and do not wait for it."""
        self.frames.clear()
        self.page.goto(address, wait_until="commit")

    def opened(self) -> Opened:
        """Wait for the page that `start` went to."""
        self.page.wait_for_function("() => window.weirReady !== null")
        seconds = float(self.page.evaluate("() => window.weirReady")) / 1000
        return Opened(seconds, sum(self.frames), max(self.frames, default=0))

    def open(self, address: str) -> Opened:
        """Go to a page and wait for it."""
        self.start(address)
        return self.opened()

    def click(self, text: str, wanted: str) -> float:
        """Click the choice that says `text`, wait until the address holds `wanted` and all is there; seconds."""
        element = self.page.get_by_test_id("stButtonGroup").get_by_text(text, exact=True).first
        element.evaluate("(element, wanted) => window.weirClick(element.closest('button'), wanted)", wanted)
        return self._since_click()

    def visit(self, title: str) -> float:
        """Choose the page that the menu calls `title`, wait for it; seconds."""
        link = self.page.get_by_test_id("stSidebarNavLink").filter(has_text=title).first
        link.evaluate("(element, title) => window.weirClick(element, '', title)", title)
        return self._since_click()

    def _since_click(self) -> float:
        self.page.wait_for_function("() => window.weirReady !== null")
        return float(self.page.evaluate("() => window.weirReady - window.weirFrom")) / 1000

    def close(self) -> None:
        """Forget everything."""
        self.context.close()

    def _listen(self, socket: Any) -> None:  # noqa: ANN401 - Playwright's WebSocket
        socket.on("framereceived", lambda frame: self.frames.append(len(frame)))


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser of this machine: `WEIR_CHROMIUM`, one on the path, or Playwright's own."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - of the development requirements

    named = os.environ.get("WEIR_CHROMIUM") or next((path for path in map(shutil.which, _NAMES) if path), None)
    arguments = [*_ARGUMENTS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]  # root has no sandbox
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=named, args=arguments)
        try:
            yield running
        finally:
            running.close()


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` of all are not above; of few values the greatest."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
