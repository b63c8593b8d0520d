"""A window on the dashboard: opens pages, waits until they stand still, looks for faults, takes pictures."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pipeline.settings import REPOSITORY

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

Scheme = Literal["light", "dark"]
HEIGHTS = {1440: 900, 390: 844}
_IN_DOCS = {(1440, "light"), (390, "dark")}
_LIMIT_MS = 30_000
# A fragment that looks again each two seconds is still for most of them. A figure that may be cancelled is not there.
_STILL = """() => {
    const app = document.querySelector('[data-testid=stApp]');
    return app && app.dataset.testScriptState === 'notRunning'
        && app.dataset.testConnectionState === 'CONNECTED'
        && document.querySelector('[data-testid=stHeading]')
        && !document.querySelector('[data-testid=stSpinner], [data-testid=stSkeleton], [class*="st-key-cancel-"]');
}"""
_WIDTHS = """() => {
    const main = document.querySelector('[data-testid=stMain]');
    return [document.documentElement.scrollWidth, main.scrollWidth, main.clientWidth];
}"""
_CUT_OFF = """() => [...document.querySelectorAll('[data-testid=stMetricValue] *, [data-testid=stMetricLabel] *')]
    .filter((part) => part.scrollWidth > part.clientWidth + 1 && getComputedStyle(part).textOverflow === 'ellipsis')
    .map((part) => part.textContent)"""
_CONTRAST = (Path(__file__).parent / "contrast.js").read_text()
_CONTENT_HEIGHT = "() => document.querySelector('[data-testid=stMain]').scrollHeight"


@dataclass
class View:
    """One browser window of one width in one colour scheme."""

    page: Page
    url: str
    width: int
    scheme: Scheme
    complaints: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, browser: Browser, url: str, *, width: int, scheme: Scheme) -> View:
        """A window in a browser context of its own."""
        context = browser.new_context(
            viewport={"width": width, "height": HEIGHTS[width]}, color_scheme=scheme, timezone_id="Europe/London"
        )
        view = cls(context.new_page(), url, width, scheme)
        view.page.set_default_timeout(_LIMIT_MS)
        view.page.on("pageerror", lambda error: view.complaints.append(f"script: {error}"))
        view.page.on("requestfailed", lambda request: view.complaints.append(f"not reached: {request.url}"))
        view.page.on("response", lambda got: view._note(got.status, got.url))
        view.page.on("console", lambda said: view._console(said.type, said.text))
        return view

    def open(self, address: str) -> None:
        """Go to a page and wait until it shows what it has."""
        self.page.goto(self.url + address)
        self.settle()

    def settle(self) -> None:
        """Wait until nothing runs any more, and the charts are drawn."""
        self.page.wait_for_function(_STILL)
        self.page.wait_for_timeout(300)
        self.page.wait_for_function(_STILL)
        for frame in self.page.get_by_test_id("stFullScreenFrame").all():  # there before its chart or table
            if frame.is_visible():
                frame.locator(".main-svg, [data-testid=stDataFrame]").first.wait_for()

    def pick(self, mark: Locator) -> None:
        """Click a mark of a chart, as a hand does: over it first, until the chart tells what is there."""
        mark.hover(force=True)
        self.page.locator(".hoverlayer :is(.hovertext, .legend)").first.wait_for()
        mark.click(force=True)

    def metric(self, label: str) -> str:
        """The figure under a label, as text."""
        tile = self.page.get_by_test_id("stMetric").filter(has=self.page.get_by_text(label, exact=True))
        return tile.first.get_by_test_id("stMetricValue").inner_text().strip()

    def text(self) -> str:
        """All text of the page."""
        return self.page.get_by_test_id("stMain").inner_text()

    def overflow(self) -> int:
        """How many pixels the page is wider than the window."""
        window, main, shown = self.page.evaluate(_WIDTHS)
        return int(max(window - self.width, main - shown))

    def cut_off(self) -> list[str]:
        """Figures and their labels that have no room."""
        found: list[str] = self.page.evaluate(_CUT_OFF)
        return found

    def faint(self) -> list[str]:
        """Text with less contrast than WCAG AA asks."""
        found: list[str] = self.page.evaluate(_CONTRAST)
        return found

    def picture(self, name: str) -> None:
        """Save the whole page; a light desktop's and a dark phone's into docs/ too when WEIR_SCREENSHOTS=docs."""
        height = min(max(int(self.page.evaluate(_CONTENT_HEIGHT)), HEIGHTS[self.width]), 5000)
        self.page.set_viewport_size({"width": self.width, "height": height})
        self.page.wait_for_timeout(300)
        for folder in _folders(self):
            folder.mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=folder / f"{name}-{self.scheme}-{self.width}.png")
        self.page.set_viewport_size({"width": self.width, "height": HEIGHTS[self.width]})

    def _note(self, status: int, url: str) -> None:
        if status >= 400:
            self.complaints.append(f"{status}: {url}")

    def _console(self, kind: str, text: str) -> None:
        # A refused response is noted by its address above.
        if kind == "error" and not text.startswith("Failed to load resource"):
            self.complaints.append(f"console: {text}")


def _folders(view: View) -> list[Path]:
    folders = [REPOSITORY / "build" / "screenshots"]
    wanted = os.environ.get("WEIR_SCREENSHOTS") == "docs" and (view.width, view.scheme) in _IN_DOCS
    return [*folders, REPOSITORY / "docs" / "screenshots"] if wanted else folders
