"""TheEye's Sync API and the job routes beside it: `https://sync.theeye.io`, for whole workflows.

[S] is the vendor's page on the Sync API, [F] its published source (sync-tasks, theeye-supervisor), [C] a choice of
ours where neither says. The paths' first segment is the customer: the workspace.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

from flowport.dialects.features import Support
from flowport.dialects.native.answers import source_of_failure
from flowport.dialects.paths import Routes
from flowport.dialects.theeye.arguments import RESULT_LOOP, TOKEN, access_token, input_of, token_of_body, wants_redirect
from flowport.dialects.theeye.documents import LIFECYCLE, answer, job_document
from flowport.dialects.wire import HttpRequest, HttpResponse, Sender
from flowport.domain.access import Presented, refuse_credential
from flowport.domain.addresses import endpoint_address
from flowport.domain.aliases import ALIAS_ID_MAX, THEEYE, alias
from flowport.domain.errors import (
    CredentialMissing,
    FlowportError,
    JobEnded,
    MethodNotAllowed,
    NotFound,
    OtherWorkspace,
    Unauthenticated,
)
from flowport.domain.job import Job
from flowport.domain.payload import dumps
from flowport.domain.preferences import MAX_WAIT_SECONDS, Preference
from flowport.domain.records import ENDPOINT_PART_MAX, WORKSPACE_NAME, Endpoint
from flowport.domain.tokens import parse_token
from flowport.usecases.read_jobs import ReadJob
from flowport.usecases.read_whole_job import ReadWhole, WholeJob
from flowport.usecases.run_endpoint import Ran, Run
from flowport.usecases.stop_job import Cancel

JSON: Final = "application/json; charset=utf-8"
# Precedence of the options [F]; that the key is there is what counts [S].
OPTIONS: Final = ("result", "full", "parse")
LIMIT: Final = 10
TIMEOUT: Final = 10
SHORTEST_WAIT: Final = 10  # [F]
SEE_OTHER: Final = 303
UNAUTHORIZED: Final = 401
SERVER_ERRORS: Final = 500
REQUEST_TIMEOUT: Final = (408, '"Request Timeout"')  # [F] of the loop, [C] of a task whose own time is over
STATUS: Final = '{"status":"Node is ok."}'  # [F]


class TheEye:
    """The dialect."""

    name = "theeye"
    features: Mapping[str, Support] = {
        "sync": "yes",
        "async": "own",
        "hand-over": "own",
        "abort-on-timeout": "own",
        "read-job": "yes",
        "wait-for-job": "own",
        "cancel": "yes",
        "http-output": "own",
        "parameters": "own",
        "alias": "yes",
        "auth-none": "yes",
        "auth-token": "yes",
        "auth-query": "yes",
        "preflight": "yes",
    }
    cors: Mapping[str, str] = {  # [S]
        "Access-Control-Allow-Methods": "GET,PUT,PATCH,POST,DELETE,OPTIONS",
        "Access-Control-Allow-Credentials": "true",
        "Access-Control-Allow-Headers": (
            "Origin, Accept, User-Agent, Accept-Charset, Cache-Control, Accept-Encoding, Content-Type, Authorization, "
            "Content-Length, X-Requested-With"
        ),
    }

    # -- requests ----------------------------------------------------------------------------------------------------

    def parse(self, request: HttpRequest) -> Run | ReadJob | ReadWhole | Cancel | HttpResponse:
        """Route. [F] A path that means nothing and a method that means nothing there are the same 404."""
        try:
            route, values = ROUTES.find(request)
        except (NotFound, MethodNotAllowed):
            return _json(404, dumps({"message": f"{request.path} not found", "status": 404}), source="gateway")
        return route(request, *values)

    def sender(self, request: HttpRequest) -> Sender:
        """Read the token; the customer is compared with the token's when that is known to be good."""
        customer = request.segments[0]
        sent = access_token(request)
        if sent is None:
            if not WORKSPACE_NAME.fullmatch(customer):
                message = "There is no such customer, and no token."
                raise CredentialMissing(message)
            return Sender(None, customer)
        token = parse_token(sent)
        if token is None:
            raise refuse_credential()
        return Sender(Presented.of_token(token), customer)

    # -- answers -----------------------------------------------------------------------------------------------------

    def render(self, request: HttpRequest, command: Any, result: Any) -> HttpResponse:  # noqa: ANN401
        """Write what a use case gave."""
        if isinstance(command, Cancel):
            return HttpResponse(204)
        if isinstance(result, Ran):
            job = replace(result.job, input=result.job.input or input_of(request, None))
            if wants_redirect(request) or not job.ended:
                return _see_result(request, job, 0, job_document(job, result.endpoint))
            return _ended(request, job, result.endpoint)
        job, endpoint = (result.job, result.endpoint) if isinstance(result, WholeJob) else (result, None)
        match request.segments[3:]:
            case ():
                return _json(200, job_document(job, endpoint), job=job)
            case ("lifecycle",):
                return _json(200, dumps(LIFECYCLE[job.status]), job=job)
        return _result(request, job, endpoint)

    def refuse(self, request: HttpRequest, error: FlowportError) -> HttpResponse:
        """Write a refusal or failure: [F] the client's are `ClientError` documents, without a token it is the 401."""
        if isinstance(error, JobEnded) and request.verb == "PUT":
            return HttpResponse(204)  # [F] even when it had ended
        unknown = isinstance(error, NotFound) and access_token(request) is None
        if isinstance(error, Unauthenticated) or unknown:
            return _json(UNAUTHORIZED, '"Unauthorized"', {"WWW-Authenticate": "Bearer"}, source=error.source)
        if isinstance(error, OtherWorkspace):
            return _json(403, _error("Forbidden", 403, code="EORACC"), source=error.source)
        headers = dict(error.headers)
        if job_id := error.members.get("id"):
            headers["Flowport-Job-Id"] = str(job_id)
        return _json(error.status, _error(error.detail, error.status), headers, source=error.source)


# -- routes ------------------------------------------------------------------------------------------------------------


def _run(request: HttpRequest, _customer: str, identifier: str) -> Run:
    """Name the endpoint by its alias or as `module.name`; [C] the first dot ends the module."""
    module, dot, name = identifier.partition(".")
    named = bool(dot) and 0 < len(module) <= ENDPOINT_PART_MAX and 0 < len(name) <= ENDPOINT_PART_MAX
    aliased = len(identifier) <= ALIAS_ID_MAX
    if not named and not aliased:
        message = f"There is no task {identifier[:64]!r}…; an id has at most {ALIAS_ID_MAX} characters."
        raise NotFound(message)
    command = Run(
        endpoint_address(module, name) if named else None,
        request.method,
        lambda: input_of(request, None),
        alias=alias(THEEYE, identifier) if aliased else None,
    )

    def adapted(endpoint: Endpoint) -> Run:
        """Read the arguments once the caller is let in; wait also for what is published as asynchronous."""
        settings = endpoint.dialects.theeye
        text = input_of(request, settings.arguments if settings else None)
        detach = wants_redirect(request)
        return replace(
            command,
            read_input=lambda: text,
            preference=Preference(respond_async=detach),
            wait_ms=MAX_WAIT_SECONDS * 1000 if endpoint.mode == "async" and not detach else None,
            stoppable=endpoint.time_limit is not None,
        )

    return replace(command, adapt=adapted)


def _read_result(request: HttpRequest, _customer: str, reference: str) -> ReadJob | ReadWhole:
    wait = _wait(request)
    return ReadWhole(reference, wait) if _option(request) == "full" else ReadJob(reference, wait)


ROUTES: Final[Routes[Callable[..., Run | ReadJob | ReadWhole | Cancel | HttpResponse]]] = Routes(
    {
        "/api/status": {"GET": lambda _: _json(200, STATUS)},
        "/{customer}/task/{id}/job": {"POST": _run},
        "/{customer}/job/{job}": {"GET": lambda _, __, reference: ReadWhole(reference)},
        "/{customer}/job/{job}/result": {"GET": _read_result, "POST": _read_result},
        "/{customer}/job/{job}/lifecycle": {"GET": lambda _, __, reference: ReadJob(reference)},
        "/{customer}/job/{job}/cancel": {"PUT": lambda _, __, reference: Cancel(reference)},
    }
)


# -- answers -----------------------------------------------------------------------------------------------------------


def _option(request: HttpRequest) -> str:
    return next((name for name in OPTIONS if name in request.query), "")


def _wait(request: HttpRequest) -> int:
    """Read `timeout`: [F] 10 to 60 s, 60 without one; cut to what an answer may take here."""
    sent = _number(request.one("timeout"))
    return MAX_WAIT_SECONDS if sent is None else min(max(sent, SHORTEST_WAIT), MAX_WAIT_SECONDS)


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) <= len("999999") else None


def _result(request: HttpRequest, job: Job, endpoint: Endpoint | None) -> HttpResponse:
    if job.ended:
        return _ended(request, job, endpoint)
    counter, limit = _number(request.one("counter")), _number(request.one("limit"))
    # [F] compares the two as they are, so that without either the first wait is the last.
    if (counter is None and limit is None) or (counter or 0) >= (LIMIT if limit is None else limit):
        return _json(*REQUEST_TIMEOUT, source="gateway", job=job)
    return _see_result(request, job, 0 if counter is None else counter + 1, "{}")


def _ended(request: HttpRequest, job: Job, endpoint: Endpoint | None) -> HttpResponse:
    source = None if job.status == "SUCCEEDED" else source_of_failure(job)
    if job.status == "TIMED_OUT":
        return _json(*REQUEST_TIMEOUT, source=source, job=job)
    status, body = answer(job, _option(request), request.one("parse") or "", endpoint)
    return _json(status, body, source=source, job=job)


def _see_result(request: HttpRequest, job: Job, counter: int, body: str) -> HttpResponse:
    """Send the client on: [F] with its own query, so that its options hold there too.

    [C] A token of the body goes with it, as a redirected client sends no body; one of the header is sent anew.
    """
    query = {name: values for name, values in request.query.items() if name not in RESULT_LOOP}
    if TOKEN not in query and (token := token_of_body(request)) and token == access_token(request):
        query[TOKEN] = (token,)
    limit, timeout = (request.one(name) for name in ("limit", "timeout"))
    loop = {"counter": counter, "limit": limit or LIMIT, "timeout": timeout or TIMEOUT}
    if request.segments[-1] == "result":
        loop = {name: value for name, value in loop.items() if name == "counter" or name in request.query}
    text = urlencode(
        [*((name, value) for name, values in query.items() for value in values), *loop.items()], quote_via=quote
    )
    path = f"{urlsplit(request.base_url).path}/{quote(request.segments[0], safe='')}/job/{job.id}/result?{text}"
    return _json(SEE_OTHER, body, {"Location": path}, job=job)


def _error(message: str, status: int, *, code: str = "") -> str:
    """Write an error as [F] serialises its own: the code stands first where there is one."""
    name = "ClientError" if status < SERVER_ERRORS else "ServerError"
    if code:
        return dumps({"message": message, "code": code, "statusCode": status, "name": name, "status": status})
    return dumps({"message": message, "statusCode": status, "name": name, "code": code, "status": status})


def _json(
    status: int,
    body: str,
    headers: Mapping[str, str | tuple[str, ...]] | None = None,
    *,
    source: str | None = None,
    job: Job | None = None,
) -> HttpResponse:
    ours: dict[str, str | tuple[str, ...]] = {"Content-Type": JSON, **(headers or {})}
    if source is not None:
        ours["Flowport-Error-Source"] = source
    if job is not None:
        ours["Flowport-Job-Id"] = job.id
    return HttpResponse(status, body, ours)
