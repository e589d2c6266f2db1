"""NebulaGraph Explorer's workflow API: always asynchronous, the client polls.

[S] is the vendor's page "Add a new job", [F] the other pages of its workflow API (overview, lists, details, cancelling,
results), [C] a choice of ours where none of them says. A workflow's number is an alias of the endpoint, and a job's
number counts the jobs that its workspace started through this family.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from flowport.dialects.features import Support
from flowport.dialects.nebulagraph.documents import detail, item, rows
from flowport.dialects.nebulagraph.requests import (
    TOKEN,
    account,
    address,
    checked_name,
    filtered,
    given,
    positive,
    workflow_input,
)
from flowport.dialects.paths import Routes
from flowport.dialects.wire import JSON, HttpRequest, HttpResponse, Sender
from flowport.domain.access import Presented
from flowport.domain.aliases import NEBULAGRAPH, alias, alias_problem
from flowport.domain.errors import (
    CredentialExpired,
    CredentialMissing,
    ExecutionsUnavailable,
    FlowportError,
    Forbidden,
    InputInvalid,
    MachineMissing,
    MethodNotAllowed,
    NotFound,
    PayloadNotKept,
    Unauthenticated,
    Unavailable,
    UnknownOutcome,
)
from flowport.domain.jwt import FLOWPORT_ALIAS
from flowport.domain.numbers import JobNumber, job_number_of
from flowport.domain.parameters import ParameterRefused
from flowport.domain.payload import dumps
from flowport.domain.preferences import Preference
from flowport.domain.records import WORKSPACE_NAME, Endpoint
from flowport.usecases.issue_token import Issued, IssueToken
from flowport.usecases.list_numbered import ListNumbered, NumberedPage
from flowport.usecases.read_jobs import ReadSteps, StepsRead
from flowport.usecases.read_task_output import ReadTaskOutput, TaskOutput
from flowport.usecases.run_endpoint import Ran, Run
from flowport.usecases.stop_job import Cancel

COOKIE: Final = "{name}={token}; Path=/; Max-Age={seconds}; HttpOnly"  # [F]
LIFETIME_SECONDS: Final = 259_200  # [F] three days
CONNECT: Final = "/api-open/v1/connect"
AUDIENCE: Final = "nebulagraph"  # of the tokens; what they say inside is nobody's but ours
# [C] There is no limit in public; a page's jobs are read in hundreds.
PAGE_SIZE_AT_MOST: Final = 1000

UNAUTHORIZED: Final = 40104000
BAD_REQUEST: Final = 40004000
INTERNAL: Final = 50004000
# Errors to codes [F], the first class that fits; which error is which code is [C].
CODES: Final[tuple[tuple[type[FlowportError], int], ...]] = (
    (ParameterRefused, 40004001),
    (InputInvalid, 40004001),  # a parameter too
    (CredentialExpired, 40104001),
    (Unauthenticated, UNAUTHORIZED),
    (Forbidden, 40304000),
    (NotFound, 40404000),
    (MethodNotAllowed, 40404000),  # a path that does not take the method is none
    (PayloadNotKept, 40404000),
    (ExecutionsUnavailable, 50004002),
    (MachineMissing, 50004002),
    (Unavailable, 50004001),
    (UnknownOutcome, 90004000),
)
SERVER_ERRORS: Final = 500
NO_TOKEN: Final = f"There is no {TOKEN}; POST {CONNECT} gives one as a cookie."
NO_ACCOUNT: Final = (
    'There is no account; send Authorization: Bearer and base64 of user:password or ["user","password"].'
)

type Command = IssueToken | Run | ListNumbered | ReadSteps | Cancel | ReadTaskOutput


class NebulaGraph:
    """The dialect."""

    name = "nebulagraph"
    cors = None
    features: Mapping[str, Support] = {
        "async": "own",
        "read-job": "own",
        "list-jobs": "own",
        "steps": "own",
        "cancel": "yes",
        "parameters": "own",
        "alias": "yes",
        "numbers": "yes",
        "auth-none": "yes",
        "auth-password": "own",
        "auth-signed": "yes",
        "auth-cookie": "yes",
        "preflight": "yes",
    }

    def parse(self, request: HttpRequest) -> Command:
        """Route."""
        route, values = ROUTES.find(request)
        return route(request, *values)

    def sender(self, request: HttpRequest) -> Sender:
        """Read the account of who connects [F], else the token: the cookie [F] before the header [S]."""
        workspace = request.headers.get("flowport-workspace") or request.one("workspace")
        if workspace is not None and not WORKSPACE_NAME.fullmatch(workspace):
            message = f"There is no workspace {workspace[:64]!r} here."
            raise NotFound(message)
        if _connects(request):
            named, user, password = account(request)
            of = lambda default: Presented.of_user(named or default, user, password, brought=True)  # noqa: E731
            return Sender(None, workspace, of_workspace=of)
        token = request.cookie(TOKEN) or request.headers.get(TOKEN)
        if token:
            return Sender(Presented.of_jwt(token, FLOWPORT_ALIAS, audience=AUDIENCE), workspace)
        if request.verb != "POST":  # adding a job is the endpoint's own decision
            raise CredentialMissing(NO_TOKEN)
        return Sender(None, workspace)

    def render(self, request: HttpRequest, command: Command, result: Any) -> HttpResponse:  # noqa: ANN401
        """Write `{"code":0,"data":…,"message":"Success"}` [S]."""
        match result:
            case Issued():
                cookie = COOKIE.format(name=TOKEN, token=result.token, seconds=result.expires_in)
                return _success('{"success":true}', {"Set-Cookie": cookie})
            case Ran():
                number = result.job.number.value if result.job.number else 0
                return _success(f'{{"id":{number}}}', {"Flowport-Job-Id": result.job.id})
            case NumberedPage() if isinstance(command, ListNumbered):
                items = ",".join(map(item, result.jobs))
                page = f'"total":{result.total},"Page":{command.page},"PageSize":{command.page_size}'
                return _success(f'{{"items":[{items}],{page}}}')
            case StepsRead():
                return _success(detail(result.job, result.steps))
            case TaskOutput():
                limit = positive(request, "limit", 10)
                return _success(f'{{"items":[{",".join(rows(result.output, limit))}]}}')
        return _success('{"success":true}')

    def refuse(self, request: HttpRequest, error: FlowportError) -> HttpResponse:
        """Write `{"code","message"}` [F]; the status is the code's first three digits, or 500 where HTTP has none."""
        code = next((code for kind, code in CODES if isinstance(error, kind)), None)
        if code is None:
            code = BAD_REQUEST if error.status < SERVER_ERRORS else INTERNAL
        message = error.detail
        headers = {"Content-Type": JSON, "Flowport-Error-Source": error.source}
        if isinstance(error, Unauthenticated):
            headers["WWW-Authenticate"] = "Bearer"
            if _connects(request):
                code = UNAUTHORIZED
            if isinstance(error, CredentialMissing):
                message = NO_ACCOUNT if _connects(request) else NO_TOKEN
        if (again := error.headers.get("Retry-After")) is not None:
            headers["Retry-After"] = again
        if job_id := error.members.get("id"):
            headers["Flowport-Job-Id"] = str(job_id)
        status = code // 100_000
        return HttpResponse(min(status, SERVER_ERRORS), dumps({"code": code, "message": message}), headers)


# -- routes ------------------------------------------------------------------------------------------------------------


def _connects(request: HttpRequest) -> bool:
    return request.segments == ("api-open", "v1", "connect")


def _connect(request: HttpRequest) -> IssueToken:
    return IssueToken(LIFETIME_SECONDS, audience=AUDIENCE, further=address(request))


def _add(request: HttpRequest, workflow: str) -> Run:
    """Read the parameters once the caller is let in, and compare them with those that the endpoint declares."""
    command = Run(
        None,
        request.method,
        lambda: workflow_input(given(request), ()),
        Preference(respond_async=True),
        alias=_alias(workflow),
        number_series="nebulagraph",
    )

    def adapted(endpoint: Endpoint) -> Run:
        text = workflow_input(given(request), endpoint.parameters)
        return replace(command, read_input=lambda: text)

    return replace(command, adapt=adapted)


def _list(request: HttpRequest, workflow: str | None = None) -> ListNumbered:
    wanted = filtered(request)
    return ListNumbered(
        "nebulagraph",
        alias=None if workflow is None else _alias(workflow),
        statuses=wanted.statuses,
        since=wanted.since,
        until=wanted.until,
        named=checked_name(wanted.name),
        ascending=wanted.ascending,
        page=positive(request, "page", 1),
        page_size=positive(request, "pageSize", 10, at_most=PAGE_SIZE_AT_MOST),
    )


def _result(request: HttpRequest, job: str, task: str) -> ReadTaskOutput:
    positive(request, "limit", 10)
    return ReadTaskOutput(_number(job), task)


ROUTES: Final[Routes[Callable[..., Command]]] = Routes(
    {
        CONNECT: {"POST": _connect},
        "/api-open/v1/workflows/{workflow_id}/jobs": {"POST": _add, "GET": _list},
        "/api-open/v1/jobs": {"GET": _list},
        "/api-open/v1/jobs/{job_id}": {"GET": lambda _, job: ReadSteps(_number(job))},
        "/api-open/v1/jobs/{job_id}/cancel": {"PUT": lambda _, job: Cancel(_number(job))},
        "/api-open/v1/jobs/{job_id}/tasks/{task_id}/sample_result": {"GET": _result},
    }
)


def _alias(workflow: str) -> str:
    named = alias(NEBULAGRAPH, workflow)
    if alias_problem(named) is not None:
        message = f"workflow_id must be a workflow's number; {workflow[:64]!r} is none."
        raise ParameterRefused("workflow_id", message)
    return named


def _number(job: str) -> JobNumber:
    number = job_number_of(job)
    if number is None:
        message = f"job_id must be a job's number; {job[:64]!r} is none."
        raise ParameterRefused("job_id", message)
    return number


# -- answers -----------------------------------------------------------------------------------------------------------


def _success(data: str, headers: Mapping[str, str] | None = None) -> HttpResponse:
    return HttpResponse(
        200, f'{{"code":0,"data":{data},"message":"Success"}}', {"Content-Type": JSON, **(headers or {})}
    )
