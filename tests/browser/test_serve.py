"""What the beginning of a page does in a browser, before Streamlit's own scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import serve

if TYPE_CHECKING:
    from playwright.sync_api import Page

# A connection that says what the test lets it say; what is handed on is kept with the task that it came in.
_CONNECTION = """() => {
    window.handed = []; window.failed = [];
    let task = 0;
    window.WebSocket = class extends EventTarget {
        say(text) { this.dispatchEvent(new MessageEvent("message", { data: text })); }
    };
    window.listen = () => {
        window.connection = new WebSocket();
        connection.addEventListener("message", ({data}) => {
            if (data === "bad") throw new Error("cannot be read");
            if (!window.inTask) { window.inTask = ++task; Promise.resolve().then(() => { window.inTask = 0; }); }
            handed.push([data, window.inTask]);
        });
        connection.addEventListener("close", () => handed.push(["closed", 0]));
    };
    window.addEventListener("error", (event) => failed.push(event.message));
    window.say = async (texts, apart) => {
        for (const text of texts) { connection.say(text); await new Promise((resolve) => setTimeout(resolve, apart)); }
    };
}"""


def connected(page: Page) -> Page:
    page.goto("about:blank")
    page.evaluate(_CONNECTION)
    page.evaluate(f"() => {{ {serve.MESSAGES} }}")
    page.evaluate("listen()")
    return page


def test_messages_that_come_together_are_handed_on_together_and_in_their_order(page: Page) -> None:
    connected(page).evaluate("for (const text of ['a', 'b', 'c']) connection.say(text)")
    assert page.evaluate("handed") == []
    page.wait_for_function("handed.length === 3")
    assert page.evaluate("handed") == [["a", 1], ["b", 1], ["c", 1]]


def test_a_message_that_fails_holds_up_no_other_and_is_told_of(page: Page) -> None:
    connected(page).evaluate("for (const text of ['a', 'bad', 'c']) connection.say(text)")
    page.wait_for_function("handed.length === 2")
    assert [text for text, _ in page.evaluate("handed")] == ["a", "c"]
    assert "cannot be read" in page.evaluate("failed")[0]


def test_messages_that_go_on_coming_do_not_wait_for_the_last(page: Page) -> None:
    """One each 4 ms for 0.4 s: none is lost, and they come in several pieces, though there is no pause."""
    said = [str(place) for place in range(100)]
    connected(page).evaluate("(said) => say(said, 4)", said)
    page.wait_for_function("handed.length === 100")
    handed = page.evaluate("handed")
    assert [text for text, _ in handed] == said
    assert handed[-1][1] > 3


def test_other_events_come_as_they_are(page: Page) -> None:
    connected(page).evaluate("connection.dispatchEvent(new Event('close'))")
    assert page.evaluate("handed") == [["closed", 0]]
