"""What COPY refused on the way into the warehouse, from its own record of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from queries.loader import load

if TYPE_CHECKING:
    from datetime import datetime

    from queries.figure import Engine, Figure

_SQL = load("warehouse")


def errors(warehouse: Engine, since: datetime, count: int) -> Figure:
    """One row per refused row, the newest first.

    `start_time` (UTC), `file_name`, `line_number`, `column_name`, `error_code`, `error_message`.
    """
    return warehouse.ask(_SQL["copy_errors"], since=since, top=count)
