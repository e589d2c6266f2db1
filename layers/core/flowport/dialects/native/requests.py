"""Read the native contract's requests into the use cases' commands."""

import base64
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final, get_args

from flowport.dialects.native.runs import (
    LABEL,
    METHODS,
    RUN,
    address_of,
    choice_of,
    input_of,
    is_name,
    key_of,
    run_of,
    text_of,
)
from flowport.dialects.paths import Routes
from flowport.dialects.timestamps import parse_timestamp
from flowport.dialects.wire import HttpRequest
from flowport.domain.addresses import endpoint_address, endpoint_parts
from flowport.domain.errors import (
    InvalidRequest,
    NotFound,
    PayloadTooLarge,
)
from flowport.domain.job import Status
from flowport.domain.numbers import JobNumber, job_number_of
from flowport.domain.payload import checked_input, dumps, split_array
from flowport.domain.preferences import MAX_WAIT_SECONDS
from flowport.usecases.check_input import ValidateInput
from flowport.usecases.deliveries import ReadDeliveries, Resend
from flowport.usecases.parked.resume_run import Resume
from flowport.usecases.read_jobs import ListJobs, ReadInput, ReadJob, ReadOutput, ReadSteps
from flowport.usecases.read_openapi import ReadOpenApi
from flowport.usecases.read_workflow import ReadEndpointWorkflow, ReadJobWorkflow
from flowport.usecases.redrive_job import Redrive
from flowport.usecases.run_batch import INPUTS_AT_MOST, RunBatch
from flowport.usecases.stop_job import Cancel, Delete

LIST_LIMIT: Final = 100
BATCH_BYTES: Final = 4 * 1024 * 1024
_NUMBER: Final = re.compile(r"[0-9]{1,4}")
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


def _validate(request: HttpRequest, module: str, name: str) -> ValidateInput:
    return ValidateInput(address_of(request, module, name), lambda: input_of(request))


def _workflow(request: HttpRequest, module: str, name: str) -> ReadEndpointWorkflow:
    machine = choice_of(request, "machine", ("express", "standard"))
    return ReadEndpointWorkflow(address_of(request, module, name), machine)  # type: ignore[arg-type]


def _reference(text: str) -> str | JobNumber:
    return job_number_of(text) or text


def _below_job(command: type[Any]) -> Callable[[HttpRequest, str], Any]:
    return lambda _, job: command(_reference(job))


def _redrive(request: HttpRequest, job: str) -> Redrive:
    return Redrive(_reference(job), key_of("Idempotency-Key", request.headers.get("idempotency-key")))


def _resend(request: HttpRequest, job: str, number: str) -> Resend:
    if not _NUMBER.fullmatch(number):
        message = f"There is no {request.method} {request.path[:300]}."
        raise NotFound(message)
    return Resend(_reference(job), int(number))


def _batch(request: HttpRequest, module: str, name: str) -> RunBatch:
    run = run_of(request, module, name)
    if run.client_job_id is not None or run.view not in {None, "job"}:
        message = "A batch has no Client-Job-Id and no view: each of its inputs becomes a job of its own."
        raise InvalidRequest(message)
    return RunBatch(run, lambda: _batch_inputs(request))


def _batch_inputs(request: HttpRequest) -> list[Callable[[], str]]:
    if (size := len(request.body)) > BATCH_BYTES:
        message = f"The batch is {size} bytes; it may have at most {BATCH_BYTES}. Send it in parts."
        raise PayloadTooLarge(message, members={"size": size, "limit": BATCH_BYTES})
    elements = split_array(text_of(request))
    if not 1 <= len(elements) <= INPUTS_AT_MOST:
        message = f"The batch has {len(elements)} inputs; it must have 1 to {INPUTS_AT_MOST}."
        raise InvalidRequest(message)
    return [partial(checked_input, element) for element in elements]


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
        status=choice_of(request, "status", get_args(Status)),
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
    if parts is None or not all(map(is_name, parts)):
        message = (
            f"The query parameter endpoint={text[:100]!r} must be module/name, as a job's document has it "
            "(a slash inside a part is %2F, a percent sign %25)."
        )
        raise InvalidRequest(message)
    return endpoint_address(*parts)


def _label_filter(text: str) -> tuple[str, str]:
    match = LABEL.fullmatch(text)
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


ROUTES: Final[Routes[Callable[..., Any]]] = Routes(
    {
        RUN: dict.fromkeys(METHODS, run_of),
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
        "/v1/callbacks/{callback}": {"POST": lambda request, callback: Resume(callback, lambda: input_of(request))},
        "/v1/openapi.json": {"GET": lambda request: ReadOpenApi(_endpoint(request))},
    }
)
