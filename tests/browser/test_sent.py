"""A page that is made anew while parts of it look again by themselves stays whole."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from pages.parts import sent
from tests.browser.served import served

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.mark.parametrize("seconds", [sent.AT_MOST_S / 2, 1.1])
def test_a_part_that_comes_again_while_the_page_is_made_anew_breaks_nothing(
    browser: Browser, tmp_path: Path, seconds: float
) -> None:
    script = Path(__file__).with_name("parts_that_wait.py")
    with served(tmp_path / "log", str(script)) as url:
        for _ in range(2):
            window = browser.new_context()
            page, broken = window.new_page(), []
            page.on("pageerror", lambda error: broken.append(str(error)))  # noqa: B023 - of this window
            page.goto(f"{url}?takes={seconds}")
            expect(page.get_by_text("run 4", exact=True)).to_be_visible(timeout=20_000)
            assert broken == []
            for name in ("first", "second", "left", "right", "after them"):
                expect(page.get_by_text(name, exact=True)).to_have_count(1)
            window.close()
