"""Imports run one way: pages ask queries and pipeline, which know nothing of pages."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest

from pipeline.settings import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


PARTS = [path for path in (REPOSITORY / "pipeline").iterdir() if path.is_dir()]


def modules(*folders: str) -> list[Path]:
    return [path for folder in folders for path in sorted((REPOSITORY / folder).rglob("*.py"))]


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{name.name}" for name in node.names)


def within(name: str, packages: tuple[str, ...]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


@pytest.mark.parametrize(
    ("folders", "forbidden"),
    [
        (("queries", "pipeline"), ("streamlit", "plotly", "pages", "dashboard")),
        (("pages",), ("boto3", "botocore", "pyathena", "redshift_connector", "psycopg", "pipeline.local")),
        (("queries",), ("pipeline.local", "pipeline.cli")),
        # The command line puts everything together.
        (tuple(f"pipeline/{path.name}" for path in PARTS if path.name != "cli"), ("queries",)),
    ],
)
def test_nobody_imports_upwards(folders: tuple[str, ...], forbidden: tuple[str, ...]) -> None:
    found = [(path.name, name) for path in modules(*folders) for name in imported(path) if within(name, forbidden)]
    assert found == []


def test_pages_are_thin() -> None:
    long = {
        path.name: lines
        for path in (REPOSITORY / "pages").glob("*.py")
        if (lines := len(path.read_text().splitlines())) > 80
    }
    assert long == {}
