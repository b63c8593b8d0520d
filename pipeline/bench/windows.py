"""Windows of Chromium in front of the real dashboard: how long a page takes to its last figure, and what it was sent.

A page is there when its script has ended, the server is connected, no placeholder, spinner or figure that is still
asked for is left and every chart that can be seen is drawn, sparklines too, and has been so for a tenth of a second;
the time is that of the first such moment, by the page's own clock from the start of its navigation or from the click.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline.errors import LocalCloudError

if TYPE_CHECKING:
    from pipeline.bench.browser import Browser

_WATCH = """(() => {
    // The frame of a chart is there before the chart. Whether it can be seen is asked last: the browser has to lay out
    // the page for that, which takes time itself.
    const drawn = (frame) => frame.querySelector('.main-svg, [data-testid=stDataFrame]') || frame.offsetParent === null;
    const sketched = (line) => line.querySelector('canvas, svg') || line.offsetParent === null;
    const there = () => {
        const app = document.querySelector('[data-testid=stApp]');
        return app && app.dataset.testScriptState === 'notRunning'
            && app.dataset.testConnectionState === 'CONNECTED'
            && document.querySelector('[data-testid=stHeading]')
            && (!window.weirWanted || location.search.includes(window.weirWanted))
            && (!window.weirTitle || document.querySelector('h1')?.innerText.startsWith(window.weirTitle))
            && !document.querySelector('[data-testid=stSpinner], [data-testid=stSkeleton], [class*="st-key-cancel-"]')
            && [...document.querySelectorAll('[data-testid=stFullScreenFrame]')].every(drawn)
            && [...document.querySelectorAll('[data-testid=stMetricChart]')].every(sketched);
    };
    let since = null, ready = null, waiting = null;
    setInterval(() => {
        if (ready === null) {
            if (!there()) { since = null; return; }
            since ??= performance.now();
            if (performance.now() - since < 100) return;
            ready = since;
        }
        waiting?.(ready);
    }, 5);
    window.weirReady = () => new Promise((resolve) => { waiting = resolve; });
    window.weirClick = (element, wanted, title) => {
        window.weirWanted = wanted; window.weirTitle = title; since = null; ready = null;
        const from = performance.now();
        element.click();
        return window.weirReady().then((at) => at - from);
    };
    window.weirOpen = (label) => {
        const field = document.querySelector(`[role=combobox][aria-label="${label}"]`);
        field.blur(); field.focus(); field.select();
        return true;
    };
    window.weirOption = (text) => new Promise((resolve) => {
        const until = performance.now() + 1000;
        const look = setInterval(() => {
            const found = [...document.querySelectorAll('[role=option]')].some((each) => each.innerText.endsWith(text));
            if (!found && performance.now() < until) return;
            clearInterval(look);
            resolve(found);
        }, 5);
    });
    window.weirSent = [];
    const Plain = window.WebSocket;
    window.WebSocket = class extends Plain {
        constructor(...given) {
            super(...given);
            this.addEventListener('message', ({data}) => window.weirSent.push(data.byteLength ?? data.length));
        }
    };
})()"""


_TRIES = 5  # to open a list


@dataclass(frozen=True)
class Opened:
    """One opening of a page: seconds to its last figure, bytes that the server sent for it, the largest message."""

    seconds: float
    sent_bytes: int
    largest_bytes: int


@dataclass(frozen=True)
class Window:
    """One browser window of its own; its browser's cache is empty at first and kept from page to page."""

    browser: Browser
    context: str
    session: str

    @classmethod
    def of(cls, browser: Browser) -> Window:
        """A desktop's window that has come to rest."""
        context = browser.call("Target.createBrowserContext")["browserContextId"]
        target = browser.call(
            "Target.createTarget", url="about:blank", browserContextId=context, newWindow=True, width=1440, height=900
        )
        session = browser.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)["sessionId"]
        browser.call("Page.enable", session)
        browser.call("Page.addScriptToEvaluateOnNewDocument", session, source=_WATCH)
        browser.rest()
        return cls(browser, context, session)

    def start(self, address: str) -> None:
        """Go to a page, and do not wait for it. Raises LocalCloudError when nobody serves there."""
        failed = self.browser.call("Page.navigate", self.session, url=address).get("errorText")
        if failed:
            raise LocalCloudError(f"Chromium could not open {address}: {failed}.")

    def opened(self) -> Opened:
        """Wait for the page that `start` went to."""
        seconds = float(self._found("weirReady()")) / 1000
        sent: list[int] = self._found("weirSent")
        return Opened(seconds, sum(sent), max(sent, default=0))

    def open(self, address: str) -> Opened:
        """Go to a page and wait for it."""
        self.start(address)
        return self.opened()

    def click(self, text: str, wanted: str) -> float:
        """Click the choice that says `text`, wait until the address holds `wanted` and all is there; seconds."""
        return self._clicked("[data-testid=stButtonGroup] button", text, wanted, "")

    def choose(self, label: str, text: str, wanted: str) -> float:
        """Choose the first option of the list `label` that ends with `text`, and wait as `click` does.

        Seconds from the choice; the list was open before.
        """
        for _ in range(_TRIES):
            self._found(f"weirOpen({json.dumps(label)})")
            self.browser.call("Input.insertText", self.session, text=text)
            # What is typed while the page still draws may be lost.
            if self._found(f"weirOption({json.dumps(text)})"):
                break
        return self._clicked("[role=option]", text, wanted, "")

    def visit(self, title: str) -> float:
        """Choose the page that the menu calls `title`, wait for it; seconds."""
        return self._clicked("[data-testid=stSidebarNavLink]", title, "", title)

    @property
    def largest_bytes(self) -> int:
        """The largest message that the server sent since the window was last opened at an address."""
        return int(self._found("Math.max(...weirSent)"))

    def close(self) -> None:
        """Forget everything."""
        self.browser.call("Target.disposeBrowserContext", browserContextId=self.context)

    def _clicked(self, selector: str, text: str, wanted: str, title: str) -> float:
        chosen, said = json.dumps(selector), json.dumps(text)
        element = f"[...document.querySelectorAll({chosen})].find((each) => each.innerText.trim().endsWith({said}))"
        return float(self._found(f"weirClick({element}, {json.dumps(wanted)}, {json.dumps(title)})")) / 1000

    def _found(self, script: str) -> Any:  # noqa: ANN401 - JSON
        found = self.browser.call(
            "Runtime.evaluate", self.session, expression=script, awaitPromise=True, returnByValue=True
        )
        if "exceptionDetails" in found:
            raise LocalCloudError(f"The page refused {script}: {found['result'].get('description')}.")
        return found["result"]["value"]
