"""`make soak`: every fault with many seeds, on a local cloud of its own; prints the table of docs/delivery.md."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from pipeline.cli.deploy import deploy
from pipeline.local.cloud import LocalCloud
from pipeline.settings import running_cloud, settle_local, state_folder
from tests.faults import verdict, whole

_SHARDS = "4"


def main() -> int:
    """Run everything; 0 when nothing was lost, nothing doubled, everything explained."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    for name in ("seeds", "kills", "rows"):
        parser.add_argument(f"--{name}", type=int, default=getattr(whole.WHOLE, name), metavar="N")
    size = replace(whole.WHOLE, **vars(parser.parse_args()))
    began = time.monotonic()

    def say(what: str) -> None:
        print(f"{time.monotonic() - began:7.1f} s  {what}", file=sys.stderr, flush=True)

    state_folder().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=state_folder(), prefix="soak-") as place:
        folder = Path(place)
        os.environ["WEIR_STATE"] = place
        local = LocalCloud(folder, shard_limits=True)
        local.start()
        try:
            settings = settle_local(str(running_cloud(folder)["endpoint"]))
            deploy(settings, {"OrdersShards": _SHARDS})
            rows = whole.in_memory(size, say) + whole.on_the_cloud(settings, folder, size, say)
        finally:
            local.stop()
    print(verdict.table(rows))
    for row in rows:
        for told in row.told:
            print(f"{row.fault}: {told}")
    say("done.")
    return int(not all(row.clean for row in rows))


if __name__ == "__main__":
    sys.exit(main())
