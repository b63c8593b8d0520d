"""The event families that a file may hold: their names, where a replay can send them, which tables get them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.errors import BadInputError

if TYPE_CHECKING:
    from pipeline.stack import Outputs

KINESIS, API, FIREHOSE = "kinesis", "api", "firehose"


@dataclass(frozen=True)
class Family:
    """One event family.

    `events` is what people call them; `targets` where they may go, the usual one first; `stream` and `delivery` name
    outputs of the stack, `path` is the API's. `kept` is the folder in quarantine, `tables` are the lake's, `lake_only`
    tells that no other sink has them, `errors` are the folders of what their deliveries could not deliver.
    """

    name: str
    events: str
    targets: tuple[str, ...]
    kept: str
    tables: tuple[str, ...]
    errors: tuple[str, ...]
    lake_only: bool = True
    stream: str = ""
    delivery: str = ""
    path: str = ""

    @property
    def quarantine(self) -> str:
        """The prefix under which rows that break the contract are kept."""
        return f"quarantine/{self.kept}/"

    def target(self, asked: str | None) -> str:
        """The target asked for, the usual one without. Raises BadInputError for one that takes no such events."""
        if asked and asked not in self.targets:
            raise BadInputError(f"{asked} takes no {self.events}: choose {' or '.join(self.targets)}.")
        return asked or self.targets[0]

    def stream_of(self, outputs: Outputs) -> str:
        """The name of the Kinesis stream."""
        return str(getattr(outputs, self.stream))

    def delivery_of(self, outputs: Outputs) -> str:
        """The name of the delivery stream that takes direct puts."""
        return str(getattr(outputs, self.delivery))


ORDERS = Family(
    "orders", "order lines", (KINESIS, API), "orders", ("orders",), ("orders",),
    lake_only=False, stream="orders_stream", path="orders",
)  # fmt: skip
PAGE_VIEWS = Family(
    "page_views", "page views", (KINESIS, API, FIREHOSE), "page_views", ("page_views",), ("page_views", "clicks"),
    stream="clicks_stream", delivery="clicks_delivery", path="page-views",
)  # fmt: skip
WIKIPEDIA = Family(
    "wikipedia", "lines of Wikipedia's clickstream", (FIREHOSE,), "page_views", ("page_views",), ("wikipedia",),
    delivery="wikipedia_delivery",
)  # fmt: skip
SESSIONS = Family(
    "sessions", "browse sessions", (KINESIS,), "sessions", ("sessions_usa", "sessions_international"),
    ("sessions_usa", "sessions_international"),
    stream="sessions_stream",
)  # fmt: skip
OF_NAME = {family.name: family for family in (ORDERS, PAGE_VIEWS, WIKIPEDIA, SESSIONS)}
