"""Firehose of the local cloud: buffers, transforms, converts and delivers as AWS does.

`api` takes the requests, `registry` keeps a `delivery` per delivery stream, which makes a `plan` for each batch out of
`processing` and `conversion` and carries it out; for Redshift, `redshift` then COPYs what was staged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.local.host import Host


def install(host: Host) -> None:
    """Put this Firehose in the place of MiniStack's."""
    from ministack.services import firehose

    from pipeline.local.firehose.api import Api
    from pipeline.local.firehose.copying import WarehouseCopy
    from pipeline.local.firehose.registry import Registry
    from pipeline.local.firehose.services import MiniStack

    services = MiniStack()
    # Beside MiniStack's own state: when that is dropped after a kill, this goes with it.
    undelivered = host.state / "aws" / "firehose-undelivered"
    registry = Registry(services, WarehouseCopy(host.warehouse), host.scope, undelivered)
    Api(firehose, registry, services).install()
    host.on_start(registry.start)
    host.on_stop(registry.stop)
