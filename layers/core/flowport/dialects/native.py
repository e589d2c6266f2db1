"""The native contract: Flowport's own clean surface.

Standards: RFC 9110 (HTTP), RFC 7240 (Prefer), RFC 9457 (problem+json), RFC 6750 and RFC 7617 (credentials).
"""

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final, get_args

from flowport.dialects.wire import HttpRequest, HttpResponse, Sender
from flowport.domain.access import CHALLENGE, Presented, refuse_credential
from flowport.domain.errors import (
    FlowportError,
    InvalidJson,
    InvalidRequest,
    MethodNotAllowed,
    NotFound,
    NotSupported,
    OutputNotHttp,
    PayloadTooLarge,
    Unauthenticated,
    UnsupportedMediaType,
)
from flowport.domain.job import NOT_STARTED, OUTCOME_UNKNOWN, Job, Status
from flowport.domain.keys import OnConflict
from flowport.domain.payload import checked_input, dumps, split_array
from flowport.domain.preferences import MAX_WAIT_SECONDS, parse_prefer
from flowport.domain.records import ENDPOINT_PART_MAX, WORKSPACE_NAME, View, user_key
from flowport.domain.steps import Step
from flowport.domain.tokens import parse_token
from flowport.usecases.ports import ListingPage
from flowport.usecases.read_jobs import ListJobs, ReadInput, ReadJob, ReadSteps, StepsRead
from flowport.usecases.run_batch import INPUTS_AT_MOST, BatchRan, RunBatch
from flowport.usecases.run_endpoint import Ran, Run
from flowport.usecases.stop_job import Cancel, Delete

JSON: Final = "application/json"
PROBLEM: Final = "application/problem+json"
PROBLEM_TYPE: Final = "urn:flowport:problem:"
SOURCE_HEADER: Final = "Flowport-Error-Source"
# Query parameters that steer the call; everything else of a GET's query is the workflow's input.
CONTROLS: Final = frozenset({"view", "workspace", "client_job_id", "on_conflict"})
LIST_LIMIT: Final = 100
BATCH_BYTES: Final = 4 * 1024 * 1024
_LABEL: Final = re.compile(r"([A-Za-z0-9_.-]{1,64})=([^,\x00-\x1f]{0,256})")
_LABELS_AT_MOST: Final = 20
_JSON_TYPE: Final = re.compile(r"application/(?:[a-z0-9.+-]+\+)?json", re.IGNORECASE)
_NOT_YET: Final = ("callback-url",)
_DEADLINE_AT_MOST: Final = 365 * 86_400
_KEY_AT_MOST: Final = 255
_QUOTED_KEY: Final = re.compile(r'"((?:[^"\\]|\\["\\])*)"')
_KEY_TEXT: Final = re.compile(r"[\x20-\x7e]+")
_LATEST: Final = 253_370_764_800_000  # the year 9999, the last that a timestamp can name
_CURSOR_KEY: Final = re.compile(r"(?:\d{15}#[0-9a-f-]{36})?")

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

_FAILURE: Final[dict[str, tuple[str, int, str]]] = {
    "FAILED": ("job-failed", 500, "The workflow failed"),
    "TIMED_OUT": ("job-timed-out", 504, "The workflow timed out"),
    "ABORTED": ("job-aborted", 409, "The job was aborted"),
}


def timestamp(at: int | None) -> str | None:
    """Write epoch milliseconds as RFC 3339 with milliseconds, UTC."""
    if at is None:
        return None
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_timestamp(text: str) -> int:
    """Read an RFC 3339 time into epoch milliseconds."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return round(moment.timestamp() * 1000)


def job_document(job: Job, base_url: str, *, output: bool = True) -> str:
    """Write a job as JSON. The output is the workflow's own text, so that numbers keep their exact form."""
    link = f"{base_url}/v1/jobs/{job.id}"
    members: dict[str, Any] = {
        "id": job.id,
        "status": job.status,
        "endpoint": job.endpoint,
        "mode": job.mode,
        "created_at": timestamp(job.created_at),
        "started_at": timestamp(job.started_at),
        "finished_at": timestamp(job.finished_at),
        "duration_ms": max(0, job.finished_at - job.started_at) if job.finished_at and job.started_at else None,
        "output": None,
        "error": job.error,
        "cause": job.cause,
        "client_job_id": job.client_job_id,
        "labels": dict(job.labels),
        "origin": job.origin,
        "execution_arn": job.execution_arn,
        "links": {"self": link, "cancel": f"{link}/cancel", "steps": f"{link}/steps", "input": f"{link}/input"},
    }
    if not output:
        del members["output"]
    if not output or job.output is None:
        return dumps(members)
    return (
        "{"
        + ",".join(f"{dumps(key)}:{job.output if key == 'output' else dumps(members[key])}" for key in members)
        + "}"
    )


def source_of_failure(job: Job) -> str:
    """Whose fault an ended job's failure is."""
    return {OUTCOME_UNKNOWN: "unknown", NOT_STARTED: "gateway"}.get(job.error or "", "workflow")


class Native:
    """The native dialect. It takes every path that no other dialect owns."""

    name = "native"

    # -- requests ----------------------------------------------------------------------------------------------------

    def owns(self, request: HttpRequest) -> bool:  # noqa: ARG002  # the last dialect takes what is left
        """Take everything."""
        return True

    def sender(self, request: HttpRequest) -> Sender:
        """Read `Authorization` (Bearer or Basic) and the workspace that a caller without one names."""
        workspace = request.headers.get("flowport-workspace") or request.one("workspace")
        if workspace is not None and not WORKSPACE_NAME.fullmatch(workspace):
            message = f"There is no workspace {workspace[:64]!r} here."
            raise NotFound(message)
        header = request.headers.get("authorization")
        if header is None:
            return Sender(None, workspace)
        scheme, _, value = header.strip().partition(" ")
        match scheme.lower():
            case "bearer":
                token = parse_token(value.strip())
                if token is None:
                    raise refuse_credential()
                return Sender(Presented.of_token(token), workspace)
            case "basic":
                return Sender(_basic(value.strip()), workspace)
        message = f"The authentication scheme {scheme[:32]!r} is not known; use Bearer or Basic."
        raise Unauthenticated(message, headers={"WWW-Authenticate": CHALLENGE})

    def parse(
        self, request: HttpRequest
    ) -> Run | RunBatch | ReadJob | ReadInput | ReadSteps | ListJobs | Cancel | Delete:
        """Route: `/v1/run/{module}/{name}` and its `/batch`, `/v1/jobs`, and what lies below `/v1/jobs/{id}`."""
        match request.segments:
            case ("v1", "run", module, name) if _is_name(module) and _is_name(name):
                return _run(request, f"{module}/{name}")
            case ("v1", "run", module, name, "batch") if _is_name(module) and _is_name(name):
                return _batch(request, f"{module}/{name}")
            case ("v1", "jobs"):
                _only(request, "GET", "HEAD")
                return _list(request)
            case ("v1", "jobs", reference, *below) if reference:
                return _of_job(request, reference, "/".join(below))
        raise _no_such_path(request)

    # -- answers -----------------------------------------------------------------------------------------------------

    def render(self, request: HttpRequest, command: Any, result: Any) -> HttpResponse:  # noqa: ANN401
        """Write what a use case gave."""
        return _ANSWERS[type(result)](request, command, result)

    def refuse(self, request: HttpRequest, error: FlowportError) -> HttpResponse:  # noqa: ARG002  # one form for all
        """Write problem+json."""
        return problem(error)


def problem(error: FlowportError) -> HttpResponse:
    """Write an error as RFC 9457 has it, with whose fault it was."""
    members = {
        "type": PROBLEM_TYPE + error.kind,
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        **error.members,
    }
    headers = {"Content-Type": PROBLEM, SOURCE_HEADER: error.source, **error.headers}
    return HttpResponse(error.status, dumps(members), headers)


def _json(status: int, body: str, headers: dict[str, str] | None = None) -> HttpResponse:
    return HttpResponse(status, body, {"Content-Type": JSON, **(headers or {})})


def _of_job(request: HttpRequest, reference: str, below: str) -> ReadJob | ReadInput | ReadSteps | Cancel | Delete:
    match below:
        case "":
            _only(request, "GET", "HEAD", "DELETE")
            return Delete(reference) if request.method == "DELETE" else ReadJob(reference, _wait(request))
        case "input":
            _only(request, "GET", "HEAD")
            return ReadInput(reference)
        case "steps":
            _only(request, "GET", "HEAD")
            return ReadSteps(reference)
        case "cancel":
            _only(request, "POST")
            return Cancel(reference)
    raise _no_such_path(request)


def _no_such_path(request: HttpRequest) -> NotFound:
    message = f"There is no {request.method} {request.path}."
    return NotFound(message)


def _only(request: HttpRequest, *methods: str) -> None:
    if request.method not in methods:
        allowed = ", ".join(methods)
        message = f"{request.path} does not take {request.method}; it takes: {allowed}."
        raise MethodNotAllowed(message, headers={"Allow": allowed})


def _basic(value: str) -> Presented:
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
    return Presented("user", workspace, user_key(workspace, name), password)


def _run(request: HttpRequest, endpoint: str) -> Run:
    if asked := [name for name in _NOT_YET if name in request.headers]:
        message = f"This release does not know {', '.join(asked)}; send the request without it."
        raise NotSupported(message)
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
        on_conflict=_choice(request, "on_conflict", get_args(OnConflict)) or "return",  # type: ignore[arg-type]
    )


def _batch(request: HttpRequest, endpoint: str) -> RunBatch:
    _only(request, "POST")
    run = _run(request, endpoint)
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
    try:
        return request.body.decode()
    except UnicodeDecodeError as error:
        message = f"The body is not UTF-8: byte {error.start} cannot be read."
        raise InvalidJson(message) from error


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
    endpoint = request.one("endpoint")
    if endpoint is not None and not all(map(_is_name, endpoint.partition("/")[::2])):
        message = f"The query parameter endpoint={endpoint[:100]!r} must be module/name."
        raise InvalidRequest(message)
    return ListJobs(
        endpoint=endpoint,
        status=_choice(request, "status", get_args(Status)),
        labels=tuple(_label_filter(text) for text in request.query.get("label", ())),
        since=since_ms,
        limit=_number(request, "limit", 20, 1, LIST_LIMIT),
        after=_cursor(request),
    )


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


# -- answers ---------------------------------------------------------------------------------------------------------


def _retry_after(job: Job) -> dict[str, str]:
    return {} if job.ended else {"Retry-After": "1"}


def _ran(request: HttpRequest, command: Run, ran: Ran) -> HttpResponse:
    job = ran.job
    headers = {"Flowport-Job-Id": job.id, "Location": f"{request.base_url}/v1/jobs/{job.id}"}
    if applied := command.preference.applied:
        headers |= {"Preference-Applied": applied, "Vary": "Prefer"}
    if ran.replayed:
        headers["Idempotency-Replayed"] = "true"
    if not job.ended:
        return _json(202, job_document(job, request.base_url), headers | _retry_after(job))
    if job.status in _FAILURE:
        return _failed(job, request.base_url, headers)
    match ran.view:
        case "output":
            return _json(200, job.output or "null", headers)
        case "http":
            return _http_answer(job, ran.endpoint.http_headers, headers)
    return _json(200, job_document(job, request.base_url), headers)


def _batch_ran(request: HttpRequest, ran: BatchRan) -> HttpResponse:
    items = []
    left = BATCH_BYTES
    for outcome in ran.outcomes:
        if not isinstance(outcome, Job):
            items.append(f'{{"status":{outcome.status},"problem":{problem(outcome).body}}}')
            continue
        status = _FAILURE[outcome.status][1] if outcome.status in _FAILURE else 200 if outcome.ended else 202
        left -= len((outcome.output or "").encode("utf-8", "surrogatepass"))
        # Without its output a job's own link leads to it.
        document = job_document(outcome, request.base_url, output=left >= 0)
        items.append(f'{{"status":{status},"job":{document}}}')
    headers = {} if ran.complete else {"Retry-After": "1"}
    return _json(200 if ran.complete else 202, f'{{"items":[{",".join(items)}]}}', headers)


def _failed(job: Job, base_url: str, headers: dict[str, str]) -> HttpResponse:
    kind, status, title = _FAILURE[job.status]
    detail = f"{title}: {job.error or 'no error was named'}."
    members = {"type": PROBLEM_TYPE + kind, "title": title, "status": status, "detail": detail}
    rest = {"error": job.error, "cause": job.cause}
    body = dumps(members)[:-1] + f',"job":{job_document(job, base_url)},' + dumps(rest)[1:]
    return HttpResponse(status, body, {"Content-Type": PROBLEM, SOURCE_HEADER: source_of_failure(job), **headers})


def _http_answer(job: Job, allowed: tuple[str, ...], headers: dict[str, str]) -> HttpResponse:
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


def _cached(request: HttpRequest, body: str, headers: dict[str, str]) -> HttpResponse:
    tag = f'"{hashlib.sha256(body.encode("utf-8", "surrogatepass")).hexdigest()[:32]}"'
    known = {part.strip().removeprefix("W/") for part in request.headers.get("if-none-match", "").split(",")}
    if tag in known or "*" in known:
        return HttpResponse(304, "", {"ETag": tag, **headers})
    return _json(200, body, {"ETag": tag, **headers})


def _steps(read: StepsRead) -> str:
    steps = None if read.steps is None else [_step(step) for step in read.steps]
    return dumps({"job": read.job.id, "status": read.job.status, "steps": steps, "reason": read.reason})


def _step(step: Step) -> dict[str, Any]:
    return {
        "name": step.name,
        "type": step.type,
        "started_at": timestamp(step.started_at),
        "finished_at": timestamp(step.finished_at),
        "status": step.status,
        "attempts": step.attempts,
        "error": step.error,
        "cause": step.cause,
    }


def _page(request: HttpRequest, page: ListingPage) -> str:
    items = ",".join(job_document(job, request.base_url, output=False) for job in page.jobs)
    cursor = encode_cursor(page.after) if page.after else None
    return f'{{"items":[{items}],"cursor":{dumps(cursor)}}}'


_ANSWERS: Final[dict[type, Callable[[HttpRequest, Any, Any], HttpResponse]]] = {
    Ran: _ran,
    BatchRan: lambda request, _, ran: _batch_ran(request, ran),
    Job: lambda request, _, job: _cached(request, job_document(job, request.base_url), _retry_after(job)),
    StepsRead: lambda _request, _, read: _json(200, _steps(read)),
    ListingPage: lambda request, _, page: _json(200, _page(request, page)),
    str: lambda _request, _, text: _json(200, text),
    type(None): lambda _request, _, __: HttpResponse(204),
}
