"""Faults between a replay worker and the cloud: each seed is a file sent through a proxy with that fault.

Every run must meet it on PutRecords, where the worker's own code has to see to it; the SDK repeats the other calls.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from tests.faults import files, verdict, worker
from tests.faults.plan import Shares
from tests.faults.proxy import Proxy

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.settings import Settings

# The shares: throttled calls 25 %, refused records 5 %, connection resets 10 %.
FAULTS = {
    "all of the below at once": Shares(throttled=0.25, refused=0.05, lost=0.10, reset=0.10, slow=0.10),
    "25 % of calls throttled": Shares(throttled=0.25),
    "5 % of records refused": Shares(refused=0.05),
    "10 % of answers lost": Shares(lost=0.10),
    "10 % of connections reset": Shares(reset=0.10),
    "30 % of answers slow": Shares(slow=0.30),
}
_AT_ONCE = 6  # replays; each waits much of its time
_PUT = "Kinesis.PutRecords"


def send(settings: Settings, folder: Path, prefix: str, seeds: int, rows: int) -> dict[str, list[verdict.Sent]]:
    """For each fault send a file of `rows` rows for each seed, its invoices named by `prefix`."""

    def one(fault: int, seed: int) -> verdict.Sent:
        return _send(settings, folder, list(FAULTS.values())[fault], f"{prefix}F{fault}S{seed}N", rows, seed)

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        waiting = {
            fault: [pool.submit(one, number, seed) for seed in range(seeds)] for number, fault in enumerate(FAULTS)
        }
        return {fault: [future.result() for future in futures] for fault, futures in waiting.items()}


def _send(settings: Settings, folder: Path, shares: Shares, prefix: str, rows: int, seed: int) -> verdict.Sent:
    written = files.write(folder / f"{prefix}.csv", prefix, rows=rows, seed=seed)
    with Proxy(worker.endpoint(settings.state), shares, seed) as proxy:
        state = worker.state(folder / prefix, settings.state, proxy.url)
        receipt = worker.through(settings, state, written.path, f"r-{prefix}")
    met = proxy.plan.done
    assert met[_PUT], f"{prefix} met no fault on {_PUT}: {met}"
    return verdict.Sent(written, receipt["replay_id"], receipt["retried"], met.total(), met[_PUT])
