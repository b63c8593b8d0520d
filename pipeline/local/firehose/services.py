"""What a delivery needs of the rest of the cloud, and how MiniStack's services give it.

`Services` is the seam that tests replace by something in memory.
"""

from __future__ import annotations

import json
import logging
import time
from base64 import b64encode
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from pipeline.local import objects
from pipeline.local.metrics import publish

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pipeline.local.firehose.buffers import Record
    from pipeline.local.firehose.destination import LogStream
    from pipeline.local.metrics import Metric

logger = logging.getLogger("weir.firehose")
# A record is in its stream a little before it reaches a delivery stream's buffer.
_CLOCK_SLACK_S = 5.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What a function answered: its payload, or the code and words of what went wrong."""

    payload: Any = None
    code: str = ""
    message: str = ""


class Services(Protocol):
    """S3, Glue, Lambda, Secrets Manager, CloudWatch and Kinesis, as far as Firehose uses them."""

    def put(self, bucket: str, key: str, body: bytes) -> None:
        """Write an object; raises when it was not written."""

    def columns(self, database: str, table: str) -> list[tuple[str, str]] | None:
        """Names and types of a Glue table's columns, None when there is no such table."""

    def invoke(self, function: str, event: Mapping[str, Any]) -> Answer:
        """Call a function and wait for it."""

    def secret(self, arn: str) -> Mapping[str, Any]:
        """A secret's JSON document; raises LookupError when there is none."""

    def log(self, where: LogStream, message: str) -> None:
        """Write a line, if the log stream exists."""

    def publish(self, stream: str, metrics: Iterable[Metric]) -> None:
        """Put metrics of a delivery stream."""

    def sequence_numbers(self, source: str, records: Sequence[Record]) -> list[str]:
        """Each record's sequence number in its Kinesis stream, empty where it is not known."""

    def stream(self, arn: str) -> dict[str, Any] | None:
        """MiniStack's record of a delivery stream, by its ARN."""


class MiniStack:
    """`Services` on MiniStack. Call within the host's scope."""

    def put(self, bucket: str, key: str, body: bytes) -> None:
        """Write an object; raises LocalCloudError when it was not written."""
        objects.put(bucket, key, body)

    def columns(self, database: str, table: str) -> list[tuple[str, str]] | None:
        """Names and types of a Glue table's columns, None when there is no such table."""
        from ministack.services import glue

        found = glue._tables.get(f"{database}/{table}")
        if found is None:
            return None
        return [(column["Name"], column.get("Type", "string")) for column in found["StorageDescriptor"]["Columns"]]

    def invoke(self, function: str, event: Mapping[str, Any]) -> Answer:
        """Call a function and wait for it."""
        from ministack.services import lambda_svc

        record, _config, _name = lambda_svc._get_func_record_for_ref(function)
        if record is None:
            return Answer(code="Lambda.ResourceNotFound", message="The specified Lambda function does not exist.")
        result = lambda_svc._execute_function(record, dict(event))
        body = result.get("body")
        if result.get("throttle"):
            why = "The Lambda concurrent execution limit is exceeded. Increase the concurrent execution limit."
            return Answer(code="Lambda.InvokeLimitExceeded", message=why)
        if result.get("error"):
            said = body.get("errorMessage") if isinstance(body, dict) else body
            return Answer(
                code="Lambda.FunctionError",
                message=f"The Lambda function was successfully invoked but it returned an error result. {said}",
            )
        if isinstance(body, str | bytes):
            try:
                body = json.loads(body)
            except ValueError:
                body = None  # which is no answer of the form asked for
        return Answer(payload=body)

    def secret(self, arn: str) -> Mapping[str, Any]:
        """A secret's JSON document; raises LookupError when there is none."""
        from ministack.services import secretsmanager

        status, _headers, body = secretsmanager._get_secret_value({"SecretId": arn})
        answer = json.loads(body)
        if status >= 400:  # noqa: PLR2004 - HTTP's errors start there
            raise LookupError(answer.get("message") or answer.get("Message") or arn)
        document: dict[str, Any] = json.loads(answer["SecretString"])
        return document

    def log(self, where: LogStream, message: str) -> None:
        """Write a line, if the log stream exists."""
        from ministack.services import cloudwatch_logs

        line = {"timestamp": int(time.time() * 1000), "message": message}
        cloudwatch_logs._put_log_events(
            {"logGroupName": where.group, "logStreamName": where.stream, "logEvents": [line]}
        )

    def publish(self, stream: str, metrics: Iterable[Metric]) -> None:
        """Put metrics of a delivery stream."""
        publish("AWS/Firehose", {"DeliveryStreamName": stream}, metrics)

    def sequence_numbers(self, source: str, records: Sequence[Record]) -> list[str]:
        """Each record's sequence number in its Kinesis stream, empty where it is not known.

        The hook from Kinesis hands records over without them. They are wanted for the few that fail only, so they
        are looked up by content; of equal records each gets a number of its own.
        """
        from ministack.services import kinesis

        stream = next((found for found in kinesis._streams.values() if found["StreamARN"] == source), None)
        if stream is None or not records:
            return ["" for _ in records]
        texts = [b64encode(record.data).decode() for record in records]
        wanted = set(texts)
        since = min(record.arrived for record in records) - _CLOCK_SLACK_S
        found: dict[str, list[str]] = defaultdict(list)
        for shard in stream["shards"].values():
            for entry in reversed(shard["records"]):
                if entry["ApproximateArrivalTimestamp"] < since:
                    break
                if entry["Data"] in wanted:
                    found[entry["Data"]].append(entry["SequenceNumber"])
        for numbers in found.values():
            numbers.sort(reverse=True)
        return [found[text].pop() if found[text] else "" for text in texts]

    def stream(self, arn: str) -> dict[str, Any] | None:
        """MiniStack's record of a delivery stream, by its ARN."""
        from ministack.services import firehose

        found: dict[str, Any] | None = firehose._streams.get(arn.rpartition("/")[2])
        return found
