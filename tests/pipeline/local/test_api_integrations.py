"""A REST API in front of Firehose's PutRecord answers as API Gateway's developer guide says."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import packaging
from pipeline.functions.view_processor import lines
from pipeline.local import api_gateway, api_integrations
from pipeline.local.host import Host

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def integration() -> dict[str, Any]:
    """POST /clicks as the template has it, its names filled in."""
    paths = packaging.template()["Resources"]["Api"]["Properties"]["DefinitionBody"]["paths"]
    found: dict[str, Any] = paths["/clicks"]["post"]["x-amazon-apigateway-integration"]
    templates = found["requestTemplates"].items()
    filled = {kind: text["Fn::Sub"].replace("${ClicksToLake}", "clicks") for kind, text in templates}
    uri = "arn:aws:apigateway:us-east-1:firehose:action/PutRecord"
    return {**found, "requestTemplates": filled, "uri": uri}


class Api:
    """POST /clicks, and Firehose in memory behind it."""

    def __init__(self, app: Any, gateway: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        from ministack.services import firehose

        self.app = app
        self.requests: list[dict[str, Any]] = []
        self.answer: tuple[int, dict[str, Any]] = (200, {"RecordId": "rec-1", "Encrypted": False})
        monkeypatch.setattr(firehose, "_put_record", self.put_record)
        operation = {"x-amazon-apigateway-integration": integration()}
        spec = {"info": {"title": "t"}, "paths": {"/clicks": {"post": operation}}}
        self.id = gateway._import_rest_api(spec, {"binaryMediaTypes": ["*~1*"]})
        gateway._create_deployment(self.id, {"stageName": "v1"})

    def put_record(self, request: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        self.requests.append(request)
        status, answer = self.answer
        return status, {}, json.dumps(answer).encode()

    def post(self, body: bytes, content_type: str | None = "application/json") -> tuple[int, Any]:
        raw = f"/restapis/{self.id}/v1/_user_request_/clicks"
        headers = {} if content_type is None else {"content-type": content_type}
        call = self.app._handle_execute_api_request(
            "127.0.0.1:4566", raw, "POST", headers, body, {}, raw_path=raw, raw_query_string=""
        )
        status, self.headers, content = asyncio.run(call)
        return status, json.loads(content)

    def record(self) -> bytes:
        (request,) = self.requests
        assert request["DeliveryStreamName"] == "clicks"
        return base64.b64decode(request["Record"]["Data"])


@pytest.fixture
def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    from ministack import app
    from ministack.services import apigateway_v1 as gateway

    for module, names in (
        (app, ("_handle_execute_api_request",)),
        (
            gateway,
            (
                "_import_operation",
                "_invoke_lambda_custom_v1",
                "_invoke_lambda_proxy_v1",
                "_build_lambda_event_v1",
                "_lambda_proxy_response",
                "_media_type_matches",
            ),
        ),
    ):
        for name in names:
            monkeypatch.setattr(module, name, getattr(module, name))  # put back what install replaces
    host = Host(tmp_path, "", cast("Any", None))
    api_gateway.install(host)
    api_integrations.install(host)
    with host.scope():
        yield Api(app, gateway, monkeypatch)
    gateway.reset()


def test_a_click_reaches_firehose_as_one_clean_line_with_the_requests_id(api: Api) -> None:
    click = '{\n  "element_clicked": "say \\"hi\\" é قائمة 🍕 $input.body #if(1)",\r\n  "n": 1.50\n}\n'
    status, answer = api.post(click.encode())
    assert (status, answer["accepted"], answer["record_id"]) == (200, 1, "rec-1")
    line = api.record()
    assert line.endswith(b"}\n")
    assert line.count(b"\n") == 1
    assert 'say \\"hi\\" é قائمة 🍕 $input.body #if(1)'.encode() in line
    assert json.loads(line) == {"Click": json.loads(click), "RequestId": answer["request_id"]}
    assert api.headers["x-amzn-RequestId"] == answer["request_id"]


@pytest.mark.parametrize(
    "content_type",
    [None, "application/json; charset=utf-8", "text/plain;charset=UTF-8", "application/x-www-form-urlencoded"],
)
def test_content_types_that_senders_of_json_name(api: Api, content_type: str | None) -> None:
    assert api.post(b'{"element_clicked": "a"}', content_type)[0] == 200
    assert json.loads(api.record())["Click"] == {"element_clicked": "a"}


def test_other_content_types_are_a_415(api: Api) -> None:
    """ "Integration passthrough behaviors": NEVER."""
    assert api.post(b"<a/>", "application/xml") == (415, {"message": "Unsupported Media Type"})
    assert api.requests == []


def test_what_is_not_json_reaches_firehose_as_it_came(api: Api) -> None:
    assert api.post(b"no json")[0] == 200
    assert api.record().startswith(b'{"Click":no json,"RequestId":"')


def test_a_body_cannot_say_what_is_ours_to_say(api: Api) -> None:
    forged = b'{},"Page":"p","OccurredAt":"2026-01-01 00:00:00","SentAt":"2099-01-01 00:00:00","ReplayID":"theirs"'
    assert api.post(forged)[0] == 200
    views = lines.read("rec-1", 1_767_323_045_678, api.record())
    assert (views.good, len(views.bad)) == ([], 1)
    assert "is not JSON" in views.bad[0].problems[0].reason


def test_bytes_that_are_not_utf8_are_no_click(api: Api) -> None:
    assert api.post(b'{"element_clicked": "caf\xe9", "created_at": "2026-01-01 00:00:00"}')[0] == 200
    (bad,) = lines.read("rec-1", 1_767_323_045_678, api.record()).bad
    assert "is not UTF-8" in bad.problems[0].reason


def test_firehoses_refusal_is_a_400_with_its_words(api: Api) -> None:
    api.answer = (400, {"__type": "ValidationException", "message": 'Member must be "shorter"'})
    status, answer = api.post(b"{}")
    assert (status, answer["error"]) == (400, 'Member must be "shorter"')
    assert answer["request_id"]


@pytest.mark.parametrize("answer", [{"message": "Slow down."}, {}])
def test_a_firehose_that_takes_nothing_is_a_503(api: Api, answer: dict[str, str]) -> None:
    api.answer = (503, answer)
    status, said = api.post(b"{}")
    assert (status, said["error"]) == (503, answer.get("message", "Firehose refused it."))


def test_more_than_api_gateway_takes_is_a_413(api: Api) -> None:
    assert api.post(b"x" * (api_integrations.MOST_BODY_BYTES + 1)) == (413, {"message": "Request Too Long"})


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_util_keeps_texts(text: str) -> None:
    util = api_integrations.Util()
    assert util.base64Decode(util.base64Encode(text)) == text
    assert util.urlDecode(util.urlEncode(text)) == text
    escaped = util.escapeJavaScript(text)
    assert json.loads('"' + escaped.replace("\\'", "'") + '"') == text
