"""Which customers a figure is about: those of a segment, those of a cell of the cohorts, both, or everybody."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, NamedTuple

from pipeline.errors import BadInputError

if TYPE_CHECKING:
    from queries.segments import Segment

_WRITTEN = re.compile(r"((?:19|20)[0-9]{2})-(0[1-9]|1[0-2])\+([0-9]{1,3})")
# By the scores of a segment, what holds every customer.
_ANY = (0, 5)
_NO_MONTH = datetime(1900, 1, 1)  # noqa: DTZ001 - the engines' timestamps are naive UTC


class Cell(NamedTuple):
    """Of the customers whose first order was in the month `cohort` (its first day), those who ordered `since` later."""

    cohort: date
    since: int

    @property
    def month(self) -> date:
        """The first day of the month in which they ordered."""
        later = self.cohort.month - 1 + self.since
        return date(self.cohort.year + later // 12, later % 12 + 1, 1)

    @property
    def ordered(self) -> tuple[datetime, datetime]:
        """That month's first moment, and the first one after it (naive UTC)."""
        after = Cell(self.cohort, self.since + 1).month
        return _moment(self.month), _moment(after)

    @property
    def address(self) -> str:
        """As an address holds it: `2011-01+3`."""
        return f"{self.cohort:%Y-%m}+{self.since}"


@dataclass(frozen=True)
class Who:
    """The customers that are both in the `segment` and in the `cell`, as far as these are chosen."""

    segment: Segment | None = None
    cell: Cell | None = None

    @property
    def everybody(self) -> bool:
        """Whether nothing is chosen: whoever bought without a customer id counts too then."""
        return self.segment is None and self.cell is None

    def bound(self) -> dict[str, object]:
        """The parameters of `sql/warehouse/parts/who.sql`."""
        found: dict[str, object] = {
            "of_cell": int(self.cell is not None),
            "cohort": _moment(self.cell.cohort) if self.cell else _NO_MONTH,
            "month": _moment(self.cell.month) if self.cell else _NO_MONTH,
        }
        for name in ("recency", "frequency", "mean"):
            bounds = getattr(self.segment, name) if self.segment else _ANY
            found[f"least_{name}"], found[f"greatest_{name}"] = bounds
        return found


EVERYBODY = Who()


def parse_cell(text: str) -> Cell:
    """A cell of the cohorts as an address gives it, `2011-01+3`: the month, and how many months later.

    Raises BadInputError for anything else.
    """
    found = _WRITTEN.fullmatch(text.replace(" ", "+"))  # which a plus in an address means when it is typed there
    if not found:
        raise BadInputError(f"{text[:40]!r} is no cohort; write it as 2011-01+3: the month, and the months since.")
    return Cell(date(int(found[1]), int(found[2]), 1), int(found[3]))


def _moment(day: date) -> datetime:
    return datetime(day.year, day.month, day.day)  # noqa: DTZ001 - as above
