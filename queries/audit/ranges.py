"""Which events the warehouse lacks.

What a replay sent is told to it as unbroken runs of an invoice's lines, one run for most invoices: a twentieth of the
ids, in a table for this connection only. It answers with the runs that it has not whole, and for these with their
lines. This needs no role that reads the lake, and works the same on Redshift and on PostgreSQL.

An event whose name is not its invoice and a line's number, such as a mended row's, is asked for by its name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from queries.audit import merges, session
from queries.audit.merges import Merges
from queries.loader import load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from queries.audit.sent import Sent

_SQL = load("warehouse")
_RUNS_PER_CALL = 8_000  # four parameters each; the protocol takes 32,767
_NAMES_PER_CALL = 30_000


@dataclass(frozen=True)
class Run:
    """Lines `first` to `last` of an invoice."""

    invoice_no: str
    first: int
    last: int

    @property
    def event_ids(self) -> Iterator[str]:
        """The events of the run."""
        return (f"{self.invoice_no}-{number}" for number in range(self.first, self.last + 1))


def runs(sent: Sent) -> list[Run]:
    """The valid rows of a replay as runs of lines, but for those whose names end with no number."""
    expected = sent.expected.dropna(subset=["line_no"])
    invoices = [event_id.rpartition("-")[0] for event_id in expected["event_id"]]
    lines = pd.DataFrame({"invoice_no": invoices, "line_no": expected["line_no"].to_numpy()})
    lines = lines.drop_duplicates().sort_values(["invoice_no", "line_no"], ignore_index=True)
    new = (lines["invoice_no"] != lines["invoice_no"].shift()) | (lines["line_no"] != lines["line_no"].shift() + 1)
    found = lines.groupby(new.cumsum()).agg(
        invoice_no=("invoice_no", "first"), first=("line_no", "first"), last=("line_no", "last")
    )
    return [Run(str(run.invoice_no), int(run.first), int(run.last)) for run in found.itertuples(index=False)]  # type: ignore[arg-type]


class Absence(NamedTuple):
    """The valid events of a replay that order_lines does not hold, those of them that have landed, and the merges."""

    events: set[str]
    landed: set[str]
    merges: Merges


def absent(open_connection: Callable[[], Any], sent: Sent) -> Absence:
    """What the warehouse lacks. Raises CloudError and QueryError."""
    lines = runs(sent)
    unnumbered = set(sent.expected.loc[sent.expected["line_no"].isna(), "event_id"])
    missing = set(unnumbered)
    landed: set[str] = set()
    with session.opened(open_connection) as connection:
        ask = _asker(connection)
        _tell(ask, lines)
        broken = [lines[number] for number, _ in ask("audit_incomplete")]
        # Before what has landed is read: a merge that ends in between has taken it.
        merging = merges.look(connection) if broken or unnumbered else Merges()
        if broken:
            _tell(ask, broken)
            # In this order: what a merge takes away in between is present then.
            landed = {event_id for (event_id,) in ask("audit_landed")}
            present = {event_id for (event_id,) in ask("audit_present")}
            missing |= {event_id for run in broken for event_id in run.event_ids} - present
        # Where the invoice ends is not told by a name with several dashes.
        by_name = sorted(unnumbered | {event_id for event_id in missing if event_id.count("-") > 1})
        for start in range(0, len(by_name), _NAMES_PER_CALL):
            merged, waiting = _named(ask, by_name[start : start + _NAMES_PER_CALL])
            missing -= merged
            landed |= waiting
        return Absence(missing, missing & landed, merging)


Ask = Any  # a name of a query, its text's number of groups, its parameters -> rows


def _tell(ask: Ask, sent: Sequence[Run]) -> None:
    ask("audit_ranges_drop")
    ask("audit_ranges_table")
    for start in range(0, len(sent), _RUNS_PER_CALL):
        part = sent[start : start + _RUNS_PER_CALL]
        values: list[object] = []
        for number, run in enumerate(part, start):
            values += (number, run.invoice_no, run.first, run.last)
        ask("audit_ranges_add", len(part), values)


def _named(ask: Ask, event_ids: Sequence[str]) -> tuple[set[str], set[str]]:
    """Those of the events that order_lines holds, and those that have landed."""
    ask("audit_names_drop")
    ask("audit_names_table")
    ask("audit_names_add", len(event_ids), event_ids)
    found = ask("audit_named")
    merged, landed = ({event_id for event_id, place in found if place == name} for name in ("merged", "landed"))
    return merged, landed


def _asker(connection: Any) -> Ask:  # noqa: ANN401 - the driver ships no types
    """Queries by name over one connection, because the tables live as long as that."""

    def ask(name: str, groups: int = 1, values: Sequence[object] = ()) -> list[Any]:
        sql, _ = _SQL[name].positional()
        sql += ", ".join(["", *[sql[sql.rfind("(") :]] * (groups - 1)])
        with connection.cursor() as cursor:
            cursor.paramstyle = "qmark"
            cursor.execute(sql, list(values) or None)
            return list(cursor.fetchall()) if cursor.description else []

    return ask
