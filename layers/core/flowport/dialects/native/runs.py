"""Read the requests that run endpoints, the most frequent ones, into the use case's command.

What this module imports, every cold start pays for; the other routes are in `requests.py`.
"""

import re
from typing import Final, get_args

from flowport.dialects.paths import Pattern
from flowport.dialects.wire import JSON, HttpRequest, check_coding
from flowport.domain.addresses import endpoint_address
from flowport.domain.errors import InvalidJson, InvalidRequest, NotFound, UnsupportedMediaType
from flowport.domain.keys import OnConflict
from flowport.domain.payload import checked_input, dumps
from flowport.domain.preferences import parse_prefer
from flowport.domain.records import ENDPOINT_PART_MAX, View
from flowport.usecases.run_endpoint import Run

# Which methods run it, an endpoint's own settings say: it answers the others by itself.
RUN: Final = "/v1/run/{module}/{name}"
METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
_RUN: Final = Pattern.of(RUN)
# Query parameters that steer the call; everything else of a GET's query is the workflow's input.
CONTROLS: Final = frozenset({"view", "workspace", "client_job_id", "on_conflict"})
LABEL: Final = re.compile(r"([A-Za-z0-9_.-]{1,64})=([^,\x00-\x1f]{0,256})")
_LABELS_AT_MOST: Final = 20
_JSON_TYPE: Final = re.compile(r"application/(?:[a-z0-9.+-]+\+)?json", re.IGNORECASE)
_DEADLINE_AT_MOST: Final = 365 * 86_400
_KEY_AT_MOST: Final = 255
_QUOTED_KEY: Final = re.compile(r'"((?:[^"\\]|\\["\\])*)"')
_KEY_TEXT: Final = re.compile(r"[\x20-\x7e]+")


def run_at(request: HttpRequest) -> Run | None:
    """Read the run that a request asks for; None where it is another route's."""
    values = _RUN.match(request.segments) if request.verb in METHODS else None
    return None if values is None else run_of(request, *values)


def address_of(request: HttpRequest, module: str, name: str) -> str:
    """Give the address of the endpoint that a path names."""
    if not (is_name(module) and is_name(name)):
        message = f"There is no {request.method} {request.path[:300]}."
        raise NotFound(message)
    return endpoint_address(module, name)


def run_of(request: HttpRequest, module: str, name: str) -> Run:
    """Read the command of a request for this endpoint."""
    endpoint = address_of(request, module, name)
    view = choice_of(request, "view", get_args(View))
    preference = parse_prefer(request.headers.get("prefer"))
    labels = _labels(request.headers.get("flowport-labels"))
    return Run(
        endpoint,
        request.method,
        lambda: input_of(request),
        preference,
        view,  # type: ignore[arg-type]
        labels,
        idempotency_key=key_of("Idempotency-Key", request.headers.get("idempotency-key")),
        client_job_id=key_of("Client-Job-Id", request.headers.get("client-job-id", request.one("client_job_id"))),
        deadline=_deadline(request.headers.get("flowport-deadline")),
        callback_url=_callback_url(request.headers.get("callback-url")),
        on_conflict=choice_of(request, "on_conflict", get_args(OnConflict)) or "return",  # type: ignore[arg-type]
    )


def _callback_url(header: str | None) -> str | None:
    if header is None:
        return None
    from flowport.domain.webhooks import CallbackUrlRefused, parse_callback_url, shown_url  # noqa: PLC0415  # few name one

    url = header.strip()
    try:
        parse_callback_url(url, plain=True)
    except CallbackUrlRefused as error:
        message = f"Callback-Url: {shown_url(url[:200])!r} {error}."
        raise InvalidRequest(message) from error
    return url


def _deadline(header: str | None) -> int | None:
    if header is None:
        return None
    if not re.fullmatch(r"[0-9]{1,9}", header.strip()) or not 1 <= int(header) <= _DEADLINE_AT_MOST:
        message = f"Flowport-Deadline: {header[:40]!r} must be a whole number of seconds from 1 to {_DEADLINE_AT_MOST}."
        raise InvalidRequest(message)
    return int(header)


def key_of(name: str, header: str | None) -> str | None:
    """Read a key, bare or as a structured field's string (RFC 8941 section 3.3.3)."""
    if header is None:
        return None
    text = header.strip()
    if match := _QUOTED_KEY.fullmatch(text):
        text = re.sub(r"\\(.)", r"\1", match[1])
    if not _KEY_TEXT.fullmatch(text) or len(text) > _KEY_AT_MOST:
        message = f"{name} must have 1 to {_KEY_AT_MOST} printable ASCII characters."
        raise InvalidRequest(message)
    return text


def is_name(text: str) -> bool:
    """Whether an endpoint's module or name can be this long."""
    return 0 < len(text) <= ENDPOINT_PART_MAX


def input_of(request: HttpRequest) -> str:
    """Give the checked JSON text of the input: the body's, or the query's of a GET."""
    if request.method == "GET":
        values = {
            name: sent[0] if len(sent) == 1 else list(sent)
            for name, sent in request.query.items()
            if name not in CONTROLS
        }
        return checked_input(dumps(values))
    if not request.body.strip():
        return "{}"
    return checked_input(text_of(request))


def text_of(request: HttpRequest) -> str:
    """Give the body's text when it is declared as JSON in UTF-8, and is UTF-8."""
    content_type = request.headers.get("content-type")
    if content_type is not None:
        essence, _, parameters = content_type.partition(";")
        charset = re.search(r'charset\s*=\s*"?([^";\s]+)', parameters, re.IGNORECASE)
        if not _JSON_TYPE.fullmatch(essence.strip()) or (charset and charset[1].lower() not in {"utf-8", "us-ascii"}):
            message = f"The body is declared as {content_type[:100]!r}; send Content-Type: application/json in UTF-8."
            raise UnsupportedMediaType(message, headers={"Accept": JSON})
    check_coding(request)
    try:
        text = request.body.decode()
    except UnicodeDecodeError as error:
        message = f"The body is not UTF-8: byte {error.start} cannot be read."
        raise InvalidJson(message) from error
    if text.startswith("\ufeff"):
        message = "The body begins with a byte order mark, which JSON does not have (RFC 8259); leave it out."
        raise InvalidJson(message)
    return text


def choice_of(request: HttpRequest, name: str, choices: tuple[str, ...]) -> str | None:
    """Give the value of a query parameter that has few; None where it is not there."""
    value = request.one(name)
    if value is not None and value not in choices:
        message = f"The query parameter {name}={value!r} is not known; use one of: {', '.join(choices)}."
        raise InvalidRequest(message)
    return value


def _labels(header: str | None) -> dict[str, str]:
    labels: dict[str, str] = {}
    for part in (header or "").split(","):
        if not part.strip():
            continue
        match = LABEL.fullmatch(part.strip())
        if match is None:
            message = f"Flowport-Labels: {part.strip()[:100]!r} is not a label; write key=value, key=value."
            raise InvalidRequest(message)
        labels[match[1]] = match[2]
    if len(labels) > _LABELS_AT_MOST:
        message = f"Flowport-Labels has {len(labels)} labels; at most {_LABELS_AT_MOST} are kept."
        raise InvalidRequest(message)
    return labels
