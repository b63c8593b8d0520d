"""Tables that are page text: whatever stands in a cell is shown as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pandas as pd
import pytest
import streamlit as st

from pages.parts import tables, words

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    bodies: list[str] = []
    monkeypatch.setattr(st, "html", bodies.append)
    return bodies


def cells(shown: list[str], kind: str) -> list[Element]:
    (body,) = shown
    return list(ET.fromstring(body).iter(kind))  # noqa: S314 - our own


@pytest.mark.parametrize(
    "text", ["<b>A & B</b>", "</td></table><script>x()</script>", '" onclick="x()', "*a* `b` $c$ [d](e) :red[f]", ""]
)
def test_text_is_shown_as_text(shown: list[str], text: str) -> None:
    tables.show(pd.DataFrame({text: [text]}), {})
    assert ([cell.text or "" for cell in cells(shown, "th")], [cell.text or "" for cell in cells(shown, "td")]) == (
        [text],
        [text],
    )
    assert not cells(shown, "script")


def test_numbers_stand_to_the_right_as_their_column_writes_them(shown: list[str]) -> None:
    tables.show(pd.DataFrame({"Name": ["a", None], "Value": [-1234.5, None]}), {"Value": words.money})
    found = [(cell.text, cell.get("class")) for cell in cells(shown, "td")]
    assert found == [("a", None), ("-£1,234.50", "number"), ("—", None), ("—", "number")]
    assert [cell.get("class") for cell in cells(shown, "th")] == [None, "number"]


def test_no_rows_leave_the_head(shown: list[str]) -> None:
    tables.show(pd.DataFrame({"Name": pd.Series([], dtype=str)}), {})
    assert [cell.text for cell in cells(shown, "th")] == ["Name"]
    assert not cells(shown, "td")
