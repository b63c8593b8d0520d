"""Generated lines of Wikipedia's clickstream: `prev curr type n` between tabs, of any size.

The shape is that of the monthly dumps: no header, underscores for spaces, titles in any script, `n` from 10 with a long
tail, no pair twice. The seed alone decides; titles are made up of words of our own.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.replay.samples import whole

if TYPE_CHECKING:
    from pathlib import Path

_FIRST = (
    "River", "Weir", "Mill", "Canal", "Harbour", "Lock", "Brook", "Delta", "Ford", "Sluice", "Kanał", "Müller", "Été",
    "Водопад", "堰", "سد",
)  # fmt: skip
_SECOND = (
    "of_Avon", "(film)", "Bridge", "House", "in_1911", "(album)", "Station", "Festival", "Museum", "Company", "Day",
    "at_Night", "(novel)", "'s_End", "&_Sons", "No._7",
)  # fmt: skip
_OUTSIDE = ("other-search", "other-empty", "other-external", "other-internal", "other-other")
_EXTERNAL, _OTHER = 0.32, 0.04


@dataclass
class Sums:
    """What a file of lines holds: lines, and the readers that they count."""

    rows: int = 0
    readers: int = 0


def write(path: Path, *, rows: int, seed: int) -> Sums:
    """Write exactly `rows` lines; gzip for a name in .gz. The same arguments give the same bytes."""
    chance = random.Random(f"wikipedia {seed}")  # noqa: S311 - chance that repeats
    sums = Sums()
    with whole(path) as file:
        for number in range(rows):
            kind = chance.random()
            # A page of its own each time makes the pair one that was not there before.
            page = f"{_title(chance)}_{number}"
            if kind < _EXTERNAL:
                source, how = chance.choice(_OUTSIDE), "external"
            else:
                source, how = _title(chance), "other" if kind < _EXTERNAL + _OTHER else "link"
            readers = 10 + int(chance.paretovariate(0.9)) % 1_000_000
            file.write(f"{source}\t{page}\t{how}\t{readers}\n".encode())
            sums.rows += 1
            sums.readers += readers
    return sums


def _title(chance: random.Random) -> str:
    return f"{chance.choice(_FIRST)}_{chance.choice(_SECOND)}"
