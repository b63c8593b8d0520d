"""REST APIs that call an AWS service by themselves: Firehose's PutRecord, with mapping templates.

From the API Gateway developer guide: "Mapping template and access logging variable reference" ($input, $util and
$context), "Content type conversions in API Gateway" (contentHandling), "Integration passthrough behaviors",
"x-amazon-apigateway-integration.responses" (patterns meet the service's status). MiniStack's import keeps of such an
integration its address only; its templates know no `$util.base64Encode`.
"""

from __future__ import annotations

import base64
import json
import logging
import re
import uuid
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.local.host import Host

logger = logging.getLogger("weir.local.api_integrations")

MOST_BODY_BYTES = 10 << 20  # "Amazon API Gateway quotas": payload size
# How OpenAPI's names of an integration's parts are kept by MiniStack.
_KEPT = ("requestTemplates", "requestParameters", "passthroughBehavior", "contentHandling", "credentials")
_JSON = {"Content-Type": "application/json"}


class Input:
    """`$input`: the body as text, and parts of it."""

    def __init__(self, body: str) -> None:
        self.body = body

    def path(self, path: str) -> object:
        """The value at a JSON path of names and indexes; nothing when there is none."""
        from ministack.services.apigateway_v1 import _vtl_json_path

        return _vtl_json_path(self.body, path)

    def json(self, path: str) -> str:
        """The same as JSON text."""
        found = self.path(path)
        return "" if found == "" else json.dumps(found, ensure_ascii=False)


class Util:
    """`$util`; texts are UTF-8."""

    def base64Encode(self, text: str) -> str:  # noqa: N802 - Velocity's name
        """Text to base64."""
        return base64.b64encode(text.encode()).decode()

    def base64Decode(self, text: str) -> str:  # noqa: N802 - likewise
        """Base64 to text; what is not UTF-8 becomes U+FFFD."""
        return base64.b64decode(text).decode(errors="replace")

    def escapeJavaScript(self, text: str) -> str:  # noqa: N802 - likewise
        """Text for a JavaScript literal: also single quotes are escaped, which JSON does not allow."""
        return json.dumps(text)[1:-1].replace("'", "\\'").replace("/", "\\/")

    def urlEncode(self, text: str) -> str:  # noqa: N802 - likewise
        """Text for a URL."""
        return quote(text, safe="")

    def urlDecode(self, text: str) -> str:  # noqa: N802 - likewise
        """Text from a URL."""
        return unquote(text)


def render(template: str, body: str, context: Mapping[str, object]) -> str:
    """A mapping template filled in."""
    from airspeed.operators import Template

    filled: str = Template(template).merge({"input": Input(body), "util": Util(), "context": dict(context)})
    return filled


def install(host: Host) -> None:
    """Put our parts around MiniStack's."""
    del host
    from ministack.services import apigateway_v1 as gateway

    import_operation, invoke_other = gateway._import_operation, gateway._invoke_lambda_custom_v1

    def imported(api_id: str, resource_id: str, method: str, operation: Mapping[str, Any], *rest: Any) -> None:
        import_operation(api_id, resource_id, method, operation, *rest)
        given = (operation or {}).get("x-amazon-apigateway-integration") or {}
        kept = gateway._resources[api_id][resource_id]["resourceMethods"][method].get("methodIntegration")
        if kept and given.get("type", "").lower() == "aws":
            kept |= {name: given[name] for name in _KEPT if name in given}
            kept["integrationResponses"] = {
                pattern: {"selectionPattern": "" if pattern == "default" else pattern, **response}
                for pattern, response in (given.get("responses") or {}).items()
            }

    async def invoke(integration: Mapping[str, Any], *request: Any, **options: Any) -> Any:
        spec = gateway._parse_service_integration_uri(integration.get("uri", ""))
        if spec and spec[1:] == ("firehose", "action", "PutRecord"):
            headers, body = request[6], request[7]
            binary = options.get("binary_media_types") or []
            return put_record(integration, headers, body, binary=binary)
        return await invoke_other(integration, *request, **options)

    gateway._import_operation = imported
    gateway._invoke_lambda_custom_v1 = invoke


def put_record(
    integration: Mapping[str, Any], headers: Mapping[str, str], body: bytes, *, binary: list[str]
) -> tuple[int, dict[str, str], bytes] | Any:
    """What API Gateway answers for a request whose integration is Firehose's PutRecord."""
    from ministack.services import apigateway_v1 as gateway
    from ministack.services import firehose

    if len(body) > MOST_BODY_BYTES:
        return gateway._gw_error("REQUEST_TOO_LARGE", "Request Too Long")
    sent_as = _media_type(gateway._header_ci(headers, "content-type"))
    templates = {_media_type(name): text for name, text in (integration.get("requestTemplates") or {}).items()}
    context = {"requestId": str(uuid.uuid4())}
    text = _text(body, integration, is_binary=gateway._media_type_matches(sent_as, binary))
    template = templates.get(sent_as)
    try:
        request = json.loads(text if template is None else render(template, text, context))
        status, _headers, answer = firehose._put_record(request)
    except Exception:  # a template that fails, or that makes no request, is API Gateway's own error
        logger.exception("The mapping template for %s made no request", integration.get("uri"))
        return gateway._gw_error("DEFAULT_5XX", "Internal server error")
    return _answer(integration, status, answer.decode(), context)


def _media_type(header: str) -> str:
    return (header or "application/json").split(";", 1)[0].strip().lower()


def _text(body: bytes, integration: Mapping[str, Any], *, is_binary: bool) -> str:
    """The body as the template sees it: bytes of a binary type in base64, where the integration asks for text."""
    if is_binary and integration.get("contentHandling") == "CONVERT_TO_TEXT":
        return base64.b64encode(body).decode()
    return body.decode(errors="replace")


def _answer(
    integration: Mapping[str, Any], status: int, text: str, context: Mapping[str, object]
) -> tuple[int, dict[str, str], bytes]:
    """The response whose pattern meets the service's status, else the default one."""
    responses = (integration.get("integrationResponses") or {}).values()
    chosen = next((one for one in responses if _meets(one.get("selectionPattern"), status)), None)
    chosen = chosen or next((one for one in responses if not one.get("selectionPattern")), None)
    headers = {**_JSON, "x-amzn-RequestId": str(context["requestId"])}
    if chosen is None:
        return 500, headers, b'{"message": "Internal server error"}'
    template = (chosen.get("responseTemplates") or {}).get("application/json")
    filled = text if template is None else render(template, text, context)
    return int(chosen["statusCode"]), headers, filled.encode()


def _meets(pattern: str | None, status: int) -> bool:
    return bool(pattern) and re.fullmatch(str(pattern), str(status)) is not None
