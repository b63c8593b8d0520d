from __future__ import annotations

import asyncio
from typing import cast

import pytest
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.forward_msg_queue import ForwardMsgQueue

from pages.parts import sent


class Session:
    """What Streamlit's session has that sending needs."""

    def __init__(self) -> None:
        self._browser_queue = ForwardMsgQueue()
        self._event_loop = asyncio.get_running_loop()
        self.enqueued = asyncio.Event()
        self._message_enqueued_callback = self.enqueued.set

    def open(self) -> None:
        """A first page."""
        self.begin()
        self.end()
        assert self.sent == ["new_session", "script_finished"]

    def begin(self, parts: list[str] | None = None) -> None:
        AppSession._clear_queue(self.itself, parts)
        message = ForwardMsg()
        message.new_session.main_script_path = "dashboard.py"
        self._browser_queue.enqueue(message)

    def make(self, place: int, text: str, part: str = "") -> None:
        message = ForwardMsg()
        message.metadata.delta_path.extend([0, place])
        message.delta.fragment_id = part
        message.delta.new_element.markdown.body = text
        self._browser_queue.enqueue(message)

    def end(self) -> None:
        self._browser_queue.enqueue(ForwardMsg(script_finished=ForwardMsg.FINISHED_SUCCESSFULLY))

    @property
    def itself(self) -> AppSession:
        return cast("AppSession", self)

    @property
    def sent(self) -> list[str]:
        """What is sent now: texts, and the kind of what has none."""
        messages = AppSession.flush_browser_queue(self.itself)
        return [each.delta.new_element.markdown.body or str(each.WhichOneof("type")) for each in messages]


@pytest.fixture(autouse=True)
def _in_one_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("flush_browser_queue", "_clear_queue"):
        monkeypatch.setattr(AppSession, name, getattr(AppSession, name))  # put back afterwards
    sent.in_one_piece()


def test_a_quick_run_is_sent_when_it_has_ended() -> None:
    async def run() -> None:
        session = Session()
        session.open()
        session.begin()
        assert session.sent == []
        session.make(0, "a")
        session.make(1, "b")
        assert session.sent == []
        session.end()
        assert session.sent == ["new_session", "a", "b", "script_finished"]
        assert session.sent == []

    asyncio.run(run())


def test_a_first_page_is_sent_as_it_comes() -> None:
    async def run() -> None:
        session = Session()
        session.begin()
        session.make(0, "a")
        assert session.sent == ["new_session", "a"]
        session.make(1, "b")
        assert session.sent == ["b"]

    asyncio.run(run())


def test_a_run_that_takes_longer_is_sent_as_it_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sent, "AT_MOST_S", 0.01)

    async def run() -> None:
        session = Session()
        session.open()
        session.begin()
        session.make(0, "a")
        assert session.sent == []
        await asyncio.wait_for(session.enqueued.wait(), 5)  # sent without another message
        assert session.sent == ["new_session", "a"]
        session.make(1, "b")
        assert session.sent == ["b"]
        session.end()
        assert session.sent == ["script_finished"]
        session.begin()
        assert session.sent == []  # the next one is held again

    asyncio.run(run())


def test_a_run_that_starts_over_is_sent_when_it_has_ended() -> None:
    async def run() -> None:
        session = Session()
        session.open()
        session.begin()
        session.make(0, "before")
        session.end()
        session.begin()
        assert session.sent == []
        session.make(0, "after")
        session.end()
        assert session.sent == ["new_session", "script_finished", "new_session", "after", "script_finished"]

    asyncio.run(run())


def test_what_belongs_to_no_run_waits_for_none() -> None:
    async def run() -> None:
        session = Session()
        session.open()
        message = ForwardMsg()
        message.session_status_changed.run_on_save = True
        session._browser_queue.enqueue(message)
        assert session.sent == ["session_status_changed"]

    asyncio.run(run())


def test_a_part_that_comes_again_takes_nothing_back_and_comes_after_it() -> None:
    async def run() -> None:
        session = Session()
        session.open()
        session.begin()
        session.make(0, "the page")
        session.make(1, "the part", "part")
        session.end()
        session.begin(["part"])
        session.make(1, "the part again", "part")
        session.end()
        assert session.sent == [
            "new_session",
            "the page",
            "the part",
            "script_finished",
            "new_session",
            "the part again",
            "script_finished",
        ]

    asyncio.run(run())


def test_a_page_that_comes_again_takes_back_what_is_not_sent_of_it() -> None:
    async def run() -> None:
        session = Session()
        session.open()
        session.begin()
        session.make(0, "before")
        session.begin()
        session.make(0, "again")
        session.end()
        assert session.sent == ["new_session", "new_session", "again", "script_finished"]

    asyncio.run(run())
