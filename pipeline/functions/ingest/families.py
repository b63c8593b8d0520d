"""The event families that have a way in here: what a row of each becomes, and where it goes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.contracts import order_line, page_view

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Event = Mapping[str, object]


@dataclass(frozen=True)
class Family:
    """One event family.

    `name` is what its events are called, `kept` its folder in quarantine, `variable` the environment's name for its
    stream. `normalise` takes a row and an id for one that brings none; it raises InvalidEventError.
    """

    name: str
    kept: str
    variable: str
    normalise: Callable[[object, str], dict[str, object]]
    to_wire: Callable[[Event], bytes]
    partition_key: Callable[[Event], str]

    def record(self, event: Event) -> dict[str, object]:
        """The event as an entry of PutRecords."""
        return {"Data": self.to_wire(event), "PartitionKey": self.partition_key(event)}


def _order(row: object, new_id: str) -> dict[str, object]:
    return order_line.normalise(row, new_id=new_id)


def _view(row: object, new_id: str) -> dict[str, object]:
    return page_view.normalise(row, new_id=new_id)


ORDERS = Family("order lines", "orders", "ORDERS_STREAM", _order, order_line.to_wire, order_line.partition_key)
PAGE_VIEWS = Family("page views", "page_views", "CLICKS_STREAM", _view, page_view.to_wire, page_view.partition_key)
