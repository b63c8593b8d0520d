"""What the template is told when it is deployed to the local cloud."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline.local.warehouse import Warehouse

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_SHARDS = 4
_DELIVERY_INTERVAL_S = 5


def local_parameters(state: Path, record: Mapping[str, Any]) -> dict[str, str]:
    """The template's parameters for the local cloud that `record` (its `cloud.json`) describes."""
    warehouse = Warehouse(state)
    return {
        "LocalEndpoint": record["endpoint"],
        "OrdersShards": str(_SHARDS),
        "DeliveryInterval": str(_DELIVERY_INTERVAL_S),
        "WarehouseHost": record["warehouse_host"],
        "WarehousePort": str(record["warehouse_port"]),
        "WarehouseUser": warehouse.username,
        "WarehousePassword": warehouse.password,
    }
