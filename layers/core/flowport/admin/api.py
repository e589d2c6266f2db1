"""The admin function: API Gateway's events are the HTTP surface, anything else is a direct invocation.

API Gateway sets `httpMethod` and `requestContext` itself, and whatever a caller sends lies below them as text: no
request can become a direct invocation, for which IAM alone is the authentication.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from flowport import observability
from flowport.adapters.api_gateway import answer_of, request_of
from flowport.admin import my_routes, routes
from flowport.admin.calls import Call, UseCases
from flowport.admin.document import read
from flowport.admin.models import BootstrapEvent, OperatorBootstrapEvent
from flowport.dialects.native import Native, problem
from flowport.dialects.wire import HttpRequest, HttpResponse
from flowport.domain.access import Presented, Principal, refuse_credential
from flowport.domain.audit import Act
from flowport.domain.errors import CredentialMissing, FlowportError, Forbidden
from flowport.domain.records import OPERATOR_SCOPE, OPERATOR_WORKSPACE
from flowport.surface import METHODS, SERVER_ERROR, InternalError, cors_headers
from flowport.usecases.access import ACCEPT_WITHIN_SECONDS, Access, Caller
from flowport.usecases.admin.bootstrap import Bootstrap, Bootstrapped
from flowport.usecases.admin.credentials import Grant
from flowport.usecases.admin.errors import BootstrapRefused
from flowport.usecases.admin.ports import Actor
from flowport.usecases.ports import Clock

# The function's own time limit is 20 s.
WITHIN_SECONDS: Final = 15.0
_TOKEN: Final = re.compile(r"fp_[A-Za-z0-9_%-]+")


@dataclass(frozen=True, slots=True)
class Site:
    """Where the API is, as the settings say."""

    default_workspace: str
    custom_domain: str = ""
    base_path: str = ""
    cors_origins: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AdminFunction:
    """Serves both kinds of invocation."""

    access: Access
    use: UseCases
    bootstrap: Bootstrap
    clock: Clock
    site: Site

    def handle(self, event: Any) -> dict[str, Any]:  # noqa: ANN401  # whatever it is invoked with
        """Answer one invocation."""
        if not isinstance(event, dict):
            return _refusal(BootstrapRefused("The event must be a JSON object."))
        if {"httpMethod", "requestContext"} & event.keys():
            return self._http(event)
        return self._direct(event)

    # -- HTTP --------------------------------------------------------------------------------------------------------

    def _http(self, event: Mapping[str, Any]) -> dict[str, Any]:
        started = self.clock.monotonic()
        request = request_of(event, self.site.custom_domain, self.site.base_path)
        cors = cors_headers(request, self.site.cors_origins)
        if request.method == "OPTIONS":
            return answer_of(HttpResponse(204, "", {"Allow": METHODS, **cors}))
        response, principal = self._serve(request, started)
        headers: dict[str, str | tuple[str, ...]] = {"Cache-Control": "no-store", **cors, **response.headers}
        if request.request_id:
            headers["Flowport-Request-Id"] = request.request_id
        self._report(request, response, principal, started)
        return answer_of(replace(response, headers=headers, body="" if request.method == "HEAD" else response.body))

    def _serve(self, request: HttpRequest, started: float) -> tuple[HttpResponse, Principal | None]:
        principal = None
        try:
            if my_routes.is_mine(request):
                return self._serve_mine(request, started)
            route, names, handler = routes.find(request)
            principal = self._let_in(
                request, route.scope, started + ACCEPT_WITHIN_SECONDS, handler in routes.FOR_OPERATORS
            )
            actor = Actor(principal.workspace, started + WITHIN_SECONDS, principal.name, request.request_id)
            return handler(Call(request, actor, names, self.use)), principal
        except FlowportError as error:
            return problem(error), principal
        except Exception:  # noqa: BLE001  # the last net: no trace may leave the system
            observability.report_failure("unforeseen error", request_id=request.request_id)
            message = f"Something went wrong that should not; its trace is logged under {request.request_id}."
            return problem(InternalError(message)), principal

    def _serve_mine(self, request: HttpRequest, started: float) -> tuple[HttpResponse, Principal]:
        caller = self._caller(request, my_routes.presented_user(request), None, started + ACCEPT_WITHIN_SECONDS)
        principal = self.access.identified(caller)
        if principal.credential is None:
            raise refuse_credential()
        actor = Actor(principal.workspace, started + WITHIN_SECONDS, principal.name, request.request_id)
        return my_routes.change_password(request, self.use, actor, principal.credential), principal

    def _caller(self, request: HttpRequest, presented: Presented, workspace: str | None, deadline: float) -> Caller:
        return Caller(
            presented=presented,
            workspace=workspace,
            default_workspace=self.site.default_workspace,
            source_ip=request.source_ip,
            deadline=deadline,
            request_id=request.request_id,
        )

    def _let_in(self, request: HttpRequest, scope: str, deadline: float, for_operators: bool) -> Principal:  # noqa: FBT001  # a property of the route
        sender = Native().sender(request)
        if for_operators and sender.presented is not None and sender.presented.workspace == OPERATOR_WORKSPACE:
            scope = OPERATOR_SCOPE
        if sender.presented is None:
            message = f"This needs a credential with the scope {scope!r}: Authorization: Bearer <token>."
            raise CredentialMissing(message, headers={"WWW-Authenticate": 'Bearer realm="flowport"'})
        principal = self.access.with_scope(self._caller(request, sender.presented, sender.workspace, deadline), scope)
        if (principal.workspace == OPERATOR_WORKSPACE) != (scope == OPERATOR_SCOPE):
            message = f"The scope {scope!r} means nothing in the workspace {principal.workspace!r}."
            raise Forbidden(message)
        return principal

    def _report(
        self, request: HttpRequest, response: HttpResponse, principal: Principal | None, started: float
    ) -> None:
        source = response.headers.get("Flowport-Error-Source")
        observability.report(
            "admin request",
            method=request.method,
            path=_TOKEN.sub("fp_…", request.path),
            workspace=principal.workspace if principal else None,
            principal=principal.name if principal else None,
            status=response.status,
            source=source,
            request_id=request.request_id,
            duration_ms=round((self.clock.monotonic() - started) * 1000),
        )
        if response.status >= SERVER_ERROR:
            observability.count("Errors", dimensions={"source": str(source)})

    # -- direct invocation -------------------------------------------------------------------------------------------

    def _direct(self, event: Mapping[str, Any]) -> dict[str, Any]:
        try:
            made = self._bootstrap(event, self.clock.monotonic() + WITHIN_SECONDS)
        except FlowportError as error:
            observability.report("bootstrap refused", type=error.kind)
            if error.status >= SERVER_ERROR:
                observability.count("Errors", dimensions={"source": error.source})
            return _refusal(error)
        except Exception:  # noqa: BLE001  # the last net: no trace may leave the system
            observability.report_failure("unforeseen error")
            observability.count("Errors", dimensions={"source": "gateway"})
            return _refusal(InternalError("Something went wrong that should not; its trace is in the function's log."))
        credential = made.credential
        observability.report("bootstrap", workspace=credential.workspace, credential_id=credential.credential_id)
        return _bootstrapped(made)

    def _bootstrap(self, event: Mapping[str, Any], deadline: float) -> Bootstrapped:
        if event.get("flowport") != "bootstrap":
            raise BootstrapRefused('The event is no request of API Gateway\'s and has no "flowport": "bootstrap".')
        if "operator" in event:
            return self.bootstrap.operator(read(OperatorBootstrapEvent, event).token_name, deadline=deadline)
        asked = read(BootstrapEvent, event)
        name = asked.workspace or self.site.default_workspace
        return self.bootstrap.workspace(name, Grant(asked.token_name, tuple(asked.scopes)), deadline=deadline)


def lost_outcome(act: Act, error: FlowportError) -> None:
    """Report an act that was done and whose outcome is not in the audit trail: there it stays `begun`."""
    observability.report("the outcome of an act is not in the audit trail", act=act.act, what=act.what, who=act.who)
    observability.count("Errors", dimensions={"source": error.source})


def _bootstrapped(made: Bootstrapped) -> dict[str, Any]:
    return {
        "workspace": made.credential.workspace,
        "created": made.created,
        "id": made.credential.credential_id,
        "token": made.token.text,
        "scopes": list(made.credential.scopes),
    }


def _refusal(error: FlowportError) -> dict[str, Any]:
    return {"error": {"type": error.kind, "detail": error.detail, **error.members}}
