"""From a batch to the objects to write: through the function, through the conversion, into compressed bytes.

A plan is made once and then carried out object by object, so that a delivery that fails halfway writes the same
objects under the same keys when it is tried again.
"""

from __future__ import annotations

import gzip
import io
import time
import uuid
import zipfile
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pipeline.local.firehose.buffers import Batch
from pipeline.local.firehose.conversion import convert
from pipeline.local.firehose.failures import CONVERSION, PROCESSING, conversion_lines, processing_lines
from pipeline.local.firehose.prefixes import error_prefix, success_prefix, suffix
from pipeline.local.firehose.processing import process

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.local.firehose.destination import Destination
    from pipeline.local.firehose.failures import Failure
    from pipeline.local.firehose.services import Services

# The replayed file's rows shrink to 12 %, at level 6 to 10 % for twice the time.
_GZIP_LEVEL = 1


@dataclass(frozen=True, slots=True)
class Upload:
    """One object to write; `records` are those it holds, `size` their bytes before compression."""

    bucket: str
    key: str
    body: bytes = field(repr=False)
    records: int
    size: int
    arrived: float
    is_data: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """What to write for a batch, what to tell the error log (codes and messages), what to count."""

    destination: Destination
    uploads: tuple[Upload, ...]
    problems: tuple[tuple[str, str], ...]
    counts: dict[str, float]


def plan(batch: Batch, destination: Destination, services: Services) -> Plan:
    """The plan for a batch; raises whatever a service raises, and has written nothing then."""
    uploads: list[Upload] = []
    failures: list[Failure] = []
    counts: dict[str, float] = {}
    rest = batch
    if destination.processing:
        done = process(batch, destination, services)
        rest = Batch.of(done.records)
        failures += done.failures
        if done.failures:
            body = processing_lines(done.failures, destination.processing.function, time.time())
            uploads.append(_error_upload(PROCESSING, done.failures, body, destination))
        counts["SucceedProcessing__Records"] = len(done.records) + done.dropped
        counts["SucceedProcessing__Bytes"] = rest.size
        if done.calls:
            counts["ExecuteProcessing__Success"] = (done.calls - done.failed_calls) / done.calls
            counts["ExecuteProcessing__Duration"] = done.seconds / done.calls
    if rest.count and destination.conversion:
        uploads += _converted(rest, destination, services, failures, counts)
    elif rest.count:
        uploads.append(_data_upload(rest, _compressed(rest.data, destination), rest.count, destination))
    problems = {failure.code: failure.message for failure in failures}
    return Plan(destination, tuple(uploads), tuple(problems.items()), counts)


def _converted(
    batch: Batch, destination: Destination, services: Services, failures: list[Failure], counts: dict[str, float]
) -> list[Upload]:
    conversion = destination.conversion
    assert conversion is not None  # noqa: S101 - the caller asked
    result = convert(batch, services.columns(conversion.database, conversion.table), conversion)
    uploads = []
    if result.parquet is not None:
        uploads.append(_data_upload(batch, result.parquet, result.records, destination))
    bad_bytes = sum(len(failure.record.data) for failure in result.failures)
    if result.failures:
        failures += result.failures
        region, account = destination.arn.split(":")[3:5]
        described = replace(conversion, region=conversion.region or region, catalog=conversion.catalog or account)
        records = [failure.record for failure in result.failures]
        numbers = (
            services.sequence_numbers(destination.source, records)
            if destination.source
            else [record.id for record in records]
        )
        body = conversion_lines(result.failures, numbers, described, time.time())
        uploads.append(_error_upload(CONVERSION, result.failures, body, destination))
    counts["SucceedConversion__Records"] = result.records
    counts["SucceedConversion__Bytes"] = batch.size - bad_bytes
    counts["FailedConversion__Records"] = len(result.failures)
    counts["FailedConversion__Bytes"] = bad_bytes
    return uploads


def _data_upload(batch: Batch, body: bytes, records: int, destination: Destination) -> Upload:
    s3, arrived = destination.s3, batch.arrived
    prefix = success_prefix(s3.prefix, arrived, s3.zone)
    name = suffix(destination.stream, destination.version, arrived, s3.zone, s3.extension)
    return Upload(s3.bucket, prefix + name, body, records, batch.size, arrived, is_data=True)


def _error_upload(kind: str, failures: Sequence[Failure], body: bytes, destination: Destination) -> Upload:
    s3, arrived = destination.s3, min(failure.record.arrived for failure in failures)
    prefix = error_prefix(s3.prefix, s3.error_prefix, kind, arrived, s3.zone)
    name = suffix(destination.stream, destination.version, arrived, s3.zone)
    return Upload(s3.bucket, prefix + name, body, len(failures), len(body), arrived, is_data=False)


def _compressed(data: bytes, destination: Destination) -> bytes:
    if destination.s3.compression == "GZIP":
        return gzip.compress(data, _GZIP_LEVEL)
    if destination.s3.compression == "ZIP":
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
            file.writestr(str(uuid.uuid4()), data)
        return archive.getvalue()
    return data
