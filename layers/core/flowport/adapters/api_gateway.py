"""API Gateway's proxy events (REST API, payload format 1.0) as plain requests, and answers back.

Source: Amazon API Gateway developer guide, "Lambda proxy integrations in API Gateway".
"""

import base64
import binascii
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from flowport.dialects.wire import HttpRequest, HttpResponse


def request_of(event: Mapping[str, Any], custom_domain: str = "", base_path: str = "") -> HttpRequest:
    """Read an event. `path` comes still encoded; each segment is decoded once.

    Behind a custom domain's base path, API Gateway leaves the base path in `path` and gives no stage; elsewhere
    `requestContext.path` is the stage followed by `path`. Links begin with whichever it was.
    """
    context = event.get("requestContext") or {}
    headers = _headers(event)
    host = headers.get("host") or context.get("domainName") or "localhost"
    path = event.get("path") or "/"
    full_path = context.get("path") or path
    prefix = full_path.removesuffix(path).rstrip("/") if full_path.endswith(path) else ""
    if custom_domain and host.partition(":")[0].lower() == custom_domain.lower():
        prefix = f"/{base_path}".rstrip("/")
        if full_path == path and prefix and (path == prefix or path.startswith(prefix + "/")):
            path = path.removeprefix(prefix) or "/"
    scheme = headers.get("x-forwarded-proto", "")
    if scheme not in {"http", "https"}:
        scheme = "http" if ":" in host else "https"
    return HttpRequest(
        method=str(event.get("httpMethod", "GET")).upper(),
        path=path,
        segments=_segments(path),
        headers=headers,
        query=_query(event),
        body=_body(event),
        source_ip=str((context.get("identity") or {}).get("sourceIp") or ""),
        base_url=f"{scheme}://{host}{prefix}",
        request_id=context.get("extendedRequestId") or None,
    )


def answer_of(response: HttpResponse) -> dict[str, Any]:
    """Write the answer of a Lambda proxy integration."""
    single = {name: value for name, value in response.headers.items() if isinstance(value, str)}
    several = {name: list(value) for name, value in response.headers.items() if not isinstance(value, str)}
    answer: dict[str, Any] = {
        "statusCode": response.status,
        "headers": single,
        "body": response.body,
        "isBase64Encoded": False,
    }
    if several:
        answer["multiValueHeaders"] = several
    return answer


def _segments(path: str) -> tuple[str, ...]:
    parts = path.split("/")[1:]
    if parts and not parts[-1]:
        parts.pop()  # a trailing slash names the same thing
    return tuple(unquote(part) for part in parts)


def _headers(event: Mapping[str, Any]) -> dict[str, str]:
    several = event.get("multiValueHeaders") or {}
    headers = {name.lower(): str(value) for name, value in (event.get("headers") or {}).items()}
    # RFC 9110 section 5.3: fields of one name are one list, in order.
    headers |= {name.lower(): ", ".join(map(str, values)) for name, values in several.items() if len(values) > 1}
    return headers


def _query(event: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    several = event.get("multiValueQueryStringParameters")
    if several is None:
        several = {name: [value] for name, value in (event.get("queryStringParameters") or {}).items()}
    return {name: tuple(values) for name, values in several.items()}


def _body(event: Mapping[str, Any]) -> bytes:
    body = event.get("body") or ""
    if event.get("isBase64Encoded"):
        try:
            return base64.b64decode(body)
        except binascii.Error:
            return b"\xff"
    return str(body).encode("utf-8", "surrogatepass")
