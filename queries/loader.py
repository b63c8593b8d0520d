"""Named SQL files, checked when they are loaded.

A file `sql/<engine>/<name>.sql` begins with a comment that states its grain and its parameters:

    -- One row per arrival hour between :first and :last.
    -- :first string  the first hour, as yyyy/MM/dd/HH
    select ... where datehour >= :first

Values are bound by the engines' clients and never become part of the text. aiosql has the same idea; it names
no line for a wrong parameter, knows no grain, and has no adapter for Athena's positional parameters.

Steps that several queries begin or end with stand once, in `sql/<engine>/parts/<name>.sql`, a file of the same form. A
line `-- include: <name>` is where its text goes; its parameters are the query's, too, and are told of there alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

SQL = Path(__file__).resolve().parent / "sql"

_GRAIN = re.compile(r"--\s*(one row\b.+)", re.IGNORECASE)
_DECLARED = re.compile(r"--\s*:(\w+)\s+\S")
_INCLUDE = re.compile(r"-- include: (\w+)")
# What may hold a colon without naming a parameter comes first: text, quoted names, comments, casts.
_TOKENS = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"|--[^\n]*|/\*.*?\*/|::|:(?P<name>[A-Za-z_]\w*)", re.DOTALL)


class SqlFileError(ValueError):
    """A SQL file breaks the rules above; the text names the file and the line."""


@dataclass(frozen=True)
class Query:
    """One query: its `name` (the file's), what one row of its answer is (`grain`), text and parameters."""

    name: str
    engine: str
    grain: str
    sql: str
    parameters: tuple[str, ...]

    def positional(self) -> tuple[str, list[str]]:
        """The text with a `?` for each parameter, and the names in the order of the marks."""
        order: list[str] = []

        def mark(found: re.Match[str]) -> str:
            name = found["name"]
            if name is None:
                return found[0]
            order.append(name)
            return "?"

        return _TOKENS.sub(mark, self.sql), order

    def check(self, values: Mapping[str, object]) -> None:
        """Raise TypeError unless `values` holds exactly the query's parameters."""
        if set(values) != set(self.parameters):
            raise TypeError(f"Query {self.name} takes {sorted(self.parameters)}, not {sorted(values)}.")


def parse(path: Path, engine: str) -> Query:
    """Read one file, with the parts that it includes.

    Raises SqlFileError for a missing grain, an unknown, a repeated or an unused parameter, a part that is not there.
    """
    lines = path.read_text(encoding="utf-8").splitlines()
    head = next((number for number, line in enumerate(lines) if not line.startswith("--")), len(lines))
    grain = _GRAIN.match(lines[0]) if lines else None
    if grain is None:
        raise SqlFileError(f"{path}:1: the first comment must state the grain, as in '-- One row per ...'.")
    if not "\n".join(lines[head:]).strip():
        raise SqlFileError(f"{path}:{head + 1}: there is no SQL after the comment.")
    parts = _parts(path, engine, lines)
    declared = _declared(path, lines[:head])
    used = _used(lines, head)
    of_parts = dict.fromkeys(name for part in parts.values() for name in part.parameters)
    for name, number in used.items():
        if name not in declared and name not in of_parts:
            raise SqlFileError(f"{path}:{number}: parameter :{name} is unknown; tell of it in the first comment.")
    for name, number in declared.items():
        if name in of_parts:
            raise SqlFileError(f"{path}:{number}: parameter :{name} is told of in a part already.")
        if name not in used:
            raise SqlFileError(f"{path}:{number}: parameter :{name} is not used.")
    sql = "\n".join(parts[at].sql if at in parts else line for at, line in enumerate(lines) if at >= head).strip()
    return Query(path.stem, engine, grain[1].strip(), sql, (*of_parts, *declared))


def _parts(path: Path, engine: str, lines: list[str]) -> dict[int, Query]:
    """The parts that a file includes, by the index of the line that says so."""
    found: dict[int, Query] = {}
    for index, line in enumerate(lines):
        if named := _INCLUDE.fullmatch(line):
            part = path.with_name("parts") / f"{named[1]}.sql"
            if not part.exists():
                raise SqlFileError(f"{path}:{index + 1}: there is no part {part}.")
            found[index] = parse(part, engine)
    return found


def _declared(path: Path, comment: list[str]) -> dict[str, int]:
    """The parameters that the first comment tells of, and the line of each."""
    declared: dict[str, int] = {}
    for number, line in enumerate(comment, start=1):
        if found := _DECLARED.match(line):
            if found[1] in declared:
                raise SqlFileError(f"{path}:{number}: parameter :{found[1]} is told of twice.")
            declared[found[1]] = number
    return declared


def _used(lines: list[str], head: int) -> dict[str, int]:
    """The parameters in the SQL from line `head` on, and the line where each comes first."""
    sql = "\n".join(["", *lines[head:]])
    used: dict[str, int] = {}
    for found in _TOKENS.finditer(sql):
        if name := found["name"]:
            used.setdefault(name, head + sql.count("\n", 0, found.start()))
    return used


@cache
def load(engine: str, folder: Path = SQL) -> Mapping[str, Query]:
    """Every query of an engine (`warehouse` or `lake`) by name. Raises SqlFileError for the first bad file."""
    return {path.stem: parse(path, engine) for path in sorted((folder / engine).glob("*.sql"))}
