"""The short form of the function's faults, and that a fault which loses events shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pipeline.functions.invoice_writer import handler, table
from tests.faults import functions

if TYPE_CHECKING:
    from collections.abc import Mapping

SEEDS = 2


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "_FIRST_WAIT", 0.0)


@pytest.mark.parametrize("moment", [functions.BEFORE, functions.AFTER])
def test_a_crash_at_any_position_loses_and_doubles_nothing(moment: str) -> None:
    row = functions.crashes(moment, SEEDS)
    assert row.clean, row
    assert row.runs == SEEDS * functions.POSITIONS
    assert row.retried > 0


def test_a_record_that_always_crashes_is_the_one_dead_letter() -> None:
    row = functions.always(SEEDS)
    assert row.clean, row
    assert row.runs == SEEDS * functions.POSITIONS


def test_one_poison_record_among_ten_thousand() -> None:
    row = functions.poison(SEEDS)
    assert row.clean, row
    assert row.events == SEEDS * 10_000


def test_a_function_that_answers_too_soon_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Were an invocation that crashed taken for done, events would be lost: the table of faults must show that."""
    real = handler.write_batch

    def swallowed(*args: Any, **more: Any) -> Mapping[str, object]:
        try:
            return real(*args, **more)
        except functions.CrashError:
            return {"batchItemFailures": []}

    monkeypatch.setattr(handler, "write_batch", swallowed)
    row = functions.crashes(functions.BEFORE, 1)
    assert row.lost > 0
    assert not row.clean
