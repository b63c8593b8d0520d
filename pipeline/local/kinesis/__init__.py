"""Kinesis at the size of a whole year of orders.

MiniStack looks at every record that a stream holds for each call, decodes each record twice, and copies all of them to
save them. Here old records are looked for at a shard's beginning only, a call decodes once (`put`), and records are
small in memory and saved line by line (`records`). MiniStack's shards take anything; here they can have AWS's limits
(`limits`). Answers and errors stay MiniStack's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.local.kinesis import limits, put, records

if TYPE_CHECKING:
    from pipeline.local.host import Host


def install(host: Host) -> None:
    """Put our parts in the place of MiniStack's."""
    del host
    from ministack.services import kinesis

    put.install(kinesis, limits.of_environment())
    records.install(kinesis)
