"""Small files of order lines that nobody else sends, and what every sink must hold once they are through."""

from __future__ import annotations

import csv
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pipeline.contracts.order_line import CSV_FIELDS

if TYPE_CHECKING:
    from pathlib import Path

_BAD_EACH = 53  # rows from one that breaks the contract to the next


@dataclass
class Written:
    """A file, the quantity of each valid event in it, and how many rows it has with the bad ones."""

    path: Path
    quantities: dict[str, int] = field(default_factory=dict)
    rows: int = 0


def write(path: Path, prefix: str, *, rows: int, seed: int) -> Written:
    """`rows` rows of invoices named `prefix` and a number, of 1 to 12 lines, some of them cut in two.

    Their dates are long before any sale of a sample, so that no figure of a period changes.
    """
    chance = random.Random(seed)  # noqa: S311 - a file that repeats
    written = Written(path)
    lines: dict[str, int] = {}
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(CSV_FIELDS)
        while written.rows < rows:
            # An invoice's rows are not always adjacent.
            known = list(lines)
            invoice_no = chance.choice(known) if known and chance.random() < 0.1 else f"{prefix}{len(lines):04d}"
            for _ in range(min(chance.randint(1, 12), rows - written.rows)):
                lines[invoice_no] = line_no = lines.get(invoice_no, 0) + 1
                written.rows += 1
                quantity = chance.randint(-5, 50)
                if written.rows % _BAD_EACH:
                    written.quantities[f"{invoice_no}-{line_no}"] = quantity
                customer = "" if chance.random() < 0.25 else str(chance.randint(12000, 18000))
                told = str(quantity) if written.rows % _BAD_EACH else "six"
                cents = f"{chance.randint(0, 9)}.{chance.randint(0, 99):02d}"
                out.writerow([invoice_no, "85123A", "LAMP", told, "1/2/1999 8:26", cents, customer, "Testland"])
    return written
