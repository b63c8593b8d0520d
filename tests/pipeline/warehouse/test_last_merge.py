"""What a merge tells of itself, as an audit asks for it: that it is under way, and when the last one ended."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from queries.audit import merges
from queries.audit.merges import Merges
from tests.loaded_warehouse import driven
from tests.pipeline.warehouse.landing import Line, land

if TYPE_CHECKING:
    from pipeline.local.warehouse import Warehouse


def look(warehouse: Warehouse) -> Merges:
    with closing(driven(warehouse)) as connection:
        return merges.look(connection)


def test_a_merge_under_way_is_seen_and_its_end_is_kept(warehouse: Warehouse) -> None:
    assert look(warehouse) == Merges()
    land(warehouse, [Line()])
    with warehouse.connect() as merging:
        merging.execute("call merge_orders()")
        began = datetime.now(UTC)
        assert look(warehouse) == Merges(running=True)
        merging.commit()
    found = look(warehouse)
    assert found.ended_at is not None
    assert not found.running
    assert abs(began - found.ended_at) < timedelta(seconds=5)


def test_the_last_merge_is_the_one_that_is_told_of(warehouse: Warehouse) -> None:
    ends = []
    for name in ("A-1", "A-2"):
        land(warehouse, [Line(event_id=name)])
        with warehouse.connect(autocommit=True) as connection:
            connection.execute("call merge_orders()")
        ends.append(look(warehouse).ended_at)
    assert ends[0] is not None
    assert ends[1] is not None
    assert ends[1] > ends[0]


def test_a_look_leaves_the_connection_as_it_was(warehouse: Warehouse) -> None:
    with warehouse.connect() as merging, closing(driven(warehouse)) as connection:
        merging.execute("lock table merge_lock")
        assert merges.look(connection).running
        with connection.cursor() as cursor:
            cursor.execute("select pg_sleep(0.3)")  # longer than the look may take
            cursor.execute("show statement_timeout")
            assert cursor.fetchone() == ["0"]


@pytest.mark.parametrize(
    ("found", "on"),
    [
        (Merges(), False),
        (Merges(running=True), True),
        (Merges(ended_at=datetime(2026, 1, 2, 3, 0, 1, tzinfo=UTC)), True),
        (Merges(ended_at=datetime(2026, 1, 2, 3, 0, 0, tzinfo=UTC)), False),
    ],
)
def test_merges_go_on_while_one_runs_or_the_next_is_not_overdue(found: Merges, *, on: bool) -> None:
    now = datetime(2026, 1, 2, 3, 1, 15, tzinfo=UTC)
    assert found.go_on(now, timedelta(seconds=75)) is on
