"""What was sent, as runs of lines, and what the warehouse says of them, on the real SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import pandas as pd
from redshift_connector import error as driver

from queries.audit import ranges
from queries.audit.merges import Merges
from queries.audit.ranges import Absence, Run
from queries.audit.sent import Sent
from queries.loader import load

if TYPE_CHECKING:
    import pytest


def sent(*rows: tuple[str, int, str]) -> Sent:
    names = [f"{invoice}-{number}" for invoice, number, _ in rows]
    return Sent(
        pd.DataFrame(
            {
                "event_id": names,
                "line": range(2, len(rows) + 2),
                "line_no": [number for _, number, _ in rows],
                "outcome": [outcome for _, _, outcome in rows],
            }
        )
    )


def test_unbroken_lines_of_an_invoice_are_one_run_and_a_rejected_row_breaks_it() -> None:
    rows = [("B-1", 2, "accepted"), ("A", 1, "accepted"), ("A", 2, "rejected"), ("A", 3, "unknown")]
    found = ranges.runs(sent(*rows, ("A", 4, "failed"), ("B-1", 1, "accepted"), ("C", 5, "accepted")))
    assert found == [Run("A", 1, 1), Run("A", 3, 4), Run("B-1", 1, 2), Run("C", 5, 5)]
    assert list(found[1].event_ids) == ["A-3", "A-4"]


def test_no_valid_row_is_no_run() -> None:
    assert ranges.runs(sent(("A", 1, "rejected"))) == []


class FakeCursor:
    """Answers by the name of the query, keeps what it was told."""

    paramstyle = ""

    def __init__(self, connection: FakeConnection) -> None:
        self._connection = connection
        self._rows: list[Any] = []
        self.description: list[str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def execute(self, sql: str, values: list[Any] | None = None) -> None:
        if sql.startswith("lock") and self._connection.merging:
            raise driver.ProgrammingError({"C": "57014", "M": "canceling statement due to statement timeout"})
        if sql in {"begin", "rollback"} or sql.startswith("set statement_timeout to "):
            return
        assert self.paramstyle == "qmark" or not values
        assert sql.count("?") == len(values or [])
        assert len(values or []) <= 32_767
        name = next(name for name, query in load("warehouse").items() if sql.startswith(query.positional()[0]))
        self._connection.asked.append((name, values or []))
        answers = self._connection.answers
        self._rows = list(answers.get(name, []))
        self.description = [name] if name in answers else None

    def fetchall(self) -> list[Any]:
        return self._rows


class FakeConnection:
    def __init__(self, *, merging: bool = False, **answers: Any) -> None:
        self.answers = answers
        self.merging = merging
        self.asked: list[tuple[str, list[Any]]] = []
        self.closed = False
        self._usock = self

    def settimeout(self, _seconds: float) -> None:
        pass

    def cursor(self) -> FakeCursor:
        return FakeCursor(self)

    def close(self) -> None:
        self.closed = True


def test_only_broken_runs_are_asked_for_their_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranges, "_RUNS_PER_CALL", 2)
    rows = [("A", 1), ("A", 2), ("A", 3), ("B", 1), ("C", 1), ("C", 2)]
    told = sent(*((invoice, line, "accepted") for invoice, line in rows))
    warehouse = FakeConnection(audit_incomplete=[(2, 1)], audit_present=[("C-1",)], audit_landed=[("C-2",), ("C-1",)])
    assert ranges.absent(lambda: warehouse, told) == Absence({"C-2"}, {"C-2"}, Merges())
    added = [values for name, values in warehouse.asked if name == "audit_ranges_add"]
    assert added == [[0, "A", 1, 3, 1, "B", 1, 1], [2, "C", 1, 2], [0, "C", 1, 2]]
    assert warehouse.closed


def test_a_whole_warehouse_is_asked_once() -> None:
    warehouse = FakeConnection(audit_incomplete=[])
    assert ranges.absent(lambda: warehouse, sent(("A", 1, "accepted"))) == Absence(set(), set(), Merges())
    assert [name for name, _ in warehouse.asked][-1] == "audit_incomplete"


def test_what_is_not_known_by_invoice_and_number_is_asked_for_by_its_name() -> None:
    """Mended rows are such: their audit would miss them for good."""
    mended, lost, odd = "A-r-20260102-030405-9f3a-6", "A-r-20260102-030405-9f3a-7", "A-mine"
    rows = sent(("A-r-20260102-030405-9f3a", 6, "accepted"), ("A-r-20260102-030405-9f3a", 7, "accepted"),
                ("B", 1, "accepted"), ("C", 1, "rejected")).rows  # fmt: skip
    rows.loc[len(rows)] = [odd, 9, None, "accepted"]
    warehouse = FakeConnection(
        audit_incomplete=[(0, 0)], audit_present=[], audit_landed=[], audit_named=[(mended, "merged"), (odd, "landed")]
    )
    assert ranges.absent(lambda: warehouse, Sent(rows)) == Absence({lost, odd}, {odd}, Merges())
    ((_, asked),) = [call for call in warehouse.asked if call[0] == "audit_names_add"]
    assert asked == [odd, mended, lost]
