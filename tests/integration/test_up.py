"""The demo's whole life, as a newcomer meets it: start, restart, kill, stop."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import boto3
import psutil
import pytest

from pipeline.local.cloud import free_port
from pipeline.replay import trickle
from pipeline.settings import LOCAL_ACCESS_KEY, LOCAL_REGION, REPOSITORY, running_cloud
from pipeline.tail import TRIM_HORIZON, Tail
from tests.conftest import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ROWS = 500
# Loaded by every Python process of the demo: writes down each address that one connects or binds to.
WITNESS = """
import os, socket
def _told(name):
    original = getattr(socket.socket, name)
    def told(self, address, *rest):
        if isinstance(address, tuple):
            with open(os.environ["WITNESS"], "a") as out:
                out.write(f"{name} {address[0]}\\n")
        return original(self, address, *rest)
    return told
class Witness(socket.socket):
    connect = _told("connect")
    connect_ex = _told("connect_ex")
    bind = _told("bind")
    sendto = lambda self, data, *rest: _told("sendto")(self, data, *rest)
socket.socket = Witness
"""


@dataclass
class Demo:
    process: subprocess.Popen[str]
    said: list[str]

    def children(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)


@contextmanager
def demo(state: Path, port: int, **environment: str) -> Iterator[Demo]:
    """A running `up`; killed with all its children should the test leave it alive."""
    command = [sys.executable, "-m", "pipeline", "up", "--port", str(port), "--rows", str(ROWS)]
    process = subprocess.Popen(
        command,
        cwd=REPOSITORY,
        env={**os.environ, "WEIR_STATE": str(state), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    said: list[str] = []
    try:
        assert process.stdout is not None
        for line in process.stdout:
            said.append(line.rstrip())
            if "Ready in" in line:
                break
        else:
            pytest.fail("\n".join(said))
        yield Demo(process, said)
    finally:
        if process.poll() is None:
            doomed = psutil.Process(process.pid).children(recursive=True)
            process.kill()
            for child in doomed:
                child.kill()
        process.wait()


def lines_in_warehouse(state: Path) -> int:
    code = (
        "from pipeline import stack; from pipeline.settings import settle\n"
        "from pipeline.warehouse.connect import connect\n"
        "with connect(stack.outputs(settle().stack)) as c, c.cursor() as q:\n"
        "    q.execute('select count(*) from order_lines'); print(q.fetchone()[0])"
    )
    environment = {**os.environ, "WEIR_STATE": str(state)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=True
    )
    return int(done.stdout)


def clicks(state: Path) -> int:
    """The records of the demo's clicks so far."""
    endpoint = str(running_cloud(state)["endpoint"])
    keys = {"aws_access_key_id": LOCAL_ACCESS_KEY, "aws_secret_access_key": LOCAL_ACCESS_KEY}
    kinesis = boto3.client("kinesis", endpoint_url=endpoint, region_name=LOCAL_REGION, **keys)
    (stream,) = [name for name in kinesis.list_streams()["StreamNames"] if name.endswith("clicks")]
    tail = Tail(kinesis, stream, TRIM_HORIZON)
    found = 0
    for seen in tail.records():
        if seen is None and tail.at_end:
            break
        found += seen is not None
    return found


def await_looks(state: Path, count: int) -> None:
    """Wait until the demo's trickle has looked so many times more whether it is wanted."""
    beat = state / "trickle-beat"
    for _ in range(count):
        eventually(partial(_newer, beat, beat.stat().st_mtime_ns), "the trickle lives", 20)


def _newer(path: Path, than_ns: int) -> bool:
    return path.stat().st_mtime_ns > than_ns


def gone(processes: list[psutil.Process]) -> bool:
    return not any(p.is_running() and p.status() != psutil.STATUS_ZOMBIE for p in processes)


def test_the_demo_touches_loopback_only_survives_a_restart_and_comes_up_whole_after_a_kill(tmp_path: Path) -> None:
    state, port = tmp_path / "state", free_port()
    witness, log = tmp_path / "witness", tmp_path / "addresses"
    witness.mkdir()
    (witness / "sitecustomize.py").write_text(WITNESS)
    aws = {
        "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "AWS_SESSION_TOKEN": "a-real-session",
        "AWS_REGION": "eu-west-2",
        "AWS_ENDPOINT_URL_S3": "https://s3.eu-west-2.amazonaws.com",
        "PYTHONPATH": str(witness),
        "WITNESS": str(log),
    }

    with demo(state, port, **aws) as first:
        assert any(re.match(r"Stack \.+ +\d+\.\d s", line) for line in first.said), first.said
        assert f"http://127.0.0.1:{port}" in first.said[-1]
        touched = set(log.read_text().split("\n")) - {""}
        assert any(line.startswith("connect") for line in touched)
        hosts = {line.split()[1] for line in touched}
        assert hosts <= {"127.0.0.1", "::1", "localhost"}, hosts
        listening = {
            connection.laddr.ip
            for process in first.children()
            for connection in process.net_connections("tcp")
            if connection.status == psutil.CONN_LISTEN
        }
        assert listening == {"127.0.0.1"}
        assert lines_in_warehouse(state) == ROWS
        children = first.children()
        first.process.send_signal(signal.SIGTERM)
        assert first.process.wait(60) == 0
        eventually(lambda: gone(children), "every child has ended", 10)

    with demo(state, port) as second:
        assert not any("Sample" in line or "Lost" in line for line in second.said), second.said
        assert lines_in_warehouse(state) == ROWS
        eventually(lambda: clicks(state) > 0, "the demo's clicks", 20)
        trickle.stop(state)
        await_looks(state, 2)  # it may have been sending; the second look is after that
        stopped = clicks(state)
        await_looks(state, 2)
        assert clicks(state) == stopped
        children = second.children()
        second.process.kill()
        for child in children:
            if "postgres" not in child.name():  # left behind on purpose: the next start must end it
                child.kill()
        second.process.wait()

    with demo(state, port) as third:
        assert any("killed" in line and "Lost" in line for line in third.said), third.said
        assert gone(children)
        assert lines_in_warehouse(state) == ROWS
        children = third.children()
        third.process.send_signal(signal.SIGINT)
        assert third.process.wait(60) == 0
        eventually(lambda: gone(children), "every child has ended", 10)


def refusal(state: Path, port: int) -> subprocess.CompletedProcess[str]:
    """`up` that is expected to give up at once."""
    command = [sys.executable, "-m", "pipeline", "up", "--port", str(port)]
    environment = {**os.environ, "WEIR_STATE": str(state)}
    return subprocess.run(
        command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=60, check=False
    )


def test_a_taken_port_is_one_line_and_leaves_nothing_behind(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = refusal(tmp_path, taken.getsockname()[1])
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "PORT=" in done.stderr
    assert not (tmp_path / "cloud.json").exists()
    assert not (tmp_path / "pids").exists()


def test_a_second_run_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    import fcntl

    with (tmp_path / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = refusal(tmp_path, free_port())
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "already runs" in done.stderr


def test_a_full_disk_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import shutil

    from pipeline.errors import LocalCloudError
    from pipeline.local.cloud import LocalCloud

    full = shutil.disk_usage(tmp_path)._replace(free=5 << 20)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: full)
    with pytest.raises(LocalCloudError, match="5 MiB free"):
        LocalCloud(tmp_path).start()
    assert not list(tmp_path.iterdir())
