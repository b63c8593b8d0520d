"""What the benches stand on: a local cloud of their own, with the stack, and generated order lines."""

from __future__ import annotations

import os
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING

from pipeline import stack
from pipeline.cli.deploy import deploy
from pipeline.clients import client
from pipeline.local.cloud import LocalCloud
from pipeline.replay import samples
from pipeline.settings import running_cloud, settle_local

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from pipeline.settings import Settings


@contextmanager
def own_cloud(folder: Path, parameters: Mapping[str, str] | None, *, shard_limits: bool = False) -> Iterator[Settings]:
    """A local cloud in `folder`, with the stack of these parameters, or without one; this process talks to it then."""
    cloud = LocalCloud(folder, shard_limits=shard_limits)
    cloud.start()
    try:
        client.cache_clear()
        stack.outputs.cache_clear()
        os.environ["WEIR_STATE"] = str(folder)
        settings = settle_local(str(running_cloud(folder)["endpoint"]))
        if parameters is not None:
            deploy(settings, dict(parameters))
        yield settings
    finally:
        cloud.stop()


def sample(path: Path, rows: int) -> Path:
    """`rows` generated order lines of one year, the same each time."""
    samples.write(path, rows=rows, seed=1, start=date(2025, 1, 1), end=date(2025, 12, 31))
    return path
