"""What the warehouse has read for a query, which only its system views tell, and only afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from queries.loader import load

if TYPE_CHECKING:
    from queries.figure import Engine, Figure


def scanned_bytes(warehouse: Engine, query_id: int) -> Figure:
    """One row: the `scanned_bytes` of the query with this number; None while the engine does not tell of it.

    Each user is told of its own queries. The blocks read stand in the rows of segments, whose `step_id` is -1; of scans
    `input_bytes` is 0. Redshift developer guide, "SYS_QUERY_DETAIL", with its sample.
    """
    return warehouse.ask(load("warehouse")["scanned_bytes"], query_id=query_id)
