"""What Athena says when it refuses or breaks off a query."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

# ErrorCategory and ErrorType: Athena user guide, "Athena error catalog".
SYSTEM, USER = 1, 2
INTERNAL_ERROR, RESOURCES_EXHAUSTED, RESULT_NOT_WRITTEN = 100, 0, 401
USER_ERROR, DATA_ERROR, DDL_FAILED, SYNTAX_ERROR = 1000, 1001, 1003, 1006


class RefusedAtStartError(Exception):
    """StartQueryExecution answers InvalidRequestException; `code` is its AthenaErrorCode."""

    def __init__(self, message: str, code: str = "INVALID_INPUT") -> None:
        super().__init__(message)
        self.code = code


@dataclass
class QueryFailure(Exception):  # noqa: N818 - Athena's word: a failed query is not an error of the service
    """The query ends as FAILED; `reason` begins with Trino's name of the error."""

    reason: str
    type: int = SYNTAX_ERROR
    category: int = USER

    def __str__(self) -> str:
        return self.reason

    def to_api(self) -> dict[str, Any]:
        """`Status.AthenaError`."""
        retryable = self.category == SYSTEM
        return {
            "ErrorCategory": self.category,
            "ErrorType": self.type,
            "ErrorMessage": self.reason,
            "Retryable": retryable,
        }


class ScanLimitError(Exception):
    """The query would read more than the workgroup allows; it ends as CANCELLED."""

    def __str__(self) -> str:
        return "Query cancelled! : Bytes scanned limit was exceeded"


class CancelledError(Exception):
    """StopQueryExecution was called."""


def at(sql: str, offset: int | None) -> str:
    """`line 1:15: `, where in the statement the trouble is; empty when that is not known."""
    if offset is None:
        return ""
    before = sql[:offset]
    return f"line {before.count(chr(10)) + 1}:{offset - (before.rfind(chr(10)) + 1) + 1}: "


# What DuckDB finds out only as it binds or runs the query, and Trino's words for it. The first pattern that
# matches counts; its groups fill the text.
_ENGINE_WORDS: tuple[tuple[str, str, int], ...] = (
    (r"division by zero", "DIVISION_BY_ZERO: Division by zero", USER_ERROR),
    (r'column "([^"]+)" must appear in the GROUP BY clause',
     "EXPRESSION_NOT_AGGREGATE: '{0}' must be an aggregate expression or appear in GROUP BY clause", SYNTAX_ERROR),
    (r'Ambiguous reference to column name "([^"]+)"', "AMBIGUOUS_NAME: Column '{0}' is ambiguous", SYNTAX_ERROR),
    (r'Referenced (?:column|table) "([^"]+)" not found',
     "COLUMN_NOT_FOUND: Column '{0}' cannot be resolved", SYNTAX_ERROR),
    (r"WHERE clause cannot contain aggregates",
     "EXPRESSION_NOT_SCALAR: WHERE clause cannot contain aggregations, window functions or grouping operations",
     SYNTAX_ERROR),
    (r"Function with name (\S+) does not exist", "NOT_SUPPORTED: the local cloud has no function {0}", USER_ERROR),
    (r"No function matches the given name and argument types '([^']+)'",
     "FUNCTION_NOT_FOUND: Unexpected parameters for function {0}", SYNTAX_ERROR),
    (r"(?:not a valid|not in the correct|too small to be a|No magic bytes found|Invalid TType)[^\n]*",
     "HIVE_BAD_DATA: {line}", DATA_ERROR),
    (r"Could not (?:convert|parse)[^\n]*|Conversion Error[^\n]*", "INVALID_CAST_ARGUMENT: {line}", USER_ERROR),
    (r"More than one row returned by a subquery",
     "SUBQUERY_MULTIPLE_ROWS: Scalar sub-query has returned multiple rows", USER_ERROR),
    (r"Out of Memory[^\n]*|could not allocate[^\n]*",
     "EXCEEDED_LOCAL_MEMORY_LIMIT: Query exhausted resources at this scale factor", RESOURCES_EXHAUSTED),
)  # fmt: skip


def of_engine(text: str) -> QueryFailure:
    """The failure that a message of DuckDB's stands for."""
    for pattern, words, kind in _ENGINE_WORDS:
        found = re.search(pattern, text, re.IGNORECASE)
        if found:
            category = SYSTEM if kind == RESOURCES_EXHAUSTED else USER
            return QueryFailure(words.format(*found.groups(), line=found.group(0).strip()), kind, category)
    return QueryFailure(f"GENERIC_USER_ERROR: {text.splitlines()[0] if text else 'unknown'}", USER_ERROR)
