"""The replay worker is killed with SIGKILL at each of its steps, and the replay resumed, until it is through.

A step is a call of the worker: it dies before the call is made, after it acted and before its answer, or some
milliseconds later, when it is at work between two calls. Each replay is killed twice, the second time while it resumes.
"""

from __future__ import annotations

import json
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pipeline.replay import progress
from tests.faults import files, verdict, worker
from tests.faults.proxy import Answer, Call, Proxy
from tests.faults.small import RECORDS

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from pipeline.settings import Settings

FAULT = "SIGKILL of the replay worker, resumed"
_MOMENTS = ("before", "after", "later")
_LATEST_S = 0.05
_AT_ONCE = 8  # replays; each waits some seconds until it is sure that its worker is gone
_KILLS_EACH = 2
_CONNECTIONS = 4
_PUT = "Kinesis.PutRecords"
_LIMIT_S = 240.0


@dataclass
class Death:
    """Kills the worker at its call `at`, counted from where `arm` was called; counts the records that it sent.

    `puts` are the kills at a call of PutRecords, or just after one.
    """

    chance: random.Random
    records: int = 0
    kills: int = 0
    puts: int = 0
    _calls: int = 0
    _at: int = 0
    _moment: str = ""
    _process: subprocess.Popen[str] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def arm(self, process: subprocess.Popen[str], at: int, moment: str) -> None:
        """From now on."""
        with self._lock:
            self._calls, self._process, self._at, self._moment = 0, process, at, moment

    def __call__(self, call: Call, answer: Answer | None) -> Answer | None:
        with self._lock:
            if answer is None:
                self._calls += 1
                mine = self._calls == self._at
                if mine:
                    self._at = -call.number if self._moment != "before" else 0
                if mine and self._moment == "before":
                    self._kill(call)
            else:
                if call.operation == _PUT:
                    self.records += len(json.loads(call.body)["Records"])
                if self._at == -call.number:
                    self._at = 0
                    if self._moment == "after":
                        self._kill(call)
                    else:
                        threading.Timer(self.chance.uniform(0, _LATEST_S), self._kill, [call]).start()
        return None

    def _kill(self, call: Call) -> None:
        if self._process and self._process.poll() is None:
            with suppress(ProcessLookupError):
                self._process.kill()
                self.kills += 1
                self.puts += call.operation == _PUT


def send(settings: Settings, folder: Path, prefix: str, kills: int, rows: int) -> list[verdict.Sent]:
    """`kills` kills, spread over the calls that a worker makes for a file of `rows` rows."""
    calls = _undisturbed(settings, folder, f"U{prefix}", rows)
    steps = [(at, moment) for at in range(1, calls + 1) for moment in _MOMENTS]
    replays = max(1, kills // _KILLS_EACH)

    def one(number: int) -> verdict.Sent:
        # Evenly over the steps, in every round from another one on.
        chosen = steps[(number * len(steps) // min(replays, len(steps)) + number // len(steps)) % len(steps)]
        return _send(settings, folder, f"{prefix}K{number}N", rows, number, chosen)

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(one, range(replays)))


def _undisturbed(settings: Settings, folder: Path, prefix: str, rows: int) -> int:
    """How many calls a worker makes that nobody kills."""
    written = files.write(folder / f"{prefix}.csv", prefix, rows=rows, seed=0)
    with Proxy(worker.endpoint(settings.state)) as proxy:
        state = worker.state(folder / prefix, settings.state, proxy.url)
        worker.receipt(worker.start(state, *worker.fresh(written.path, f"r-{prefix}")))
        return proxy.calls


def _send(settings: Settings, folder: Path, prefix: str, rows: int, seed: int, first: tuple[int, str]) -> verdict.Sent:
    written = files.write(folder / f"{prefix}.csv", prefix, rows=rows, seed=seed)
    replay_id, chance = f"r-{prefix}", random.Random(seed)  # noqa: S311 - chance that repeats
    death = Death(chance)
    with Proxy(worker.endpoint(settings.state), watch=death) as proxy:
        state = worker.state(folder / prefix, settings.state, proxy.url)
        process = worker.start(state, *worker.fresh(written.path, replay_id))
        death.arm(process, *first)
        receipt, _ = _ended(process)
        second = (chance.randint(1, 8), chance.choice(_MOMENTS))
        receipt = receipt or _resumed(settings, state, written, replay_id, death, second)
    retried = max(0, death.records - len(written.quantities))
    # The promise of docs/delivery.md: a kill sends one batch a connection again at most.
    assert retried <= death.kills * _CONNECTIONS * RECORDS, f"{replay_id} sent {retried} records again"
    assert receipt["rows"] == written.rows, receipt
    return verdict.Sent(written, replay_id, retried, met=death.kills, puts=death.puts)


def _resumed(
    settings: Settings, state: Path, written: files.Written, replay_id: str, death: Death, second: tuple[int, str]
) -> dict[str, Any]:
    """Resume until it is through, and die once more on the way."""
    deadline = time.monotonic() + _LIMIT_S
    while True:
        known = worker.left(settings, state, replay_id)
        if known and known.status == progress.DONE:  # killed after its last word to the table
            return worker.kept(settings, replay_id)
        # Killed before it was known, nothing was sent.
        process = worker.start(state, *(worker.again(replay_id) if known else worker.fresh(written.path, replay_id)))
        if death.kills < _KILLS_EACH:
            death.arm(process, *second)
        receipt, said = _ended(process)
        if receipt:
            return receipt
        assert time.monotonic() < deadline, f"{replay_id} could not be resumed: {said}"


def _ended(process: subprocess.Popen[str]) -> tuple[dict[str, Any] | None, str]:
    """What it printed, None when it was killed or refused; and what it said."""
    told, said = process.communicate(timeout=_LIMIT_S)
    return (json.loads(told) if told.startswith("{") else None), said
