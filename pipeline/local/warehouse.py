"""The local warehouse: PostgreSQL in place of Redshift, behind a door that redshift-connector can pass."""

from __future__ import annotations

import json
import secrets
import shutil
from contextlib import suppress
from pathlib import Path

import psycopg
from psycopg import sql

from pipeline.errors import LocalCloudError
from pipeline.local.postgres import PORT, SUPERUSER, Postgres
from pipeline.local.startup_filter import StartupFilter

_SYSTEM_VIEWS = Path(__file__).with_name("system_views.sql")


class Warehouse:
    """One warehouse with its state in `state/warehouse`. `port` is a wanted one; without it, last time's or any.

    Its one user is no superuser, has a password of its own (made once, kept in `secret.json`) and owns the
    database. Nothing listens but the door, on 127.0.0.1.
    """

    host = "127.0.0.1"
    database = "weir"
    username = "weir"

    def __init__(self, state: Path, port: int | None = None) -> None:
        self._folder = state / "warehouse"
        self._wanted = port
        self._server = Postgres(self._folder / "data", self._folder / "postgres.log")
        self._door: StartupFilter | None = None
        self.password = ""

    def start(self) -> None:
        """Start, from what the last run left or anew; raises LocalCloudError with the reason when it cannot."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            secret = self._folder / "secret.json"
            if not secret.exists():
                self._make()
                return
            self.password = json.loads(secret.read_text())["password"]
            self._server.start()
            self._open_door()
        except BaseException as error:
            self.stop()
            if isinstance(error, OSError | ValueError | psycopg.Error):
                message = f"The warehouse in {self._folder} cannot start: {error}"
                raise LocalCloudError(message) from error
            raise

    def stop(self) -> None:
        """Close the door, save everything and end."""
        if self._door is not None:
            self._door.stop()
            self._door = None
        self._server.stop()

    @property
    def port(self) -> int:
        """The port that clients use."""
        if self._door is None:
            raise LocalCloudError("The warehouse is not running.")
        return self._door.port

    @property
    def pids(self) -> list[int]:
        """The processes to end when this one was killed; their children end with them."""
        return [self._server.pid]

    @property
    def socket_folder(self) -> Path:
        """The folder of PostgreSQL's own socket."""
        return self._server.socket_folder

    def connect(self, *, autocommit: bool = False) -> psycopg.Connection:
        """A connection as the warehouse's user, past the door: for work that redshift-connector cannot do.

        Raises LocalCloudError when the warehouse was not started or is stopped, psycopg's errors otherwise.
        """
        _ = self._server.pid  # raises when it does not run
        return self._connect(self.username, self.password, self.database, autocommit=autocommit)

    def _make(self) -> None:
        self._server.end_survivor()
        shutil.rmtree(self._server.data, ignore_errors=True)  # of a start that was broken off
        # Nobody needs the superuser again.
        superuser_password = secrets.token_urlsafe(24)
        self.password = secrets.token_urlsafe(24)
        self._server.make(superuser_password)
        self._server.start()
        user, database = sql.Identifier(self.username), sql.Identifier(self.database)
        with self._connect(SUPERUSER, superuser_password, SUPERUSER, autocommit=True) as connection:
            connection.execute(
                sql.SQL("create role {} login password {}").format(user, sql.Literal(self.password)),
            )
            connection.execute(sql.SQL("create database {} owner {} strategy file_copy").format(database, user))
        self._open_door()
        scratch = self._folder / "secret.new"
        scratch.touch(mode=0o600)
        scratch.write_text(json.dumps({"username": self.username, "password": self.password}))
        scratch.replace(self._folder / "secret.json")

    def _open_door(self) -> None:
        with self.connect(autocommit=True) as connection:
            connection.execute(_SYSTEM_VIEWS.read_bytes())  # those of an earlier version may lack some
        socket_path = self._server.socket_folder / f".s.PGSQL.{PORT}"
        record = self._folder / "port"
        if self._wanted is None:
            # Addresses survive a restart where they can.
            with suppress(OSError, ValueError, LocalCloudError):
                self._listen(StartupFilter(socket_path, int(record.read_text())))
        if self._door is None:
            self._listen(StartupFilter(socket_path, self._wanted or 0))
        record.write_text(str(self.port))

    def _listen(self, door: StartupFilter) -> None:
        door.start()
        self._door = door

    def _connect(self, user: str, password: str, database: str, *, autocommit: bool) -> psycopg.Connection:
        return psycopg.connect(
            host=str(self._server.socket_folder),
            port=PORT,
            user=user,
            password=password,
            dbname=database,
            autocommit=autocommit,
            sslmode="disable",
            gssencmode="disable",
        )
