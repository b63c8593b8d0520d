"""Kinesis at the size of a whole year of orders.

MiniStack looks at every record that a stream holds for each call, decodes each record twice, and copies all of them to
save them. Here old records are looked for at a shard's beginning only, a call decodes once (`put`), and records are
small in memory and saved line by line (`records`). MiniStack's shards take anything; here they can have AWS's limits
(`limits`). MiniStack drops the records of shards that are split or merged; here they stay until their time is over
(`reshard`), and are read to the end of their shard (`read`). MiniStack's streams have no metrics; these have
(`metrics`). Other answers and errors stay MiniStack's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.local.kinesis import limits, metrics, put, read, records, reshard

if TYPE_CHECKING:
    from pipeline.local.host import Host


# What is replaced, for tests that put it back.
REPLACED = (
    "_describe_stream_summary",
    "_expire_records",
    "_get_records",
    "_get_shard_iterator",
    "_list_shards",
    "_merge_shards",
    "_put_record",
    "_put_records",
    "_shard_out",
    "_split_shard",
    "_update_shard_count",
    "get_state",
    "load_persisted_state",
)


def install(host: Host) -> None:
    """Put our parts in the place of MiniStack's."""
    from ministack.services import kinesis

    put.install(kinesis, limits.of_environment())
    records.install(kinesis)
    read.install(kinesis)
    reshard.install(kinesis)
    metrics.install(host)
