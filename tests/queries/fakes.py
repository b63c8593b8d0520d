"""In-memory stand-ins for what the engines' drivers offer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


@dataclass
class FakeSocket:
    timeout: float | None = None

    def settimeout(self, seconds: float) -> None:
        self.timeout = seconds


@dataclass
class FakeConnection:
    """A DB-API connection: each statement is noted, then answered by `answer`, which may raise.

    `query_id` is what it tells of its last query; one that is `stuck` cannot leave a failed transaction.
    """

    answer: Callable[[str], tuple[Sequence[str], Sequence[Sequence[Any]]]]
    statements: list[tuple[str, Any]] = field(default_factory=list)
    closed: bool = False
    query_id: int | Exception | Callable[[], int] = -1
    stuck: bool = False
    _usock: FakeSocket = field(default_factory=FakeSocket)

    def cursor(self) -> FakeCursor:
        return FakeCursor(self)

    def close(self) -> None:
        self.closed = True


@dataclass
class FakeCursor:
    connection: FakeConnection
    paramstyle: str = "format"
    description: Sequence[Sequence[Any]] = ()
    rows: Sequence[Sequence[Any]] = ()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def execute(self, sql: str, parameters: Any = None) -> None:
        self.connection.statements.append((sql, parameters))
        if sql == "rollback" and self.connection.stuck:
            raise ConnectionError("the socket is closed")
        if sql.startswith("set ") or sql in {"begin", "commit", "rollback"}:
            return
        if "last_user_query_id" in sql:
            if isinstance(self.connection.query_id, Exception):
                raise self.connection.query_id
            told = self.connection.query_id
            self.rows = [[told() if callable(told) else told]]
            return
        if "pg_backend_pid" in sql:
            self.rows = [[4711]]
            return
        columns, self.rows = self.connection.answer(sql)
        self.description = [(name, None) for name in columns]

    def fetchone(self) -> Sequence[Any]:
        return self.rows[0]

    def fetchall(self) -> Sequence[Sequence[Any]]:
        return self.rows
