"""Replays started from the page: they outlive the tab, and everybody sees them."""

from __future__ import annotations

import gzip
import os
import re
import signal
from typing import TYPE_CHECKING

import pytest

from pipeline.replay.progress import DONE, PAUSED
from pipeline.replay.store import of_stack
from tests.browser.views import View
from tests.conftest import eventually

if TYPE_CHECKING:
    from playwright.sync_api import Browser, FilePayload

    from tests.conftest import Cloud

ROWS = 60
RATE = 20
BAD_ROW = b"900001,1,Bad,six,1/1/2026 9:00,1.00,,United Kingdom\n"


@pytest.fixture
def upload(cloud: Cloud) -> FilePayload:
    """The sample's first rows, which change nothing when they come again, and one bad row."""
    with gzip.open(cloud.sample, "rb") as sample:
        rows = [sample.readline() for _ in range(ROWS + 1)]
    return {"name": "May sales.csv", "mimeType": "text/csv", "buffer": b"".join([*rows, BAD_ROW])}


def choose(view: View, source: str) -> None:
    view.page.get_by_test_id("stButtonGroup").get_by_text(source, exact=True).click()
    view.settle()


def start(view: View, *, rate: int | None = None, limit: int | None = None) -> None:
    if rate:
        view.page.get_by_role("combobox", name="Pace").first.click()
        view.page.get_by_role("option", name="Rows/s", exact=True).click()
        view.settle()
    for label, number in (("Rows a second", rate), ("First rows only", limit)):
        if number:
            view.page.get_by_label(label, exact=True).fill(str(number))
            view.page.keyboard.press("Enter")
            view.settle()
    view.page.get_by_role("button", name="Start").click()


def newest(cloud: Cloud, name: str) -> str:
    return next(
        (f"{replay.status}" for replay in of_stack(cloud.settings.stack).recent() if name in replay.file), "none"
    )


def test_an_upload_goes_on_when_the_tab_is_closed_and_anybody_sees_it(
    cloud: Cloud, browser: Browser, dashboard_url: str, upload: FilePayload
) -> None:
    first = View.of(browser, dashboard_url, width=1440, scheme="light")
    first.open("/replay")
    choose(first, "Upload")
    first.page.locator("input[type=file]").set_input_files(upload)
    first.page.get_by_text("May sales.csv").first.wait_for()
    start(first, rate=RATE)
    first.page.get_by_text(re.compile(r"\d+% of the file, [\d,]+ rows/s")).first.wait_for()
    assert newest(cloud, "May-sales.csv") == "running"
    first.picture("replay-running")
    first.page.context.close()

    second = View.of(browser, dashboard_url, width=390, scheme="dark")
    second.open("/replay")
    second.page.get_by_text("May-sales.csv").first.wait_for()
    eventually(lambda: newest(cloud, "May-sales.csv") == "done", "the replay is done", 30)
    row = second.page.get_by_role("row").filter(has_text="May-sales.csv").filter(has_text="done")
    row.first.wait_for()
    cells = row.first.get_by_role("cell").all_inner_texts()
    assert [cell.strip() for cell in cells][2:5] == [str(ROWS), "1", "0"], cells
    second.page.context.close()


def test_pause_kill_resume_and_the_receipt(cloud: Cloud, view: View) -> None:
    """A replay is steered from the page; its worker is killed outright; somebody presses Resume."""
    rows = 400
    table = of_stack(cloud.settings.stack)
    view.open("/replay")
    choose(view, "Path")
    view.page.get_by_label("Path on the machine that runs Weir").fill(str(cloud.sample))
    view.page.keyboard.press("Enter")
    view.settle()
    start(view, rate=RATE, limit=rows)
    view.page.get_by_role("button", name="Pause").click()
    view.page.get_by_role("button", name="Go on").wait_for()
    replay = table.recent(1)[0]
    assert (replay.status, replay.row_limit) == (PAUSED, rows)
    view.picture("replay-paused")
    os.kill(replay.pid, signal.SIGKILL)
    view.page.get_by_role("button", name="Resume").first.click()
    view.page.get_by_role("button", name="Pause").wait_for()
    view.page.get_by_role("button", name="Pace").click()
    view.page.get_by_role("combobox", name="Pace").last.click()
    view.page.get_by_role("option", name="As fast as it goes").click()
    view.page.get_by_role("button", name="Change").click()
    eventually(lambda: table.known(replay.replay_id).status == DONE, "the end of the replay", 30)
    view.open(f"/receipt?replay={replay.replay_id}")
    view.page.get_by_text("What each sink holds").wait_for()
    view.settle()
    assert (view.metric("Rows"), view.metric("Accepted"), view.metric("Rejected")) == (str(rows), str(rows), "0")
    assert "1 time" in view.text()
    view.picture("receipt-resumed")


def test_a_path_and_a_limit(cloud: Cloud, view: View) -> None:
    view.open("/replay")
    choose(view, "Path")
    view.page.get_by_label("Path on the machine that runs Weir").fill(str(cloud.sample))
    view.page.keyboard.press("Enter")
    view.settle()
    start(view, limit=7)
    seven = view.page.get_by_role("cell", name="7", exact=True)
    row = view.page.get_by_role("row").filter(has_text="sample.csv.gz").filter(has=seven)
    row.first.wait_for()
    assert row.first.get_by_text("done").is_visible()


def test_a_wrong_file_is_refused_in_words_before_anything_is_sent(cloud: Cloud, view: View) -> None:
    before = len(of_stack(cloud.settings.stack).recent(10_000))
    view.open("/replay")
    choose(view, "Path")
    view.page.get_by_label("Path on the machine that runs Weir").fill("/nowhere/orders.csv")
    view.page.keyboard.press("Enter")
    view.settle()
    start(view)
    view.page.get_by_text("/nowhere/orders.csv").last.wait_for()
    view.page.get_by_role("alert").filter(has_text="The replay: not possible with this input").wait_for()
    assert len(of_stack(cloud.settings.stack).recent(10_000)) == before
