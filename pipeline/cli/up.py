"""`up`: everything on this machine, in the foreground, until Ctrl-C."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Any

from pipeline import stack
from pipeline.cli.deploy import deploy
from pipeline.errors import LocalCloudError
from pipeline.local.cloud import LocalCloud, end_replays
from pipeline.local.pids import remember
from pipeline.replay import files, store
from pipeline.settings import REPOSITORY, Settings, running_cloud, settle_local, state_folder
from pipeline.warehouse.connect import connect

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator
    from pathlib import Path
    from types import FrameType

_DELIVERY_LIMIT_S = 60
_DASHBOARD_LIMIT_S = 30
_STOP_LIMIT_S = 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where the dashboard listens, and how much sample data there is."""
    parser.add_argument("--port", type=int, default=8501, help="the dashboard's port on loopback (default: 8501)")
    parser.add_argument("--rows", type=int, default=files.SAMPLE_ROWS, help="order lines of sample data (0: none)")
    parser.add_argument("--no-clicks", action="store_true", help="no live trickle of clicks beside the dashboard")
    parser.add_argument(
        "--shard-limits",
        action="store_true",
        help="streams refuse what is beyond AWS's limits (or WEIR_SHARD_LIMITS=1)",
    )


def run(args: argparse.Namespace) -> int:
    """Start it all, print the URL, wait; end every child on the way out, however that comes."""
    state = state_folder()
    state.mkdir(parents=True, exist_ok=True)
    # Both by name: a shell that starts this in the background has SIGINT ignored.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _interrupt)
    with ExitStack() as running:
        try:
            _start(args, state, running)
        except KeyboardInterrupt:
            print("\nStopping ...", flush=True)
    return 0


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    # make passes its own signal on as well: a second one must not break the clean stop off.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def _start(args: argparse.Namespace, state: Path, running: ExitStack) -> None:
    begun = time.monotonic()
    running.enter_context(_only_run(state))
    _require_free(args.port)
    cloud = LocalCloud(state, shard_limits=args.shard_limits)
    running.callback(cloud.stop)
    running.callback(end_replays, state)
    with _stage("Local cloud"):
        lost = cloud.start()
    if lost:
        print(f"  The last run was killed before it could save. Lost: {', '.join(lost)}. All stores start afresh.")
    settings = settle_local(str(running_cloud(state)["endpoint"]))
    with _stage("Stack"):
        deploy(settings, {})
    if args.rows:
        _load_sample(args.rows, settings)
    with _stage("Dashboard"):
        dashboard = running.enter_context(_dashboard(args.port, state))
    if not args.no_clicks:
        running.enter_context(_trickle(state))
    url = f"http://127.0.0.1:{args.port}"
    print(f"Ready in {time.monotonic() - begun:.0f} s: {url}  (Ctrl-C stops everything and keeps the data)", flush=True)
    while dashboard.poll() is None and cloud.running:
        time.sleep(0.5)
    raise LocalCloudError(f"The {'local cloud' if not cloud.running else 'dashboard'} ended: see the logs in {state}.")


@contextmanager
def _stage(name: str) -> Iterator[None]:
    """One line for one stage, with its time."""
    begun = time.monotonic()
    yield
    _say(name, begun)


def _say(name: str, begun: float) -> None:
    print(f"{name + ' ':.<40} {time.monotonic() - begun:5.1f} s", flush=True)


@contextmanager
def _only_run(state: Path) -> Iterator[None]:
    """Hold the state folder; a second run in it is refused."""
    with (state / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            message = f"Weir already runs with its state in {state}: stop that one first, or set WEIR_STATE."
            raise LocalCloudError(message) from None
        yield


def _require_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            message = f"Port {port} cannot be used ({error.strerror}): choose another, as in `PORT=8601 make demo`."
            raise LocalCloudError(message) from error


def _load_sample(rows: int, settings: Settings) -> None:
    """Generate the sample once, send it once, wait until the warehouse has it."""
    begun = time.monotonic()
    path = files.sample(settings.state, rows=rows)
    if store.of_stack(settings.stack).finished_of(path.name) is not None:
        return
    _say(f"Sample of {rows:,} order lines", begun)
    with _stage("Replay of the sample"):
        command = [sys.executable, "-m", "pipeline", "replay", str(path), "--max", "--wait", "--json"]
        done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
        if done.returncode:
            raise LocalCloudError(f"The sample could not be sent: {done.stderr.strip() or done.stdout.strip()}")
        receipt = json.loads(done.stdout)
    with _stage("Delivery to the warehouse"):
        _await_delivery(settings, receipt)


def _await_delivery(settings: Settings, receipt: dict[str, Any]) -> None:
    sql = (REPOSITORY / "pipeline/warehouse/lines_of_replay.sql").read_text()
    deadline = time.monotonic() + _DELIVERY_LIMIT_S
    with connect(stack.outputs(settings.stack)) as connection:
        while True:
            with connection.cursor() as cursor:
                cursor.paramstyle = "named"
                cursor.execute(sql, {"replay_id": receipt["replay_id"]})
                arrived = cursor.fetchone()[0]
            if arrived >= receipt["accepted"]:
                return
            if time.monotonic() > deadline:
                print(f"  The warehouse holds {arrived:,} of {receipt['accepted']:,} so far: see the Deliveries page.")
                return
            time.sleep(0.25)


@contextmanager
def _dashboard(port: int, state: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The Streamlit server as a child, once it answers."""
    log = state / "dashboard.log"
    command = [sys.executable, "serve.py", "--port", str(port)]
    environment = os.environ | {"WEIR_STATE": str(state)}
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=REPOSITORY,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    remember(state, "dashboard", process.pid)
    try:
        _await_dashboard(process, port, log)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(_STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def _trickle(state: Path) -> Iterator[None]:
    """A few clicks a second as a child, which the Active page turns off and on."""
    with (state / "trickle.log").open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "pipeline", "trickle"],
            cwd=REPOSITORY,
            env=os.environ | {"WEIR_STATE": str(state)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    remember(state, "trickle", process.pid)
    try:
        yield
    finally:
        process.kill()  # it holds nothing
        process.wait()


def _await_dashboard(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + _DASHBOARD_LIMIT_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise LocalCloudError(f"The dashboard ended as it started: see its log {log}.")
        with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=1):
            return
        time.sleep(0.1)
    raise LocalCloudError(f"The dashboard did not answer within {_DASHBOARD_LIMIT_S} s: see its log {log}.")
