from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from pipeline.errors import CloudDownError, QueryCancelledError, QueryFailedError
from queries import tickets
from queries.answers import Answers, Asked, NotYet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LONG = 10.0


@pytest.fixture
def answers() -> Iterator[Answers]:
    found = Answers(at_once=4)
    yield found
    found.close()


class Gate:
    """A question that waits until it is let through, and counts how often it was asked."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.asked = 0

    def __call__(self) -> int:
        self.asked += 1
        assert self.open.wait(LONG)
        return self.asked


def test_many_readers_wait_for_one_question(answers: Answers) -> None:
    gate = Gate()
    asked = [answers.ask("q", gate, reader=str(number)) for number in range(10)]
    gate.open.set()
    assert {each.answer(LONG) for each in asked} == {1}
    assert answers.ask("q", gate).answer(LONG) == 1


def test_questions_run_side_by_side(answers: Answers) -> None:
    """Each lets the other one through: one after the other they would wait for ever."""
    first, second = threading.Event(), threading.Event()

    def meet(mine: threading.Event, other: threading.Event) -> Callable[[], bool]:
        def question() -> bool:
            mine.set()
            return other.wait(LONG)

        return question

    asked = [answers.ask("a", meet(first, second)), answers.ask("b", meet(second, first))]
    assert [each.answer(LONG) for each in asked] == [True, True]


def test_an_answer_grows_old_and_can_be_forgotten() -> None:
    answers = Answers(fresh_s=0)
    gate = Gate()
    gate.open.set()
    assert [answers.ask("q", gate).answer(LONG) for _ in range(3)] == [1, 2, 3]
    answers.close()
    kept = Answers()
    assert kept.ask("q", gate).answer(LONG) == kept.ask("q", gate).answer(LONG) == 4
    kept.forget("q")
    assert kept.ask("q", gate).answer(LONG) == 5
    kept.close()


def test_no_more_answers_are_kept_than_there_is_room_for() -> None:
    answers = Answers(most=2)
    counts = dict.fromkeys("abc", 0)

    def question(name: str) -> Callable[[], int]:
        def asked() -> int:
            counts[name] += 1
            return counts[name]

        return asked

    for name in "abca":
        answers.ask(name, question(name)).answer(LONG)
    assert counts == {"a": 2, "b": 1, "c": 1}
    answers.close()


def test_an_error_is_told_once_to_who_waited_and_then_asked_again(answers: Answers) -> None:
    outcomes: list[object] = [CloudDownError("gone"), "back"]

    def question() -> object:
        outcome = outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    asked = answers.ask("q", question, reader="me", run=1)
    with pytest.raises(CloudDownError):
        asked.answer(LONG, "me", 1)
    with pytest.raises(CloudDownError):  # the same run asks for it twice, the engine once
        answers.ask("q", question, reader="me", run=1).answer(LONG, "me", 1)
    assert answers.ask("q", question, reader="me", run=2).answer(LONG, "me", 2) == "back"


def test_a_page_that_comes_back_learns_what_happened_meanwhile(answers: Answers) -> None:
    gate = threading.Event()

    def question() -> None:
        assert gate.wait(LONG)
        raise CloudDownError("gone")

    asked = answers.ask("q", question, reader="me", run=1)
    with pytest.raises(NotYet):
        asked.answer(0, "me", 1)
    gate.set()
    with pytest.raises(CloudDownError):
        asked.answer(LONG)
    with pytest.raises(CloudDownError):
        answers.ask("q", question, reader="me", run=2).answer(LONG, "me", 2)


def test_a_bug_comes_out_where_it_is_waited_for(answers: Answers) -> None:
    def question() -> float:
        return 1 / 0

    with pytest.raises(ZeroDivisionError):
        answers.ask("q", question).answer(LONG)


def test_the_last_reader_to_give_up_stops_the_engine(answers: Answers) -> None:
    stopped = threading.Event()
    running = threading.Event()

    def question() -> None:
        ticket = tickets.current()
        with ticket.stopped_by(stopped.set):
            running.set()
            assert stopped.wait(LONG)
            ticket.check()

    asked = answers.ask("q", question, reader="me")
    answers.ask("q", question, reader="you")
    assert running.wait(LONG)
    assert not asked.give_up("me")
    assert not stopped.is_set()
    assert asked.give_up("you")
    with pytest.raises(QueryCancelledError, match="in the engine too"):
        asked.answer(LONG)


def test_who_gives_up_is_told_at_once_and_the_others_get_their_answer(answers: Answers) -> None:
    gate = Gate()
    asked = answers.ask("q", gate, "me", 1)
    answers.ask("q", gate, "you", 1)
    assert not asked.give_up("me", 1)
    for _ in range(2):  # the page may come back for another answer
        assert answers.ask("q", gate, "me", 1) is asked
        with pytest.raises(QueryCancelledError, match="wait for it no longer"):
            asked.answer(LONG, "me", 1)
    assert answers.ask("q", gate, "me", 2) is asked  # tried again
    gate.open.set()
    assert asked.answer(LONG, "me", 2) == asked.answer(LONG, "you", 1)
    assert gate.asked == 1


def test_who_tries_again_does_not_wait_for_what_was_called_off(answers: Answers) -> None:
    gate = Gate()
    asked = answers.ask("q", gate, "me", 1)
    assert asked.give_up("me", 1)
    with pytest.raises(QueryCancelledError, match="in the engine too"):
        asked.answer(LONG, "me", 1)
    again = answers.ask("q", gate, "me", 2)
    assert again is not asked
    gate.open.set()
    again.answer(LONG, "me", 2)


def test_who_tries_again_is_not_told_of_what_the_engine_ended_meanwhile(answers: Answers) -> None:
    stopped = threading.Event()

    def question() -> None:
        ticket = tickets.current()
        with ticket.stopped_by(stopped.set):
            assert stopped.wait(LONG)
            ticket.check()

    asked = answers.ask("q", question, "me", 1)
    assert asked.give_up("me", 1)
    told = [caught_of(asked, "me", 1) for _ in range(2)]
    assert told[0] is told[1]  # when it was cancelled is told, not when that is shown
    with pytest.raises(QueryCancelledError):
        asked.future.result(LONG)
    assert answers.ask("q", question, "me", 1) is asked
    gate = Gate()
    gate.open.set()
    answers.ask("q", gate, "me", 2).answer(LONG, "me", 2)


def caught_of(asked: Asked[None], reader: str, run: int) -> QueryCancelledError:
    with pytest.raises(QueryCancelledError) as caught:
        asked.answer(LONG, reader, run)
    return caught.value


def test_who_closed_the_page_keeps_nothing_running(answers: Answers) -> None:
    gate = Gate()
    asked = answers.ask("q", gate, reader="me")
    answers.ask("q", gate, reader="you")
    asked.waiting["you"] -= 91
    asked.wait("you")
    assert not asked.give_up("me")  # you have just said that you still wait
    asked.waiting["you"] -= 91
    assert asked.give_up("me")
    gate.open.set()


def test_what_was_called_off_before_it_began_never_runs() -> None:
    answers = Answers(at_once=1)
    gate, never = Gate(), Gate()
    first = answers.ask("first", gate)
    second = answers.ask("second", never, reader="me")
    second.give_up("me")
    gate.open.set()
    first.answer(LONG)
    with pytest.raises(QueryCancelledError):
        second.answer(LONG)
    assert never.asked == 0
    answers.close()


def test_calling_off_does_not_wait_for_an_engine_that_takes_no_orders() -> None:
    silent, ordered = threading.Event(), threading.Event()

    def stop() -> None:
        ordered.set()
        silent.wait()

    ticket = tickets.Ticket()

    def query() -> None:
        with ticket.stopped_by(stop):
            assert ordered.wait(LONG)

    running = threading.Thread(target=query)
    running.start()
    deadline = time.monotonic() + LONG
    while ticket._stop is None and time.monotonic() < deadline:
        time.sleep(0.001)
    calling = threading.Thread(target=ticket.call_off)
    calling.start()
    calling.join(LONG / 4)
    came_back = not calling.is_alive()  # while the engine takes no orders
    silent.set()
    assert came_back
    with pytest.raises(QueryCancelledError):
        ticket.check()
    running.join(LONG)
    assert ordered.is_set()


def test_a_ticket_stops_nothing_once_its_query_has_ended() -> None:
    stops: list[str] = []
    ticket = tickets.Ticket()
    with ticket.stopped_by(lambda: stops.append("first")):
        pass
    ticket.call_off()
    ticket.call_off()
    assert stops == []
    with pytest.raises(QueryCancelledError), ticket.stopped_by(lambda: stops.append("second")):
        pass


# --- what its readers have left -----------------------------------------------------------------------------------


class Slow:
    """A question that waits until it is called off."""

    def __init__(self) -> None:
        self.stopped = threading.Event()

    def __call__(self) -> int:
        ticket = tickets.current()
        with ticket.stopped_by(self.stopped.set):
            assert self.stopped.wait(LONG)
        ticket.check()
        return 1


@pytest.fixture
def quick_to_let_go() -> Iterator[Answers]:
    found = Answers(at_once=2, left_after_s=0.2)
    yield found
    found.close()


def test_what_its_reader_has_left_holds_up_nobody(quick_to_let_go: Answers) -> None:
    slow = Slow(), Slow()
    for place, question in enumerate(slow):
        quick_to_let_go.ask(place, question, "anna", 1)
    waits = quick_to_let_go.ask("after it", lambda: 7, "anna", 2)  # both threads are taken
    with pytest.raises(NotYet):
        waits.answer(0.1)
    time.sleep(0.3)
    assert quick_to_let_go.ask("somebody else's", lambda: 8, "bert", 1).answer(LONG) == 8
    assert waits.answer(LONG) == 7
    assert all(question.stopped.wait(LONG) for question in slow)  # each is told by a thread of its own


def test_what_is_asked_again_or_by_others_goes_on(quick_to_let_go: Answers) -> None:
    again, others = Slow(), Slow()
    quick_to_let_go.ask("again", again, "anna", 1)
    quick_to_let_go.ask("others", others, "anna", 1)
    quick_to_let_go.ask("others", others, "bert", 1)
    quick_to_let_go.ask("again", again, "anna", 2)
    time.sleep(0.3)
    quick_to_let_go.ask("another", lambda: 1, "anna", 2)
    assert not again.stopped.wait(0.2)
    assert not others.stopped.is_set()


def test_who_comes_back_to_what_was_called_off_asks_anew(quick_to_let_go: Answers) -> None:
    slow = Slow()
    first = quick_to_let_go.ask("q", slow, "anna", 1)
    quick_to_let_go.ask("another", lambda: 1, "anna", 2)
    time.sleep(0.3)
    quick_to_let_go.ask("another", lambda: 1, "anna", 2)
    with pytest.raises(QueryCancelledError):
        first.answer(LONG)
    assert quick_to_let_go.ask("q", lambda: 5, "anna", 3).answer(LONG) == 5


def test_who_gave_up_is_told_so_while_the_engine_still_hears_of_it(quick_to_let_go: Answers) -> None:
    let_go = threading.Event()

    def deaf() -> int:
        ticket = tickets.current()
        assert let_go.wait(LONG)
        ticket.check()
        return 1

    asked = quick_to_let_go.ask("q", deaf, "anna", 1)
    assert asked.give_up("anna", 1)
    time.sleep(0.3)
    assert quick_to_let_go.ask("q", deaf, "anna", 1) is asked
    let_go.set()
    with pytest.raises(QueryCancelledError):
        quick_to_let_go.ask("q", deaf, "anna", 1).answer(LONG)


@pytest.mark.parametrize(("fresh_s", "times"), [(60.0, 1), (0.0, 2)])
def test_an_error_is_told_in_one_run_as_long_as_an_answer_would_be(fresh_s: float, times: int) -> None:
    """A part of a page that looks again by itself is in one run for hours."""
    answers, asked = Answers(fresh_s=fresh_s), []

    def question() -> None:
        asked.append(1)
        raise QueryFailedError("The table is broken.")

    for _ in range(2):
        with pytest.raises(QueryFailedError):
            answers.ask("q", question, "me", 1).answer(LONG, "me", 1)
    assert len(asked) == times
    answers.close()
