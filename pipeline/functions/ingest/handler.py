"""POST /orders and POST /page-views, as API Gateway's Lambda proxy integration calls them.

    200  {"accepted": n, "event_ids": [...]}: every row is in the stream
    400  {"error", "rows": [{"index", "field", "reason"}]}: nothing was taken; the body lies in quarantine
    413  the same for a body that is too large
    503  {"error", "indexes", "event_ids"}: the stream refused the rows at `indexes`, which should be sent again,
         with their EventIDs so that they stay the same events

Every answer is JSON and names the request id, which is also the name of the quarantined body.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import asdict, dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from pipeline.contracts import quarantine, stream
from pipeline.contracts.clock import CLOCK
from pipeline.functions.ingest import body
from pipeline.functions.ingest.families import ORDERS, PAGE_VIEWS, Family

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_RESERVE = 4.0  # seconds kept for the answer, and for a last call that times out


@dataclass(frozen=True)
class Environment:
    """What the template sets for a family's function."""

    stream: str
    lake_bucket: str

    @classmethod
    def read(cls, family: Family, variables: Mapping[str, str]) -> Environment:
        """Raises KeyError for a variable that is not set."""
        return cls(stream=variables[family.variable], lake_bucket=variables["LAKE_BUCKET"])


@dataclass(frozen=True)
class Clients:
    """The AWS clients, made on first use: a request that is accepted needs no S3."""

    kinesis: Callable[[], stream.Kinesis]
    s3: Callable[[], quarantine.S3]


@dataclass
class Answer:
    """A status and a JSON body."""

    status: int
    content: dict[str, object] = field(default_factory=dict)

    def proxy(self, request_id: str) -> dict[str, object]:
        """The form that API Gateway wants."""
        content = {**self.content, "request_id": request_id}
        return {
            "statusCode": self.status,
            "headers": {"Content-Type": "application/json"},
            "isBase64Encoded": False,
            "body": json.dumps(content),
        }


def handle(event: dict[str, Any], context: Any) -> dict[str, object]:  # noqa: ANN401 - Lambda's context has no type
    """Lambda's entry for POST /orders."""
    return _handle(ORDERS, event, context)


def handle_page_views(event: dict[str, Any], context: Any) -> dict[str, object]:  # noqa: ANN401 - likewise
    """Lambda's entry for POST /page-views."""
    return _handle(PAGE_VIEWS, event, context)


def _handle(family: Family, event: dict[str, Any], context: Any) -> dict[str, object]:  # noqa: ANN401 - likewise
    due = time.monotonic() + context.get_remaining_time_in_millis() / 1000 - _RESERVE
    request_id = str((event.get("requestContext") or {}).get("requestId") or context.aws_request_id)
    environment = Environment.read(family, os.environ)
    answer = post(family, event, request_id, environment, _CLIENTS, time_left=lambda: due - time.monotonic())
    _log(request_id=request_id, status=answer.status, accepted=answer.content.get("accepted", 0))
    return answer.proxy(request_id)


def post(
    family: Family,
    event: Mapping[str, object],
    request_id: str,
    environment: Environment,
    clients: Clients,
    *,
    time_left: Callable[[], float],
) -> Answer:
    """Take all rows of a request, or none; never raises for anything that a sender can send."""
    posted = body.raw_bytes(event)
    replay: str | None = None
    try:
        replay = body.replay_id(event)
        exact = bool(event.get("isBase64Encoded"))
        events = body.events(posted, family, request_id=request_id, replay=replay, now=CLOCK.now, exact=exact)
    except body.RefusedError as refused:
        rows = [asdict(row) for row in refused.rows]
        note = quarantine.Note(request_id, replay, refused.status, refused.reason, rows)
        return _refuse(posted, note, family, environment, clients)
    ids = [str(taken["EventID"]) for taken in events]
    latest = list({str(taken["EventID"]): taken for taken in events}.values())
    records = [family.record(taken) for taken in latest]
    refused_by_stream = stream.send(clients.kinesis(), environment.stream, records, time_left=time_left)
    if not refused_by_stream:
        return Answer(200, {"accepted": len(ids), "event_ids": ids})
    missing = {str(latest[index]["EventID"]) for index in refused_by_stream}
    indexes = [index for index, event_id in enumerate(ids) if event_id in missing]
    codes = ", ".join(sorted(set(refused_by_stream.values())))
    reason = f"The stream refused {len(indexes)} of {len(ids)} rows ({codes}); send the rows at `indexes` again."
    return Answer(503, {"error": reason, "indexes": indexes, "event_ids": ids})


def _refuse(posted: bytes, note: quarantine.Note, family: Family, environment: Environment, clients: Clients) -> Answer:
    if posted:
        try:
            quarantine.keep(clients.s3(), environment.lake_bucket, family.kept, posted, note)
        except (BotoCoreError, ClientError) as error:
            # Refused and not kept would be gone: the sender must try again, and learns what is wrong all the same.
            _log(request_id=note.request_id, not_kept=str(error))
            again = f"{note.reason} It could not be kept either; send it again."
            return Answer(503, {"error": again, "rows": note.rows})
    return Answer(note.status, {"error": note.reason, "rows": note.rows})


def _log(**fields: object) -> None:
    print(json.dumps(fields))  # noqa: T201 - Lambda's log is what is printed


@cache
def _client(service: str, attempts: int) -> Any:  # noqa: ANN401 - boto3 makes its clients at run time
    retries = {"mode": "standard", "total_max_attempts": attempts}
    return boto3.client(service, config=Config(connect_timeout=2, read_timeout=3, retries=retries))


_CLIENTS = Clients(kinesis=lambda: _client("kinesis", 1), s3=lambda: _client("s3", 3))
