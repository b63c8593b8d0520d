"""REST APIs where MiniStack answers otherwise than API Gateway does.

- Path parameters reach the function percent-encoded, as they were sent, and %2F does not end a segment.
- A function that fails, or that answers with something else than a proxy response, is a 502 that says nothing of it
  (API Gateway developer guide, "Handle Lambda errors in API Gateway").
- Binary media types are also known as CloudFormation writes them, `*~1*`.
- A request without Content-Type counts as application/json where binary media types are told from text ("Content
  type conversions in API Gateway").
- What Lambda cannot be invoked with, 6 MB, is a 413 ("Gateway response types", REQUEST_TOO_LARGE).
"""

from __future__ import annotations

import base64
import logging
from typing import TYPE_CHECKING, Any

from pipeline.local.event_batches import PAYLOAD_LIMIT

if TYPE_CHECKING:
    from pipeline.local.host import Host

logger = logging.getLogger("weir.local.api_gateway")


def install(host: Host) -> None:
    """Put our parts around MiniStack's."""
    del host
    from ministack import app
    from ministack.services import apigateway_v1

    handle, invoke = app._handle_execute_api_request, apigateway_v1._invoke_lambda_proxy_v1
    build_event, proxy_response = apigateway_v1._build_lambda_event_v1, apigateway_v1._lambda_proxy_response
    matches = apigateway_v1._media_type_matches

    def media_type_matches(media_type: str | None, configured: list[str] | None) -> bool:
        return bool(matches(media_type, [pattern.replace("~1", "/") for pattern in configured or ()]))

    async def handle_request(host_header: str, path: str, *request: Any, **raw: Any) -> Any:
        return await handle(host_header, raw.get("raw_path") or path, *request, **raw)

    async def invoke_function(*request: Any, **options: Any) -> Any:
        if _payload_size(request, options) > PAYLOAD_LIMIT:
            return apigateway_v1._gw_error("REQUEST_TOO_LARGE", "Request Too Long")
        return await invoke(*request, **options)

    def event(*request: Any, **options: Any) -> dict[str, Any]:
        built: dict[str, Any] = build_event(*request, **options)
        *_rest, headers, body, _query, _path = request
        binary = media_type_matches("application/json", options.get("binary_media_types"))
        if body and binary and not headers.get("content-type"):
            built |= {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}
        return built

    def answer(result: dict[str, Any]) -> tuple[dict[str, Any] | None, str | None]:
        response, error = proxy_response(result)
        if response and error is None and is_proxy_response(result):
            return {**response, "statusCode": int(response["statusCode"])}, None
        logger.warning("A function behind the API answered %s", error or repr(result.get("body"))[:500])
        return None, "Internal server error"

    app._handle_execute_api_request = handle_request
    apigateway_v1._invoke_lambda_proxy_v1 = invoke_function
    apigateway_v1._build_lambda_event_v1 = event
    apigateway_v1._lambda_proxy_response = answer
    apigateway_v1._media_type_matches = media_type_matches


def is_proxy_response(result: dict[str, Any]) -> bool:
    """Whether a function's result is one that API Gateway can answer with; a throttled function has no say."""
    body = result.get("body")
    if result.get("throttle"):
        return True
    return isinstance(body, dict) and str(body.get("statusCode", "")).isdigit() and _is_text(body.get("body"))


def _is_text(body: object) -> bool:
    return body is None or isinstance(body, str)


def _payload_size(request: tuple[Any, ...], options: dict[str, Any]) -> int:
    """About the bytes of the invocation: the body, larger by a third in base64."""
    body = next((part for part in request if isinstance(part, bytes)), b"")
    return len(body) * 4 // 3 if options.get("binary_media_types") else len(body)
