"""What the template is told when it is deployed to the local cloud."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_SHARDS = 4
_DELIVERY_INTERVAL_S = 5


def local_parameters(state: Path, record: Mapping[str, Any]) -> dict[str, str]:
    """The template's parameters for the local cloud that `record` (its `cloud.json`) describes."""
    secret = json.loads((state / "warehouse" / "secret.json").read_text())
    return {
        "LocalEndpoint": record["endpoint"],
        "OrdersShards": str(_SHARDS),
        "DeliveryInterval": str(_DELIVERY_INTERVAL_S),
        "WarehouseHost": record["warehouse_host"],
        "WarehousePort": str(record["warehouse_port"]),
        "WarehouseUser": secret["username"],
        "WarehousePassword": secret["password"],
    }
