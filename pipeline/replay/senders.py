"""Targets of a replay: one call with a batch of records, one outcome for each record. Retries are delivery's part.

A sender sorts out what the target's answer means: taken, refused for now, or refused for good. It raises CloudError
when no record could ever be taken (the stream is not there, access is refused), so that nobody retries in vain.
"""

from __future__ import annotations

import json
import threading
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import requests
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,
)
from urllib3.exceptions import NewConnectionError

from pipeline.clients import aws_errors, error_code
from pipeline.errors import CloudError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pipeline.replay.rows import Record

_REPLAY_HEADER = "X-Weir-Replay-Id"
_TIMEOUTS = (3.0, 35.0)  # seconds to connect and to answer; API Gateway itself gives up after 29
_OK, _BAD_REQUEST, _TOO_MANY, _SERVER_ERROR = 200, 400, 429, 500
# The gateway got no answer, or none that it understood, from a function that may have done its work.
_GATEWAY_LOST = {_OK, 502, 504}
_NEVER_SENT = (ConnectTimeoutError, EndpointConnectionError, NoCredentialsError, ParamValidationError)
# Kinesis's codes that no further attempt changes. Everything else (throttling, KMS, internal failures) may pass.
_HOPELESS = {
    "AccessDeniedException", "ExpiredTokenException", "InvalidSignatureException", "ResourceNotFoundException",
    "UnrecognizedClientException",
}  # fmt: skip
_FOR_GOOD = {"InvalidArgumentException", "ValidationException", "SerializationException"}
# Behind these statuses what was asked may have been done all the same, but for Firehose's way to say "slower".
_SERVICE_LOST, _NOT_TAKEN = {500, 502, 504}, {"ServiceUnavailableException"}


class Limits(NamedTuple):
    """What one call takes: records, bytes of all records (keys included), bytes of one record."""

    records: int
    bytes: int
    record_bytes: int


class Accepted(NamedTuple):
    """The target has the record; where a stream tells, on which shard and under which sequence number."""

    shard: str = ""
    sequence_number: str = ""


class Refused(NamedTuple):
    """The target has not taken the record; `retry` tells whether to send it again.

    With `lost` it may have: the call was made and its answer did not arrive.
    """

    code: str
    message: str = ""
    retry: bool = True
    lost: bool = False

    @property
    def reason(self) -> str:
        """Why, in one text."""
        return f"{self.code}: {self.message}".removesuffix(": ")


Outcome = Accepted | Refused


class Sender(Protocol):
    """One target."""

    @property
    def target(self) -> str:
        """What the target is called: kinesis, api, firehose."""

    @property
    def limits(self) -> Limits:
        """What one call takes."""

    def put(self, records: Sequence[Record]) -> list[Outcome]:
        """Make one call; the outcomes are in the order of the records. Safe to call from several threads."""


class Kinesis(Protocol):
    """The one call of boto3's Kinesis client that is made here. Give it one attempt a call: we count retries."""

    def put_records(self, *, StreamName: str, Records: Sequence[Mapping[str, object]]) -> Mapping[str, Any]:  # noqa: N803
        """PutRecords: 200 does not mean taken, each record has an outcome of its own."""


class KinesisSender:
    """Puts records into a stream by PutRecords: at most 500 of them and 5 MiB, each up to 1 MiB.

    https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html
    """

    target = "kinesis"
    limits = Limits(500, 5 << 20, 1 << 20)

    def __init__(self, kinesis: Kinesis, stream: str) -> None:
        self._kinesis = kinesis
        self._stream = stream

    def put(self, records: Sequence[Record]) -> list[Outcome]:
        """One PutRecords. A lost answer counts as refused: such a record may come twice; each sink takes it once."""
        entries = [{"Data": record.data, "PartitionKey": record.key} for record in records]
        return called(
            lambda: self._kinesis.put_records(StreamName=self._stream, Records=entries).get("Records"),
            f"Stream {self._stream}",
            itemgetter("ShardId", "SequenceNumber"),
            len(records),
        )


def called(
    put: Callable[[], Any],
    where: str,
    taken: Callable[[Mapping[str, Any]], tuple[str, str]],
    count: int,
) -> list[Outcome]:
    """The outcomes of a boto3 call that answers record by record; `taken` gives shard and number of a taken one.

    Raises CloudError for what no attempt changes.
    """
    try:
        results = put()
    except ClientError as error:
        code = error_code(error)
        if code in _HOPELESS:
            with aws_errors(where):
                raise
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        lost = status in _SERVICE_LOST and code not in _NOT_TAKEN
        return [Refused(code, str(error), retry=code not in _FOR_GOOD, lost=lost)] * count
    except BotoCoreError as error:
        return [Refused(type(error).__name__, str(error), lost=not isinstance(error, _NEVER_SENT))] * count
    try:
        outcomes = _outcomes(results, taken)
    except (TypeError, KeyError, AttributeError) as error:  # an answer of another shape
        return [Refused("BadAnswer", f"not an outcome a record: {error!r}", lost=True)] * count
    if len(outcomes) != count or any(number is None for _, number, *_ in outcomes):
        return [Refused("BadAnswer", f"{len(outcomes)} results for {count} records", lost=True)] * count
    return outcomes


def _outcomes(
    results: Sequence[Mapping[str, Any]], taken: Callable[[Mapping[str, Any]], tuple[str, str]]
) -> list[Outcome]:
    accepted = Accepted._make  # without its own call's detour: 0.1 microseconds a row
    return [
        Refused(result["ErrorCode"], result.get("ErrorMessage") or "")
        if result.get("ErrorCode")
        else accepted(taken(result))
        for result in results
    ]


class ApiSender:
    """Posts lists of records to the API: at most 500 of them and just under 1 MiB.

    The function behind it stamps SentAt anew; ReplayID travels in a header, because bodies cannot set it.
    """

    target = "api"
    limits = Limits(500, 1_000_000, 1_000_000)

    def __init__(
        self,
        url: str,
        replay_id: str,
        *,
        path: str = "orders",
        api_key: str | None = None,
        session: Callable[[], Any] = requests.Session,
    ) -> None:
        self._url = f"{url.rstrip('/')}/{path}"
        self._headers = {"Content-Type": "application/json", _REPLAY_HEADER: replay_id}
        if api_key:
            self._headers["x-api-key"] = api_key
        self._session = session
        self._local = threading.local()  # a session is not made for several threads

    def put(self, records: Sequence[Record]) -> list[Outcome]:
        """One POST. 503 names the rows that the stream refused; 400 those that the contract refuses."""
        if not hasattr(self._local, "session"):
            self._local.session = self._session()
        body = b"[" + b",".join(record.data for record in records) + b"]"
        try:
            answer = self._local.session.post(self._url, data=body, headers=self._headers, timeout=_TIMEOUTS)
            content = _content(answer)
        except requests.RequestException as error:
            lost = not _never_connected(error)
            return [Refused(type(error).__name__, str(error), lost=lost)] * len(records)
        return self._outcomes(answer.status_code, content, len(records))

    def _outcomes(self, status: int, content: Mapping[str, Any], count: int) -> list[Outcome]:
        code, message = f"HTTP {status}", str(content.get("error") or content.get("message") or "")
        if status == _OK and content.get("accepted") == count:
            return [Accepted()] * count
        if status in {401, 403, 404}:
            raise CloudError(
                f"{self._url} answers {status} ({message or 'no reason'}): check the stack and the API key."
            )
        if "indexes" in content:
            left = set(content["indexes"])
            return [Refused(code, message) if at in left else Accepted() for at in range(count)]
        if status == _BAD_REQUEST and content.get("rows"):
            # All or nothing: the good rows of the list go again without the bad ones.
            bad = {row["index"]: f"{row['field']}: {row['reason']}" for row in content["rows"]}
            return [Refused(code, bad.get(at, ""), retry=at not in bad) for at in range(count)]
        passing = status >= _SERVER_ERROR or status in {_OK, _TOO_MANY}
        return [Refused(code, message, retry=passing, lost=status in _GATEWAY_LOST)] * count


def _never_connected(error: requests.RequestException) -> bool:
    # requests wraps what urllib3 wraps around the cause.
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(error, requests.ConnectTimeout) or isinstance(reason, NewConnectionError)


def _content(answer: Any) -> Mapping[str, Any]:  # noqa: ANN401 - a requests.Response, or a test's stand-in
    try:
        content = answer.json()
    except (json.JSONDecodeError, requests.JSONDecodeError):
        return {}
    return content if isinstance(content, dict) else {}
