"""iolinker: workflows published as sync and async API triggers.

Sources: [S] iolinker's page "Sync API Trigger" (the examples of which are the tests' cases), [F] its pages on the async
trigger and on callbacks, [C] our choice where neither says anything: all of those stand in this file, once each.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any, Final, Literal

from flowport.dialects.features import Support
from flowport.dialects.paths import Routes
from flowport.dialects.wire import JSON, HttpRequest, HttpResponse, Sender
from flowport.domain.access import Presented
from flowport.domain.addresses import endpoint_address
from flowport.domain.errors import (
    AddressRefused,
    CallbackExpired,
    CallbackRepeated,
    CallbackTaken,
    CredentialMissing,
    CredentialUnfit,
    EndpointDisabled,
    FlowportError,
    Forbidden,
    InputInvalid,
    InvalidJson,
    InvalidRequest,
    MethodNotAllowed,
    NotFound,
    PayloadTooLarge,
    Unauthenticated,
)
from flowport.domain.ids import decimal_of_job_id
from flowport.domain.job import Job
from flowport.domain.payload import checked_input, compact, dumps, quoted
from flowport.domain.records import WORKSPACE_NAME, AuthMode
from flowport.usecases.parked.resume_run import Resume
from flowport.usecases.run_endpoint import Ran, Run

# What a request's credential is called in the messages [S], by the mode of the endpoint.
CALLED: Final[dict[AuthMode, str]] = {"token": "Token", "password": "User/Password"}
INVALID_PARAMS: Final = "requestError.invalidParams"  # [S] for what is missing, [C] for what is wrong

# Errors to statuses (all [C]), codes and messages; the first class that fits. None: Flowport's own sentence.
ERRORS: Final[tuple[tuple[type[FlowportError], int, str, str | None], ...]] = (
    (EndpointDisabled, 403, "requestError.apiDisabled", "The interface is not enabled"),  # [C], after [S]
    (AddressRefused, 403, "requestError.forbidden", "IP is not allowed"),  # [C]
    (Forbidden, 403, "requestError.forbidden", None),  # [C]
    (NotFound, 404, "requestError.notFound", None),  # [C]
    (MethodNotAllowed, 405, "requestError.methodNotAllowed", None),  # [C]
    (CallbackRepeated, 409, "requestError.repeatedOperation", "requestError.repeatedOperation"),  # [F]
    (CallbackTaken, 409, "requestError.repeatedOperation", "requestError.repeatedOperation"),
    (CallbackExpired, 410, "requestError.expired", None),  # [C]
    (PayloadTooLarge, 413, INVALID_PARAMS, None),
    (InputInvalid, 400, INVALID_PARAMS, None),  # [C]
    (InvalidJson, 400, INVALID_PARAMS, None),
    (InvalidRequest, 400, INVALID_PARAMS, None),
)
OTHERS: Final = "systemError"  # [C] everything else, with the status that the native contract has for it
NOT_KEPT: Final = "The output is not kept"  # [C] as a failure, since "" would say that there was none
RUN_FAILED: Final = 1  # [C] `code` of a run that failed; [S] 0 when nothing did

ROUTES: Final = Routes[Literal["run", "callback"]](
    {
        "/v1/api/{owner}/{module}/{function}": {"GET": "run", "POST": "run"},
        "/v1/webhook/callback/{callback_id}": {"POST": "callback"},
    }
)


class Iolinker:
    """The iolinker dialect."""

    name = "iolinker"
    cors = None
    features: Mapping[str, Support] = {
        "sync": "own",
        "async": "own",
        "hand-over": "own",
        "get-input": "own",
        "read-job": "own",
        "resume": "own",
        "auth-none": "yes",
        "auth-token": "own",
        "auth-password": "own",
        "preflight": "yes",
    }

    def parse(self, request: HttpRequest) -> Run | Resume:
        """Read `/v1/api/{owner}/{module}/{function}` [S] and `/v1/webhook/callback/{callback_id}` [F]."""
        meaning, values = ROUTES.find(request)
        if meaning == "callback":
            return Resume(values[0], partial(_body, request))
        _, module, function = values
        return Run(endpoint_address(module, function), request.verb, partial(_input, request))

    def sender(self, request: HttpRequest) -> Sender:
        """Read the headers `token`, or `user` and `password` [S]; the path's owner is the workspace."""
        meaning, values = ROUTES.find(request)
        if meaning == "callback":  # its id is the credential
            return Sender(None, None)
        owner = values[0]
        if not WORKSPACE_NAME.fullmatch(owner):
            message = f"There is no owner {owner[:64]!r} here."
            raise NotFound(message)
        token, user = request.headers.get("token", ""), request.headers.get("user", "")
        presented = None
        if token:
            presented = Presented.of_any_token(token, owner)
            if presented.workspace != owner:  # nothing that this owner knows; no harm where nothing is asked for
                presented = Presented.of_brought_token(token, owner)
        elif user and (password := request.headers.get("password", "")):
            presented = Presented.of_user(owner, user, password, brought=True)
        return Sender(presented, owner, optional=True)

    def render(self, request: HttpRequest, command: Run | Resume, result: Any) -> HttpResponse:  # noqa: ANN401, ARG002
        """Write the end of a run, its uid while it goes on [F], or that a callback was taken [F]."""
        if not isinstance(result, Ran):
            return _answer(200, "{}")
        job = result.job
        uid, led = dumps(decimal_of_job_id(job.id)), {"Flowport-Job-Id": job.id}
        if not job.ended or result.endpoint.mode == "async":  # whatever became of it since
            return _answer(200, f'{{"uid":{uid}}}', led)
        if job.status != "SUCCEEDED":
            message = quoted(_what_failed(job))
            return _answer(200, f'{{"data":"","code":{RUN_FAILED},"msg":{message},"uid":{uid}}}', led)
        if job.output is None and job.payloads != "kept":
            return _answer(200, f'{{"data":"","code":{RUN_FAILED},"msg":"{NOT_KEPT}","uid":{uid}}}', led)
        settings = result.endpoint.dialects.iolinker
        none = ("null", "{}") if settings is not None and settings.empty_output_is_none else ()
        output = None if job.output is None else compact(job.output)
        data = '""' if output is None or output in none else output
        return _answer(200, f'{{"data":{data},"code":0,"msg":"","uid":{uid}}}', led)

    def refuse(self, request: HttpRequest, error: FlowportError) -> HttpResponse:
        """Write `{"response":{"error":{"code","message"}}}` [S]."""
        status, code, message = _refusal(request, error)
        kept = {name: value for name, value in error.headers.items() if name in {"Allow", "Retry-After"}}
        kept["Flowport-Error-Source"] = error.source
        if job_id := error.members.get("id"):
            kept["Flowport-Job-Id"] = str(job_id)
        return _answer(status, f'{{"error":{{"code":"{code}","message":{quoted(message)}}}}}', kept)


def _answer(status: int, response: str, headers: Mapping[str, str] | None = None) -> HttpResponse:
    return HttpResponse(status, f'{{"response":{response}}}', {"Content-Type": JSON, **(headers or {})})


def _refusal(request: HttpRequest, error: FlowportError) -> tuple[int, str, str]:
    if isinstance(error, CredentialMissing | CredentialUnfit):
        called = next((name for mode, name in CALLED.items() if mode in error.modes), CALLED["token"])
        return 400, INVALID_PARAMS, f"{called} is required"
    if isinstance(error, Unauthenticated):
        called = CALLED["token" if request.headers.get("token") else "password"]
        return 401, INVALID_PARAMS, f"{called} is invalid"  # [C]
    for kind, status, code, message in ERRORS:
        if isinstance(error, kind):
            return status, code, message or error.detail
    return error.status, OTHERS, error.detail


def _what_failed(job: Job) -> str:
    error = job.error or job.status
    return f"{error}: {job.cause}" if job.cause else error  # [C]


def _input(request: HttpRequest) -> str:
    """Give the query of a GET, else the body, which is JSON whatever its content type says [S]."""
    if request.verb != "GET":
        return _body(request)
    values = {name: sent[0] if len(sent) == 1 else list(sent) for name, sent in request.query.items()}
    return checked_input(dumps(values))


def _body(request: HttpRequest) -> str:
    if not request.body.strip():
        return "{}"
    try:
        return checked_input(request.body.decode())
    except UnicodeDecodeError as error:
        message = f"The body is not UTF-8: byte {error.start} cannot be read."
        raise InvalidJson(message) from error
