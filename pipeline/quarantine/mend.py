"""A kept row made fit and sent again: edited, held to the contract first, or as it was."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline.contracts.clock import CLOCK
from pipeline.contracts.event import InvalidEventError, stamp
from pipeline.errors import RowRejectedError
from pipeline.quarantine import cells, settled
from pipeline.quarantine.listing import Filter
from pipeline.redrive import again, wire
from pipeline.replay import progress
from pipeline.replay.families import OF_NAME
from pipeline.replay.progress import who
from pipeline.replay.rows import Record

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from pipeline.quarantine.listing import Kept
    from pipeline.quarantine.rows import Row
    from pipeline.replay.progress import Receipt


@dataclass(frozen=True)
class Sent:
    """What became of rows that were sent again: the receipt, and the rows that the contract refuses, with why."""

    receipt: Receipt
    refused: Mapping[Row, str]


def send_edited(row: Row, texts: Mapping[str, str], way: again.Way) -> Receipt:
    """Send an edited row as a new version of its event; once acknowledged it is settled.

    Raises RowRejectedError when the contract refuses it, and CloudError; then nothing was sent.
    """
    try:
        found = cells.event(row, texts)
    except InvalidEventError as error:
        raise RowRejectedError(f"The row was not sent, for it breaks the contract: {error}") from error
    replay_id, sent_at, contract = progress.new_replay_id(), CLOCK.now(), cells.of(row)
    data = contract.write(stamp(found, sent_at=sent_at, replay_id=replay_id))
    record = Record(_line(row), str(found["EventID"]), contract.key(found), data, sent_at=sent_at)
    return _send({row: record}, settled.EDITED, replay_id, way)


def send_as_they_were(rows: Sequence[Row], way: again.Way) -> Sent:
    """Send dead letters again: what the contract takes, with its own SentAt, so that no newer version is lost.

    All rows are of one object. Raises RowRejectedError when the contract takes none of them, and CloudError.
    """
    records: dict[Row, Record] = {}
    refused: dict[Row, str] = {}
    for row in rows:
        try:
            travels = wire.OF[row.family]
            records[row] = travels.record(travels.read(row.data), _line(row))
        except InvalidEventError as error:
            refused[row] = str(error)
    if not records:
        why = next(iter(refused.values()), "there is nothing to send")
        raise RowRejectedError(f"Nothing was sent, for it breaks the contract: {why}. Edit it first.")
    receipt = _send(records, settled.AS_IT_WAS, progress.new_replay_id(), way)
    return Sent(receipt, refused)


def settle_redriven(kept: Kept, s3: Any, replay_id: str, redrive_id: str, event_ids: Collection[str]) -> int:  # noqa: ANN401 - boto3
    """Settle the dead letters of events that a redrive has sent; how many these were. Raises CloudError."""
    letters = Filter(places=("replay", "function", "delivery"), replay_id=replay_id)
    sent = {row: row.data for row in kept.rows(letters) if row.event_id in event_ids}
    if sent:
        settled.write(s3, settled.Settled(settled.REDRIVEN, redrive_id, sent), who=who())
    return len(sent)


def _send(records: Mapping[Row, Record], how: str, replay_id: str, way: again.Way) -> Receipt:
    first = next(iter(records))
    done: set[int] = set()
    family = OF_NAME[first.family]
    job = again.Job(replay_id, progress.RESEND, first.replay_id, first.key, len(records), family)
    receipt = again.send(records.values(), job, way, on_accepted=lambda record: done.add(record.line))
    accepted = {row: record.data for row, record in records.items() if record.line in done}
    if accepted:
        settled.write(way.s3, settled.Settled(how, replay_id, accepted), who=who())
    return receipt


def _line(row: Row) -> int:
    """Its line in the file; where there is no file its place in the object."""
    return row.line or row.number + 1
