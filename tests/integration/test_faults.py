"""The short form of `make soak` on the shared cloud: after each fault lost 0, double effect 0, everything explained."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.faults import verdict, whole

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Cloud


def test_no_fault_loses_or_doubles_an_event(cloud: Cloud, tmp_path: Path) -> None:
    rows = whole.on_the_cloud(cloud.settings, tmp_path, whole.SHORT)
    print(verdict.table(rows))
    assert [(row.fault, row.told) for row in rows if not row.clean] == []
    assert all(row.met for row in rows)
    assert sum(row.retried for row in rows) > 0
