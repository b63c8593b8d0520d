"""What `replay` prints: the line while it runs, the receipt, the pre-flight, the list."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.replay.progress import ALIVE
from pipeline.replay.wishes import Tempo

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.replay.preflight import Preflight
    from pipeline.replay.progress import Progress, Receipt

_LINE_EACH = 10.0  # seconds between progress lines where no terminal redraws one


class Shown:
    """One progress line on standard error: redrawn on a terminal, else anew every ten seconds."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._next = time.monotonic() + _LINE_EACH

    def __call__(self, state: Progress) -> None:
        """Show how far it is."""
        if self._terminal:
            print(f"\r\x1b[K{line(state)}", end="", file=sys.stderr, flush=True)
        elif time.monotonic() >= self._next:
            self._next += _LINE_EACH
            print(line(state), file=sys.stderr, flush=True)

    def close(self) -> None:
        """Leave the line for what comes next."""
        if self._terminal:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def line(state: Progress) -> str:
    """How far a replay is, in one line."""
    parts = [f"{state.share:4.0%}", f"{state.rows_read:,} rows", f"{state.rows_per_s:,.0f} rows/s"]
    parts += [f"{count:,} {name}" for name, count in _losses(state) if count]
    parts += [f"{state.lag_s:,.0f} s behind"] if state.lag_s >= 1 else []
    parts += [f"{state.left_s:,.0f} s left"] if state.left_s is not None else []
    parts += ["paused"] if state.status == "paused" else []
    return " · ".join(parts)


def _losses(state: Progress) -> list[tuple[str, int]]:
    return [
        ("rejected", state.rejected),
        ("failed", state.failed),
        ("unknown", state.unknown),
        ("refused", state.refused),
        ("sent again", state.retried),
    ]


def started(replay_id: str) -> str:
    """A worker runs."""
    return (
        f"Replay {replay_id} runs on its own; the Replay page shows how far it is, "
        f"`python -m pipeline replay --list` does the same."
    )


def listed(states: Sequence[Progress]) -> str:
    """The latest replays, a line each."""
    if not states:
        return "No replays yet: `python -m pipeline replay FILE` starts one."
    return "\n".join(
        f"{state.replay_id}  {state.status:<8}{line(state) if state.status in ALIVE else _ended(state)}"
        f"  {Path(state.file).name} to {state.target}, by {state.who}"
        for state in states
    )


def _ended(state: Progress) -> str:
    counts = [(state.accepted, "accepted"), (state.rejected, "rejected"), (state.failed, "failed")]
    return " · ".join(f"{count:,} {name}" for count, name in [*counts, (state.unknown, "unknown")] if count) or "0 rows"


def before(found: Preflight) -> str:
    """Each shard's share, and the least time."""
    lines = [
        f"{found.file}: {found.rows:,} rows to send, {found.bytes:,} bytes; {found.rejected:,} break the contract",
        *(
            f"  {load.shard}  {load.rows:>11,} rows  {load.share:6.1%}  {load.bytes:>13,} bytes  {load.seconds:8.1f} s"
            for load in found.shards
        ),
        f"Hottest: {found.hottest.shard}. Max shard load / mean: {found.max_over_mean:.3f}.",
        f"Shard limits allow {found.least_seconds:.1f} s at best (1,000 records/s and 1 MiB/s a shard).",
    ]
    return "\n".join(lines if found.whole else [*lines, "Of the first rows only: --limit left rows out."])


def written(receipt: Receipt) -> str:
    """What became of every row."""
    lines = [
        f"Replay {receipt.replay_id}: {receipt.status}{f' ({receipt.error})' if receipt.error else ''}",
        f"  file      {receipt.file} ({receipt.bytes:,} bytes, {receipt.encoding})",
        f"  sha256    {receipt.sha256 or 'none'}",
        f"  target    {receipt.target}, {settings(receipt)}",
        f"  rows      {receipt.rows:,} in {receipt.seconds:.1f} s ({receipt.rows_per_s:,.0f} rows/s)",
        f"  accepted  {receipt.accepted:,} ({receipt.retried:,} sent again)",
        f"  rejected  {receipt.rejected:,}",
        *(f"    {counted.rows:>9,}  {counted.reason}" for counted in receipt.reasons),
        *(f"    line {row.line}: {'; '.join(row.reasons)}" for row in receipt.rejections),
        *(f"    kept in {key}" for key in receipt.quarantine),
        f"  failed    {receipt.failed:,}",
        *([f"  unknown   {receipt.unknown:,} (sent, the answer got lost)"] if receipt.unknown else []),
        *(f"    {counted.rows:>9,}  {counted.reason}" for counted in receipt.failures),
        *(f"    kept in {key}" for key in receipt.dead_letters),
        f"  page      /receipt?replay={receipt.replay_id}",
    ]
    return "\n".join(lines)


def settings(receipt: Receipt) -> str:
    """What a replay was told, e.g. `20 rows/s, from 2011-06-01 00:00:00, 1,000 rows at most, resumed 1 time`."""
    parts = [str(Tempo(receipt.rate, receipt.speed, receipt.max_gap))]
    parts += [f"from {receipt.since}"] if receipt.since else []
    parts += [f"{receipt.limit:,} rows at most"] if receipt.limit else []
    parts += [f"resumed {receipt.resumed} time{'s' if receipt.resumed > 1 else ''}"] if receipt.resumed else []
    return ", ".join(parts)
