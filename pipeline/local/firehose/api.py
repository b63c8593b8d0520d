"""Firehose's operations where MiniStack does them too simply, in front of MiniStack's own.

From the API reference: limits and errors of `PutRecord`, `PutRecordBatch`, `CreateDeliveryStream` and
`UpdateDestination`.
"""

from __future__ import annotations

import binascii
import time
from base64 import b64decode
from typing import TYPE_CHECKING, Any

from pipeline.local.firehose.buffers import Chunk
from pipeline.local.firehose.rules import RefusedError, check, typed
from pipeline.local.kinesis import metrics

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.local.firehose.registry import Registry
    from pipeline.local.firehose.services import Services

Request = dict[str, Any]
Response = tuple[int, dict[str, str], bytes]
_RECORD_BYTES = 1000 << 10
_BATCH_RECORDS, _BATCH_BYTES = 500, 4 << 20
# A producer is told to come back later when this much waits. A Kinesis stream keeps its records itself, and is not.
_BUFFER_BYTES = 256 << 20
_SOURCE_ONLY = "This operation is not permitted on KinesisStreamAsSource delivery stream type."
_UPDATES = {"S3Update": "S3Configuration"}


class Api:
    """The operations. `ministack` is MiniStack's Firehose module, whose records of delivery streams they use."""

    def __init__(self, ministack: Any, registry: Registry, services: Services) -> None:
        self._ministack = ministack
        self._registry = registry
        self._services = services
        self._resolve = ministack._resolve_dest_type_and_config
        self._create = ministack._create_delivery_stream
        self._update = ministack._update_destination
        self._delete = ministack._delete_delivery_stream
        self._describe = ministack._dest_description

    def install(self) -> None:
        """Put these operations in the place of MiniStack's."""
        for action, name, operation in (
            ("CreateDeliveryStream", "_create_delivery_stream", self.create),
            ("DeleteDeliveryStream", "_delete_delivery_stream", self.delete),
            ("UpdateDestination", "_update_destination", self.update),
            ("PutRecord", "_put_record", self.put_record),
            ("PutRecordBatch", "_put_record_batch", self.put_record_batch),
        ):
            setattr(self._ministack, name, operation)
            self._ministack._HANDLERS[action] = operation
        self._ministack._dest_description = self.describe_destination
        self._ministack._resolve_dest_type_and_config = self.resolve
        self._ministack.ingest_from_kinesis_source = self.ingest

    def resolve(self, request: Request) -> tuple[str | None, Mapping[str, Any] | None]:
        """The destination of a request, typed; raises RefusedError. CloudFormation's updates come through here."""
        kind, config = self._resolve(request)
        config = typed(config or {})
        check(kind, config)
        conversion = config.get("DataFormatConversionConfiguration") or {}
        if conversion.get("Enabled", True) and (schema := conversion.get("SchemaConfiguration")):
            name = f"{schema['DatabaseName']}.{schema['TableName']}"
            if self._services.columns(schema["DatabaseName"], schema["TableName"]) is None:
                raise RefusedError(f"SchemaConfiguration: table {name} not found (EntityNotFoundException).")
        return kind, config

    def create(self, request: Request) -> Response:
        """CreateDeliveryStream."""
        try:
            self.resolve(request)
        except RefusedError as error:
            return self._refused(error)
        answer: Response = self._create(request)
        return answer

    def update(self, request: Request) -> Response:
        """UpdateDestination: what is not given stays as it is, and the whole is checked."""
        stream = self._ministack._streams.get(request.get("DeliveryStreamName", ""))
        kind, given = self._ministack._resolve_dest_update_config(request)
        if stream and kind and stream["destinations"]:
            old = stream["destinations"][0]
            given = {_UPDATES.get(name, name): value for name, value in typed(given).items()}
            if kind == old["type"]:
                merged = {**old["config"], **given}
                if "S3Configuration" in given:
                    merged["S3Configuration"] = {**old["config"].get("S3Configuration", {}), **given["S3Configuration"]}
                given = merged
            try:
                check(kind, given)
            except RefusedError as error:
                return self._refused(error)
            request = {**request, f"{kind}DestinationUpdate": given}
        answer: Response = self._update(request)
        return answer

    def delete(self, request: Request) -> Response:
        """DeleteDeliveryStream: what it holds is delivered first."""
        stream = self._ministack._streams.get(request.get("DeliveryStreamName", ""))
        answer: Response = self._delete(request)
        if stream is not None:
            self._registry.forget(stream["arn"])
        return answer

    def describe_destination(self, destination: Mapping[str, Any]) -> dict[str, Any]:
        """A destination in DescribeDeliveryStream; Redshift's has another shape there, and no password."""
        if destination["type"] != "Redshift":
            described: dict[str, Any] = self._describe(destination)
            return described
        config = destination["config"]
        description = {
            name: value
            for name, value in config.items()
            if name not in {"Password", "S3Configuration", "S3BackupConfiguration"}
        }
        staging = self._describe({"id": "", "type": "S3", "config": config["S3Configuration"]})
        description["S3DestinationDescription"] = {
            name: value for name, value in staging["S3DestinationDescription"].items() if name != "S3BackupMode"
        }
        return {"DestinationId": destination["id"], "RedshiftDestinationDescription": description}

    def put_record(self, request: Request) -> Response:
        """PutRecord."""
        try:
            stream = self._accepting(request)
            data = _decoded((request.get("Record") or {}).get("Data", ""), "record.data")
        except RefusedError as error:
            return self._refused(error)
        record_id = self._ministack._record_id()
        self._registry.ingest(stream, Chunk.of([data], time.time(), [record_id]))
        return self._answer({"RecordId": record_id, "Encrypted": False})

    def put_record_batch(self, request: Request) -> Response:
        """PutRecordBatch: all of it or nothing, as there is nothing here that a single record could fail on."""
        try:
            stream = self._accepting(request)
            data = _batch(request.get("Records") or [])
        except RefusedError as error:
            return self._refused(error)
        ids = [self._ministack._record_id() for _ in data]
        self._registry.ingest(stream, Chunk.of(data, time.time(), ids))
        responses = [{"RecordId": record_id, "Encrypted": False} for record_id in ids]
        return self._answer({"FailedPutCount": 0, "Encrypted": False, "RequestResponses": responses})

    def ingest(self, stream_arn: str, records: Sequence[tuple[str, bytes]]) -> None:
        """Take what was put to a Kinesis stream, for every delivery stream that reads it."""
        if not records:
            return
        readers = [
            stream
            for stream in self._ministack._streams.values()
            if (stream.get("kinesis_source") or {}).get("KinesisStreamARN") == stream_arn
            and stream["status"] == "ACTIVE"
        ]
        if readers:
            metrics.read(stream_arn.rpartition("/")[2], len(records) * len(readers))
            chunk = Chunk.of([data for _, data in records], time.time())
            for stream in readers:
                self._registry.ingest(stream, chunk)

    def _accepting(self, request: Request) -> dict[str, Any]:
        """The delivery stream that a put names; raises RefusedError when it takes none now."""
        name = request.get("DeliveryStreamName", "")
        stream: dict[str, Any] | None = self._ministack._streams.get(name)
        if stream is None:
            account = self._ministack.get_account_id()
            raise RefusedError(f"Firehose {name} under account {account} not found.", "ResourceNotFoundException")
        if stream["type"] == "KinesisStreamAsSource":
            raise RefusedError(_SOURCE_ONLY)
        if stream["status"] != "ACTIVE" or self._registry.delivery(stream).level.size > _BUFFER_BYTES:
            raise RefusedError("Service unavailable. Slow down.", "ServiceUnavailableException")
        return stream

    def _refused(self, error: RefusedError) -> Response:
        status = 503 if error.code == "ServiceUnavailableException" else 400
        answer: Response = self._ministack.error_response_json(error.code, str(error), status)
        return answer

    def _answer(self, body: dict[str, Any]) -> Response:
        answer: Response = self._ministack.json_response(body)
        return answer


def _batch(entries: Sequence[Mapping[str, Any]]) -> list[bytes]:
    if not 1 <= len(entries) <= _BATCH_RECORDS:
        raise RefusedError(
            f"1 validation error detected: Value at 'records' failed to satisfy constraint: Member must have length "
            f"between 1 and {_BATCH_RECORDS}, and has {len(entries)}",
            "ValidationException",
        )
    data = [_decoded(entry.get("Data", ""), f"records.{number}.member.data") for number, entry in enumerate(entries, 1)]
    if sum(map(len, data)) > _BATCH_BYTES:
        raise RefusedError("Records size exceeds 4 MB limit")
    return data


def _decoded(text: str, where: str) -> bytes:
    try:
        data = b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise RefusedError(f"{where} is not base64: {error}", "SerializationException") from error
    if len(data) > _RECORD_BYTES:
        raise RefusedError(
            f"1 validation error detected: Value at '{where}' failed to satisfy constraint: Member must have length "
            f"less than or equal to {_RECORD_BYTES}",
            "ValidationException",
        )
    return data
