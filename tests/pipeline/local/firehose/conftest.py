"""A cloud in memory for Firehose: what it writes, what it is told, and what fails on request."""

from __future__ import annotations

import gzip
import importlib
import io
import json
import threading
import time
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest

from pipeline.errors import LocalCloudError
from pipeline.local.firehose.buffers import Chunk
from pipeline.local.firehose.redshift import CopyError
from pipeline.local.firehose.registry import Registry
from pipeline.local.firehose.services import Answer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from pipeline.local.firehose.buffers import Record
    from pipeline.local.firehose.destination import LogStream, Redshift
    from pipeline.local.metrics import Metric

BUCKET = "lake"
ARRIVED = 1535366100.25  # 2018-08-27 10:35:00 UTC, in the hour of the guide's examples


def unchanged(event: Mapping[str, Any]) -> Answer:
    """A processor that gives every record back as it was."""
    records = [{"recordId": record["recordId"], "result": "Ok", "data": record["data"]} for record in event["records"]]
    return Answer(payload={"records": records})


class FakeCloud:
    """`Services` and `Copy` in memory."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.tables: dict[str, list[tuple[str, str]]] = {"shop.orders": [("id", "string"), ("quantity", "int")]}
        self.function: Callable[[Mapping[str, Any]], Answer] = unchanged
        self.secrets: dict[str, dict[str, Any]] = {}
        self.lines: list[tuple[str, dict[str, Any]]] = []
        self.metrics: list[Metric] = []
        self.streams: dict[str, dict[str, Any]] = {}
        self.invocations: list[Mapping[str, Any]] = []
        self.copies: list[tuple[str, str, list[tuple[str, str]]]] = []
        self.put_errors: list[Exception | None] = []  # of the next calls; None is one that works
        self.copy_errors: list[Exception] = []
        self.buckets = {BUCKET}
        self.changed = threading.Condition()

    def put(self, bucket: str, key: str, body: bytes) -> None:
        with self.changed:
            if self.put_errors and (error := self.put_errors.pop(0)):
                raise error
            if bucket not in self.buckets:
                raise LocalCloudError(f"s3://{bucket}/{key} was not written (status 404: NoSuchBucket).")
            self.objects[key] = body
            self.changed.notify_all()

    def columns(self, database: str, table: str) -> list[tuple[str, str]] | None:
        return self.tables.get(f"{database}.{table}")

    def invoke(self, function: str, event: Mapping[str, Any]) -> Answer:
        self.invocations.append(event)
        return self.function(event)

    def secret(self, arn: str) -> Mapping[str, Any]:
        return self.secrets[arn]

    def log(self, where: LogStream, message: str) -> None:
        self.lines.append((where.stream, json.loads(message)))

    def publish(self, stream: str, metrics: Iterable[Metric]) -> None:
        self.metrics += metrics

    def sequence_numbers(self, source: str, records: Sequence[Record]) -> list[str]:
        return [f"4960{number}" for number, _ in enumerate(records)]

    def stream(self, arn: str) -> dict[str, Any] | None:
        return self.streams.get(arn)

    def copy(self, redshift: Redshift, user: str, password: str, objects: Sequence[tuple[str, str]]) -> int:
        with self.changed:
            if self.copy_errors:
                raise self.copy_errors.pop(0)
            if password != "right":
                raise CopyError("Redshift.AuthenticationFailed", "no")
            self.copies.append((redshift.table, user, list(objects)))
            self.changed.notify_all()
            return sum(len(gzip.decompress(self.objects[key]).splitlines()) for _, key in objects)

    def until(self, condition: Callable[[], bool], limit_s: float = 5.0) -> None:
        """Wait until something in this cloud is so."""
        deadline = time.monotonic() + limit_s
        with self.changed:
            while not condition():
                assert time.monotonic() < deadline, "it did not come to that"
                self.changed.wait(0.02)

    def under(self, prefix: str) -> list[str]:
        return sorted(key for key in self.objects if key.startswith(prefix))

    def one(self, prefix: str) -> bytes:
        (key,) = self.under(prefix)
        return self.objects[key]

    def rows(self, prefix: str) -> list[dict[str, Any]]:
        tables = [pq.read_table(io.BytesIO(self.objects[key])) for key in self.under(prefix)]
        return [row for table in tables for row in table.to_pylist()]

    def documents(self, prefix: str) -> list[dict[str, Any]]:
        return [json.loads(line) for key in self.under(prefix) for line in self.objects[key].splitlines()]


def s3_config(**other: Any) -> dict[str, Any]:
    """An S3 destination that delivers at once."""
    return {
        "BucketARN": f"arn:aws:s3:::{BUCKET}",
        "RoleARN": "arn:aws:iam::000000000000:role/firehose",
        "BufferingHints": {"SizeInMBs": 64, "IntervalInSeconds": 0},
        **other,
    }


def conversion_config(**openx: Any) -> dict[str, Any]:
    return {
        "Enabled": True,
        "SchemaConfiguration": {"DatabaseName": "shop", "TableName": "orders", "RoleARN": "arn:aws:iam::0:role/r"},
        "InputFormatConfiguration": {"Deserializer": {"OpenXJsonSerDe": openx}},
        "OutputFormatConfiguration": {"Serializer": {"ParquetSerDe": {}}},
    }


def processing_config(**parameters: str) -> dict[str, Any]:
    given = {"LambdaArn": "arn:aws:lambda:us-east-1:000000000000:function:clean", **parameters}
    named = [{"ParameterName": name, "ParameterValue": value} for name, value in given.items()]
    return {"Enabled": True, "Processors": [{"Type": "Lambda", "Parameters": named}]}


def redshift_config(**other: Any) -> dict[str, Any]:
    return {
        "ClusterJDBCURL": "jdbc:redshift://weir.000000000000.us-east-1.redshift-serverless.amazonaws.com:5439/weir",
        "RoleARN": "arn:aws:iam::000000000000:role/firehose",
        "CopyCommand": {"DataTableName": "orders_landing", "CopyOptions": "JSON 'auto' GZIP"},
        "Username": "weir",
        "Password": "right",
        "RetryOptions": {"DurationInSeconds": 60},
        "S3Configuration": s3_config(Prefix="raw/", CompressionFormat="GZIP"),
        **other,
    }


def stream_of(config: dict[str, Any], kind: str = "ExtendedS3", source: str = "") -> dict[str, Any]:
    """MiniStack's record of a delivery stream."""
    return {
        "name": "orders",
        "arn": "arn:aws:firehose:us-east-1:000000000000:deliverystream/orders",
        "status": "ACTIVE",
        "type": "KinesisStreamAsSource" if source else "DirectPut",
        "version": 1,
        "destinations": [{"id": "destinationId-1", "type": kind, "config": config}],
        "kinesis_source": {"KinesisStreamARN": source} if source else None,
    }


class Firehose:
    """A registry on a fake cloud, and short ways to build what it works on."""

    bucket = BUCKET
    arrived = ARRIVED
    s3 = staticmethod(s3_config)
    conversion = staticmethod(conversion_config)
    processing = staticmethod(processing_config)
    redshift = staticmethod(redshift_config)
    stream = staticmethod(stream_of)

    def __init__(self, cloud: FakeCloud, folder: Path) -> None:
        self.cloud = cloud
        self.folder = folder
        self.registry = self.new_registry()

    def new_registry(self) -> Registry:
        return Registry(self.cloud, self.cloud.copy, nullcontext, self.folder)

    def deliver(self, stream: dict[str, Any], *records: bytes, ids: Sequence[str] = ()) -> None:
        """Take records and wait until a clean stop has delivered them."""
        self.take(stream, *records, ids=ids)
        self.registry.stop()

    def take(self, stream: dict[str, Any], *records: bytes, ids: Sequence[str] = ()) -> None:
        self.registry.ingest(stream, Chunk.of(records, ARRIVED, ids))


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    for pause in ("redshift._FIRST_PAUSE_S", "delivery._FIRST_PAUSE_S", "processing._PAUSE_S"):
        monkeypatch.setattr(f"pipeline.local.firehose.{pause}", 0.02)


@pytest.fixture
def cloud() -> FakeCloud:
    return FakeCloud()


@pytest.fixture
def firehose(cloud: FakeCloud, tmp_path: Path) -> Firehose:
    return Firehose(cloud, tmp_path / "firehose")


@pytest.fixture
def api(firehose: Firehose) -> Iterator[Any]:
    """MiniStack's Firehose module with our operations in it."""
    module = importlib.import_module("ministack.services.firehose")
    from pipeline.local.firehose.api import Api

    before, handlers = dict(vars(module)), dict(module._HANDLERS)
    Api(module, firehose.registry, firehose.cloud).install()
    yield module
    module._streams.clear()
    vars(module).update(before)
    module._HANDLERS.clear()
    module._HANDLERS.update(handlers)
