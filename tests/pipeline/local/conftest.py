from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

from pipeline.local import kinesis as ours
from pipeline.local.host import Host
from tests.pipeline.local.streams import Stream
from tests.pipeline.local_warehouse import postgres, warehouse

__all__ = ["postgres", "warehouse"]

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def stream(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stream]:
    from ministack.services import firehose, kinesis
    from ministack.services.cloudformation import provisioners

    handlers = provisioners._RESOURCE_HANDLERS["AWS::Kinesis::Stream"]
    monkeypatch.setitem(handlers, "update", handlers["update"])
    host = Host(tmp_path, "", cast("Any", None))
    taken: list[tuple[str, bytes]] = []
    for name in ours.REPLACED:
        monkeypatch.setattr(kinesis, name, getattr(kinesis, name))  # put back what install replaces
    monkeypatch.setattr(firehose, "ingest_from_kinesis_source", lambda _arn, records: taken.extend(records))
    with host.scope():
        ours.install(host)
        kinesis._create_stream({"StreamName": "orders", "ShardCount": 4})
        yield Stream(kinesis, taken)
        kinesis.reset()
