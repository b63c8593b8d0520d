"""The trickle: about as many views as asked for, each of its time and sent once; the switch turns it off and on."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.contracts import page_view
from pipeline.replay import trickle
from pipeline.replay.trickle import Trickle
from tests.pipeline.functions.fakes import FakeKinesis, client_error

if TYPE_CHECKING:
    from pathlib import Path

BEGAN = 1_767_323_045.0  # 2026-01-02 03:04:05


def views(kinesis: FakeKinesis) -> list[dict[str, Any]]:
    return [page_view.from_wire(data) for _key, data in kinesis.records]


def an_hour(kinesis: FakeKinesis, rate: float = 3.0) -> Trickle:
    made = Trickle(kinesis, "clicks", rate=rate, now=BEGAN)
    for second in range(3_600):
        made.tick(BEGAN + second)
    return made


def test_about_as_many_views_as_asked_for_each_when_it_happens() -> None:
    kinesis = FakeKinesis(name="clicks")
    made = an_hour(kinesis)
    found = views(kinesis)
    assert made.sent == len(found) == len({view["EventID"] for view in found})
    assert 0.85 * 10_800 < len(found) < 1.15 * 10_800
    assert found[0]["OccurredAt"] == "2026-01-02 03:04:05"
    times = [view["OccurredAt"] for view in found]
    assert times == sorted(times)
    assert max(kinesis.calls) < 40


def test_each_run_walks_the_same_ways_under_names_of_its_own() -> None:
    first, second = FakeKinesis(name="clicks"), FakeKinesis(name="clicks")
    Trickle(first, "clicks", now=BEGAN).tick(BEGAN + 60)
    Trickle(second, "clicks", now=BEGAN + 100).tick(BEGAN + 160)
    assert [view["Page"] for view in views(first)] == [view["Page"] for view in views(second)]
    assert not {view["EventID"] for view in views(first)} & {view["EventID"] for view in views(second)}


def test_what_is_refused_goes_again_and_nothing_else() -> None:
    kinesis = FakeKinesis(name="clicks", refuses=lambda data, attempt: attempt == 1 and b"-0-0" in data)
    made = Trickle(kinesis, "clicks", now=BEGAN)
    for second in range(120):
        made.tick(BEGAN + second)
    ids = [view["EventID"] for view in views(kinesis)]
    assert len(ids) == len(set(ids)) == made.sent
    assert any(event_id.endswith("-0-0") for event_id in ids)


class _EndedError(Exception):
    """Ends a trickle that would go on for ever."""


def test_the_switch_turns_it_off_and_on(tmp_path: Path) -> None:
    assert not trickle.is_there(tmp_path)
    assert not trickle.is_running(tmp_path)
    kinesis = FakeKinesis(name="clicks")
    made: list[Trickle] = []

    def make() -> Trickle:
        made.append(Trickle(kinesis, "clicks"))
        return made[-1]

    seen: list[tuple[bool, bool, int]] = []

    def sleep(_seconds: float) -> None:
        seen.append((trickle.is_there(tmp_path), trickle.is_running(tmp_path), len(kinesis.calls)))
        if len(seen) == 1:
            trickle.stop(tmp_path)
        elif len(seen) == 2:
            trickle.start(tmp_path)
        else:
            raise _EndedError

    with pytest.raises(_EndedError):
        trickle.run(make, tmp_path, sleep=sleep)
    assert seen == [(True, True, 1), (True, False, 1), (True, True, 2)]
    assert len(made) == 2
    os.utime(tmp_path / "trickle-beat", (1, 1))
    assert not trickle.is_there(tmp_path)


def test_a_cloud_that_is_down_does_not_end_it(tmp_path: Path) -> None:
    kinesis = FakeKinesis(name="clicks")
    kinesis.raises = [client_error("InternalFailure")]
    rounds = iter(range(2))

    def sleep(_seconds: float) -> None:
        if next(rounds, None) is None:
            raise _EndedError

    with pytest.raises(_EndedError):
        trickle.run(lambda: Trickle(kinesis, "clicks"), tmp_path, sleep=sleep)
    assert len(kinesis.calls) == 2
    assert kinesis.records


def test_it_ends_with_the_demo(tmp_path: Path) -> None:
    lives = iter([True, True, False])
    trickle.run(
        lambda: Trickle(FakeKinesis(name="clicks"), "clicks"), tmp_path, sleep=lambda _: None, alive=lambda: next(lives)
    )
    assert next(lives, None) is None
