"""Makes the warehouse's tables and its stored procedure.

A script serves both engines. A line that starts with `--redshift ` or `--postgres ` counts on that engine only, and
is a comment on the other.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator


class Connection(Protocol):
    """What is used of a DB-API connection."""

    def cursor(self) -> Any:  # noqa: ANN401 - each driver has its own
        """A cursor."""


Dialect = Literal["redshift", "postgres"]

SCRIPTS = ("tables.sql", "merge_customers.sql", "merge_orders.sql")

_FOLDER = Path(__file__).parent
_TOKENS = re.compile(r"--[^\n]*|'(?:[^']|'')*'|\$\$.*?\$\$|;", re.DOTALL)


def apply(connection: Connection, dialect: Dialect) -> None:
    """Create what is missing and replace the procedure; what is there and its rows stay.

    `connection` is a DB-API connection in autocommit mode (redshift-connector's, or psycopg's).
    """
    cursor = connection.cursor()
    try:
        for name in SCRIPTS:
            for statement in statements(script(name, dialect)):
                cursor.execute(statement)
    finally:
        cursor.close()


def script(name: str, dialect: Dialect) -> str:
    """The text of one script as it counts on `dialect`."""
    return as_counts((_FOLDER / name).read_text(encoding="utf-8"), dialect)


def as_counts(text: str, dialect: Dialect) -> str:
    """`text` with the lines for `dialect` as statements, and those for the other as the comments that they are."""
    return re.sub(rf"^([ ]*)--{dialect} ", r"\1", text, flags=re.MULTILINE)


def statements(text: str) -> Iterator[str]:
    """The statements of a script one by one; a semicolon in a comment, a literal or a $$ body parts none."""
    start = 0
    for token in _TOKENS.finditer(text):
        if token.group() == ";":
            yield text[start : token.start()].strip()
            start = token.end()
    if _TOKENS.sub("", text[start:]).strip():
        yield text[start:].strip()
