"""One trace: the ledgers first, then every sink, for the version of the event that wins in each of them."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pipeline.contracts.order_line import MAX_EVENT_ID_BYTES
from pipeline.errors import BadInputError, NotFoundError
from pipeline.replay.families import OF_NAME, ORDERS
from pipeline.replay.store import Store
from queries.audit import windows
from queries.trace import sends
from queries.trace.result import Trace
from queries.trace.steps import Asked, held_since, steps

if TYPE_CHECKING:
    from queries.audit.run import Sinks

MOST_REPLAYS = 50  # whose ledgers are read, the newest


def trace(sinks: Sinks, event_id: str) -> Trace:
    """Where an event is.

    Raises BadInputError for what can be no EventID, NotFoundError when no ledger and no sink knows it, CloudError and
    QueryError.
    """
    began = time.monotonic()
    event_id = event_id.strip()
    if not event_id or len(event_id.encode()) > MAX_EVENT_ID_BYTES:
        raise BadInputError(f"{event_id[:60]!r} is no EventID: those are like 536365-1, the invoice and its line.")
    replays = Store(sinks.client("dynamodb"), sinks.outputs.replays_table).recent(MOST_REPLAYS)
    with ThreadPoolExecutor(4) as pool:
        allowed = pool.submit(windows.of_stack, sinks.client, sinks.outputs)
        found = sends.of_event(sinks.client("s3"), sinks.outputs.lake_bucket, replays, event_id)
        first = sends.latest(found)
        family = OF_NAME[first.replay.family] if first else ORDERS
        asked = Asked(sinks, event_id, first, allowed.result(), datetime.now(UTC).replace(tzinfo=None), family)
        if first is None:
            asked = held_since(asked)
            if asked.sent_at is None:
                raise NotFoundError(
                    f"Neither the ledgers of the newest {len(replays)} replays nor any sink know event "
                    f"{event_id!r} (of page views and sessions the lake's last day is looked through): check the id."
                )
        # Each is a question of its own; nothing is asked of a sink about a row that was never sent.
        hops = [hop for answer in pool.map(lambda ask: ask(asked), steps(asked.family)) for hop in answer]
    others = tuple(sends.told(send) for send in found if send is not first)
    return Trace(
        event_id,
        first.replay.replay_id if first else None,
        tuple(hops),
        others,
        tuple(replay.replay_id for replay in replays),
        round(time.monotonic() - began, 3),
    )
