"""`view=http`: the workflow's output decides the HTTP answer, in the form of Lambda proxy integrations."""

import json
import re
from typing import Any, Final

from flowport.dialects.wire import JSON, HttpResponse
from flowport.domain.errors import OutputNotHttp
from flowport.domain.job import Job
from flowport.domain.payload import dumps

# Header fields that an output may not set by itself under view=http: an endpoint must allow each by name.
_GUARDED: Final = frozenset(
    {
        "set-cookie",
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "content-length",
        "x-content-type-options",
    }
)
_GUARDED_PREFIXES: Final = ("access-control-", "flowport-", "x-amzn-", "x-amz-")
_HEADER_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}")
_HEADER_VALUE: Final = re.compile(r"[\t\x20-\x7e\x80-\xff]{0,8192}")


def http_answer(job: Job, allowed: tuple[str, ...], headers: dict[str, str]) -> HttpResponse:
    """Let the output be the answer: `{"statusCode", "headers", "body"}`, the form of Lambda proxy integrations."""
    try:
        output = json.loads(job.output or "null")
    except RecursionError:
        output = None  # nested too deeply to be one
    if not isinstance(output, dict) or not {"statusCode", "body"} & output.keys():
        message = 'view=http needs an output of the form {"statusCode": 200, "headers": {…}, "body": …}.'
        raise OutputNotHttp(message, members={"id": job.id})
    status = output.get("statusCode", 200)
    if isinstance(status, bool) or not isinstance(status, int) or not 200 <= status <= 599:  # noqa: PLR2004
        message = f"The output's statusCode {str(status)[:40]} is no final HTTP status (200 to 599)."
        raise OutputNotHttp(message, members={"id": job.id})
    if output.get("isBase64Encoded"):
        message = "The output's body is marked as base64; view=http gives text and JSON bodies only."
        raise OutputNotHttp(message, members={"id": job.id})
    body = output.get("body")
    text = body if isinstance(body, str) else "" if body is None else dumps(body)
    given = _Fields({"Content-Type": "text/plain; charset=utf-8" if body is None or isinstance(body, str) else JSON})
    removed = []
    for name, value in _header_items(output.get("headers"), job.id):
        guarded = name.lower() in _GUARDED or name.lower().startswith(_GUARDED_PREFIXES)
        if guarded and name.lower() not in {item.lower() for item in allowed}:
            removed.append(name.lower())
            continue
        given.set(name, value)
    for name, own in headers.items():
        if name not in {"Location", "Vary"}:
            given.set(name, own)
    if removed:
        given.set("Flowport-Removed-Headers", ", ".join(sorted(removed)))
    given.set("X-Content-Type-Options", "nosniff")
    return HttpResponse(status, text, given.fields)


class _Fields:
    """Header fields whose names are the same in any case; the last one wins."""

    def __init__(self, fields: dict[str, str | tuple[str, ...]]) -> None:
        self.fields = fields

    def set(self, name: str, value: str | tuple[str, ...]) -> None:
        for known in [known for known in self.fields if known.lower() == name.lower()]:
            del self.fields[known]
        self.fields[name] = value


def _header_items(headers: Any, job_id: str) -> list[tuple[str, str | tuple[str, ...]]]:  # noqa: ANN401
    if headers is None:
        return []
    if not isinstance(headers, dict):
        message = "The output's headers must be an object of names and values."
        raise OutputNotHttp(message, members={"id": job_id})
    items: list[tuple[str, str | tuple[str, ...]]] = []
    for name, value in headers.items():
        values = tuple(str(item) for item in (value if isinstance(value, list) else [value]))
        if not _HEADER_NAME.fullmatch(name) or not all(_HEADER_VALUE.fullmatch(item) for item in values):
            message = f"The output's header {name[:100]!r} has a name or value that HTTP does not allow."
            raise OutputNotHttp(message, members={"id": job_id})
        items.append((name, values[0] if len(values) == 1 else values))
    return items
