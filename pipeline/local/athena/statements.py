"""What a statement is, and whether Athena would take it at all.

A statement that Trino's grammar refuses is refused at StartQueryExecution, before there is an execution (Athena API
reference, "StartQueryExecution"). sqlglot reads many engines' SQL at once, so what it lets through of theirs is
looked for here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING

import sqlglot
from sqlglot import exp
from sqlglot.dialects.trino import Trino
from sqlglot.errors import ParseError, TokenError
from sqlglot.tokenizer_core import TokenType

from pipeline.local.athena.failures import RefusedAtStartError, at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlglot.tokenizer_core import Token

LONGEST_STATEMENT = 262_144  # bytes (Athena user guide, "Service Quotas")


class Kind(Enum):
    """What a statement does."""

    QUERY = "query"
    CREATE_VIEW = "create view"
    DROP_VIEW = "drop view"
    SHOW = "show"
    DESCRIBE = "describe"
    OTHER = "other"


@dataclass(frozen=True)
class Statement:
    """One statement that Athena takes."""

    text: str
    kind: Kind
    words: tuple[str, ...]  # its first words, in capitals

    @cached_property
    def tree(self) -> exp.Query:
        """A query's tree; each call of `copy()` on it may be changed."""
        return _query_tree(self.text)

    @property
    def api_type(self) -> str:
        """`StatementType`: DML, DDL or UTILITY."""
        if self.kind is Kind.QUERY or self.words[0] in ("INSERT", "UNLOAD", "MERGE", "DELETE", "UPDATE"):
            return "DML"
        return "DDL" if self.words[0] in ("CREATE", "DROP", "ALTER") else "UTILITY"


# The statements that Athena knows and the local cloud leaves to MiniStack, or does not run.
_KNOWN = frozenset(
    re.findall(
        r"\w+",
        "ALTER ANALYZE CALL CREATE DEALLOCATE DELETE DESC DESCRIBE DROP EXECUTE EXPLAIN INSERT MERGE MSCK OPTIMIZE"
        " PREPARE SHOW UNLOAD UPDATE USE VACUUM",
    )
)
_QUERY_WORDS = frozenset(("SELECT", "WITH", "VALUES", "TABLE", "("))


def read(text: str) -> Statement:
    """The statement in `text`; raises RefusedAtStartError when Athena would not take it."""
    if len(text.encode()) > LONGEST_STATEMENT:
        raise RefusedAtStartError(f"Query string is longer than {LONGEST_STATEMENT} bytes")
    text = re.sub(r"[;\s]+\Z", "", text)
    words = _first_words(text)
    if not words:
        raise RefusedAtStartError("line 1:1: mismatched input '<EOF>'. Expecting: <query>", "MALFORMED_QUERY")
    if words[0] in _QUERY_WORDS:
        statement = Statement(text, Kind.QUERY, words)
        statement.tree  # noqa: B018 - refuses what cannot be read
        return statement
    if words[0] not in _KNOWN:
        first = re.search(r"\S+", without_comments(text))
        raise _malformed(text, text.find(first.group(0)) if first else 0, first.group(0) if first else "")
    return Statement(text, _kind_of(words), words)


def _kind_of(words: tuple[str, ...]) -> Kind:
    if words[:2] == ("CREATE", "VIEW") or words[:4] == ("CREATE", "OR", "REPLACE", "VIEW"):
        return Kind.CREATE_VIEW
    if words[:2] == ("DROP", "VIEW"):
        return Kind.DROP_VIEW
    if words[0] == "SHOW":
        return Kind.SHOW
    return Kind.DESCRIBE if words[0] in ("DESC", "DESCRIBE") else Kind.OTHER


def without_comments(text: str) -> str:
    """`text` with blanks where comments were."""
    return re.sub(r"--[^\n]*|/\*.*?\*/", lambda found: " " * len(found.group(0)), text, flags=re.DOTALL)


def _first_words(text: str) -> tuple[str, ...]:
    return tuple(word.upper() for word in re.findall(r"\w+|\(", without_comments(text[:2_000]))[:6])


def _malformed(text: str, offset: int, word: str) -> RefusedAtStartError:
    return RefusedAtStartError(f"{at(text, offset)}mismatched input '{word}'. Expecting: <query>", "MALFORMED_QUERY")


def _query_tree(text: str) -> exp.Query:
    try:
        tokens = list(Trino().tokenize(text))
        trees = sqlglot.parse(text, dialect="trino")
    except TokenError as error:
        raise RefusedAtStartError(f"line 1:1: {str(error).splitlines()[0]}", "MALFORMED_QUERY") from error
    except ParseError as error:
        raise _of_parse_error(error) from error
    if len(trees) != 1:
        raise RefusedAtStartError(f"Only one sql statement is allowed. Got: {text}")
    tree = trees[0]
    if isinstance(tree, exp.Values):
        tree = exp.select("*").from_(tree)
    if not isinstance(tree, exp.Query):
        raise _malformed(text, 0, tokens[0].text)
    for token in _foreign_tokens(tokens):
        raise _malformed(text, token.start, token.text)
    for node, word in _foreign_nodes(tree):
        raise _malformed(text, offset_of(node) or 0, word)
    return tree


def _of_parse_error(error: ParseError) -> RefusedAtStartError:
    found = error.errors[0] if error.errors else {}
    word = str(found.get("highlight") or "<EOF>")
    # sqlglot counts to the last letter of the word, Trino to its first.
    line, column = int(found.get("line") or 1), int(found.get("col") or 1) - len(word) + 1
    return RefusedAtStartError(f"line {line}:{max(column, 1)}: mismatched input '{word}'", "MALFORMED_QUERY")


def offset_of(node: exp.Expr) -> int | None:
    """Where a node's first identifier stands in the statement; None for what sqlglot made itself."""
    places = [found.meta["start"] for found in node.find_all(exp.Identifier) if "start" in found.meta]
    return min(places) if places else None


def _foreign_tokens(tokens: list[Token]) -> Iterator[Token]:
    """Signs that Trino lacks, and OFFSET after LIMIT, where Trino wants it before."""
    depth, limits = 0, set()
    operands = (TokenType.VAR, TokenType.IDENTIFIER, TokenType.ARRAY, TokenType.R_PAREN, TokenType.R_BRACKET)
    for before, token in zip([None, *tokens], tokens, strict=False):
        # A list without ARRAY before it.
        if token.token_type is TokenType.L_BRACKET and (before is None or before.token_type not in operands):
            yield token
        if token.token_type in (TokenType.DCOLON, TokenType.L_BRACE, TokenType.PARAMETER) or token.text == "==":
            yield token
        depth += (token.token_type is TokenType.L_PAREN) - (token.token_type is TokenType.R_PAREN)
        if token.token_type is TokenType.LIMIT:
            limits.add(depth)
        elif token.token_type is TokenType.OFFSET and depth in limits:
            yield token
        elif token.token_type in (TokenType.R_PAREN, TokenType.UNION):
            limits.discard(depth + (token.token_type is TokenType.R_PAREN))


def _foreign_nodes(tree: exp.Query) -> Iterator[tuple[exp.Expr, str]]:
    """Constructions of other engines."""
    for select in tree.find_all(exp.Select):
        yield from ((select, word) for word in _foreign_clauses(select))
    for kind, word in _FOREIGN.items():
        yield from ((node, word) for node in tree.find_all(kind))
    for star in tree.find_all(exp.Star):
        extras = (name for name in ("except_", "except", "replace", "rename") if star.args.get(name))
        yield from ((star.parent or star, name.strip("_").upper()) for name in extras)
    yield from ((mark, f":{mark.this}") for mark in tree.find_all(exp.Placeholder) if mark.this)
    yield from ((join, "ASOF") for join in tree.find_all(exp.Join) if join.args.get("method") == "ASOF")


def _foreign_clauses(select: exp.Select) -> Iterator[str]:
    distinct, group = select.args.get("distinct"), select.args.get("group")
    if not select.expressions:
        yield "FROM"
    if distinct is not None and distinct.args.get("on"):
        yield "ON"
    if select.args.get("qualify"):
        yield "QUALIFY"
    if select.args.get("laterals"):
        yield "LATERAL"
    if group is not None and group.args.get("all") and not group.expressions:
        yield "ALL"


_FOREIGN: dict[type[exp.Expr], str] = {
    exp.ILike: "ILIKE",
    exp.Parameter: "@",
    exp.Pivot: "PIVOT",
    exp.SessionParameter: "@@",
}
