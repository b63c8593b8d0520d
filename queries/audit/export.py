"""The events of a DynamoDB table from its export to S3: what a table of many million items is compared by on AWS.

An export reads the table's backups, so that it takes nothing of what the table can be asked for; a scan of the same
items would bring each of them over the network. It takes some minutes, whatever the size.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataExport.Output.html
"""

from __future__ import annotations

import gzip
import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from pipeline.clients import aws_errors
from pipeline.errors import CloudError, QueryTimeoutError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PREFIX = "exports/"
_LIMIT_S = 3600.0
_LOOK_EACH_S = 10.0
_READERS = 4


def event_ids(
    dynamodb: Any,  # noqa: ANN401 - boto3 makes its clients at run time
    s3: Any,  # noqa: ANN401
    table_arn: str,
    bucket: str,
    *,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[set[str]]:
    """Export the table as it is now into `bucket`; the `event_id` of its items, file by file.

    Needs point-in-time recovery. Raises CloudError when the export fails, QueryTimeoutError after an hour.
    """
    began = clock()
    with aws_errors(f"The export of {table_arn}"):
        told = dynamodb.export_table_to_point_in_time(
            TableArn=table_arn, S3Bucket=bucket, S3Prefix=PREFIX.rstrip("/"), ExportFormat="DYNAMODB_JSON",
            ExportType="FULL_EXPORT",
        )["ExportDescription"]  # fmt: skip
        while told["ExportStatus"] == "IN_PROGRESS":
            if clock() - began > _LIMIT_S:
                raise QueryTimeoutError(f"The export {told['ExportArn']} is not there after an hour: ask again later.")
            sleep(_LOOK_EACH_S)
            told = dynamodb.describe_export(ExportArn=told["ExportArn"])["ExportDescription"]
        if told["ExportStatus"] != "COMPLETED":
            why = f"{told.get('FailureCode', 'no code')}: {told.get('FailureMessage', 'no reason')}"
            raise CloudError(f"The export of {table_arn} failed ({why}).")
        summary = json.loads(_body(s3, bucket, told["ExportManifest"]))
        listed = _body(s3, bucket, summary["manifestFilesS3Key"]).splitlines()
        files = [str(json.loads(line)["dataFileS3Key"]) for line in listed if line]
        with ThreadPoolExecutor(_READERS) as pool:
            yield from pool.map(lambda key: _ids(_body(s3, bucket, key)), files)


def _ids(body: bytes) -> set[str]:
    items = (json.loads(line)["Item"] for line in gzip.decompress(body).splitlines() if line)
    return {item["event_id"]["S"] for item in items if "event_id" in item}


def _body(s3: Any, bucket: str, key: str) -> bytes:  # noqa: ANN401
    body: bytes = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    return body
