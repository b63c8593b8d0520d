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
}"""


def connected(page: Page) -> Page:
    page.goto("about:blank")
    page.evaluate(_CONNECTION)
    page.evaluate(f"() => {{ {serve.MESSAGES} }}")
    page.evaluate("listen()")
    return page


def test_messages_that_come_together_are_handed_on_together_and_in_their_order(page: Page) -> None:
    said = "() => { for (const text of ['a', 'b', 'c']) connection.say(text); return handed.length }"
    assert connected(page).evaluate(said) == 0
    page.wait_for_function("handed.length === 3")
    assert page.evaluate("handed") == [["a", 1], ["b", 1], ["c", 1]]


def test_a_message_that_fails_holds_up_no_other_and_is_told_of(page: Page) -> None:
    connected(page).evaluate("for (const text of ['a', 'bad', 'c']) connection.say(text)")
    page.wait_for_function("handed.length === 2")
    assert [text for text, _ in page.evaluate("handed")] == ["a", "c"]
    assert "cannot be read" in page.evaluate("failed")[0]


def test_messages_that_go_on_coming_do_not_wait_for_a_pause(page: Page) -> None:
    late = """() => {
        window.setTimeout = () => 0;  // there is no pause
        connection.say("a");
        const until = performance.now() + 70;
        while (performance.now() < until);
        const before = handed.length;
        connection.say("b");
        return [before, handed];
    }"""
    assert connected(page).evaluate(late) == [0, [["a", 1], ["b", 1]]]


def test_a_connection_that_closes_has_handed_on_what_came_before(page: Page) -> None:
    closing = "() => { connection.say('a'); connection.dispatchEvent(new Event('close')); return handed }"
    assert connected(page).evaluate(closing) == [["a", 1], ["closed", 0]]
