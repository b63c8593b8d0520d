"""A delivery stream that takes direct puts as a replay's target."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from pipeline.replay.senders import Limits, called

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.replay.rows import Record
    from pipeline.replay.senders import Outcome


class Firehose(Protocol):
    """The one call of boto3's Firehose client that is made here. Give it one attempt a call: we count retries."""

    def put_record_batch(
        self,
        *,
        DeliveryStreamName: str,  # noqa: N803
        Records: Sequence[Mapping[str, object]],  # noqa: N803
    ) -> Mapping[str, Any]:
        """PutRecordBatch: 200 does not mean taken, each record has an outcome of its own."""


class FirehoseSender:
    """Puts records by PutRecordBatch: at most 500 of them and 4 MiB, each up to 1,000 KiB.

    https://docs.aws.amazon.com/firehose/latest/APIReference/API_PutRecordBatch.html
    """

    target = "firehose"
    limits = Limits(500, 4 << 20, 1000 << 10)

    def __init__(self, firehose: Firehose, delivery: str) -> None:
        self._firehose = firehose
        self._delivery = delivery

    def put(self, records: Sequence[Record]) -> list[Outcome]:
        """One PutRecordBatch. A lost answer counts as refused: such a record may come twice, the lake counts it once.

        Firehose names no shard; its record id takes the place of a sequence number.
        """
        entries = [{"Data": record.data} for record in records]
        return called(
            lambda: self._firehose.put_record_batch(DeliveryStreamName=self._delivery, Records=entries).get(
                "RequestResponses"
            ),
            f"Delivery stream {self._delivery}",
            lambda taken: ("", taken["RecordId"]),
            len(records),
        )
