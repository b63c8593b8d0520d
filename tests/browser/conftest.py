"""A dashboard on the shared local cloud, and a browser that looks at it.

They live as long as a module: Playwright keeps an event loop running in the main thread, and other tests start theirs.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import sync_playwright

from pipeline.bench.browser import executable
from pipeline.settings import REPOSITORY
from tests import chromium
from tests.browser.served import served
from tests.browser.views import View

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page

    from tests.browser.views import Scheme
    from tests.conftest import Cloud


@pytest.fixture(scope="module")
def dashboard_url(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The dashboard as `make demo` starts it, on a free port."""
    log = tmp_path_factory.mktemp("dashboard") / "log"
    with served(log, WEIR_STATE=str(cloud.settings.state)) as url:
        yield url
        # Streamlit itself complains of windows that close while it speaks to them.
        ours = [line for line in log.read_text().splitlines() if 'File "' in line and ".venv" not in line]
        assert not [line for line in ours if str(REPOSITORY) in line], log.read_text()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The Chromium of this machine, or Playwright's own."""
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=executable(), args=chromium.arguments())
        yield running
        running.close()


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    """A page for what needs no dashboard, a chart that stands alone."""
    opened = browser.new_page(viewport={"width": 600, "height": 400})
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def windows(browser: Browser, dashboard_url: str) -> Callable[[int, Scheme], View]:
    """One window for each width and colour scheme; the scripts that it has loaded stay loaded."""
    return cache(lambda width, scheme: View.of(browser, dashboard_url, width=width, scheme=scheme))


@pytest.fixture
def view(request: pytest.FixtureRequest, windows: Callable[[int, Scheme], View]) -> Iterator[View]:
    """A window, a desktop's in light colours unless the test asks otherwise; the browser must not complain."""
    opened = windows(*getattr(request, "param", (1440, "light")))
    opened.complaints.clear()
    yield opened
    assert opened.complaints == []
