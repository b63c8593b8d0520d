from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import psutil

from pipeline.local import cloud, pids

if TYPE_CHECKING:
    from pathlib import Path


def _start(code: str = "import time; time.sleep(60)") -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", code])


def test_a_start_ends_what_a_killed_run_left(tmp_path: Path) -> None:
    survivor = _start()
    pids.remember(tmp_path, "worker", survivor.pid)
    (tmp_path / "cloud.json").write_text("{}")

    cloud.end_survivors(tmp_path)

    assert survivor.poll() is not None
    assert pids.recorded(tmp_path) == []
    assert not (tmp_path / "cloud.json").exists()


def test_a_pid_that_somebody_else_has_by_now_is_left_alone(tmp_path: Path) -> None:
    stranger = _start()
    try:
        pids.remember(tmp_path, "worker", stranger.pid)
        path = tmp_path / "pids" / "worker.json"
        path.write_text(f'{{"name": "worker", "pid": {stranger.pid}, "started": 1.0}}')

        cloud.end_survivors(tmp_path)

        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_record_that_a_full_disk_cut_short_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "pids").mkdir()
    (tmp_path / "pids" / "worker.json").write_text('{"pid": 1')
    cloud.end_survivors(tmp_path)


def test_replay_workers_are_asked_before_they_are_killed(tmp_path: Path) -> None:
    code = "import signal, sys, time; signal.signal(15, lambda *_: sys.exit(3)); print(flush=True); time.sleep(60)"
    worker = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert worker.stdout is not None
    worker.stdout.readline()
    pids.remember(tmp_path, "replay-r-1", worker.pid)
    cloud.end_replays(tmp_path)
    assert psutil.pid_exists(worker.pid) is False
