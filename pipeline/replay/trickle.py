"""A gentle live trickle of clicks, so that what is live has something to show.

A process of its own runs `Trickle` beside the demo; whoever has the state folder sees whether it is there, and turns it
on and off. It starts turned on, unless somebody turned it off before.
"""

from __future__ import annotations

import heapq
import json
import random
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pipeline.clients import aws_errors
from pipeline.contracts import page_view
from pipeline.contracts.clock import CLOCK
from pipeline.errors import CloudError
from pipeline.replay.sample_walks import Shoppers

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pipeline.replay.sample_walks import Step

VIEWS_PER_S = 3.0
_STEPS = 3.48  # views of a visit, on average
_SEED = 7
_WISH, _BEAT = "trickle-wish.json", "trickle-beat"
_BEATS_S = 5.0  # without a sign of life for so long there is no trickle
_MOST_WAITING = 500  # what PutRecords takes; older views that were refused are dropped, they are but a demo


def is_there(state: Path) -> bool:
    """Whether a process would send clicks when asked; only a demo on this machine has one."""
    try:
        return time.time() - (state / _BEAT).stat().st_mtime < _BEATS_S
    except OSError:
        return False


def is_running(state: Path) -> bool:
    """Whether clicks are being sent now."""
    return is_there(state) and _wished(state)


def start(state: Path) -> None:
    """Send clicks from the next second on."""
    _wish(state, on=True)


def stop(state: Path) -> None:
    """Send none from the next second on, also after a restart."""
    _wish(state, on=False)


def _wish(state: Path, *, on: bool) -> None:
    scratch = state / f"{_WISH}.new"
    scratch.write_text(json.dumps({"on": on}))
    scratch.replace(state / _WISH)


def _wished(state: Path) -> bool:
    try:
        return bool(json.loads((state / _WISH).read_text())["on"])
    except (OSError, ValueError, KeyError, TypeError):
        return True


class Trickle:
    """Visits that begin at random, `rate` views a second on average; the walks are the same in each run.

    `tick` sends what has been viewed since the last one. Views are named after the moment in which the run began, so
    that two runs share no EventID.
    """

    def __init__(self, kinesis: Any, stream: str, *, rate: float = VIEWS_PER_S, now: float | None = None) -> None:  # noqa: ANN401 - boto3
        self._kinesis = kinesis
        self._stream = stream
        self._rate = rate / _STEPS
        self._chance = random.Random(f"trickle {_SEED}")  # noqa: S311 - chance that repeats
        self._shoppers = Shoppers(_SEED)
        self._began = time.time() if now is None else now
        self._next_visit = self._began
        self._visits = 0
        self._due: list[tuple[float, int, int, Step]] = []  # when, visit, step's number, step
        self._waiting: list[dict[str, object]] = []
        self.sent = 0

    def tick(self, now: float) -> None:
        """Send what was viewed until `now` (seconds since 1970), and once more what was refused. Raises CloudError."""
        while self._next_visit <= now:
            at = self._next_visit
            for number, step in enumerate(self._shoppers.walk()):
                heapq.heappush(self._due, (at, self._visits, number, step))
                at += step.stay or 0
            self._visits += 1
            self._next_visit += self._chance.expovariate(self._rate)
        while self._due and self._due[0][0] <= now:
            self._waiting.append(self._record(*heapq.heappop(self._due)))
        self._waiting = self._waiting[-_MOST_WAITING:]
        if self._waiting:
            with aws_errors(f"Stream {self._stream}"):
                answer = self._kinesis.put_records(StreamName=self._stream, Records=self._waiting)
            refused = [bool(outcome.get("ErrorCode")) for outcome in answer["Records"]]
            self.sent += refused.count(False)
            self._waiting = [record for record, again in zip(self._waiting, refused, strict=True) if again]

    def _record(self, at: float, visit: int, number: int, step: Step) -> dict[str, object]:
        run = f"{datetime.fromtimestamp(self._began, UTC):%Y%m%d%H%M%S}"
        view = page_view.normalise(
            {
                "EventID": f"t{run}-{visit}-{number}",
                "OccurredAt": datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S.%f"),
                "SessionID": f"t{run}-{visit}",
                "Page": step.page,
                "Source": step.source,
                "Kind": step.kind,
                "TimeSpent": step.stay,
            }
        )
        data = page_view.to_wire(page_view.stamp(view, sent_at=CLOCK.now()))
        return {"Data": data, "PartitionKey": page_view.partition_key(view)}


def run(
    make: Callable[[], Trickle],
    state: Path,
    *,
    sleep: Callable[[float], None] = time.sleep,
    alive: Callable[[], bool] = lambda: True,
) -> None:
    """Trickle each second that it is wished for, until `alive` says no. A cloud that is down is tried again."""
    trickle: Trickle | None = None
    while alive():
        (state / _BEAT).touch()
        if _wished(state):
            trickle = trickle or make()
            with suppress(CloudError):
                trickle.tick(time.time())
        else:
            trickle = None  # who was in the shop has left
        sleep(1.0)
