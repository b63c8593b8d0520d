"""One row's cells as an event on the wire, or as a rejection that says why."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from pipeline.contracts import order_line, values
from pipeline.contracts.order_line import CSV_FIELDS, Problem, assemble, member

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pipeline.contracts.clock import SentClock

_CACHED = 1 << 14  # values a column: dates, prices, texts and customers come again and again
_LONGEST_RAW = 1 << 16  # characters kept of a rejected row
_DATE_AT = CSV_FIELDS.index("InvoiceDate") - 1  # among the members behind InvoiceNo
_DATE = slice(len('"InvoiceDate":"'), -len('",'))  # the value within its member
_T = TypeVar("_T")


class Record(NamedTuple):
    """One row as it is sent: its first line in the file, its event, its partition key, its wire bytes.

    `at` is when it happened, as the contract writes it; `sent_at` is its SentAt. Empty: not told.
    """

    line: int
    event_id: str
    key: str
    data: bytes
    at: str = ""
    sent_at: str = ""


@dataclass(frozen=True)
class Rejected:
    """One row that breaks the contract.

    `kinds` are the problems without the row's own values, to be counted. `event_id` is what the row will be once it is
    mended; None when it has no InvoiceNo.
    """

    line: int
    event_id: str | None
    problems: tuple[Problem, ...]
    kinds: tuple[str, ...]
    raw: str


class _Remembered(dict[str, _T]):
    """What a rule gave for each cell; forgets all when it holds too many. Quicker than functools.lru_cache."""

    def __init__(self, rule: Callable[[str], _T]) -> None:
        super().__init__()
        self._rule = rule

    def __missing__(self, cell: str) -> _T:
        if len(self) >= _CACHED:
            self.clear()
        value = self[cell] = self._rule(cell)
        return value


class Encoder:
    """Turns a row's cells into a Record: `encoder(cells, line)`; None when the contract refuses the row.

    The cells go through the contract's own rules; what they give is remembered for each column, which makes a row cost
    about 4 microseconds.
    """

    def __init__(
        self, columns: Sequence[str], next_line_no: Callable[[str], int], replay_id: str | None, clock: SentClock
    ) -> None:
        self._pick: Callable[[Sequence[str]], tuple[str, ...]] = itemgetter(*(columns.index(n) for n in CSV_FIELDS))
        self._invoice_at = columns.index("InvoiceNo")
        self._next_line_no = next_line_no
        self._replay = member("ReplayID", replay_id)
        self._clock = clock
        self._invoices = _Remembered(_invoice)
        self._columns = tuple(_Remembered(_member_of(name)) for name in CSV_FIELDS[1:])

    def __call__(self, cells: Sequence[str], line: int) -> Record | None:
        """A row that the contract takes, its invoice counted; None, and nothing counted, for any other."""
        invoice, stock_code, description, quantity, date, price, customer, country = self._pick(cells)
        stock_codes, descriptions, quantities, dates, prices, customers, countries = self._columns
        try:
            invoice_no, key, identified, numbered = self._invoices[invoice]
            members = (
                stock_codes[stock_code], descriptions[description], quantities[quantity],
                dates[date], prices[price], customers[customer], countries[country],
            )  # fmt: skip
        except ValueError:
            return None
        line_no = self._next_line_no(invoice_no)
        sent_at = self._clock.now()
        data = assemble(
            f'{identified}{line_no}",', f"{numbered}{line_no},", *members, self._replay, f'"SentAt":"{sent_at}",'
        )  # fmt: skip
        return Record(line, f"{invoice_no}-{line_no}", key, data, members[_DATE_AT][_DATE], sent_at)

    def rejected(self, cells: Sequence[str], line: int, raw: str) -> Rejected:
        """Why the contract refuses the row: every bad cell."""
        problems, kinds = [], []
        for name, cell in zip(CSV_FIELDS, self._pick(cells), strict=True):
            try:
                order_line.field(name, cell)
            except ValueError as error:
                problems.append(Problem(name, str(error)))
                kinds.append(f"{name}: {str(error).removeprefix(values.shown(cell)).strip()}")
        return Rejected(line, self._event_id(cells), tuple(problems), tuple(kinds), _kept(raw))

    def torn(self, line: int, why: str, raw: str) -> Rejected:
        """A line that is no row at all. Its InvoiceNo counts where the line's own first cells still show one."""
        try:
            cells = next(csv.reader([raw]), [])
        except csv.Error:
            cells = []
        return Rejected(line, self._event_id(cells), (Problem("", why),), (why,), _kept(raw))

    def _event_id(self, cells: Sequence[str]) -> str | None:
        """The identity of a rejected row, which keeps its number; None without an InvoiceNo."""
        try:
            invoice_no = self._invoices[cells[self._invoice_at]][0]
        except (ValueError, IndexError):
            return None
        return order_line.event_id(invoice_no, self._next_line_no(invoice_no))


def _member_of(name: str) -> Callable[[str], str]:
    return lambda cell: member(name, order_line.field(name, cell))


def _invoice(cell: str) -> tuple[str, str, str, str]:
    """The InvoiceNo, its partition key, and what stands on the wire before the line's number, both times."""
    invoice_no = str(order_line.field("InvoiceNo", cell))
    identified = member("EventID", f"{invoice_no}-")[: -len('",')]
    numbered = member("InvoiceNo", invoice_no) + '"LineNo":'
    return invoice_no, order_line.partition_key({"InvoiceNo": invoice_no}), identified, numbered


def _kept(raw: str) -> str:
    return raw.rstrip("\r\n")[:_LONGEST_RAW]
