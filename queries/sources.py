"""Everything that the pages ask, made from the stack's outputs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from pipeline import clients, stack
from pipeline.warehouse.connect import open_connection
from queries import lake
from queries.active import ActiveViews
from queries.invoices import Invoices
from queries.warehouse import Warehouse

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.settings import Settings
    from pipeline.stack import Outputs
    from queries.figure import Engine


@dataclass(frozen=True)
class Sources:
    """The engines, the invoices, the stack's outputs, what is viewed now, and `client` for any other service."""

    settings: Settings
    outputs: Outputs
    warehouse: Engine
    lake: Engine
    invoices: Invoices
    client: Callable[[str], Any]
    active: ActiveViews


def of(settings: Settings) -> Sources:
    """The sources of a settled cloud. Opens no connection to an engine yet.

    Raises NotDeployedError without a stack, and CloudError when it cannot be asked.
    """
    outputs = stack.outputs(settings.stack)
    return Sources(
        settings,
        outputs,
        Warehouse(partial(open_connection, outputs)),
        lake.Lake(lake.connect(outputs.athena_workgroup, outputs.lake_database, settings.cloud)),
        Invoices(clients.client("dynamodb"), outputs.invoices_table),
        clients.client,
        ActiveViews(clients.client("dynamodb"), outputs.active_views_table),
    )
