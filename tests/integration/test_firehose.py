"""Firehose as its clients meet it: through the API, with S3, Glue, Lambda, CloudWatch and the warehouse behind it."""

from __future__ import annotations

import gzip
import io
import json
import uuid
import zipfile
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest
from botocore.exceptions import ClientError

from pipeline.clients import client
from tests.conftest import eventually, warehouse_value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.conftest import Cloud

ROLE = "arn:aws:iam::000000000000:role/firehose"
FUNCTION = """
import base64

def handle(event, context):
    records = []
    for record in event["records"]:
        text = base64.b64decode(record["data"])
        result = "ProcessingFailed" if text == b"bad" else "Ok"
        data = base64.b64encode(text.upper() + b"\\n").decode()
        records.append({"recordId": record["recordId"], "result": result, "data": data})
    return {"records": records}
"""


class Sandbox:
    """A bucket and a name of this test's own."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.name = f"firehose-{uuid.uuid4().hex[:8]}"
        client("s3").create_bucket(Bucket=self.name)

    def s3(self, **other: Any) -> dict[str, Any]:
        hints = {"SizeInMBs": 1, "IntervalInSeconds": 1}
        return {"BucketARN": f"arn:aws:s3:::{self.name}", "RoleARN": ROLE, "BufferingHints": hints, **other}

    def create(self, **request: Any) -> None:
        client("firehose").create_delivery_stream(DeliveryStreamName=self.name, **request)

    def stream(self) -> str:
        """A Kinesis stream; returns its ARN."""
        kinesis = client("kinesis")
        kinesis.create_stream(StreamName=self.name, ShardCount=1)
        kinesis.get_waiter("stream_exists").wait(StreamName=self.name)
        return str(kinesis.describe_stream_summary(StreamName=self.name)["StreamDescriptionSummary"]["StreamARN"])

    def put(self, *records: bytes) -> None:
        entries = [{"Data": record, "PartitionKey": "key"} for record in records]
        client("kinesis").put_records(StreamName=self.name, Records=entries)

    def keys(self, prefix: str = "") -> list[str]:
        found = client("s3").list_objects_v2(Bucket=self.name, Prefix=prefix)
        return [entry["Key"] for entry in found.get("Contents", [])]

    def one(self, prefix: str) -> bytes:
        eventually(lambda: bool(self.keys(prefix)), f"an object under {prefix}", 20)
        (key,) = self.keys(prefix)
        body: bytes = client("s3").get_object(Bucket=self.name, Key=key)["Body"].read()
        return body

    def metric(self, name: str, statistic: str) -> float | None:
        now = datetime.now(UTC)
        answer = client("cloudwatch").get_metric_statistics(
            Namespace="AWS/Firehose",
            MetricName=name,
            Dimensions=[{"Name": "DeliveryStreamName", "Value": self.name}],
            StartTime=now - timedelta(hours=1),
            EndTime=now + timedelta(minutes=1),
            Period=7200,
            Statistics=[statistic],
        )
        return sum(point[statistic] for point in answer["Datapoints"]) if answer["Datapoints"] else None


@pytest.fixture
def sandbox(cloud: Cloud) -> Iterator[Sandbox]:
    made = Sandbox(cloud)
    yield made
    if made.name in client("firehose").list_delivery_streams(Limit=100)["DeliveryStreamNames"]:
        client("firehose").delete_delivery_stream(DeliveryStreamName=made.name)


def refused(action: Callable[[], object]) -> str:
    with pytest.raises(ClientError) as error:
        action()
    return str(error.value.response["Error"]["Code"])


def test_direct_puts_become_one_object(sandbox: Sandbox) -> None:
    sandbox.create(ExtendedS3DestinationConfiguration=sandbox.s3(Prefix="clicks/", CompressionFormat="GZIP"))
    firehose = client("firehose")
    firehose.put_record(DeliveryStreamName=sandbox.name, Record={"Data": b"a\n"})
    answer = firehose.put_record_batch(DeliveryStreamName=sandbox.name, Records=[{"Data": b"b\n"}, {"Data": b"c\n"}])
    assert answer["FailedPutCount"] == 0
    assert gzip.decompress(sandbox.one("clicks/")) == b"a\nb\nc\n"


def test_a_function_transforms_records_and_what_it_fails_is_kept(sandbox: Sandbox) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("clean.py", FUNCTION)
    function = client("lambda").create_function(
        FunctionName=sandbox.name,
        Runtime="python3.12",
        Handler="clean.handle",
        Role=ROLE,
        Code={"ZipFile": archive.getvalue()},
    )["FunctionArn"]
    parameters = [{"ParameterName": "LambdaArn", "ParameterValue": function}]
    processing = {"Enabled": True, "Processors": [{"Type": "Lambda", "Parameters": parameters}]}
    sandbox.create(ExtendedS3DestinationConfiguration=sandbox.s3(Prefix="out/", ProcessingConfiguration=processing))
    records = [{"Data": b"a"}, {"Data": b"bad"}, {"Data": b"c"}]
    client("firehose").put_record_batch(DeliveryStreamName=sandbox.name, Records=records)
    year = datetime.now(UTC).year
    assert sandbox.one(f"out/{year}/") == b"A\nC\n"
    document = json.loads(sandbox.one("out/processing-failed/"))
    assert document["errorCode"] == "Lambda.ProcessingFailedStatus"
    assert document["lambdaArn"] == function


def test_a_kinesis_source_is_converted_to_parquet_and_what_cannot_be_is_kept_and_logged(sandbox: Sandbox) -> None:
    glue, logs = client("glue"), client("logs")
    database = sandbox.name.replace("-", "_")
    glue.create_database(DatabaseInput={"Name": database})
    columns = [{"Name": "id", "Type": "string"}, {"Name": "at", "Type": "timestamp"}]
    glue.create_table(DatabaseName=database, TableInput={"Name": "t", "StorageDescriptor": {"Columns": columns}})
    logs.create_log_group(logGroupName=f"/{sandbox.name}")
    logs.create_log_stream(logGroupName=f"/{sandbox.name}", logStreamName="delivery")
    arn = sandbox.stream()
    conversion = {
        "SchemaConfiguration": {"DatabaseName": database, "TableName": "t", "RoleARN": ROLE},
        "InputFormatConfiguration": {"Deserializer": {"OpenXJsonSerDe": {"CaseInsensitive": False}}},
        "OutputFormatConfiguration": {"Serializer": {"ParquetSerDe": {}}},
    }
    sandbox.create(
        DeliveryStreamType="KinesisStreamAsSource",
        KinesisStreamSourceConfiguration={"KinesisStreamARN": arn, "RoleARN": ROLE},
        ExtendedS3DestinationConfiguration=sandbox.s3(
            Prefix="t/!{timestamp:yyyy/MM/dd/HH}/",
            ErrorOutputPrefix="errors/!{firehose:error-output-type}/",
            BufferingHints={"SizeInMBs": 64, "IntervalInSeconds": 1},
            DataFormatConversionConfiguration=conversion,
            CloudWatchLoggingOptions={
                "Enabled": True,
                "LogGroupName": f"/{sandbox.name}",
                "LogStreamName": "delivery",
            },
        ),
    )
    sandbox.put(b'{"id":"1","at":"2010-12-01 08:26:00"}\n', b'{"id":"2","at":"2010-12-01T08:26:00"}\n')
    (row,) = pq.read_table(io.BytesIO(sandbox.one("t/"))).to_pylist()
    assert row == {"id": "1", "at": datetime(2010, 12, 1, 8, 26)}  # noqa: DTZ001 - the lake's timestamps are bare
    failed = json.loads(sandbox.one("errors/format-conversion-failed/"))
    assert failed["lastErrorCode"] == "DataFormatConversion.MalformedData"
    assert failed["sequenceNumber"]
    (event,) = logs.get_log_events(logGroupName=f"/{sandbox.name}", logStreamName="delivery")["events"]
    assert json.loads(event["message"])["errorCode"] == "DataFormatConversion.MalformedData"
    eventually(lambda: sandbox.metric("DeliveryToS3.Records", "Sum") == 1, "its metrics", 20)
    assert sandbox.metric("DataReadFromKinesisStream.Records", "Sum") == 2
    assert sandbox.metric("FailedConversion.Records", "Sum") == 1
    put = {"DeliveryStreamName": sandbox.name, "Record": {"Data": b"x"}}
    assert refused(lambda: client("firehose").put_record(**put)) == "InvalidArgumentException"


def redshift(sandbox: Sandbox, table: str, **other: Any) -> dict[str, Any]:
    paths = json.dumps({"jsonpaths": ["$['id']", "$['quantity']"]})
    client("s3").put_object(Bucket=sandbox.name, Key="jsonpaths.json", Body=paths.encode())
    return {
        "RoleARN": ROLE,
        "ClusterJDBCURL": "jdbc:redshift://weir.000000000000.us-east-1.redshift-serverless.amazonaws.com:5439/weir",
        "SecretsManagerConfiguration": {"Enabled": True, "SecretARN": sandbox.cloud.outputs.warehouse_secret},
        "CopyCommand": {
            "DataTableName": table,
            "DataTableColumns": "id,quantity",
            "CopyOptions": f"FORMAT AS JSON 's3://{sandbox.name}/jsonpaths.json' GZIP MAXERROR 10 TIMEFORMAT 'auto'",
        },
        "S3Configuration": sandbox.s3(Prefix="raw/", CompressionFormat="GZIP"),
        **other,
    }


@pytest.fixture
def table(cloud: Cloud) -> Iterator[str]:
    """A table in the warehouse, of this test's own."""
    from pipeline.warehouse.connect import connect

    with connect(cloud.outputs) as connection, connection.cursor() as cursor:
        cursor.execute("create table firehose_test (id varchar(20), quantity int)")
    yield "firehose_test"
    with connect(cloud.outputs) as connection, connection.cursor() as cursor:
        cursor.execute("drop table firehose_test")


def test_redshift_is_staged_and_copied(sandbox: Sandbox, table: str) -> None:
    sandbox.create(RedshiftDestinationConfiguration=redshift(sandbox, table))
    records = [b'{"id":"1","quantity":6}\n', b'{"id":"2","quantity":"six"}\n', b'{"id":"3","quantity":-1}\n']
    client("firehose").put_record_batch(
        DeliveryStreamName=sandbox.name, Records=[{"Data": record} for record in records]
    )
    count = "select count(*) from firehose_test"
    eventually(lambda: warehouse_value(sandbox.cloud.outputs, count) == 2, "the rows in the warehouse", 20)
    year = datetime.now(UTC).year
    assert gzip.decompress(sandbox.one(f"raw/{year}/")) == b"".join(records)
    manifest = json.loads(sandbox.one("raw/manifests/"))
    assert [entry["url"] for entry in manifest["entries"]] == [f"s3://{sandbox.name}/{sandbox.keys(f'raw/{year}/')[0]}"]
    eventually(lambda: sandbox.metric("DeliveryToRedshift.Records", "Sum") == 2, "its metrics", 20)


def test_a_copy_that_cannot_work_ends_in_a_manifest(sandbox: Sandbox) -> None:
    sandbox.create(
        RedshiftDestinationConfiguration=redshift(sandbox, "no_such_table", RetryOptions={"DurationInSeconds": 0})
    )
    client("firehose").put_record(DeliveryStreamName=sandbox.name, Record={"Data": b"{}\n"})
    manifest = json.loads(sandbox.one("raw/errors/manifests/"))
    assert len(manifest["entries"]) == 1
    eventually(lambda: sandbox.metric("DeliveryToRedshift.Success", "Average") == 0, "its metrics", 20)


def test_parquet_with_a_buffer_under_64_mib_is_refused(sandbox: Sandbox) -> None:
    conversion = {
        "SchemaConfiguration": {
            "DatabaseName": sandbox.cloud.outputs.lake_database,
            "TableName": "orders",
            "RoleARN": ROLE,
        },
        "InputFormatConfiguration": {"Deserializer": {"OpenXJsonSerDe": {}}},
        "OutputFormatConfiguration": {"Serializer": {"ParquetSerDe": {}}},
    }
    config = sandbox.s3(DataFormatConversionConfiguration=conversion)
    assert refused(lambda: sandbox.create(ExtendedS3DestinationConfiguration=config)) == "InvalidArgumentException"


def test_the_stacks_delivery_streams_are_described(cloud: Cloud) -> None:
    firehose = client("firehose")
    lake = firehose.describe_delivery_stream(DeliveryStreamName=cloud.outputs.lake_delivery)
    (destination,) = lake["DeliveryStreamDescription"]["Destinations"]
    assert destination["ExtendedS3DestinationDescription"]["BufferingHints"]["SizeInMBs"] == 64
    warehouse = firehose.describe_delivery_stream(DeliveryStreamName=cloud.outputs.warehouse_delivery)
    (destination,) = warehouse["DeliveryStreamDescription"]["Destinations"]
    staging = destination["RedshiftDestinationDescription"]["S3DestinationDescription"]
    assert staging["BucketARN"] == f"arn:aws:s3:::{cloud.outputs.lake_bucket}"
    assert isinstance(staging["BufferingHints"]["IntervalInSeconds"], int)
