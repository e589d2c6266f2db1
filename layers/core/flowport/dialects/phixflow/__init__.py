"""PhixFlow's API endpoints: actionflows that are triggered over HTTP, and the status of their processes.

[S] is the vendor's page on API endpoints, [F] its other documentation, [C] a choice of ours where neither says. The
paths' first segment is the instance, `phixflow` in all examples: the workspace.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Final

from flowport.dialects.features import Support
from flowport.dialects.paths import Routes
from flowport.dialects.phixflow.answers import all_ran, answer, ran, refusal, settings_of, status_of
from flowport.dialects.phixflow.inputs import (
    api_key,
    body_of,
    input_of,
    parameters_of,
    records_of,
    timeout_of,
)
from flowport.dialects.wire import HttpRequest, HttpResponse, Sender
from flowport.domain.access import THE_SYSTEM, Presented
from flowport.domain.addresses import endpoint_address
from flowport.domain.aliases import ALIAS_ID_MAX, V10, alias
from flowport.domain.errors import CredentialMissing, FlowportError, InvalidRequest, NotFound, NotSupported
from flowport.domain.jwt import PHIXFLOW_ALIAS
from flowport.domain.records import ENDPOINT_PART_MAX, WORKSPACE_NAME, Endpoint
from flowport.domain.tokens import parse_token
from flowport.usecases.read_whole_job import ReadWhole
from flowport.usecases.run_batch import INPUTS_AT_MOST, BatchRan, RunBatch, RunOrBatch
from flowport.usecases.run_endpoint import Run

UNAUTHORIZED: Final = 401
CHALLENGE: Final = "Bearer"  # [C]
KEY_MISSING: Final = "This action needs an API key: Authorization: Bearer <key>."  # [C]
UNABORTABLE: Final = (
    "This action runs as an Express workflow, which AWS cannot abort at its time-out, as a synchronous PhixFlow call "
    "has to be. Publish it with a Standard machine, or with --abandon-at-timeout to let the run go on."
)


class PhixFlow:
    """The dialect."""

    name = "phixflow"
    features: Mapping[str, Support] = {
        "sync": "own",
        "async": "own",
        "hand-over": "own",
        "abort-on-timeout": "own",
        "get-input": "own",
        "batch": "own",
        "read-job": "own",
        "http-output": "own",
        "own-messages": "yes",
        "parameters": "yes",
        "alias": "yes",
        "auth-none": "yes",
        "auth-token": "yes",
        "auth-signed": "yes",
        "preflight": "yes",
    }
    cors = None

    # -- requests ----------------------------------------------------------------------------------------------------

    def parse(self, request: HttpRequest) -> RunOrBatch | ReadWhole:
        """Route."""
        route, values = ROUTES.find(request)
        return route(request, *values)

    def sender(self, request: HttpRequest) -> Sender:
        """Read the API key; [C] a token of Flowport's own is as good as one."""
        workspace = request.segments[0]
        if not WORKSPACE_NAME.fullmatch(workspace):
            message = f"There is no instance {workspace[:64]!r} here."
            raise NotFound(message)
        key = api_key(request)
        if key is None:
            return Sender(None, workspace)
        token = parse_token(key)
        presented = Presented.of_jwt(key, PHIXFLOW_ALIAS, workspace) if token is None else Presented.of_token(token)
        return Sender(presented, workspace)

    # -- answers -----------------------------------------------------------------------------------------------------

    def render(self, request: HttpRequest, command: Any, result: Any) -> HttpResponse:  # noqa: ANN401
        """Write what a use case gave."""
        if isinstance(command, ReadWhole):
            return status_of(result.job, result.endpoint)
        timeout = timeout_of(request, settings_of(result.endpoint), result.endpoint.mode)
        if isinstance(result, BatchRan):
            return all_ran(request, result, timeout)
        return ran(result.endpoint, result.job, timeout)

    def refuse(self, request: HttpRequest, error: FlowportError) -> HttpResponse:  # noqa: ARG002  # one form for all
        """Write a refusal or failure [C]."""
        headers = {name: value for name, value in error.headers.items() if name in {"Allow", "Retry-After"}}
        if error.status == UNAUTHORIZED:
            headers["WWW-Authenticate"] = CHALLENGE
        if job_id := error.members.get("id"):
            headers["Flowport-Job-Id"] = str(job_id)
        members = refusal(error, KEY_MISSING if isinstance(error, CredentialMissing) else None)
        return answer(error.status, members, headers, source=error.source)


# -- routes ------------------------------------------------------------------------------------------------------------


def _trigger(request: HttpRequest, _workspace: str, application: str, actionflow: str) -> RunOrBatch:
    """Read the URL of versions 11 and later [S]."""
    if max(len(application), len(actionflow)) > ENDPOINT_PART_MAX:
        message = f"There is no action of that name; a name has at most {ENDPOINT_PART_MAX} characters."
        raise NotFound(message)
    return _run_of(request, endpoint_address(application, actionflow), None)


def _trigger_v10(request: HttpRequest, _workspace: str, actionflow: str) -> RunOrBatch:
    """Read the URL of version 10, which names no application [S]: [C] the endpoint has it as an alias."""
    if len(actionflow) > ALIAS_ID_MAX:
        message = f"There is no action of that name; a name has at most {ALIAS_ID_MAX} characters."
        raise NotFound(message)
    return _run_of(request, None, alias(V10, actionflow))


def _run_of(request: HttpRequest, endpoint: str | None, by_alias: str | None) -> RunOrBatch:
    # The input is read when the endpoint says what belongs to it.
    run = Run(endpoint, request.method, lambda: "{}", alias=by_alias, anonymous=THE_SYSTEM)
    return RunOrBatch(run, partial(_divide, request, run))


def _divide(request: HttpRequest, run: Run, endpoint: Endpoint) -> Run | RunBatch:
    """Make the run, or one for each record, that the endpoint's settings want of a call."""
    settings = settings_of(endpoint)
    timeout = timeout_of(request, settings, endpoint.mode)
    parameters, body = parameters_of(request, endpoint), body_of(request)
    if endpoint.mode == "sync":
        if endpoint.standard_arn is None and not settings.abandon_at_timeout:
            raise NotSupported(UNABORTABLE)
        run = replace(run, abort_after_ms=timeout.ms)
    else:
        run = replace(run, wait_ms=timeout.ms)
    records = records_of(body) if settings.per_record else None
    if records is None:
        return replace(run, read_input=partial(input_of, request, body, parameters))
    if len(records) > INPUTS_AT_MOST:
        message = f"The body has {len(records)} records; one call takes at most {INPUTS_AT_MOST}. Send them in parts."
        raise InvalidRequest(message)
    return RunBatch(run, lambda: [partial(input_of, request, record, parameters) for record in records])


ROUTES: Final[Routes[Callable[..., RunOrBatch | ReadWhole]]] = Routes(
    {
        # [C] the status's address: the vendor's is not public. A process is read, an action of that name is posted to.
        "/{workspace}/api/1/action/status/{process}": {
            "GET": lambda _, __, reference: ReadWhole(reference, input=False)
        },
        "/{workspace}/api/1/action/{actionflow}/trigger": {"POST": _trigger_v10},
        "/{workspace}/api/1/action/{application}/{actionflow}/trigger": {"POST": _trigger, "GET": _trigger},
    }
)
