"""DynamoDB at the size of a whole year of orders.

MiniStack's answers are kept, and the code that gives them. What changes is how much of a table it looks at: a
page of a scan or of a query is given only the items of that page (`pages`), found through sorted keys that are
kept from page to page (`order`); plain batches of puts are checked once instead of several times (`batch`); and
items are saved and restored as one text (`saving`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.local.dynamodb import batch, order, pages, saving

if TYPE_CHECKING:
    from pipeline.local.host import Host


def install(host: Host) -> None:
    """Put our parts in the place of MiniStack's."""
    del host
    from ministack.services import dynamodb

    order.install(dynamodb)
    pages.install(dynamodb)
    batch.install(dynamodb)
    saving.install(dynamodb)
