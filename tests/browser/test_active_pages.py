"""The page of active page views in a real browser: it lives, it can be paused, and what anybody sends is text."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import quote

import requests
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from pages.parts import words
from pipeline.clients import client
from queries.active import ActiveViews
from tests.conftest import eventually

if TYPE_CHECKING:
    from tests.browser.views import View
    from tests.conftest import Cloud

MOST = 10  # rows that the page shows
HOSTILE = (
    "<script>window.ran = 1</script>",
    "<img src=x onerror='window.ran = 1'>",
    "[click](javascript:window.ran=1) http://x.example www.x.example a@x.example",
    "'; drop table x; -- $x^2$ :red[y] :material/home: `c` &lt;b&gt;",
    "🛒 مرحبا بالعالم \u202e txt.exe",
)


def post(cloud: Cloud, *pages: str) -> None:
    now = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}"
    views = [{"Page": page, "Source": page, "SessionID": uuid.uuid4().hex, "OccurredAt": now} for page in pages]
    answer = requests.post(f"{cloud.outputs.api_url}/page-views", json=views, timeout=30)
    assert answer.status_code == 200, answer.text


def test_whatever_a_page_is_called_is_text_and_nothing_runs(cloud: Cloud, view: View) -> None:
    active = ActiveViews(client("dynamodb"), cloud.outputs.active_views_table)
    # Often enough to be among the first, whatever other tests have sent.
    busiest = max((views for _name, views in active.now(5).pages), default=0)
    for _ in range(busiest // 20 + 1):
        post(cloud, *(page for page in HOSTILE for _ in range(20)))
    eventually(lambda: {name for name, _views in active.now(5).pages[:MOST]} >= set(HOSTILE), "hostile pages counted")
    view.open("/active-pages")
    tables = view.page.get_by_test_id("stTable")
    for table in tables.all()[:2]:
        shown = table.inner_text().translate({0x2060: None, 0x2068: None, 0x2069: None})
        for page in HOSTILE:
            assert words.shortened(page, 60) in shown
        assert table.locator("a, img, script, iframe, svg").count() == 0
    assert view.page.evaluate("window.ran") is None
    # The diagram of sources and pages draws the same names once the lake has them.
    eventually(lambda: "was viewed most" in _reloaded(view), "views in the lake")
    assert view.page.get_by_test_id("stPlotlyChart").locator("a, image, script").count() == 0
    assert view.page.evaluate("window.ran") is None
    # A trace repeats the id that it was asked for.
    view.open(f"/trace?event={quote(HOSTILE[1] + HOSTILE[0])}")
    assert "onerror" in view.text()
    assert view.page.get_by_test_id("stMain").locator("img, script").count() == 0
    assert view.page.evaluate("window.ran") is None


def _reloaded(view: View) -> str:
    view.open("/active-pages")
    return view.text()


def _ended(frame: str | bytes) -> list[int]:
    message = ForwardMsg.FromString(frame) if isinstance(frame, bytes) else ForwardMsg()
    return [message.script_finished] if message.WhichOneof("type") == "script_finished" else []


def test_it_counts_without_a_reload_and_stands_still_when_paused(cloud: Cloud, view: View) -> None:
    runs: list[int] = []  # how each run of the script ended, of all of it or of a fragment
    view.page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: runs.extend(_ended(frame))))
    view.open("/active-pages")
    before = int(view.metric("Active pages").replace(",", ""))
    view.page.evaluate("window.kept = 'this very page'")
    assert ForwardMsg.FINISHED_SUCCESSFULLY in runs
    runs.clear()
    post(cloud, uuid.uuid4().hex)
    # What the run ends with comes a moment after its figures.
    eventually(
        lambda: int(view.metric("Active pages").replace(",", "")) > before and bool(runs), "one more active page", 20
    )
    assert view.page.evaluate("window.kept") == "this very page"
    assert set(runs) == {ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY}  # the history below was neither run nor asked
    view.page.get_by_text("Pause", exact=True).click()
    view.page.get_by_text("stands still since then").wait_for()
    view.settle()
    looked = view.page.get_by_text("Looked at").inner_text()
    post(cloud, uuid.uuid4().hex)
    active = ActiveViews(client("dynamodb"), cloud.outputs.active_views_table)
    known = len(active.now(5).pages)
    view.page.wait_for_timeout(2_500)  # longer than it would take to look again
    assert view.page.get_by_text("Looked at").inner_text() == looked
    assert known
