"""REST APIs answer as API Gateway's developer guide says; the function behind them is ours."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import TYPE_CHECKING, Any, cast

import pytest

from pipeline.local import api_gateway
from pipeline.local.host import Host

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:lookup"
URI = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{FUNCTION}/invocations"
OK = {"statusCode": 200, "body": "{}"}


class Api:
    """A REST API with GET and POST /things/{name} in front of one function."""

    def __init__(self, app: Any, module: Any, binary: list[str]) -> None:
        self.app = app
        self.result: dict[str, Any] = {"body": OK}
        self.events: list[dict[str, Any]] = []
        integration = {"type": "aws_proxy", "httpMethod": "POST", "uri": URI}
        operation = {"x-amazon-apigateway-integration": integration}
        spec = {"info": {"title": "t"}, "paths": {"/things/{name}": {"get": operation, "post": operation}}}
        self.id = module._import_rest_api(spec, {"binaryMediaTypes": binary})
        _status, _headers, body = module._create_deployment(self.id, {"stageName": "v1"})
        assert json.loads(body)["id"]

    def execute(self, _function: object, event: dict[str, Any]) -> dict[str, Any]:
        self.events.append(event)
        return self.result

    def call(
        self, name: str = "a", body: bytes = b"", method: str = "POST", headers: dict[str, str] | None = None
    ) -> tuple[int, Any]:
        """What the server does with a request line; ASGI gives its path decoded and raw."""
        from urllib.parse import unquote

        raw = f"/restapis/{self.id}/v1/_user_request_/things/{name}"
        answer = self.app._handle_execute_api_request(
            "127.0.0.1:4566", unquote(raw), method, headers or {}, body, {}, raw_path=raw, raw_query_string=""
        )
        status, _headers, content = asyncio.run(answer)
        return status, json.loads(content)


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Api]]:
    from ministack import app
    from ministack.services import apigateway_v1, lambda_svc

    for module, names in (
        (app, ("_handle_execute_api_request",)),
        (
            apigateway_v1,
            (
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

    def make_api(binary: tuple[str, ...] = ()) -> Api:
        api = Api(app, apigateway_v1, list(binary))
        monkeypatch.setattr(lambda_svc, "_execute_function", api.execute)
        return api

    with host.scope():
        lambda_svc._functions["lookup"] = {"config": {"FunctionName": "lookup", "FunctionArn": FUNCTION}}
        yield make_api
        lambda_svc._functions.clear()
    apigateway_v1.reset()


@pytest.fixture
def api(make: Callable[..., Api]) -> Api:
    return make()


@pytest.mark.parametrize("name", ["A%20B", "a%2Fb", "50%25", "%C3%A4", "536365", "a+b"])
def test_path_parameters_come_as_they_were_sent(api: Api, name: str) -> None:
    status, _content = api.call(name, method="GET")
    assert status == 200
    assert api.events[0]["pathParameters"] == {"name": name}
    assert api.events[0]["isBase64Encoded"] is False


@pytest.mark.parametrize(
    "result",
    [
        {"error": True, "body": {"errorMessage": "secret", "errorType": "KeyError"}},
        {"body": "text"},
        {"body": None},
        {"body": {"message": "no status"}},
        {"body": {"statusCode": 200, "body": {"not": "text"}}},
        {"body": {"statusCode": "fine", "body": ""}},
        {"body": [1]},
    ],
    ids=repr,
)
def test_a_function_that_fails_is_a_502_that_says_nothing_of_it(api: Api, result: dict[str, Any]) -> None:
    """ "Handle Lambda errors in API Gateway": 502 and `Internal server error`."""
    api.result = result
    assert api.call() == (502, {"message": "Internal server error"})


@pytest.mark.parametrize("status", [200, 400, 404, 503, "201"])
def test_a_proxy_response_is_passed_on(api: Api, status: int | str) -> None:
    api.result = {"body": {"statusCode": status, "body": '{"error": "x"}'}}
    assert api.call() == (int(status), {"error": "x"})


def test_text_is_text_and_what_is_not_utf8_is_replaced(api: Api) -> None:
    """ "Content type conversions in API Gateway", without binary media types."""
    api.call(body="£5".encode(), headers={"content-type": "application/octet-stream"})
    api.call(body="£5".encode("latin-1"))
    assert [(event["body"], event["isBase64Encoded"]) for event in api.events] == [("£5", False), ("\ufffd5", False)]


@pytest.mark.parametrize("pattern", ["*~1*", "*/*"])
@pytest.mark.parametrize("headers", [{}, {"content-type": "application/json"}, {"content-type": "text/csv"}], ids=repr)
def test_with_all_types_binary_the_bytes_come_as_they_were_sent(
    make: Callable[..., Api], pattern: str, headers: dict[str, str]
) -> None:
    """ "Content type conversions in API Gateway": also without a Content-Type, which then is application/json."""
    api = make((pattern,))
    assert api.call(body="£5".encode("latin-1"), headers=headers)[0] == 200
    assert api.events[0]["isBase64Encoded"] is True
    assert base64.b64decode(api.events[0]["body"]) == "£5".encode("latin-1")


@pytest.mark.parametrize(("binary", "size"), [((), 6_300_000), (("*~1*",), 4_800_000)])
def test_what_lambda_cannot_take_is_a_413(make: Callable[..., Api], binary: tuple[str, ...], size: int) -> None:
    """ "Gateway response types": REQUEST_TOO_LARGE."""
    api = make(binary)
    assert api.call(body=b"x" * size) == (413, {"message": "Request Too Long"})
    assert api.events == []
    assert api.call(body=b"x" * 2_000_000)[0] == 200
