"""Read the native contract's requests into the use cases' commands."""

import base64
import binascii
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final, get_args

from flowport.dialects.paths import Routes
from flowport.dialects.timestamps import parse_timestamp
from flowport.dialects.wire import JSON, HttpRequest, check_coding
from flowport.domain.access import CHALLENGE, Presented, refuse_credential
from flowport.domain.addresses import endpoint_address, endpoint_parts
from flowport.domain.errors import (
    InvalidJson,
    InvalidRequest,
    NotFound,
    PayloadTooLarge,
    Unauthenticated,
    UnsupportedMediaType,
)
from flowport.domain.job import Status
from flowport.domain.keys import OnConflict
from flowport.domain.numbers import JobNumber, job_number_of
from flowport.domain.payload import checked_input, dumps, split_array
from flowport.domain.preferences import MAX_WAIT_SECONDS, parse_prefer
from flowport.domain.records import ENDPOINT_PART_MAX, WORKSPACE_NAME, View
from flowport.domain.webhooks import CallbackUrlRefused, parse_callback_url, shown_url
from flowport.usecases.check_input import ValidateInput
from flowport.usecases.deliveries import ReadDeliveries, Resend
from flowport.usecases.parked.resume_run import Resume
from flowport.usecases.read_jobs import ListJobs, ReadInput, ReadJob, ReadOutput, ReadSteps
from flowport.usecases.read_openapi import ReadOpenApi
from flowport.usecases.read_workflow import ReadEndpointWorkflow, ReadJobWorkflow
from flowport.usecases.redrive_job import Redrive
from flowport.usecases.run_batch import INPUTS_AT_MOST, RunBatch
from flowport.usecases.run_endpoint import Run
from flowport.usecases.stop_job import Cancel, Delete

# Query parameters that steer the call; everything else of a GET's query is the workflow's input.
CONTROLS: Final = frozenset({"view", "workspace", "client_job_id", "on_conflict"})
LIST_LIMIT: Final = 100
BATCH_BYTES: Final = 4 * 1024 * 1024
_LABEL: Final = re.compile(r"([A-Za-z0-9_.-]{1,64})=([^,\x00-\x1f]{0,256})")
_LABELS_AT_MOST: Final = 20
_JSON_TYPE: Final = re.compile(r"application/(?:[a-z0-9.+-]+\+)?json", re.IGNORECASE)
_NUMBER: Final = re.compile(r"[0-9]{1,4}")
_DEADLINE_AT_MOST: Final = 365 * 86_400
_KEY_AT_MOST: Final = 255
_QUOTED_KEY: Final = re.compile(r'"((?:[^"\\]|\\["\\])*)"')
_KEY_TEXT: Final = re.compile(r"[\x20-\x7e]+")
_LATEST: Final = 253_370_764_800_000  # the year 9999, the last that a timestamp can name
_CURSOR_KEY: Final = re.compile(r"(?:\d{15}#[0-9a-f-]{36})?")


def command_of(request: HttpRequest) -> Any:  # noqa: ANN401  # one of the use cases' commands
    """Read the command that a request means."""
    try:
        route, values = ROUTES.find(request)
    except NotFound as error:
        message = f"There is no {request.method} {request.path[:300]}; GET /v1/openapi.json describes what there is."
        raise NotFound(message) from error
    return route(request, *values)


def _address(request: HttpRequest, module: str, name: str) -> str:
    if not (_is_name(module) and _is_name(name)):
        message = f"There is no {request.method} {request.path[:300]}."
        raise NotFound(message)
    return endpoint_address(module, name)


def _validate(request: HttpRequest, module: str, name: str) -> ValidateInput:
    return ValidateInput(_address(request, module, name), lambda: _input(request))


def _workflow(request: HttpRequest, module: str, name: str) -> ReadEndpointWorkflow:
    machine = _choice(request, "machine", ("express", "standard"))
    return ReadEndpointWorkflow(_address(request, module, name), machine)  # type: ignore[arg-type]


def _reference(text: str) -> str | JobNumber:
    return job_number_of(text) or text


def _below_job(command: type[Any]) -> Callable[[HttpRequest, str], Any]:
    return lambda _, job: command(_reference(job))


def _redrive(request: HttpRequest, job: str) -> Redrive:
    return Redrive(_reference(job), _key("Idempotency-Key", request.headers.get("idempotency-key")))


def _resend(request: HttpRequest, job: str, number: str) -> Resend:
    if not _NUMBER.fullmatch(number):
        message = f"There is no {request.method} {request.path[:300]}."
        raise NotFound(message)
    return Resend(_reference(job), int(number))


def basic(value: str) -> Presented:
    """Read the value of a Basic `Authorization`: `workspace/name:password`."""
    try:
        user, colon, password = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise refuse_credential() from error
    workspace, slash, name = user.partition("/")
    if colon and slash and not (WORKSPACE_NAME.fullmatch(workspace) and 0 < len(name) <= ENDPOINT_PART_MAX):
        raise refuse_credential()
    if not colon or not slash:
        message = "A user is sent as workspace/name: Authorization: Basic base64(<workspace>/<name>:<password>)."
        raise Unauthenticated(message, headers={"WWW-Authenticate": CHALLENGE})
    return Presented.of_user(workspace, name, password)


def _run(request: HttpRequest, module: str, name: str) -> Run:
    endpoint = _address(request, module, name)
    view = _choice(request, "view", get_args(View))
    preference = parse_prefer(request.headers.get("prefer"))
    labels = _labels(request.headers.get("flowport-labels"))
    return Run(
        endpoint,
        request.method,
        lambda: _input(request),
        preference,
        view,  # type: ignore[arg-type]
        labels,
        idempotency_key=_key("Idempotency-Key", request.headers.get("idempotency-key")),
        client_job_id=_key("Client-Job-Id", request.headers.get("client-job-id", request.one("client_job_id"))),
        deadline=_deadline(request.headers.get("flowport-deadline")),
        callback_url=_callback_url(request.headers.get("callback-url")),
        on_conflict=_choice(request, "on_conflict", get_args(OnConflict)) or "return",  # type: ignore[arg-type]
    )


def _batch(request: HttpRequest, module: str, name: str) -> RunBatch:
    run = _run(request, module, name)
    if run.client_job_id is not None or run.view not in {None, "job"}:
        message = "A batch has no Client-Job-Id and no view: each of its inputs becomes a job of its own."
        raise InvalidRequest(message)
    return RunBatch(run, lambda: _batch_inputs(request))


def _batch_inputs(request: HttpRequest) -> list[Callable[[], str]]:
    if (size := len(request.body)) > BATCH_BYTES:
        message = f"The batch is {size} bytes; it may have at most {BATCH_BYTES}. Send it in parts."
        raise PayloadTooLarge(message, members={"size": size, "limit": BATCH_BYTES})
    elements = split_array(_text(request))
    if not 1 <= len(elements) <= INPUTS_AT_MOST:
        message = f"The batch has {len(elements)} inputs; it must have 1 to {INPUTS_AT_MOST}."
        raise InvalidRequest(message)
    return [partial(checked_input, element) for element in elements]


def _callback_url(header: str | None) -> str | None:
    if header is None:
        return None
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


def _key(name: str, header: str | None) -> str | None:
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


def _is_name(text: str) -> bool:
    return 0 < len(text) <= ENDPOINT_PART_MAX


def _input(request: HttpRequest) -> str:
    if request.method == "GET":
        values = {
            name: sent[0] if len(sent) == 1 else list(sent)
            for name, sent in request.query.items()
            if name not in CONTROLS
        }
        return checked_input(dumps(values))
    if not request.body.strip():
        return "{}"
    return checked_input(_text(request))


def _text(request: HttpRequest) -> str:
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


def _choice(request: HttpRequest, name: str, choices: tuple[str, ...]) -> str | None:
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
        match = _LABEL.fullmatch(part.strip())
        if match is None:
            message = f"Flowport-Labels: {part.strip()[:100]!r} is not a label; write key=value, key=value."
            raise InvalidRequest(message)
        labels[match[1]] = match[2]
    if len(labels) > _LABELS_AT_MOST:
        message = f"Flowport-Labels has {len(labels)} labels; at most {_LABELS_AT_MOST} are kept."
        raise InvalidRequest(message)
    return labels


def _number(request: HttpRequest, name: str, default: int, least: int, most: int) -> int:
    text = request.one(name)
    if text is None:
        return default
    if not re.fullmatch(r"[0-9]{1,9}", text) or not least <= int(text) <= most:
        message = f"The query parameter {name}={text[:40]!r} must be a whole number from {least} to {most}."
        raise InvalidRequest(message)
    return int(text)


def _wait(request: HttpRequest) -> int:
    return min(_number(request, "wait", 0, 0, 999_999_999), MAX_WAIT_SECONDS)


def _list(request: HttpRequest) -> ListJobs:
    since = request.one("created_after")
    try:
        since_ms = min(parse_timestamp(since), _LATEST) if since is not None else None
    except (ValueError, OverflowError) as error:
        message = f"The query parameter created_after={since!r} is not a time; write 2026-01-31T12:00:00Z."
        raise InvalidRequest(message) from error
    return ListJobs(
        endpoint=_endpoint(request),
        status=_choice(request, "status", get_args(Status)),
        labels=tuple(_label_filter(text) for text in request.query.get("label", ())),
        since=since_ms,
        limit=_number(request, "limit", 20, 1, LIST_LIMIT),
        after=_cursor(request),
    )


def _endpoint(request: HttpRequest) -> str | None:
    """Read the filter `endpoint`: an address as a job's document has it, or written with more escapes than it needs."""
    text = request.one("endpoint")
    if text is None:
        return None
    parts = endpoint_parts(text)
    if parts is None or not all(map(_is_name, parts)):
        message = (
            f"The query parameter endpoint={text[:100]!r} must be module/name, as a job's document has it "
            "(a slash inside a part is %2F, a percent sign %25)."
        )
        raise InvalidRequest(message)
    return endpoint_address(*parts)


def _label_filter(text: str) -> tuple[str, str]:
    match = _LABEL.fullmatch(text)
    if match is None:
        message = f"The query parameter label={text[:100]!r} must be key=value (percent-encoded: label=key%3Dvalue)."
        raise InvalidRequest(message)
    return match[1], match[2]


def encode_cursor(position: tuple[str, str]) -> str:
    """Write where a page ended as an opaque text that is safe in a URL."""
    return base64.urlsafe_b64encode(dumps(position).encode()).decode().rstrip("=")


def _cursor(request: HttpRequest) -> tuple[str, str] | None:
    text = request.one("cursor")
    if text is None:
        return None
    position = decode_cursor(text)
    if position is None:
        message = f"The query parameter cursor={text[:40]!r} is none that a list gave; start again without it."
        raise InvalidRequest(message)
    return position


def decode_cursor(text: str) -> tuple[str, str] | None:
    """Read where a page ended; None when it is no cursor."""
    try:
        day, key = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        day = datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC).strftime("%Y-%m-%d")
        return (day, key) if _CURSOR_KEY.fullmatch(key) else None
    except (ValueError, TypeError):
        return None


# Which methods run it, an endpoint's own settings say: it answers the others by itself.
RUN: Final = "/v1/run/{module}/{name}"
ROUTES: Final[Routes[Callable[..., Any]]] = Routes(
    {
        RUN: dict.fromkeys(("GET", "POST", "PUT", "PATCH", "DELETE"), _run),
        "/v1/run/{module}/{name}/batch": {"POST": _batch},
        "/v1/validate/{module}/{name}": {"POST": _validate},
        "/v1/endpoints/{module}/{name}/workflow": {"GET": _workflow},
        "/v1/jobs": {"GET": _list},
        "/v1/jobs/{job}": {
            "GET": lambda request, job: ReadJob(_reference(job), _wait(request)),
            "DELETE": _below_job(Delete),
        },
        "/v1/jobs/{job}/input": {"GET": _below_job(ReadInput)},
        "/v1/jobs/{job}/output": {"GET": _below_job(ReadOutput)},
        "/v1/jobs/{job}/steps": {"GET": _below_job(ReadSteps)},
        "/v1/jobs/{job}/workflow": {"GET": _below_job(ReadJobWorkflow)},
        "/v1/jobs/{job}/cancel": {"POST": _below_job(Cancel)},
        "/v1/jobs/{job}/redrive": {"POST": _redrive},
        "/v1/jobs/{job}/deliveries": {"GET": _below_job(ReadDeliveries)},
        "/v1/jobs/{job}/deliveries/{number}/resend": {"POST": _resend},
        "/v1/callbacks/{callback}": {"POST": lambda request, callback: Resume(callback, lambda: _input(request))},
        "/v1/openapi.json": {"GET": lambda request: ReadOpenApi(_endpoint(request))},
    }
)
