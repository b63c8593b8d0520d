"""Records that could not be processed or converted, and the JSON lines in which Firehose keeps them.

From the developer guide, "Handle failure in data transformation" and "Handling errors for data format conversion".
"""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pipeline.local.firehose.buffers import Record
    from pipeline.local.firehose.destination import Conversion

PROCESSING = "processing-failed"
CONVERSION = "format-conversion-failed"


@dataclass(frozen=True, slots=True)
class Failure:
    """A record, why it failed, and after how many attempts."""

    record: Record
    code: str
    message: str
    attempts: int = 1


def processing_lines(failures: Iterable[Failure], function: str, ended: float) -> bytes:
    """The body of a `processing-failed` object; `ended` is when the attempts ended (seconds since 1970)."""
    return _lines(
        {
            "attemptsMade": failure.attempts,
            "arrivalTimestamp": _milliseconds(failure.record.arrived),
            "errorCode": failure.code,
            "errorMessage": failure.message,
            "attemptEndingTimestamp": _milliseconds(ended),
            "rawData": b64encode(failure.record.data).decode(),
            "lambdaArn": function,
        }
        for failure in failures
    )


def conversion_lines(
    failures: Sequence[Failure], sequence_numbers: Sequence[str], conversion: Conversion, ended: float
) -> bytes:
    """The body of a `format-conversion-failed` object."""
    table = {
        "catalogId": conversion.catalog,
        "databaseName": conversion.database,
        "tableName": conversion.table,
        "region": conversion.region,
        "versionId": conversion.version,
        "catalogArn": f"arn:aws:glue:{conversion.region}:{conversion.catalog}:catalog",
    }
    return _lines(
        {
            "attemptsMade": failure.attempts,
            "arrivalTimestamp": _milliseconds(failure.record.arrived),
            "lastErrorCode": failure.code,
            "lastErrorMessage": failure.message,
            "attemptEndingTimestamp": _milliseconds(ended),
            "rawData": b64encode(failure.record.data).decode(),
            "sequenceNumber": sequence_number,
            "subSequenceNumber": 0,
            "dataCatalogTable": table,
        }
        for failure, sequence_number in zip(failures, sequence_numbers, strict=True)
    )


def _milliseconds(seconds: float) -> int:
    return int(seconds * 1000)


def _lines(documents: Iterable[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(document).encode() + b"\n" for document in documents)
