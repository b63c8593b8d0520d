from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
import sqlglot
from hypothesis import given
from hypothesis import strategies as st

from queries.literals import literal


@given(st.text())
def test_any_text_is_one_literal_and_comes_back_as_it_was(text: str) -> None:
    parsed = sqlglot.parse_one(f"select {literal(text)}", dialect="athena")
    assert len(parsed.expressions) == 1
    found = parsed.expressions[0]
    assert isinstance(found, sqlglot.exp.Literal)
    assert found.this == text


@given(st.text())
def test_quotes_are_doubled_and_enclose(text: str) -> None:
    written = literal(text)
    assert written[0] == written[-1] == "'"
    assert "'" not in written[1:-1].replace("''", "")


@given(st.integers())
def test_whole_numbers_are_written_plainly(number: int) -> None:
    assert int(literal(number)) == number


@pytest.mark.parametrize("value", [True, None, 1.5, Decimal(1), b"x", date(2011, 12, 9), ["a"]])
def test_anything_else_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="No literal"):
        literal(value)
