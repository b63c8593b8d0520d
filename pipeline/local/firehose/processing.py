"""The function that transforms records between their arrival and their delivery.

From the developer guide, "Transform source data in Amazon Data Firehose": batches of at most the size hint, records
in base64, answers `Ok`, `Dropped` or `ProcessingFailed`. Nothing passes untransformed: what the function did not
answer properly for goes to the error output.
"""

from __future__ import annotations

import binascii
import time
import uuid
from base64 import b64decode, b64encode
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pipeline.local.firehose.failures import Failure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from pipeline.local.firehose.buffers import Record
    from pipeline.local.firehose.destination import Destination, Processing
    from pipeline.local.firehose.services import Answer, Services

# A synchronous invocation takes and returns at most this much.
_PAYLOAD_BYTES = 6 << 20
# What a record takes in the payload beside its data.
_ENVELOPE_BYTES = 200
_PAUSE_S = 0.5
_MISSING = "One or more record IDs were not returned. Ensure that the Lambda function returns all received record IDs."
_DUPLICATED = (
    "Multiple records were returned with the same record ID. Ensure that the Lambda function returns unique record "
    "IDs for each record."
)
_MALFORMED = (
    "There was an error parsing returned records from the Lambda function. Ensure that the returned records follow "
    "the status model required by Firehose."
)
_TOO_LARGE = "The Lambda function's response exceeds the 6 MB that a synchronous invocation returns."
_FAILED = "ProcessingFailed status set for record"


@dataclass(frozen=True, slots=True)
class Processed:
    """What the function gave back for delivery, what it dropped (a count), what failed, and how it was called."""

    records: list[Record]
    dropped: int
    failures: list[Failure]
    calls: int
    failed_calls: int
    seconds: float


def process(records: Iterable[Record], destination: Destination, services: Services) -> Processed:
    """The records after the destination's processors."""
    processing = destination.processing
    assert processing is not None  # noqa: S101 - the caller asked
    done: list[Record] = []
    failures: list[Failure] = []
    dropped = calls = failed_calls = 0
    started = time.monotonic()
    for batch in _batches(records, processing.batch_bytes) if processing.function else [list(records)]:
        if not processing.function:
            done += batch
            continue
        answer, attempts = _invoke(batch, destination, processing, services)
        calls += attempts
        failed_calls += attempts if answer.code else attempts - 1
        for outcome in _outcomes(batch, answer, attempts):
            if isinstance(outcome, Failure):
                failures.append(outcome)
            elif outcome is None:
                dropped += 1
            else:
                done.append(outcome)
    if processing.delimiter:
        done = [replace(record, data=record.data + processing.delimiter) for record in done]
    return Processed(done, dropped, failures, calls, failed_calls, time.monotonic() - started)


def _batches(records: Iterable[Record], most: int) -> Iterator[list[Record]]:
    batch: list[Record] = []
    size = payload = 0
    for record in records:
        encoded = len(record.data) * 4 // 3 + _ENVELOPE_BYTES
        if batch and (size + len(record.data) > most or payload + encoded > _PAYLOAD_BYTES):
            yield batch
            batch, size, payload = [], 0, 0
        batch.append(record if record.id else replace(record, id=uuid.uuid4().hex))
        size += len(record.data)
        payload += encoded
    if batch:
        yield batch


def _invoke(
    batch: list[Record], destination: Destination, processing: Processing, services: Services
) -> tuple[Answer, int]:
    """The function's answer, and how often it was called for it."""
    event: dict[str, Any] = {
        "invocationId": str(uuid.uuid4()),
        "deliveryStreamArn": destination.arn,
        "region": destination.arn.split(":")[3],
        "records": [
            {
                "recordId": record.id,
                "approximateArrivalTimestamp": int(record.arrived * 1000),
                "data": b64encode(record.data).decode(),
            }
            for record in batch
        ],
    }
    if destination.source:
        event["sourceKinesisStreamArn"] = destination.source
        for entry, number in zip(event["records"], services.sequence_numbers(destination.source, batch), strict=True):
            entry["kinesisRecordMetadata"] = {
                "sequenceNumber": number,
                "subsequenceNumber": 0,
                "approximateArrivalTimestamp": entry["approximateArrivalTimestamp"],
            }
    return _with_retries(lambda: services.invoke(processing.function, event), processing.retries)


def _with_retries(invoke: Callable[[], Answer], retries: int) -> tuple[Answer, int]:
    attempts = 0
    while True:
        answer = invoke()
        attempts += 1
        if not answer.code or attempts > retries:
            return answer, attempts
        time.sleep(_PAUSE_S * attempts)


def _outcomes(batch: list[Record], answer: Answer, attempts: int) -> Iterator[Record | Failure | None]:
    """One per record: what to deliver, why it failed, or None when the function dropped it."""
    if answer.code:
        yield from (Failure(record, answer.code, answer.message, attempts) for record in batch)
        return
    returned = answer.payload.get("records") if isinstance(answer.payload, dict) else None
    if not isinstance(returned, list) or not all(isinstance(entry, dict) for entry in returned):
        yield from (Failure(record, "Lambda.JsonProcessingException", _MALFORMED, attempts) for record in batch)
        return
    if sum(len(str(entry.get("data") or "")) for entry in returned) > _PAYLOAD_BYTES:
        yield from (Failure(record, "Lambda.FunctionError", _TOO_LARGE, attempts) for record in batch)
        return
    times = Counter(entry.get("recordId") for entry in returned)
    by_id = {entry.get("recordId"): entry for entry in returned}
    for record in batch:
        if times[record.id] > 1:
            yield Failure(record, "Lambda.DuplicatedRecordId", _DUPLICATED, attempts)
        elif record.id not in by_id:
            yield Failure(record, "Lambda.MissingRecordId", _MISSING, attempts)
        else:
            yield _outcome(record, by_id[record.id], attempts)


def _outcome(record: Record, entry: Mapping[str, Any], attempts: int) -> Record | Failure | None:
    result = entry.get("result")
    if result == "Dropped":
        return None
    if result == "ProcessingFailed":
        return Failure(record, "Lambda.ProcessingFailedStatus", _FAILED, attempts)
    data = entry.get("data")
    if result == "Ok" and isinstance(data, str):
        try:
            return replace(record, data=b64decode(data, validate=True))
        except binascii.Error:
            pass
    return Failure(record, "Lambda.JsonProcessingException", _MALFORMED, attempts)
