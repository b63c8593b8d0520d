"""PutRecords by boto3, with the records of a call written and read at once.

For each member of each record botocore walks through its model of the service, which is two thirds of what a call of
500 records costs. These handlers of its events
(https://boto3.amazonaws.com/v1/documentation/api/latest/guide/events.html) take the records past that walk: the request
says the same and the answer is what boto3 gives. Signing, connections, time limits and errors stay boto3's. What the
guide leaves out of `before-parse` is told where botocore emits it (`Endpoint._get_response` in botocore/endpoint.py).
"""

from __future__ import annotations

import json
from binascii import b2a_base64
from contextlib import suppress
from json.encoder import encode_basestring_ascii
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping

_CALL = "kinesis.PutRecords"
_HELD = "weir_records"  # in the context of one call
_MEMBERS = 2  # Data and PartitionKey, which every entry must have
_OK = 200


def hasten(kinesis: Any) -> Any:  # noqa: ANN401 - boto3 makes its clients at run time
    """This client of Kinesis, quicker at PutRecords of entries with Data (bytes) and PartitionKey.

    A call with any other entry goes boto3's own way. The client must not check parameters
    (`parameter_validation=False`): the records are taken out before they are looked at.
    """
    events = kinesis.meta.events
    events.register(f"before-parameter-build.{_CALL}", _hold, unique_id="weir-hold")
    events.register(f"before-call.{_CALL}", _write, unique_id="weir-write")
    events.register(f"before-parse.{_CALL}", _read, unique_id="weir-read")
    return kinesis


def _hold(params: MutableMapping[str, Any], context: MutableMapping[str, Any], **_: object) -> None:
    """Keep the records from the serializer, which goes member by member."""
    if all(len(entry) == _MEMBERS for entry in params["Records"]):
        context[_HELD] = params["Records"]
        params["Records"] = []


def _write(params: MutableMapping[str, Any], context: Mapping[str, Any], **_: object) -> None:
    """Put them into the request before it is signed."""
    if _HELD not in context:
        return
    records = ",".join(
        [
            f'{{"Data":"{b2a_base64(entry["Data"], newline=False).decode()}",'
            f'"PartitionKey":{encode_basestring_ascii(entry["PartitionKey"])}}}'
            for entry in context[_HELD]
        ]
    )
    others = {name: value for name, value in json.loads(params["body"]).items() if name != "Records"}
    params["body"] = f'{json.dumps(others)[:-1]},"Records":[{records}]}}'.encode()


def _read(
    response_dict: MutableMapping[str, Any], customized_response_dict: MutableMapping[str, Any], **_: object
) -> None:
    """Take the answer as it is: its names on the wire are those that boto3 gives."""
    if response_dict["status_code"] != _OK:
        return
    with suppress(ValueError):  # of an answer that is no JSON boto3 makes what it makes
        answer = json.loads(response_dict["body"])
        customized_response_dict.update(answer if isinstance(answer, dict) else {})
        response_dict["body"] = b"{}"
