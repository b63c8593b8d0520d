"""When rows are due, by a clock that stands still unless it is told to go on."""

from __future__ import annotations

import pytest

from pipeline.errors import BadInputError
from pipeline.replay.meter import Meter
from pipeline.replay.schedule import Schedule
from pipeline.replay.wishes import GO_ON, MAX, PAUSE, STOP, Control, Tempo, Wish


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def waits(tempo: Tempo, *moments: str, clock: Clock | None = None) -> list[float]:
    """Seconds from the first row to each, when every one waits for its time."""
    clock = clock or Clock()
    schedule, began, found = Schedule(tempo, clock), clock.now, []
    for moment in moments:
        schedule.next(moment)
        clock.now += max(0.0, schedule.wait())
        found.append(round(clock.now - began, 6))
    return found


def test_a_rate_is_even_whatever_the_events_times() -> None:
    assert waits(Tempo(rate=4), "2011-01-01 08:00:00", "", "2011-01-05 08:00:00") == [0, 0.25, 0.5]


def test_speed_is_event_time_and_nights_do_not_stall() -> None:
    day = ["2011-01-01 08:00:00", "2011-01-01 08:00:00", "2011-01-01 08:01:00", "2011-01-02 08:00:00"]
    assert waits(Tempo(speed=60), *day, "2011-01-02 08:00:30") == [0, 0, 1, 6, 6.5]
    assert waits(Tempo(speed=60, max_gap=0.25), *day) == [0, 0, 0.25, 0.5]
    assert waits(Tempo(speed=0.5), "2011-01-01 08:00:00.5", "2011-01-01 08:00:01.500") == [0, 2]


def test_times_that_go_backwards_or_are_not_told_cost_nothing() -> None:
    moments = ["2011-01-01 08:02:00", "2011-01-01 08:00:00", "", "2011-01-01 08:02:00", "2011-01-01 08:03:00"]
    assert waits(Tempo(speed=60), *moments) == [0, 0, 0, 0, 1]


def test_no_tempo_is_no_wait() -> None:
    assert waits(MAX, "2011-01-01 08:00:00", "2012-01-01 08:00:00") == [0, 0]


def test_a_late_replay_knows_how_late_it_is_and_catches_up() -> None:
    clock = Clock()
    schedule = Schedule(Tempo(rate=1), clock)
    schedule.next("")
    clock.now += 5  # the target took its time
    schedule.next("")
    assert schedule.wait() == -4
    assert schedule.lag == 4
    for _ in range(4):
        schedule.next("")
    assert schedule.lag == 0
    assert Schedule(MAX, clock).lag == 0


def test_a_pause_moves_everything_and_another_tempo_begins_now() -> None:
    clock = Clock()
    schedule = Schedule(Tempo(rate=1), clock)
    schedule.next("")
    clock.now += 100
    schedule.held(100)
    schedule.next("")
    assert schedule.wait() == 1
    schedule.change(Tempo(rate=10))
    assert schedule.wait() == 0
    schedule.next("")
    assert schedule.wait() == pytest.approx(0.1)
    schedule.change(MAX)
    schedule.next("")
    assert (schedule.wait(), schedule.lag) == (0, 0)
    schedule.change(Tempo(rate=2))
    schedule.next("")
    assert schedule.wait() == 0
    schedule.next("")
    assert schedule.wait() == 0.5


@pytest.mark.parametrize(
    "wrong", [{"rate": 0}, {"speed": -1}, {"rate": float("nan")}, {"speed": 2, "max_gap": 0}, {"rate": 1, "speed": 1}]
)
def test_a_tempo_that_cannot_be(wrong: dict[str, float]) -> None:
    with pytest.raises(BadInputError):
        Tempo(**wrong)


def test_tempos_in_words() -> None:
    assert [str(tempo) for tempo in (MAX, Tempo(1500), Tempo(speed=60))] == [
        "as fast as it goes",
        "1,500 rows/s",
        "60 x event time, gaps of 5 s at most",
    ]


def test_wishes_are_news_and_the_last_one_counts() -> None:
    control = Control(Tempo(20))
    control.wish(None)
    assert not control.news
    control.wish(Wish(PAUSE))
    assert (control.news, control.paused, control.tempo) == (True, True, Tempo(20))
    control.wish(Wish(PAUSE, Tempo(speed=9)))
    assert (control.paused, control.tempo) == (True, Tempo(speed=9))
    control.wish(Wish(GO_ON, Tempo(speed=9)))
    assert not control.paused
    control.wish(Wish(STOP))
    assert control.stopping.is_set()


def test_what_is_left_is_foretold_from_the_last_seconds() -> None:
    meter = Meter()
    assert meter.left_s is None
    meter.look(0, 0, 0)
    meter.look(1, 100, 0.01)
    foretold = [(meter.rows_per_s, meter.left_s)]
    meter.look(2, 400, 0.04)
    foretold.append((meter.rows_per_s, meter.left_s))
    assert foretold == [(None, None), (200, pytest.approx(48))]
    meter.look(30, 400, 0.04)  # only what is not older than 10 s counts
    foretold = [(0.0, meter.left_s)]
    meter.look(32, 600, 0.06)
    foretold.append((meter.rows_per_s, meter.left_s))
    meter.forget()
    foretold.append((meter.rows_per_s, meter.left_s))
    assert foretold == [(0, None), (100, pytest.approx(94)), (None, None)]
