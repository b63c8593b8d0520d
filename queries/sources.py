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


# Of what a page looks up by itself: with the time to connect, 20 s go by at most, as for a query of the warehouse.
_ATTEMPTS, _SILENT_S = 2, 7.0


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
    dynamodb = clients.client("dynamodb", attempts=_ATTEMPTS, silent_s=_SILENT_S)
    return Sources(
        settings,
        outputs,
        Warehouse(partial(open_connection, outputs)),
        lake.Lake(lake.connect(outputs.athena_workgroup, outputs.lake_database, settings.cloud)),
        Invoices(dynamodb, outputs.invoices_table),
        clients.client,
        ActiveViews(dynamodb, outputs.active_views_table),
    )
