"""Chromium's DevTools protocol as the page bench speaks it, to a browser that says what it is told to."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import contextmanager
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, cast

import psutil
import pytest

from pipeline.bench import browser
from pipeline.bench.browser import Browser
from pipeline.bench.pages import Days
from pipeline.bench.windows import Window
from pipeline.errors import LocalCloudError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from websockets.sync.client import ClientConnection

Answer = dict[str, Any]


class FakeChromium:
    """Its end of the connection: one event before each answer, and nothing at all to what it does not know."""

    def __init__(self, **answers: Callable[[Answer], Answer]) -> None:
        self.asked: list[Answer] = []
        self._answers = answers
        self._waiting: list[Answer] = []

    def send(self, text: str) -> None:
        message = json.loads(text)
        self.asked.append(message)
        if answer := self._answers.get(message["method"].replace(".", "_")):
            self._waiting += [{"method": "Page.frameNavigated"}, {"id": message["id"], **answer(message["params"])}]

    def recv(self, timeout: float) -> str:
        if not self._waiting:
            raise TimeoutError(timeout)
        return json.dumps(self._waiting.pop(0))


def speaking_to(fake: FakeChromium) -> Browser:
    return Browser(cast("ClientConnection", fake), psutil.Process())


def test_an_answer_is_told_from_events_and_goes_to_the_page_that_is_meant() -> None:
    fake = FakeChromium(Page_navigate=lambda asked: {"result": {"frameId": asked["url"]}})
    assert speaking_to(fake).call("Page.navigate", "page 1", url="/a") == {"frameId": "/a"}
    assert fake.asked == [{"id": 1, "method": "Page.navigate", "params": {"url": "/a"}, "sessionId": "page 1"}]


def test_a_refusal_and_silence_are_told() -> None:
    fake = FakeChromium(Page_navigate=lambda _: {"error": {"message": "Cannot navigate to invalid URL"}})
    with pytest.raises(LocalCloudError, match=r"refused Page\.navigate: Cannot navigate"):
        speaking_to(fake).call("Page.navigate", url="")
    with pytest.raises(LocalCloudError, match=r"did not answer Page\.reload within 60 s"):
        speaking_to(fake).call("Page.reload")


@contextmanager
def with_a_child_that_runs(script: str) -> Iterator[Browser]:
    begun = f"print('begun', flush=True)\n{script}"
    starts = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {begun!r}])"
    with subprocess.Popen([sys.executable, "-c", starts], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline() == b"begun\n"
        parent = psutil.Process(process.pid)
        try:
            yield Browser(cast("ClientConnection", FakeChromium()), parent)
        finally:
            for each in (*parent.children(), parent):
                each.kill()


def test_a_browser_that_waits_is_at_rest() -> None:
    with with_a_child_that_runs("input()") as started:
        started.rest()


def test_a_browser_whose_child_is_at_work_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browser, "_LIMIT_S", 2)
    with (
        with_a_child_that_runs("while True: pass") as started,
        pytest.raises(LocalCloudError, match="still at work after 2 s"),
    ):
        started.rest()


def window(**answers: Callable[[Answer], Answer]) -> Window:
    return Window(speaking_to(FakeChromium(**answers)), "context", "session")


def test_a_page_that_nobody_serves_is_told() -> None:
    away = window(Page_navigate=lambda _: {"result": {"errorText": "net::ERR_CONNECTION_REFUSED"}})
    with pytest.raises(LocalCloudError, match="net::ERR_CONNECTION_REFUSED"):
        away.start("http://127.0.0.1:1/")


def test_a_choice_that_is_not_there_is_told() -> None:
    without = window(
        Runtime_evaluate=lambda _: {
            "result": {"exceptionDetails": {}, "result": {"description": "TypeError: no element"}}
        }
    )
    with pytest.raises(LocalCloudError, match="TypeError: no element"):
        without.visit("Sales")


def test_without_a_browser_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WEIR_CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(LocalCloudError, match="install one, or name it in WEIR_CHROMIUM"), browser.chromium():
        pass


@pytest.mark.parametrize(("program", "told"), [("/bin/true", "did not start"), ("/nowhere", "/nowhere cannot be run")])
def test_a_browser_that_does_not_start_is_told(monkeypatch: pytest.MonkeyPatch, program: str, told: str) -> None:
    monkeypatch.setenv("WEIR_CHROMIUM", program)
    with pytest.raises(LocalCloudError, match=told), browser.chromium():
        pass


def test_addresses_begin_anew_after_the_last_day() -> None:
    days = Days(date(2025, 1, 1), date(2025, 1, 3), timedelta(days=1))
    assert days.address("sales", 2) == "/sales?start=2025-01-03&end=2025-01-03&by=day"
    assert days.address("sales", 3, "hour") == "/sales?start=2025-01-01&end=2025-01-03&by=hour"
    assert days.address("", 1) == "/"
