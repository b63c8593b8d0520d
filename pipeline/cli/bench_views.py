"""`bench views`: live counters against the stream's records, the lake against what was sent, a post until counted."""

from __future__ import annotations

import json
import resource
import tempfile
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pipeline.bench import replay as senders
from pipeline.bench import views as bench
from pipeline.bench.percentile import percentile
from pipeline.cli.bench_cloud import own_cloud
from pipeline.settings import state_folder
from queries import sources
from queries.loader import load

if TYPE_CHECKING:
    import argparse

    from queries.active import ActiveViews
    from queries.figure import Engine
    from queries.sources import Sources

# As often as the page looks, and what it keeps for other readers is no older than that.
_PAGE_LOOKS_S = 2.0
_HOURS = 1.0


class Held(NamedTuple):
    """What the lake's `page_views_once` holds of a replay: events, their ids, the views that they stand for."""

    events: int
    ids: int
    views: int


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """How much is sent."""
    parser.add_argument("--views", type=int, default=1_000_000, metavar="N", help="generated views (default: 1000000)")
    parser.add_argument("--hours", type=float, default=_HOURS, metavar="H", help="hours that they span (default: 1)")
    parser.add_argument("--posts", type=int, default=40, metavar="N", help="posts that are timed (default: 40)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Measure, and print; 1 when a counter differs from the stream's records, or the lake from what was sent."""
    state = state_folder()
    state.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(dir=state, prefix="bench-") as place,
        own_cloud(Path(place), {"ClicksShards": "2"}) as settings,
    ):
        found = measure(sources.of(settings), args.views, args.hours, args.posts)
    print(json.dumps(found) if args.json else _written(found))
    return int(found["counters_that_differ"] > 0 or found["lake"] != found["sent"])


def measure(asked: Sources, views: int, hours: float, posts: int) -> dict[str, Any]:
    """Time posts while nothing else happens, then send views, and compare what was counted and what the lake holds."""
    outputs, dynamodb = asked.outputs, asked.client("dynamodb")
    waits = bench.latency(outputs.api_url, _Page(asked.active).shows, posts, pause_s=0.05) if posts else []
    sent = bench.send(senders.kinesis(), outputs.clicks_stream, views, hours=hours)
    hours_ago = datetime.now(UTC) - timedelta(hours=hours + 1)
    counted = partial(bench.counted, dynamodb, outputs.active_views_table, since=hours_ago)
    counting = bench.await_all(counted, sent.views + posts, "counted")
    before = f"{datetime.now(UTC):%Y-%m-%d %H:%M}"  # minutes that are over
    records = bench.of_stream(asked.client("kinesis"), outputs.clicks_stream, before=before)
    table = bench.of_table(dynamodb, outputs.active_views_table, before=before)
    held = partial(of_lake, asked.lake, sent.replay_id, outputs.lake_from)
    bench.await_all(lambda: held().events, sent.events, "in the lake")
    return {
        "views": sent.views,
        "hours": hours,
        "put_views_per_s": round(sent.events / sent.seconds),
        "counted_views_per_s": round(sent.events / (sent.seconds + counting)),
        "closed_minutes_views": {kind: counts.total() for kind, counts in records.items()},
        "counters": sum(len(counts) for counts in records.values()),
        "counters_that_differ": bench.differences(records, table),
        "sent": Held(sent.events, sent.events, sent.views)._asdict(),
        "lake": held()._asdict(),
        "posts": len(waits),
        "post_to_page_s": {
            name: round(percentile(waits, share), 3)
            for name, share in (("p50", 0.5), ("p95", 0.95), ("p100", 1.0))
            if waits
        },
        "peak_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),  # Linux counts in KiB
    }


def of_lake(lake: Engine, replay_id: str, since: str) -> Held:
    """What `page_views_once` holds of a replay, of all that arrived since the hour `since` (yyyy/MM/dd/HH)."""
    last = f"{datetime.now(UTC):%Y/%m/%d/%H}"
    row = lake.ask(load("lake")["views_of_replay"], replay_id=replay_id, first=since, last=last).row
    return Held(*(int(row[name]) for name in Held._fields))


class _Page:
    """The active pages as the page shows them: asked only as often as the page asks."""

    def __init__(self, active: ActiveViews) -> None:
        self._active = active
        self._looked = 0.0
        self._pages: frozenset[str] = frozenset()

    def shows(self, page: str) -> bool:
        """Whether a page is among them."""
        if time.monotonic() - self._looked >= _PAGE_LOOKS_S:
            self._looked = time.monotonic()
            self._pages = frozenset(name for name, _views in self._active.now(5).pages)
        return page in self._pages


def _written(found: dict[str, Any]) -> str:
    waits, sent, lake = found["post_to_page_s"], found["sent"], found["lake"]
    told = ", ".join(f"{name} {seconds:.2f} s" for name, seconds in waits.items()) or "not measured"
    same = "all equal" if not found["counters_that_differ"] else f"{found['counters_that_differ']:,} DIFFER"
    whole = "equal" if lake == sent else "THEY DIFFER"
    put, counted = found["put_views_per_s"], found["counted_views_per_s"]
    return "\n".join(
        [
            f"{found['views']:,} views over {found['hours']:g} h: put at {put:,}, counted at {counted:,} views/s",
            f"closed minutes: {found['counters']:,} counters against what the stream's records add up to: {same}",
            f"page_views_once: {_events(lake)}; sent: {_events(sent)}: {whole}",
            f"from POST /page-views to being counted on the page ({found['posts']} posts): {told}",
            f"memory of this process: {found['peak_mib']:,} MiB at most",
        ]
    )


def _events(of: dict[str, int]) -> str:
    return f"{of['events']:,} events with {of['ids']:,} ids, {of['views']:,} views"
