"""PutRecords the quick way, compared with boto3's own: the same request, signed, and the same answer."""

from __future__ import annotations

import json
from io import BytesIO
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest, AWSResponse
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from pipeline.replay.put_records import hasten
from pipeline.replay.rows import Record
from pipeline.replay.senders import KinesisSender, Refused

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest

KEY_ID, SECRET, REGION = "key-id", "secret", "us-east-1"
TAKEN = {
    "SequenceNumber": "49578734086442259037497492980620233840400173390482112514",
    "ShardId": "shardId-000000000000",
}
THROTTLED = {"ErrorCode": "ProvisionedThroughputExceededException", "ErrorMessage": "Rate exceeded for shard"}

entries = st.lists(
    st.fixed_dictionaries({"Data": st.binary(max_size=80), "PartitionKey": st.text(min_size=1, max_size=20)}),
    min_size=1,
    max_size=8,
)


class Wire:
    """A client of Kinesis with what it sends written down and every answer given."""

    def __init__(self, answer: object = b"", status: int = 200) -> None:
        self.sent: list[AWSPreparedRequest] = []
        self._answer = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self._status = status
        self.client = boto3.session.Session(KEY_ID, SECRET, region_name=REGION).client(
            "kinesis",
            endpoint_url="http://127.0.0.1:1",
            config=Config(parameter_validation=False, retries={"mode": "standard", "total_max_attempts": 1}),
        )
        self.client.meta.events.register("before-send.kinesis.PutRecords", self._send)

    def put(self, records: list[dict[str, Any]]) -> dict[str, Any]:
        answer: dict[str, Any] = self.client.put_records(StreamName="orders", Records=records)
        answer.pop("ResponseMetadata")
        return answer

    def _send(self, request: AWSPreparedRequest, **_: object) -> AWSResponse:
        self.sent.append(request)
        headers = {"x-amzn-requestid": "1", "content-type": "application/x-amz-json-1.1"}
        return AWSResponse(request.url, self._status, headers, _Raw(self._answer))


class _Raw(BytesIO):
    def stream(self, **_: object) -> Any:
        yield self.read()


def text(header: str | bytes) -> str:
    return header if isinstance(header, str) else header.decode()


def both(answer: object, status: int = 200) -> tuple[Wire, Wire]:
    plain, quick = Wire(answer, status), Wire(answer, status)
    hasten(quick.client)
    return plain, quick


PLAIN, QUICK = both({"FailedRecordCount": 0, "Records": [TAKEN]})


@given(entries)
def test_the_request_says_the_same(records: list[dict[str, Any]]) -> None:
    PLAIN.put(records)
    QUICK.put(records)
    plain, quick = PLAIN.sent.pop(), QUICK.sent.pop()
    assert json.loads(quick.body) == json.loads(plain.body)
    assert text(quick.headers["Content-Length"]) == str(len(quick.body))
    same = ("X-Amz-Target", "Content-Type", "User-Agent")
    assert [quick.headers[name] for name in same] == [plain.headers[name] for name in same]


@given(entries)
def test_the_signature_is_of_what_is_sent(records: list[dict[str, Any]]) -> None:
    QUICK.put(records)
    sent = QUICK.sent.pop()
    signed = AWSRequest(sent.method, sent.url, data=sent.body)
    for name in ("Content-Type", "X-Amz-Date", "X-Amz-Target"):
        signed.headers[name] = text(sent.headers[name])
    signed.context["timestamp"] = signed.headers["X-Amz-Date"]
    auth = SigV4Auth(Credentials(KEY_ID, SECRET), "kinesis", REGION)
    expected = auth.signature(auth.string_to_sign(signed, auth.canonical_request(signed)), signed)
    assert text(sent.headers["Authorization"]).endswith(f"Signature={expected}")


def test_an_entry_that_says_more_goes_boto3s_own_way() -> None:
    records: list[dict[str, Any]] = [
        {"Data": b"1", "PartitionKey": "a"},
        {"Data": b"2", "PartitionKey": "b", "ExplicitHashKey": "17"},
    ]
    PLAIN.put(records)
    QUICK.put(records)
    assert json.loads(QUICK.sent.pop().body) == json.loads(PLAIN.sent.pop().body)


@pytest.mark.parametrize(
    "answer",
    [
        {"FailedRecordCount": 0, "Records": [TAKEN, TAKEN], "EncryptionType": "NONE"},
        {"FailedRecordCount": 1, "Records": [TAKEN, THROTTLED]},
        {},
        b"",
    ],
)
def test_the_answer_is_the_same(answer: object) -> None:
    plain, quick = both(answer)
    records = [{"Data": b"1", "PartitionKey": "a"}, {"Data": b"2", "PartitionKey": "b"}]
    assert quick.put(records) == plain.put(records)


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ({"__type": "ProvisionedThroughputExceededException", "message": "slow down"}, 400),
        ({"__type": "com.amazonaws.kinesis#ResourceNotFoundException", "message": "no stream"}, 400),
        (b"<html>Bad Gateway</html>", 502),
    ],
)
def test_errors_are_the_same(answer: object, status: int) -> None:
    told = []
    for wire in both(answer, status):
        with pytest.raises(ClientError) as error:
            wire.put([{"Data": b"1", "PartitionKey": "a"}])
        told.append((type(error.value).__name__, error.value.response["Error"], str(error.value)))
    assert told[0] == told[1]


ODD = [
    b"<html>hello</html>", b"null", b"[]", b'{"Records": null}', b'{"Records": [{}]}', b'{"Records": [null]}',
    b'{"Records": [{"ShardId": null, "SequenceNumber": null}]}',
]  # fmt: skip


@pytest.mark.parametrize("answer", ODD)
def test_an_answer_without_an_outcome_a_record_is_a_lost_one(answer: bytes) -> None:
    wire = Wire(answer)
    (outcome,) = KinesisSender(hasten(wire.client), "orders").put([Record(2, "A-1", "A", b"{}")])
    assert isinstance(outcome, Refused)
    assert (outcome.code, outcome.retry, outcome.lost) == ("BadAnswer", True, True)
