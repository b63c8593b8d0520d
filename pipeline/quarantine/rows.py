"""One kept row, whatever it is and wherever it is kept."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from pipeline.contracts.order_line import CSV_FIELDS
from pipeline.replay.families import OF_NAME

Shape = Literal["csv", "json", "line", "text", "record"]
PLACES = ("quarantine", "replay", "function", "delivery")
# A reason names the value that was wrong: `Quantity: 'six' is not a whole number`.
_VALUE = re.compile(
    r"^([\w.\[\]]+: )?(?:'.*?(?:'|\.\.\.)|\".*?(?:\"|\.\.\.)|a number of that many digits|[-+.\w]+(?:\.\.\.)?) "
    r"(?=(?:is|has|does|needs|lies)\b)"
)

_PLACE = re.compile(r"^(\w+)\[\d+\]")  # in a list


@dataclass(frozen=True)
class Row:
    """One kept row. `place` is one of PLACES; `number` counts the rows of the object, from 0.

    `raw` is the row as text, for people; `data` its bytes, as they were or would be sent. `columns` are those of the
    file that a CSV row comes from. `new_id` makes the EventID of a row that has none: the same one each time. `family`
    is a name of replay.families.
    """

    place: str
    bucket: str
    key: str
    number: int
    shape: Shape
    raw: str
    data: bytes
    reasons: tuple[str, ...]
    kept_at: str
    replay_id: str | None = None
    line: int | None = None
    event_id: str | None = None
    columns: tuple[str, ...] = CSV_FIELDS
    new_id: str = ""
    family: str = "orders"

    @property
    def kinds(self) -> tuple[str, ...]:
        """Its reasons without the row's own values, to be counted."""
        return tuple(dict.fromkeys(map(_kind if self.shape != "record" else _code, self.reasons)))

    @property
    def events(self) -> str:
        """What it is of: orders, page_views (Wikipedia's lines are such) or sessions."""
        return OF_NAME[self.family].kept


def _kind(reason: str) -> str:
    return _PLACE.sub(r"\1[]", _VALUE.sub(lambda found: found[1] or "", reason))


def _code(reason: str) -> str:
    return reason.partition(":")[0]
