"""Page views on their way through Firehose: from what senders write to the contract.

For each record Firehose gets back the good lines of it as JSON lines; the bad ones are kept in `quarantine/page_views/`
with their reasons before that, one object an invocation. A record without a good line is dropped here, because it is
kept there. When quarantine cannot be written the whole invocation fails: Firehose calls again, and writes the records
to its error prefix in the end.
"""

from __future__ import annotations

import base64
import json
import os
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from pipeline.contracts import quarantine
from pipeline.functions.view_processor import lines

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# Lambda answers with 6 MB at most, a third of which base64 takes. What is left over is marked as failed, and Firehose
# writes it to its error prefix as it came.
MAX_ANSWER_BYTES = 5_500_000
_TOO_MUCH = "With what came beside it this record makes more than Lambda answers with: put fewer lines in a record."


@dataclass(frozen=True)
class Environment:
    """What the template sets for this function."""

    lake_bucket: str

    @classmethod
    def read(cls, variables: Mapping[str, str]) -> Environment:
        """Raises KeyError for a variable that is not set."""
        return cls(lake_bucket=variables["LAKE_BUCKET"])


def handle(event: dict[str, Any], context: Any) -> dict[str, object]:  # noqa: ANN401 - Lambda's context has no type
    """Lambda's entry, called by Firehose with a batch of records."""
    del context
    return process(event, Environment.read(os.environ), _s3())


def process(event: Mapping[str, Any], environment: Environment, s3: quarantine.S3) -> dict[str, object]:
    """Firehose's answer: each record Ok with its page views, Dropped or ProcessingFailed. Raises what boto3 raises."""
    answers: list[dict[str, object]] = []
    bad: list[lines.BadLine] = []
    size = 0
    for record in event["records"]:
        data = base64.b64decode(record["data"])
        views = lines.read(record["recordId"], record["approximateArrivalTimestamp"], data)
        answer: dict[str, object] = {"recordId": record["recordId"], "result": "Dropped"}
        if views.good:
            text = base64.b64encode(b"".join(views.good)).decode()
            size += len(text)
            answer |= {"result": "Ok", "data": text}
        if size > MAX_ANSWER_BYTES:
            size -= len(str(answer["data"]))
            answers.append({"recordId": record["recordId"], "result": "ProcessingFailed"})
            _log(record_id=record["recordId"], failed=_TOO_MUCH)
            continue
        answers.append(answer)
        bad += views.bad
    if bad:
        key = keep(s3, environment.lake_bucket, str(event["invocationId"]), bad)
        _log(invocation_id=event["invocationId"], refused=len(bad), kept=key)
    return {"records": answers}


def keep(s3: quarantine.S3, bucket: str, invocation_id: str, bad: Sequence[lines.BadLine]) -> str:
    """Keep refused lines with their reasons; gives the object's key. Raises what boto3 raises."""
    rows: list[dict[str, object]] = [
        {"index": index, "field": problem.field, "reason": problem.reason}
        for index, line in enumerate(bad)
        for problem in line.problems
    ]
    reason = f"{len(bad)} lines are not page views; the rest of their records was taken."
    note = quarantine.Note(invocation_id, None, 400, reason, rows)
    return quarantine.keep(s3, bucket, "page_views", b"\n".join(line.text for line in bad), note)


def _log(**fields: object) -> None:
    print(json.dumps(fields))  # noqa: T201 - Lambda's log is what is printed


@cache
def _s3() -> quarantine.S3:
    retries = {"mode": "standard", "total_max_attempts": 3}
    found: quarantine.S3 = boto3.client("s3", config=Config(connect_timeout=2, read_timeout=5, retries=retries))
    return found
